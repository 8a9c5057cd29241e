"""Beyond the paper: rewards against the bound, and learning against schedulers that operators run today."""

import numpy as np

from tasam_ref.analysis.stats import Interval
from tasam_ref.errors import UsageError

from . import style

BOUND, BEST, GREEDY = "bound", "best static split", "greedy"
LEARNED = ("ta_sam", "no_sam", "centralised_sac")
NOT_RIVALS = ("idle", "random", BOUND)
GREY = "0.3"


def draw_gap(results):
    """How far every method of the headline stays below the bound on the reward, sorted, with two rivals."""
    scores, references = results.scores("headline"), results["references"]
    bound = _interval(references, BOUND)
    gaps = {method: [bound.mean - reward for reward in scores.where(method=method)["reward"]]
            for method in scores.unique("method")}
    rivals = {name: _interval(references, name) for name in references.unique("policy")
              if name.startswith((BEST, GREEDY))}
    order = sorted(gaps | rivals, key=lambda name: bound.mean - rivals[name].mean if name in rivals
                   else np.mean(gaps[name]), reverse=True)
    figure, axes = style.new(height=1.4 + 0.25 * len(order))
    for y, name in enumerate(order):
        if name in gaps:
            style.row(axes, y, gaps[name], name)
        else:
            axes.plot(bound.mean - rivals[name].mean, y, "D", color=GREY)
            axes.hlines(y, bound.mean - rivals[name].high, bound.mean - rivals[name].low, color=GREY)
    axes.axvspan(bound.mean - bound.high, bound.mean - bound.low, color="0.85", linewidth=0)
    axes.axvline(0, color="0.3", linewidth=1)
    axes.set_yticks(range(len(order)), [style.NAMES.get(name, name) for name in order])
    axes.set(xlabel=f"held-out {style.REWARD}: below the bound of {bound.mean:.2f} by")
    style.caption(figure, (
        f"{style.seeds(scores)}, {style.length(results, 'headline')}. Light points are runs, dark ones their mean with "
        "its 95 % t interval. Diamonds do not learn, and greedy sees the coming frame's true channel; their intervals "
        "and the bound's own, the grey band, are over held-out episodes. No policy can earn more than the bound, and "
        "perhaps none as much; the further left, the better."))
    return figure


def draw_schedulers(results):
    """Reward, and how often every slice's requirement is violated, of learned policies and of operators' schedulers."""
    scores, references = results.scores("headline").where(method=LEARNED), results["references"]
    slices = [name.removeprefix("violated_") for name in references.columns if name.startswith("violated_")]
    rivals = [name for name in references.unique("policy") if name not in NOT_RIVALS]
    learned = [method for method in LEARNED if method in scores.unique("method")]
    names = [*reversed(rivals), *reversed(learned)]
    figure, panels = style.new(1 + len(slices), height=1.7 + 0.25 * len(names), sharey=True,
                               width_ratios=(2.2, *[1] * len(slices)))
    for axes, column, factor in zip(panels, ("reward", *(f"violated_{name}" for name in slices)),
                                    (1, *[100] * len(slices))):
        for y, name in enumerate(names):
            if name in learned:
                style.row(axes, y, scores.where(method=name)[column] * factor, name)
            else:
                axes.plot(references.where(policy=name)[column] * factor, [y], "D", color=GREY)
        axes.axhline(len(rivals) - 0.5, color="0.6", linewidth=0.8)
    for y, name in enumerate(rivals[::-1]):
        interval = _interval(references, name)
        panels[0].hlines(y, interval.low, interval.high, color=GREY)
    panels[0].set_yticks(range(len(names)), [style.NAMES.get(name, name) for name in names])
    panels[0].set(xlabel=style.REWARD, title="held out")
    for axes, name in zip(panels[1:], slices):
        axes.set(title=name, xlabel="missed, %", xlim=(-4, 104), xticks=(0, 50, 100))
    style.caption(figure, (
        "Held-out rewards, and the share of frames and DUs in which a slice misses its Q_min. Above the line what has "
        f"learned, {style.seeds(scores)}, {style.length(results, 'headline')}: light points are runs, dark ones their "
        "mean with its 95 % t interval over seeds. Below it what needs no learning, with 95 % t intervals of the "
        "reward over held-out episodes; the best static split was chosen on training episodes, and greedy sees the "
        "coming frame's true channel, as no operator does."))
    return figure


def _interval(references, policy):
    """A policy's held-out reward.  Raises UsageError when there is none."""
    for row in references.where(policy=policy).rows():
        return Interval(row["reward"], row["low"], row["high"])
    raise UsageError(f"references.csv has no {policy!r}: these rewards have no such reference")
