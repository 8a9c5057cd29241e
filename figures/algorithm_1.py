"""Beyond the paper: Algorithm 1 as printed, one gradient step per iteration, beside the headline's ratio of steps."""

from . import runs, style

GROUPS = {"algorithm_1": "as printed", "headline": "headline"}


def draw(results):
    """Learning curves of Algorithm 1 as printed, and the held-out rewards of both."""
    methods = results["scores"].where(group="algorithm_1").unique("method")
    row = runs.of_group(results, "algorithm_1")
    figure, (left, right) = style.new(2, height=3.9, width_ratios=(1, 1.15))
    for method in methods:
        iterations, rewards = runs.curves(results, "algorithm_1", method)
        style.band(left, iterations * row["gradient_steps"], runs.matrix(rewards), method)
    left.set(xlabel="gradient steps of each network", ylabel=f"training {style.REWARD}", title="Algorithm 1 as printed")
    places, names = [], []
    for g, (group, title) in enumerate(GROUPS.items()):
        x = [k + g * (len(methods) + 0.5) for k in range(len(methods))]
        held = [runs.held_out(results, group, method) for method in methods]
        style.join(right, x, held)
        for place, method, rewards in zip(x, methods, held):
            style.dots(right, place, list(rewards.values()), method)
        right.annotate(title, (sum(x) / len(x), 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom")
        places, names = places + x, names + [style.NAMES[method] for method in methods]
    style.ticks(right, places, names)
    right.set(ylabel=f"held-out {style.REWARD}")
    style.legend(figure, left)
    style.caption(figure, (
        f"{style.seeds(results['scores'].where(group=list(GROUPS), method=methods))}. "
        f"Algorithm 1 as printed: {_budget(results, 'algorithm_1')}; headline: {_budget(results, 'headline')}. "
        f"Left: means{style.of_blocks(iterations)} over seeds, bands their 95 % t intervals. "
        "Right: points are runs, bars means with 95 % t intervals, grey lines join runs of one seed, which met the "
        "same users, channels and traffic: a line that rises from no-SAM is a gain."))
    return figure


def _budget(results, group):
    row = runs.of_group(results, group)
    return f"{style.length(results, group)} and {row['frames_per_iteration']:.0f} frames each"
