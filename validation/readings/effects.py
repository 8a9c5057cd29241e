"""From held-out rewards to effects: what each reading does to ``ta_sam`` minus ``no_sam``."""

import csv
from dataclasses import dataclass

import numpy as np

from tasam_ref.analysis.stats import Interval, mean_interval
from tasam_ref.errors import UsageError
from tasam_ref.experiments.run_folder import COMPLETE, RunFolder
from tasam_ref.files import write_atomically

from .plan import HERE, Reading, load_plan

BEGIN, END = "<!-- effects: begin -->\n", "<!-- effects: end -->\n"


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


def collect(runs, path=HERE / "rewards.csv"):
    """Read the complete run folders of the plan below ``runs`` into a tidy CSV: reading, method, seed, reward.

    Raises UsageError when there are none.
    """
    _, _, readings = load_plan()
    rows = []
    for reading in readings:
        for method in reading.methods:
            folders = [p for p in (runs / reading.name / method).glob("seed_*") if p.name[5:].isdecimal()]
            for folder in sorted(folders, key=lambda p: int(p.name[5:])):
                run = RunFolder.open(folder)
                if run.status == COMPLETE:
                    reward = float(run.evaluation().reward.mean())
                    rows.append((reading.name, method, run.config.run.seed, repr(reward)))
    if not rows:
        raise UsageError(f"--out {runs}: no run of the plan is complete there")
    with write_atomically(path) as file:
        csv.writer(file, lineterminator="\n").writerows([("reading", "method", "seed", "reward"), *rows])


def load_rewards(path=HERE / "rewards.csv"):
    """Rewards as {(reading, method): {seed: reward}}.  Raises UsageError when the file is not there."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; 'python -m validation readings --out DIR' makes it") from None
    rewards = {}
    for row in rows:
        rewards.setdefault((row["reading"], row["method"]), {})[int(row["seed"])] = float(row["reward"])
    return rewards


def effects(rewards):
    """The Effect of every reading of the plan that has complete seeds, the default first.

    A method that a reading does not touch is the default's.
    """
    _, (first, second), readings = load_plan()
    found = []
    for reading in readings:
        names = [reading.name if method in reading.methods else "default" for method in (first, second)]
        runs = [rewards.get(key, {}) for key in zip((*names, "default", "default"), (first, second, first, second))]
        seeds = sorted(set.intersection(*map(set, runs)))
        if seeds:
            one, other, base_one, base_other = (np.array([run[seed] for seed in seeds]) for run in runs)
            difference = one - other
            found.append(Effect(reading, len(seeds), *map(mean_interval, (
                one, other, difference, difference - (base_one - base_other)))))
    return found


def table(found):
    """The effects as a Markdown table."""
    preset, (first, second), readings = load_plan()
    lines = [f"Held-out reward, preset `{preset}`: 95 % t intervals over seeds, differences paired by seed.",
             "\\* the reward itself is another function, so that rewards compare within the row only.", "",
             f"| register | setting | seeds | `{first}` | `{second}` | difference | change of the difference |",
             "|---|---|---|---|---|---|---|"]
    for effect in found:
        reading = effect.reading
        settings = "<br>".join(f"`{s}`" for s in reading.settings) or "defaults"
        star = "\\*" if reading.rescales else ""
        change = "" if reading.name == "default" else str(effect.change)
        lines.append(f"| {reading.register} | {settings}{star} | {effect.seeds} | {effect.first} | {effect.second} | "
                     f"{effect.difference} | {change} |")
    done = [effect.reading for effect in found]
    pending = [setting for reading in readings if reading not in done for setting in reading.settings]
    lines += ["", f"Not run yet: {', '.join(f'`{s}`' for s in pending)}."] if pending else []
    return "\n".join(lines) + "\n"


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
