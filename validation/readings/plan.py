"""The plan as data, and the runs that it asks for."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from tasam_ref.config_io import load_preset
from tasam_ref.experiments.plan import Entry
from tasam_ref.experiments.runner import prepare, run_all
from tasam_ref.methods.registry import configure

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Reading:
    """One row of the plan: its name, the register's row, the settings, the methods it touches, the reward rescaled."""

    name: str
    register: str
    settings: tuple
    methods: tuple
    rescales: bool


def load_plan(path=HERE / "plan.toml"):
    """Return the preset's name, the methods, the first against the second, and the Readings, the default first."""
    plan = tomllib.loads(path.read_text("utf-8"))
    readings = [Reading(name, row["register"], tuple(row["settings"]), tuple(row.get("methods", plan["methods"])),
                        row.get("rescales", False)) for name, row in plan["readings"].items()]
    return plan["preset"], plan["methods"], readings


def entries(seeds, out):
    """The runs of the whole plan, seed by seed, so that a plan cut short is complete for its first seeds."""
    preset, _, readings = load_plan()
    runs = []
    for seed in seeds:
        for reading in readings:
            for method in reading.methods:
                config = configure(method, load_preset(preset), reading.settings)
                runs.append(Entry(method, seed, replace(config, run=replace(config.run, seed=seed)),
                                  Path(out) / reading.name / method / f"seed_{seed}", label=reading.name))
    return runs


def train(seeds, out, jobs, say):
    """Bring every run of the plan to its end; finished ones are kept.  Raises RunFailure when any failed."""
    runs = entries(seeds, out)
    prepare(runs, resume=True)
    run_all(runs, jobs, say, go_on="the same command goes on", try_again="the same command tries them again")
