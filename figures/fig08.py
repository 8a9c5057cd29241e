"""Fig. 8: the reward over the number of DUs, by every judge (R56)."""

from . import runs, style

METHODS = ("no_sam", "l2", "ta_sam")
SPREAD = 0.35
"""From method to method, in DUs, so that bars stand side by side."""


def draw(results):
    """Held-out rewards over the number of DUs, their sum over the DUs, and differences to no-SAM seed by seed."""
    groups = results["groups"].where(group=list(results.plan.needs["fig08"]))
    dus = dict(sorted(zip(groups["group"].tolist(), groups["num_dus"].tolist()), key=lambda item: item[1]))
    judges = runs.judges(results, next(iter(dus)))
    figure, rows = style.new(3, len(judges), height=0.9 + 2.7 * len(judges), sharex=True, squeeze=False)
    for panels, judge in zip(rows, judges):
        _draw_row(results, panels, dus, judge)
        panels[1].set(title=style.JUDGED[judge])
    for panel in rows[-1]:
        panel.set(xlabel="number of DUs", xticks=list(dus.values()))
    style.legend(figure, rows[0, 0])
    users = " or ".join(f"{number:.0f}" for number in groups.unique("num_ues"))
    scores = results["scores"].where(group=list(dus), method=METHODS)
    style.caption(figure, (
        f"{users} users share the network, {groups['num_rbs'][0]:.0f} RBs per RU. {style.seeds(scores)}, "
        f"{style.length(results, next(iter(dus)))}. Lines join means over seeds, bars are 95 % t intervals, small "
        "points runs. The paper does not say whether its reward is a mean or a sum. Right: runs of one seed met the "
        "same users, channels and traffic; above 0 a method beats no-SAM."))
    return figure


def _draw_row(results, panels, dus, judge):
    """The rewards, their sums and their differences to no-SAM; ``dus`` maps groups to numbers of DUs."""
    references = [runs.held_out(results, group, "no_sam", judge) for group in dus]
    style.no_difference(panels[2])
    for k, method in enumerate(METHODS):
        held = [runs.held_out(results, group, method, judge) for group in dus]
        means = [list(rewards.values()) for rewards in held]
        sums = [[number * reward for reward in rewards] for number, rewards in zip(dus.values(), means)]
        differences = [runs.paired(*pair) for pair in zip(held, references)]
        for axes, values in zip(panels[:2 if method == "no_sam" else 3], (means, sums, differences)):
            x = [number + SPREAD * (k - 1) for number in dus.values()]
            style.bars(axes, x, values, method)
            style.points(axes, x, values, method)
    for axes, label in zip(panels, (f"held-out {style.REWARD}", "the same, summed over DUs", style.DIFFERENCE)):
        axes.set(ylabel=label)
