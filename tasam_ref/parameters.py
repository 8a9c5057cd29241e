"""What a configuration field is: its meaning, symbol, unit and source, and which values it may take.

A section of the configuration is a frozen dataclass made by ``@section``.  Each of its fields is declared
once with ``parameter(...)``; the docstring and the validation are both derived from that declaration.
"""

from dataclasses import dataclass, field, fields
from math import isfinite, isnan

from .errors import UsageError


def parameter(default, meaning, *, source, symbol="", unit="", at_least=None, above=None, at_most=None,
              choices=(), infinite=False):
    """Declare one field.  ``source`` says where the value comes from, or which open reading it answers."""
    facts = {"meaning": meaning, "source": source, "symbol": symbol, "unit": unit, "at_least": at_least,
             "above": above, "at_most": at_most, "choices": choices, "infinite": infinite}
    return field(default=default, metadata=facts)


def section(cls):
    """Class decorator: a frozen dataclass whose fields check themselves and document themselves."""
    cls.__post_init__ = _check_fields
    cls = dataclass(frozen=True)(cls)
    cls.__doc__ = "\n".join([cls.__doc__, ""] + [f"    {_describe(f)}" for f in fields(cls)])
    return cls


def _describe(f):
    facts = f.metadata
    symbol = f" {facts['symbol']}" if facts["symbol"] else ""
    unit = f" [{facts['unit']}]" if facts["unit"] else ""
    choices = f" One of {', '.join(facts['choices'])}." if facts["choices"] else ""
    return f"{f.name}{symbol}{unit}: {facts['meaning']}.{choices} Default {f.default!r} ({facts['source']})."


def _check_fields(self):
    for f in fields(self):
        value = _coerce(getattr(self, f.name), f.default, f)
        object.__setattr__(self, f.name, value)


def _coerce(value, like, f):
    """Return ``value`` in the type of ``like``, element by element for tuples, or raise UsageError."""
    if isinstance(like, tuple):
        if not isinstance(value, (tuple, list)) or not value:
            raise refuse(f.name, value, "a non-empty list")
        return tuple(_coerce(v, like[0], f) for v in value)
    if hasattr(value, "item"):
        value = value.item()  # a NumPy scalar
    if isinstance(like, float) and isinstance(value, int) and not isinstance(value, bool):
        try:
            value = float(value)
        except OverflowError:
            raise refuse(f.name, value, "a number that a double can hold") from None
    if type(value) is not type(like):
        names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
        raise refuse(f.name, value, names[type(like)])
    _check_range(value, f)
    return value


def _check_range(value, f):
    facts = f.metadata
    if facts["choices"] and value not in facts["choices"]:
        raise refuse(f.name, value, "one of " + ", ".join(facts["choices"]))
    if isinstance(value, float) and (isnan(value) or not (isfinite(value) or facts["infinite"])):
        raise refuse(f.name, value, "a finite number")
    if facts["at_least"] is not None and value < facts["at_least"]:
        raise refuse(f.name, value, f"at least {facts['at_least']}")
    if facts["above"] is not None and value <= facts["above"]:
        raise refuse(f.name, value, f"above {facts['above']}")
    if facts["at_most"] is not None and value > facts["at_most"]:
        raise refuse(f.name, value, f"at most {facts['at_most']}")


def refuse(name, value, allowed):
    """The one sentence every refused field gets: which field, what it was, what is allowed."""
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return UsageError(f"{name} = {shown}: must be {allowed}")
