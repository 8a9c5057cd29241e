"""Beyond the paper: what every reading of it does to the headline difference."""

import math

from validation.readings.effects import effects, load_rewards

from . import style


def draw(_results):
    """The tornado of the stored effects, which are no sweep's."""
    return tornado(effects(load_rewards()))


def tornado(found):
    """ta_sam minus no_sam under every reading with its interval, sorted, the default's as a line.

    ``found`` is a list of Effects, the default's first.
    """
    default, others = found[0], sorted(found[1:], key=lambda effect: effect.difference.mean)
    figure, axes = style.new(height=0.22 * len(others) + 1.6)
    colour, default_colour = style.LOOKS["no_sam"][0], style.LOOKS["l2"][0]
    for y, effect in enumerate(others):
        axes.hlines(y, effect.difference.low, effect.difference.high, color=colour, linewidth=1.2)
        axes.plot(effect.difference.mean, y, "o", color=colour, markersize=4,
                  markerfacecolor=colour if is_told_apart(effect) else "white")
    axes.axvline(default.difference.mean, color=default_colour, linewidth=1.2, zorder=1, label="default readings")
    axes.axvspan(default.difference.low, default.difference.high, color=default_colour, alpha=0.15, linewidth=0)
    axes.axvline(0, color="0.4", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(others)), [
        f"{e.reading.name}{'*' if e.reading.rescales else ''}  {e.reading.register}" for e in others], fontsize=7.5)
    axes.set(ylim=(-0.8, len(others) - 0.2), xlabel=f"held-out {style.REWARD}: TA-SAM less no-SAM")
    axes.legend(loc="lower right")
    counts = [effect.seeds for effect in found]
    seeds = " to ".join(map(str, sorted({min(counts), max(counts)})))
    style.caption(figure, (
        f"Means and 95 % t intervals over {seeds} seed{'s' * (max(counts) > 1)}, paired; right of 0 TA-SAM is ahead. "
        "Full points: the change from the default readings has an interval without 0, as one in twenty has by "
        "chance. * the reward itself is another function, so that its change means nothing."))
    return figure


def is_told_apart(effect):
    """Whether the change from the default has an interval without 0; not where there is none, or no common scale."""
    change = effect.change
    return not effect.reading.rescales and not math.isnan(change.low) and not change.low <= 0 <= change.high
