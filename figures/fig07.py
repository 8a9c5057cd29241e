"""Fig. 7: the distribution of the reward over runs, with the radius falling from 0.5 to 0.01."""

from . import runs, style

METHODS = ("no_sam", "l2", "actor_sam", "critic_sam", "both_sam", "ta_sam")


def draw(results):
    """Every run's held-out reward, the median and the quartiles over runs, and the mean's interval."""
    scores = results["scores"].where(group="headline")
    figure, axes = style.new(height=3.4)
    for x, method in enumerate(METHODS):
        rewards = runs.of(results, "scores", "headline", method)["reward"]
        axes.boxplot(rewards, positions=[x - 0.12], widths=0.3, showfliers=False, patch_artist=True,
                     boxprops={"facecolor": "0.93", "edgecolor": "0.6"}, medianprops={"color": "0.2"},
                     whiskerprops={"color": "0.6"}, capprops={"color": "0.6"})
        style.dots(axes, x, rewards, method)
    axes.set_xticks(range(len(METHODS)), [style.NAMES[method] for method in METHODS])
    axes.set(ylabel=style.REWARD, xlim=(-0.6, len(METHODS) - 0.4))
    style.caption(figure, f"Held-out reward of {style.seeds(scores.where(method=METHODS))} each: points are runs, "
                          "boxes their median and quartiles, bars the mean with its 95 % t interval.")
    return figure
