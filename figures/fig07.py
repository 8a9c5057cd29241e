"""Fig. 7: the distribution of the reward over runs, with the radius falling from 0.5 to 0.01, by every judge (R56)."""

from . import runs, style

METHODS = ("no_sam", "l2", "actor_sam", "critic_sam", "both_sam", "ta_sam")


def draw(results):
    """Every run's held-out reward, the median and the quartiles over runs, and the mean's interval."""
    judges = runs.judges(results, "headline")
    pairs = runs.by_norm(results, "headline", METHODS)
    places = style.side_by_side(pairs)
    figure, panels = style.new(rows=len(judges), height=0.9 + 2.5 * len(judges), sharex=True, sharey=True,
                               squeeze=False)
    for axes, judge in zip(panels.flat, judges):
        for x, (group, method) in zip(places, pairs):
            rewards = list(runs.held_out(results, group, method, judge).values())
            axes.boxplot(rewards, positions=[x - style.ASIDE], widths=0.3, showfliers=False, patch_artist=True,
                         boxprops={"facecolor": "0.93", "edgecolor": "0.6"}, medianprops={"color": "0.2"},
                         whiskerprops={"color": "0.6"}, capprops={"color": "0.6"})
            style.dots(axes, x, rewards, method, **style.fill(group))
        axes.set(ylabel=f"held-out {style.REWARD}", title=style.JUDGED[judge])
    style.ticks(axes, *style.middles(pairs, places))
    groups, methods = zip(*pairs)
    style.caption(figure, (
        f"Held-out reward of {style.seeds(results['scores'].where(group=groups, method=methods))} each, "
        f"{style.length(results, 'headline')}: points are runs, boxes their median and quartiles, bars the mean with "
        f"its 95 % t interval. {style.hollow(groups)}"))
    return figure
