"""Table: TA-SAM against no SAM, by length of training, by who is judged, and by the norm of (12)."""

from tasam_ref.analysis.stats import mean_interval

from .. import runs, style
from . import writer

TITLE = "TA-SAM against soft actor-critic without SAM"
CAPTION = """Held-out reward per frame and DU: means with 95 % t intervals over seeds, {}; differences are paired by
seed.  l2 is (12) as printed, adaptive its element-wise norm (R55); the same trained actors are judged by their means,
deterministic, and by draws, stochastic (R56)."""
HEAD = ("training", "judged", "no_sam", "ta_sam, l2", "ta_sam, adaptive", "l2 - no_sam", "adaptive - no_sam")


def write(results, folder, name):
    """Write the table: a row per group of ``runs.ADAPTIVE`` and judge; "not run" where the plan has none."""
    there = [group for group in runs.ADAPTIVE if group in results["groups"]["group"]]
    rows = [_row(results, group, judge) for group in there for judge in runs.judges(results, group)]
    scores = results["scores"].where(group=[*there, *runs.ADAPTIVE.values()], method=["no_sam", "ta_sam"])
    writer.write(folder, name, TITLE, [CAPTION.format(style.seeds(scores))], HEAD, rows)


def _row(results, group, judge):
    plain, *both = (_rewards(results, *place, judge) for place in (
        (group, "no_sam"), (group, "ta_sam"), (runs.ADAPTIVE[group], "ta_sam")))
    means = [_interval(list(rewards.values())) for rewards in (plain, *both)]
    differences = [_interval(runs.paired(rewards, plain)) if rewards else _interval([]) for rewards in both]
    return (style.length(results, group), judge, *means, *differences)


def _rewards(results, group, method, judge):
    """{seed: reward}; empty where there are no such runs."""
    if not len(results["scores"].where(group=group, method=method)):
        return {}
    return runs.held_out(results, group, method, judge)


def _interval(values):
    return writer.interval(mean_interval(values)) if len(values) else "not run"
