"""From held-out rewards to effects: what each reading does to ``ta_sam`` minus ``no_sam``."""

import csv
import re
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from tasam_ref.analysis.stats import Interval, mean_interval
from tasam_ref.config import Config
from tasam_ref.config_io import split_setting
from tasam_ref.errors import UsageError
from tasam_ref.experiments.evaluation import READINGS as EVALUATIONS
from tasam_ref.experiments.plan import load_plan
from tasam_ref.experiments.run_folder import COMPLETE, RunFolder
from tasam_ref.files import write_atomically

HERE = Path(__file__).resolve().parent
PLAN = HERE / "plan.toml"
BEGIN, END = "<!-- effects: begin -->\n", "<!-- effects: end -->\n"
COLUMNS = ("reading", "method", "seed", "evaluation", "reward")


@dataclass(frozen=True)
class Reading:
    """One group of the plan: its settings, and the methods that are trained anew under them."""

    name: str
    settings: tuple
    methods: tuple

    @property
    def register(self):
        """The register's row, as the first setting's field cites it."""
        if not self.settings:
            return ""
        section, name, _ = split_setting(self.settings[0])
        (field,) = (f for f in fields(getattr(Config(), section)) if f.name == name)
        return re.search(r"R\d\d", field.metadata["source"])[0]

    @property
    def rescales(self):
        """Whether the reward itself is another function, so that rewards compare within the reading only."""
        return any(split_setting(setting)[0] == "reward" for setting in self.settings)


@dataclass(frozen=True)
class Effect:
    """One reading: held-out rewards of both methods, their difference, and how far it is from the default's.

    All but the rewards are paired by seed, for the seeds meet the same network.  Intervals are 95 % t over ``seeds``
    seeds, those for which the reading and the default are complete.
    """

    reading: Reading
    seeds: int
    first: Interval
    second: Interval
    difference: Interval
    change: Interval


def load_readings():
    """The preset, both methods, the first against the second, and the Readings, the default first."""
    groups = load_plan(PLAN).groups
    readings = [Reading(name, group.settings, group.methods) for name, group in groups.items()]
    return groups["default"].preset, groups["default"].methods, readings


def collect(runs, path=HERE / "rewards.csv"):
    """Read the complete run folders of the plan below ``runs`` into a tidy CSV of ``COLUMNS``.

    Raises UsageError when there are none.
    """
    rows = []
    for entry in sorted(load_plan(PLAN).entries(runs), key=lambda entry: entry.label):
        run = RunFolder.open(entry.path) if entry.path.exists() else None
        if run is not None and run.status == COMPLETE:
            rewards = {evaluation: float(run.evaluation(evaluation).reward.mean()) for evaluation in EVALUATIONS}
            rows += [(entry.label, entry.method, entry.seed, *item) for item in rewards.items()]
    if not rows:
        raise UsageError(f"--out {runs}: no run of the plan is complete there")
    with write_atomically(path) as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


def load_rewards(path=HERE / "rewards.csv"):
    """Rewards as {(reading, method, evaluation): {seed: reward}}.  Raises UsageError when the file is not there."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; 'python -m validation readings --out DIR' makes it") from None
    rewards = {}
    for row in rows:
        key = row["reading"], row["method"], row["evaluation"]
        rewards.setdefault(key, {})[int(row["seed"])] = float(row["reward"])
    return rewards


def effects(rewards, evaluation="deterministic"):
    """The Effect of every reading of the plan that has complete seeds by an evaluation, the default first.

    A method that a reading does not touch is the default's.
    """
    _, (first, second), readings = load_readings()
    found = []
    for reading in readings:
        names = [reading.name if method in reading.methods else "default" for method in (first, second)]
        keys = zip((*names, "default", "default"), (first, second, first, second))
        runs = [rewards.get((*key, evaluation), {}) for key in keys]
        seeds = sorted(set.intersection(*map(set, runs)))
        if seeds:
            one, other, base_one, base_other = (np.array([run[seed] for seed in seeds]) for run in runs)
            difference = one - other
            found.append(Effect(reading, len(seeds), *map(mean_interval, (
                one, other, difference, difference - (base_one - base_other)))))
    return found


def table(rewards):
    """The effects by both evaluations as Markdown, the readings by their deterministic policies first."""
    preset, (first, second), readings = load_readings()
    lines = [f"Held-out reward, preset `{preset}`: 95 % t intervals over seeds, differences paired by seed.",
             "\\* the reward itself is another function, so that rewards compare within the row only."]
    done = set()
    for evaluation in EVALUATIONS:
        found = effects(rewards, evaluation)
        if found:
            lines += ["", f"By {evaluation} policies (R56):", "",
                      f"| register | setting | seeds | `{first}` | `{second}` | difference | its change |",
                      "|---|---|---|---|---|---|---|", *map(_row, found)]
        done |= {effect.reading.name for effect in found}
    pending = [", ".join(f"`{s}`" for s in reading.settings) for reading in readings if reading.name not in done]
    lines += ["", f"Not run yet: {'; '.join(pending)}."] if pending else []
    return "\n".join(lines) + "\n"


def _row(effect):
    reading = effect.reading
    settings = "<br>".join(f"`{s}`" for s in reading.settings) or "defaults"
    star = "\\*" if reading.rescales else ""
    change = "" if reading.name == "default" else str(effect.change)
    return (f"| {reading.register} | {settings}{star} | {effect.seeds} | {effect.first} | {effect.second} | "
            f"{effect.difference} | {change} |")


def around_the_effects(path=HERE.parent / "READINGS.md"):
    """What stands before and after the two marks in READINGS.md.  Raises UsageError when they are not there."""
    before, _, rest = path.read_text("utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise UsageError(f"{path}: has no place for the effects, between {BEGIN.strip()} and {END.strip()}")
    return before, after


def into_register(text, path=HERE.parent / "READINGS.md"):
    """Replace what stands between the two marks in READINGS.md."""
    before, after = around_the_effects(path)
    with write_atomically(path) as file:
        file.write(f"{before}{BEGIN}{text}{END}{after}")
