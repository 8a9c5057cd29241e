"""Fig. 8: the reward over the number of DUs."""

from . import runs, style

METHODS = ("no_sam", "l2", "ta_sam")
SPREAD = 0.35
"""From method to method, in DUs, so that bars stand side by side."""


def draw(results):
    """Held-out rewards over the number of DUs, and the differences to no-SAM seed by seed."""
    groups = results["groups"].where(group=list(results.plan.needs["fig08"]))
    dus = dict(sorted(zip(groups["group"].tolist(), groups["num_dus"].tolist()), key=lambda item: item[1]))
    figure, (left, right) = style.new(2, height=3.4, sharex=True)
    references = [runs.held_out(results, group, "no_sam") for group in dus]
    style.no_difference(right)
    for k, method in enumerate(METHODS):
        held = [runs.held_out(results, group, method) for group in dus]
        x = [number + SPREAD * (k - 1) for number in dus.values()]
        style.bars(left, x, [list(rewards.values()) for rewards in held], method)
        style.points(left, x, [list(rewards.values()) for rewards in held], method)
        if method != "no_sam":
            differences = [runs.paired(*pair) for pair in zip(held, references)]
            style.bars(right, x, differences, method)
            style.points(right, x, differences, method)
    for axes, label in ((left, f"held-out {style.REWARD}"), (right, style.DIFFERENCE)):
        axes.set(xlabel="number of DUs", ylabel=label, xticks=list(dus.values()))
    style.legend(figure, left)
    users = " or ".join(f"{number:.0f}" for number in groups.unique("num_ues"))
    scores = results["scores"].where(group=list(dus), method=METHODS)
    style.caption(figure, (
        f"{users} users share the network, {groups['num_rbs'][0]:.0f} RBs per RU. {style.seeds(scores)}, "
        f"{style.length(results, next(iter(dus)))}. Lines join means over seeds, bars are 95 % t intervals, small "
        "points runs. Right: runs of one seed met the same users, channels and traffic; above 0 a method beats "
        "no-SAM."))
    return figure
