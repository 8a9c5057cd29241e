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

    All but the rewards are paired by seed, for the seeds meet the same network.  Intervals are 95 % t over seeds.
    """

    reading: Reading
    first: Interval
    second: Interval
    difference: Interval
    change: Interval


def collect(runs, path=HERE / "rewards.csv"):
    """Read the run folders of the plan below ``runs`` into a tidy CSV: reading, method, seed, reward.

    Only seeds for which every run of the plan is complete are taken.  Raises UsageError when there are none.
    """
    _, _, readings = load_plan()
    wanted = [(reading.name, method) for reading in readings for method in reading.methods]
    seeds = sorted(int(p.name[5:]) for p in (runs / wanted[0][0] / wanted[0][1]).glob("seed_*"))
    rows, missing = [], []
    for seed in seeds:
        folders = [runs / name / method / f"seed_{seed}" for name, method in wanted]
        unfinished = [str(f) for f in folders if not f.exists() or RunFolder.open(f).status != COMPLETE]
        missing += unfinished
        if not unfinished:
            rewards = [float(RunFolder.open(f).evaluation().reward.mean()) for f in folders]
            rows += [(*names, seed, repr(reward)) for names, reward in zip(wanted, rewards)]
    if not rows:
        raise UsageError(f"--out {runs}: no seed is complete; {len(missing)} runs are missing")
    with write_atomically(path) as file:
        csv.writer(file, lineterminator="\n").writerows([("reading", "method", "seed", "reward"), *rows])


def load_rewards(path=HERE / "rewards.csv"):
    """Rewards by (reading, method): arrays over the same seeds.  Raises UsageError when the file is not there."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; 'python -m validation readings --out DIR' makes it") from None
    rewards = {}
    for row in rows:
        rewards.setdefault((row["reading"], row["method"]), []).append(float(row["reward"]))
    return {key: np.array(values) for key, values in rewards.items()}


def effects(rewards):
    """The Effect of every reading of the plan, the default first.

    A method that a reading does not touch is the default's.
    """
    _, (first, second), readings = load_plan()

    def of(reading, method):
        return rewards[reading.name if method in reading.methods else "default", method]

    base = of(readings[0], first) - of(readings[0], second)
    found = []
    for reading in readings:
        one, other = of(reading, first), of(reading, second)
        found.append(Effect(reading, mean_interval(one), mean_interval(other), mean_interval(one - other),
                            mean_interval(one - other - base)))
    return found


def table(found, seeds):
    """The effects as a Markdown table."""
    preset, (first, second), _ = load_plan()
    lines = [f"Held-out reward, preset `{preset}`, {seeds} seeds: 95 % t intervals over seeds, differences paired.",
             "\\* the reward itself is another function, so that rewards compare within the row only.", "",
             f"| register | setting | `{first}` | `{second}` | difference | change of the difference |",
             "|---|---|---|---|---|---|"]
    for effect in found:
        reading = effect.reading
        settings = "<br>".join(f"`{s}`" for s in reading.settings) or "defaults"
        star = "\\*" if reading.rescales else ""
        change = "" if reading.name == "default" else str(effect.change)
        lines.append(f"| {reading.register} | {settings}{star} | {effect.first} | {effect.second} | "
                     f"{effect.difference} | {change} |")
    return "\n".join(lines) + "\n"


def into_register(text, path=HERE.parent / "READINGS.md"):
    """Replace what stands between the two marks in READINGS.md."""
    before, _, rest = path.read_text("utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise UsageError(f"{path}: has no place for the effects, between {BEGIN.strip()} and {END.strip()}")
    with write_atomically(path) as file:
        file.write(f"{before}{BEGIN}{text}{END}{after}")
