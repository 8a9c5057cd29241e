"""The paper's claims, from a file of them: where each stands, what it says in our words, and how to measure it.

    [[claims]]
    id = "fig7_critic_over_actor"
    where = "Sec. VI-B, Fig. 7"
    says = "critic-SAM slightly above actor-SAM in reward"
    note = "..."                                      # may be left out
    measure = "difference"                            # one of ``measures``; what follows are its arguments
    order = [["critic_sam"], ["actor_sam"]]
    hold = "any"                                      # for a claim of "up to"; otherwise all parts must hold
    [[claims.readings]]                               # another reading: what differs from the claim above
    reading = "at equal gradients"
    quantity = "reward_equal_gradients"

``untestable = "why"`` stands in the place of a measure.
"""

import inspect
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from tasam_ref.errors import UsageError
from tasam_ref.methods.registry import METHODS

from .measures import MEASURES
from .quantities import QUANTITIES, SLICES, place

PATH = Path(__file__).parents[1] / "claims.toml"
HOLD, DIRECTIONS = ("all", "any"), ("higher", "lower")


@dataclass(frozen=True)
class Claim:
    """One reading of a claim: ``arguments`` go to the measure, ``untestable`` says why there is none."""

    id: str
    where: str
    says: str
    reading: str = ""
    note: str = ""
    measure: str = ""
    hold: str = "all"
    untestable: str = ""
    arguments: dict = field(default_factory=dict)


TEXTS = ("id", "where", "says", "reading", "note", "measure", "hold", "untestable")


def load_claims(path=PATH):
    """The Claims of a file, a claim's readings right behind it.  Raises UsageError, naming file and entry."""
    try:
        entries = tomllib.loads(Path(path).read_text("utf-8"))["claims"]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{path}: not a list of claims: {error}") from None
    claims = []
    for count, entry in enumerate(entries, 1):
        name = entry.get("id", f"number {count}")
        try:
            if name in {claim.id for claim in claims}:
                raise UsageError("there is another of this id")
            shared = {key: value for key, value in entry.items() if key != "readings"}
            claims.append(_claim(shared))
            for reading in entry.get("readings", ()):
                if "reading" not in reading:
                    raise UsageError("a reading lacks reading, its name")
                claims.append(_claim(_without(shared, reading) | reading))
        except UsageError as error:
            raise UsageError(f"{path}: claim {name}: {error}") from None
    return claims


def _without(shared, reading):
    """What a reading takes over from its claim: of one with a measure of its own, or with none, the texts alone."""
    if not {"measure", "untestable"} & reading.keys():
        return shared
    return {key: value for key, value in shared.items() if key in ("id", "where", "says")}


def _claim(entry):
    texts = {key: value for key, value in entry.items() if key in TEXTS}
    for key in ("id", "where", "says"):
        if not texts.get(key):
            raise UsageError(f"lacks {key}")
    for key, value in texts.items():
        if not isinstance(value, str):
            raise UsageError(f"{key} = {value!r}: must be a text")
    if ("measure" in texts) == ("untestable" in texts):
        raise UsageError("must have a measure, or say in untestable why there is none")
    arguments = {key: value for key, value in entry.items() if key not in TEXTS}
    _choose("hold", texts.get("hold", "all"), HOLD)
    if "measure" in texts:
        _check(texts["measure"], arguments)
    return Claim(**texts, arguments=arguments)


def _check(measure, arguments):
    """Refuse what the measure does not take, and methods and quantities that do not exist."""
    _choose("measure", measure, MEASURES)
    try:
        inspect.signature(MEASURES[measure]).bind(None, **arguments)
    except TypeError as error:
        raise UsageError(f"measure {measure}: {error}") from None
    named = [*arguments.get("methods", ()), *(name for tier in arguments.get("order", ()) for name in tier)]
    for name in (*named, *filter(None, [arguments.get("points_over")])):
        _choose("method", place(name)[-1], METHODS)
    if measure == "gain":
        _choose("quantity", arguments.get("quantity", "qos"), ("qos", "throughput"))
        if len(arguments.get("least", SLICES)) != len(SLICES):
            raise UsageError(f"least = {arguments['least']!r}: must be {len(SLICES)} numbers, one per slice")
    else:
        given = [arguments[key] for key in ("quantity", "x", "y") if key in arguments]
        for name in (name for one in given for name in ([one] if isinstance(one, str) else one)):
            _choose("quantity", name, QUANTITIES)
    _choose("direction", arguments.get("direction", "higher"), DIRECTIONS)
    _choose("cost", arguments.get("cost", "iteration"), ("iteration", "gradient_evaluations"))


def _choose(name, value, choices):
    if value not in choices:
        raise UsageError(f"{name} = {value!r}: must be one of {', '.join(choices)}")
