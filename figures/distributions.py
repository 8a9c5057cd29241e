"""Figs. 10 and 11: distributions of the slices' QoS over frames and DUs, and of throughput over users."""

import numpy as np

from tasam_ref.errors import UsageError

from . import runs, style

METHODS = ("no_sam", "l2", "actor_sam", "critic_sam", "both_sam", "ta_sam")
WIDE = 100
"""From this ratio of the largest throughput to the smallest, ticks stand at powers of ten alone."""
THROUGHPUTS = {"in training": "training_throughput_bps", "held out": "throughput_bps"}
RATE, DELAY = ("Mbit/s", 1e-6), ("ms", 1e3)
BANDS = "Lines are medians over seeds level by level, bands reach from the lowest seed to the highest."


def draw_qos(results):
    """Fig. 10: the CDF of every slice's QoS, with what the slice requires."""
    table = _measured(results, {"held out": "qos"})["held out"]
    group = runs.of_group(results, "headline")
    config = next(iter(results.plan.groups["headline"].configs().values()))
    figure, (panels,) = _panels(len(config.slices.names))
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
    """Fig. 11: the CDF of the mean rate of a slice's users, in training, as the paper has it, and below held out."""
    group = runs.of_group(results, "headline")
    held = _measured(results, THROUGHPUTS)
    table = held["held out"]
    names = [name for name in table.columns if name not in ("group", "method", "seed", "quantity", "level")]
    unit, factor = RATE
    figure, rows = _panels(len(names), len(held))
    for panels, (where, table) in zip(rows, held.items()):
        for axes, name in zip(panels, names):
            _draw_curves(axes, table, name, factor)
            axes.set(title=f"{name}, {where}", xlabel=f"user throughput, {unit}")
            _make_logarithmic(axes, table[name] * factor)
        panels[0].set(ylabel="CDF over users")
    style.legend(figure, rows[0][0])
    style.caption(figure, (
        f"CDF over users and episodes, {' and '.join(held)}, of a user's mean rate in an episode. Held out are "
        f"{group['eval_episodes']:.0f} episodes of {group['eval_frames']:.0f} frames. {style.seeds(table)}, "
        f"{style.length(results, 'headline')}. {BANDS} Where a curve enters from the left, so many users got nothing."))
    return figure


def _measured(results, quantities):
    """{where: the headline's quantiles} of {where: quantity}, of those that there are.  Raises UsageError for none."""
    found = {where: results["distributions"].where(group="headline", quantity=quantity, method=METHODS)
             for where, quantity in quantities.items()}
    if not len(found["held out"]):
        raise UsageError("of no run were the distributions measured: the plan must name some under "
                         "measure.distributions")
    return {where: table for where, table in found.items() if len(table)}


def _panels(columns, rows=1):
    figure, panels = style.new(columns, rows, height=0.6 + 2.7 * rows, sharey=True, squeeze=False)
    panels[0, 0].set(ylim=(0, 1))
    return figure, panels


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
