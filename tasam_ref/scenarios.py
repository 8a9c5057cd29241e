"""The paper's experiments as named settings, ``scenarios.toml``: data that ``--scenario NAME`` applies."""

import tomllib
from dataclasses import dataclass
from importlib import resources

from .config_io import split_setting
from .errors import UsageError


@dataclass(frozen=True)
class Scenario:
    """A description, its place in the paper, and ``section.field=value`` settings."""

    description: str
    source: str
    settings: tuple


def load_scenarios():
    """All scenarios by name, in the file's order."""
    tables = tomllib.loads(resources.files(__package__).joinpath("scenarios.toml").read_text("utf-8"))
    return {name: Scenario(t["description"], t["source"], tuple(t["settings"])) for name, t in tables.items()}


def scenario_settings(names):
    """The settings of these scenarios as pairs (name, setting).

    Raises UsageError for an unknown scenario, and for two that set one field.
    """
    scenarios, pairs, set_by = load_scenarios(), [], {}
    for name in names:
        if name not in scenarios:
            raise UsageError(f"--scenario {name}: must be one of those that 'tasam-ref scenarios' lists")
        if names.count(name) > 1:
            raise UsageError(f"--scenario {name}: must be named once")
        for setting in scenarios[name].settings:
            section, field, _ = split_setting(setting)
            if (section, field) in set_by:
                raise UsageError(f"--scenario {name}: sets {section}.{field}, as --scenario {set_by[section, field]} "
                                 "does; choose one of them")
            set_by[section, field] = name
            pairs.append((name, setting))
    return pairs
