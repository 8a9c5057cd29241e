"""Table 1: the paper's parameters, what each is in our presets and in these runs, and what the paper leaves open."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

from tasam_ref.config import Config
from tasam_ref.config_io import load_preset

from .. import style
from . import writer

PRESETS = ("paper", "paper_utd1", "quick")
ROWS = tomllib.loads(Path(__file__).with_name("table1.toml").read_text("utf-8"))["rows"]
HEAD = ("parameter", "symbol", "unit", "as printed", "where", *PRESETS, "these runs", "field", "note")


def make(results, folder, name):
    """Write NAME.md and NAME.csv."""
    configs = [*map(load_preset, PRESETS), headline_config(results)]
    rows = [_given(row, configs) for row in ROWS] + [_open(path, fact, configs) for path, fact in left_open()]
    writer.write(folder, name, "Table 1: simulation parameters", [
        "The paper's parameters as printed, and ours; then what the paper does not give, with the row of the register "
        "(validation/READINGS.md) that says why we take what we take.  *paper*, *paper_utd1* and *quick* are presets; "
        f"*these runs* are the headline's, of {style.seeds(results['scores'].where(group='headline'))} each."],
                 HEAD, rows)


def headline_config(results):
    """The Config of the headline's TA-SAM, or of its first method."""
    configs = results.plan.groups["headline"].configs()
    return configs.get("ta_sam", next(iter(configs.values())))


def left_open():
    """(path, metadata) of every number that is assumed and has a row in the register."""
    return [(path, fact) for path, fact in facts().items()
            if re.match(r"assumed, R\d\d", fact["source"]) and not _is_text(value_of(Config(), path))]


def facts():
    """{"section.field": what the configuration says of it}."""
    return {f"{part.name}.{f.name}": f.metadata for part in fields(Config) for f in fields(part.default_factory)}


def value_of(config, path):
    """The value of ``section.field``."""
    section, field = path.split(".")
    return getattr(getattr(config, section), field)


def _given(row, configs):
    note, path = row.get("note", ""), row.get("field")
    if not path:
        return (row["parameter"], row.get("symbol", ""), "", row["paper"], row["where"], *[row["ours"]] * len(configs),
                "", note)
    fact = facts()[path]
    return (fact["meaning"], fact["symbol"], fact["unit"], row["paper"], row["where"],
            *(_text(value_of(config, path)) for config in configs), path, note)


def _open(path, fact, configs):
    reason = fact["source"].removeprefix("assumed, ")
    return (fact["meaning"], fact["symbol"], fact["unit"], "not given", "",
            *(_text(value_of(config, path)) for config in configs), path, reason)


def _is_text(value):
    return isinstance(value, str) or (isinstance(value, tuple) and isinstance(value[0], str))


def _text(value):
    if isinstance(value, tuple):
        return "; ".join(map(_text, value)) if isinstance(value[0], tuple) else ", ".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
