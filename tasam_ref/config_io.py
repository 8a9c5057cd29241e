"""Configurations as TOML text: presets, files, and single settings from the command line."""

import hashlib
import json
import tomllib
from dataclasses import asdict, fields, replace
from importlib import resources

from .config import Config
from .errors import UsageError


def preset_names():
    """Names of the presets that ship with the package."""
    files = resources.files(__package__).joinpath("presets").iterdir()
    return sorted(f.name[:-5] for f in files if f.name.endswith(".toml"))


def load_preset(name):
    """Return the Config of a preset.  Raises UsageError for an unknown name."""
    if name not in preset_names():
        raise UsageError(f"preset = {name!r}: must be one of {', '.join(preset_names())}")
    return from_toml(resources.files(__package__).joinpath("presets", f"{name}.toml").read_text("utf-8"))


def from_toml(text):
    """Parse TOML into a Config; what the text leaves out keeps its default.  Raises UsageError."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not a TOML configuration: {error}") from None
    return update(Config(), tables)


def to_toml(config):
    """Write every field of a Config as TOML; ``from_toml`` gives the same Config back."""
    return _written({part.name: asdict(getattr(config, part.name)) for part in fields(config)})


def _written(sections):
    """TOML of a mapping section -> field -> value."""
    return "\n".join(f"[{name}]\n" + "".join(f"{key} = {_literal(value)}\n" for key, value in values.items())
                     for name, values in sections.items())


def _literal(value):
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(v) for v in value) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)


def update(config, tables):
    """Return ``config`` with the fields of a nested mapping replaced.  Unknown names are refused."""
    sections = {part.name for part in fields(config)}
    changed = {}
    for name, values in tables.items():
        if name not in sections or not isinstance(values, dict):
            raise UsageError(f"section [{name}]: must be one of {', '.join(sorted(sections))}")
        part = getattr(config, name)
        known = {f.name for f in fields(part)}
        for key in values:
            if key not in known:
                raise UsageError(f"{name}.{key}: no such field; [{name}] has {', '.join(sorted(known))}")
        try:
            changed[name] = replace(part, **values)
        except UsageError as error:
            raise UsageError(f"{name}.{error}") from None
    return replace(config, **changed)


def apply_settings(config, settings):
    """Apply ``section.field=value`` texts together.  Raises UsageError for a malformed one."""
    tables = {}
    for setting in settings:
        section, field, text = split_setting(setting)
        tables.setdefault(section, {})[field] = _parse_value(text)
    return update(config, tables)


def split_setting(setting):
    """Split ``section.field=value`` into its three texts.  Raises UsageError when it has another form."""
    path, equals, text = setting.partition("=")
    section, dot, field = path.strip().partition(".")
    if not equals or not dot or not field:
        raise UsageError(f"--set {setting!r}: must look like section.field=value")
    return section, field, text.strip()


def _parse_value(text):
    """A TOML value, or else the text itself, so that names need no quotes."""
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return table["value"] if len(table) == 1 else text


def config_hash(config):
    """First 16 hexadecimal digits of the SHA-256 of the TOML text of what differs from the defaults.

    So a run keeps its hash when the package learns of a new field whose default is what was done before.
    """
    other = {}
    for part in fields(config):
        values, usual = (asdict(getattr(one, part.name)) for one in (config, Config()))
        changed = {key: value for key, value in values.items() if value != usual[key]}
        other |= {part.name: changed} if changed else {}
    return hashlib.sha256(_written(other).encode()).hexdigest()[:16]
