"""Figs. 10 and 11: distributions of the slices' QoS over frames and DUs, and of throughput over users."""

import numpy as np

from . import runs, style

METHODS = ("no_sam", "l2", "actor_sam", "critic_sam", "both_sam", "ta_sam")
WIDE = 100
"""From this ratio of the largest throughput to the smallest, ticks stand at powers of ten alone."""
RATE, DELAY = ("Mbit/s", 1e-6), ("ms", 1e3)
BANDS = "Lines are medians over seeds level by level, bands reach from the lowest seed to the highest."


def draw_qos(results):
    """Fig. 10: the CDF of every slice's QoS, with what the slice requires."""
    table = _quantiles(results, "qos")
    group = runs.of_group(results, "headline")
    config = next(iter(results.plan.groups["headline"].configs().values()))
    figure, panels = _panels(table, config.slices.names)
    for axes, name, metric in zip(panels, config.slices.names, config.reward.metrics):
        late = metric == "max_latency"
        unit, factor = DELAY if late else RATE
        _draw_curves(axes, table, name, factor)
        required = group[f"q_min_{name}"] * factor
        axes.axvline(required, color="0.2", linestyle=":", linewidth=1.2)
        axes.annotate("Q_min", (required, 1), xycoords=("data", "axes fraction"), xytext=(0, 2), ha="center",
                      fontsize=7.5, textcoords="offset points")
        axes.set_title(name, pad=14)
        side = "most" if late else "least"
        axes.set(xlim=(0, None),
                 xlabel=f"{metric.replace('_', ' ')}, {unit}\nrequired: at {side} {required:g} {unit}")
    panels[0].set(ylabel="CDF over frames and DUs")
    style.legend(figure, panels[0])
    style.caption(figure, (
        f"CDF of every slice's QoS over {group['eval_episodes']:.0f} held-out episodes of {group['eval_frames']:.0f} "
        f"frames. {style.seeds(table)}, {style.length(results, 'headline')}. {BANDS} A requirement is violated in the "
        "share that stands where a curve meets Q_min, for a delay in the rest."))
    return figure


def draw_throughput(results):
    """Fig. 11: the CDF of the mean rate of a slice's users."""
    table = _quantiles(results, "throughput_bps")
    group = runs.of_group(results, "headline")
    names = [name for name in table.columns if name not in ("group", "method", "seed", "quantity", "level")]
    unit, factor = RATE
    figure, panels = _panels(table, names)
    for axes, name in zip(panels, names):
        _draw_curves(axes, table, name, factor)
        axes.set(title=name, xlabel=f"user throughput, {unit}")
        _make_logarithmic(axes, table[name] * factor)
    panels[0].set(ylabel="CDF over users")
    style.legend(figure, panels[0])
    style.caption(figure, (
        f"CDF over users and {group['eval_episodes']:.0f} held-out episodes of a user's mean rate in an episode of "
        f"{group['eval_frames']:.0f} frames. {style.seeds(table)}, {style.length(results, 'headline')}. {BANDS} Where "
        "a curve enters from the left, so many users got nothing."))
    return figure


def _quantiles(results, quantity):
    return results["distributions"].where(group="headline", quantity=quantity, method=METHODS)


def _panels(table, names):
    figure, panels = style.new(len(names), height=3.3, sharey=True, squeeze=False)
    panels[0, 0].set(ylim=(0, 1))
    return figure, panels[0]


def _draw_curves(axes, table, name, factor):
    """Every method's quantiles (levels, seeds) of one slice against the levels; a slice without users has none."""
    for method in (m for m in METHODS if m in table.unique("method")):
        held, (colour, line, _) = table.where(method=method), style.LOOKS[method]
        values = np.array([held.where(seed=seed)[name] for seed in held.unique("seed")]).T * factor
        levels = held.where(seed=held["seed"][0])["level"]
        axes.plot(np.median(values, axis=1), levels, line, color=colour, label=style.NAMES[method])
        axes.fill_betweenx(levels, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.12, linewidth=0)


def _make_logarithmic(axes, values):
    """A logarithmic axis over the values above 0, if there are any; 0 stands far to the left of it."""
    positive = values[values > 0]
    if positive.size:
        axes.set_xscale("log", nonpositive="clip")
        axes.set_xlim(positive.min() / 1.2, positive.max() * 1.2)
        style.logarithmic_ticks(axes.xaxis, decades_only=positive.max() > WIDE * positive.min())
