"""Beyond the paper: the same methods after few and many gradient steps.  Algorithm 1 takes one an iteration (R28)."""

from tasam_ref.errors import UsageError
from tasam_ref.experiments.collect import MOST_BLOCKS

from . import runs, style


def draw(results):
    """Learning curves over the gradient steps of each group, and below the held-out rewards of all."""
    needed = results.plan.needs["steps"]
    groups = [group for group in needed if group not in runs.ADAPTIVE.values()]
    others = results["scores"].where(group=[group for group in groups if group != "headline"]).unique("method")
    if not others:
        raise UsageError("needs runs of another length than the headline's, and the plan has none")
    methods = [method for method in style.NAMES if method in others]
    figure = style.sheet(height=6.4)
    top, below = figure.subfigures(2, 1)
    (panels,), axes = top.subplots(1, len(groups), sharey=True, squeeze=False), below.subplots()
    places, names = [], []
    for panel, group in zip(panels, groups):
        there = results["scores"].where(group=group, method=methods).unique("method")
        pairs = runs.by_norm(results, group, [method for method in methods if method in there])
        x = style.side_by_side(pairs, places[-1] + 1.5 if places else 0.0)
        _draw_curves(results, panel, group, [method for one, method in pairs if one == group])
        _draw_held_out(results, axes, x, pairs)
        middles, own = style.middles(pairs, x)
        axes.annotate(_length(results, group), (sum(middles) / len(middles), 1), ha="center", va="bottom",
                      xycoords=("data", "axes fraction"))
        places, names = places + middles, names + own
    style.ticks(axes, places, names)
    axes.set(ylabel=f"held-out {style.REWARD}")
    panels[0].set(ylabel=f"training {style.REWARD}")
    top.supxlabel("gradient steps of each network", fontsize=9)
    style.legend(figure, max(panels, key=lambda panel: len(panel.get_lines())))
    row = runs.of_group(results, "headline")
    style.caption(figure, (
        f"{style.seeds(results['scores'].where(group=needed, method=methods))}, "
        f"{row['frames_per_iteration']:.0f} frames an iteration. Above: means over seeds, of {MOST_BLOCKS} blocks of "
        "iterations at most, bands their 95 % t intervals. Below: points are runs, bars means with 95 % t intervals, "
        "grey lines join runs of one seed, which met the same users, channels and traffic: a line that rises from "
        "no-SAM is a gain. "
        f"{style.hollow([group for group, _ in pairs])}"))
    return figure


def _draw_curves(results, axes, group, methods):
    steps = runs.of_group(results, group)["gradient_steps"]
    for method in methods:
        iterations, rewards = runs.curves(results, group, method)
        style.band(axes, iterations * steps, runs.matrix(rewards), method)
    axes.set_title(_length(results, group))


def _draw_held_out(results, axes, places, pairs):
    held = [runs.held_out(results, *pair) for pair in pairs]
    style.join(axes, places, held)
    for place, (group, method), rewards in zip(places, pairs, held):
        style.dots(axes, place, list(rewards.values()), method, **style.fill(group))


def _length(results, group):
    return style.length(results, group).replace(" of ", "\nof ")
