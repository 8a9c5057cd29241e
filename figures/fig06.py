"""Fig. 6: the largest reward under static radii, in training and held out."""

from . import runs, style

METHODS = ("actor_sam", "critic_sam", "both_sam")
SPREAD = 1.08
"""Factor from method to method, so that bars at one radius stand side by side."""


def draw(results):
    """Rewards over the radius beside no-SAM's, and below the differences to it seed by seed."""
    groups = results["groups"].where(group=[name for name in results.plan.needs["fig06"] if name != "headline"])
    radius = dict(sorted(zip(groups["group"].tolist(), groups["rho_init"].tolist()), key=lambda item: item[1]))
    figure, axes = style.new(2, 2, height=5.2, sharex=True, sharey="row")
    for (reward, difference), found in zip(axes.T, (largest_of_curve, runs.held_out)):
        reference = found(results, "headline", "no_sam")
        style.level(reward, list(reference.values()), "no_sam")
        style.no_difference(difference)
        for k, method in enumerate(METHODS):
            held = [found(results, group, method) for group in radius]
            x = [rho * SPREAD ** (k - 1) for rho in radius.values()]
            style.bars(reward, x, [list(rewards.values()) for rewards in held], method)
            style.bars(difference, x, [runs.paired(rewards, reference) for rewards in held], method)
        difference.set(xscale="log", xlabel="static radius rho")
        difference.set_xticks(list(radius.values()), [f"{rho:g}" for rho in radius.values()])
        difference.minorticks_off()
    axes[0, 0].set(title="Largest in training, as in the paper", ylabel=style.REWARD)
    axes[0, 1].set(title="Held out, at the end")
    axes[1, 0].set(ylabel=style.DIFFERENCE)
    style.legend(figure, axes[0, 0])
    blocks = style.of_blocks(runs.curves(results, "headline", "no_sam")[0])
    scores = results["scores"].where(group=["headline", *radius], method=["no_sam", *METHODS])
    style.caption(figure, (
        f"{style.seeds(scores)}, {style.length(results, 'headline')}. Above: means over seeds with 95 % t intervals; "
        "below: the same of differences between runs that met the same users, channels and traffic, 0 being no-SAM. "
        f"Left: the largest point of every run's learning curve{blocks and f', means{blocks}'}, which luck of "
        "the users' positions raises; right: where training ended."))
    return figure


def largest_of_curve(results, group, method):
    """{seed: the largest block of the learning curve}."""
    return {seed: rewards.max() for seed, rewards in runs.curves(results, group, method)[1].items()}
