"""Beyond the paper: when TA-SAM's gate opened, for whom, on what TD-error variance and with which radius."""

import math

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from . import runs, style

COLUMNS = 3
SHADES = LinearSegmentedColormap.from_list("share", ("#E3E3E3", "#56B4E9", "#00456B"))


def draw(results):
    """SAM's share by actor and time, the radii, and the TD-error variance that the gate saw of every actor."""
    table = results["gates"].where(group="headline", method="ta_sam")
    agents, x = [int(agent) for agent in table.unique("agent")], np.array(table.unique("iteration"))
    share, rho, variance = (_cube(table, agents, name) for name in ("sam_actor", "rho_actor", "td_error_variance"))
    threshold = _threshold(results)
    rows = math.ceil(len(agents) / COLUMNS)
    figure = style.sheet(height=3.2 + 1.3 * rows)
    top, below = figure.subfigures(2, 1, height_ratios=(1.7, 1.3 * rows))
    strip, radius = top.subplots(1, 2, width_ratios=(3, 2))
    _draw_share(top, strip, x, agents, share)
    _draw_radius(radius, x, rho, runs.curves(results, "headline", "ta_sam", "rho_critic")[1])
    grid = below.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    _draw_variance(below, grid, x, agents, variance, share, threshold)
    style.caption(figure, f"{style.seeds(table)} of {style.NAMES['ta_sam']}, {style.length(results, 'headline')}. "
                          + _legend(style.of_blocks(x), threshold))
    return figure


def _legend(blocks, threshold):
    """How to read the panels."""
    points = f"means{blocks}" if blocks else "iterations"
    line = "" if threshold is None else (f" The gate opens at the dashed {threshold:g}: an actor whose points keep to "
                                         "one side of it is chosen, or passed over, for good.")
    return ("Above: the share of iterations and seeds in which an actor took SAM steps; the mean radius over seeds, "
            f"the band its 95 % t interval, an actor's being 0 where its gate was shut. Below: points are {points} of "
            f"a run, as dark as SAM's share in them, lines medians over seeds.{line}")


def _cube(table, agents, column):
    """(agents, points, seeds)."""
    return np.array([[table.where(agent=agent, seed=seed)[column] for seed in table.unique("seed")]
                     for agent in agents]).swapaxes(1, 2)


def _threshold(results):
    """The TD-error variance that opens the gate, or None where no one number does."""
    sam = results.plan.groups["headline"].configs()["ta_sam"].sam
    fixed = sam.td_var_scale == "absolute" and 0 < sam.td_var_threshold < math.inf
    return sam.td_var_threshold if fixed else None


def _draw_share(figure, axes, x, agents, share):
    edges = [0.0]
    for middle in x:
        edges.append(2 * middle - edges[-1])
    mesh = axes.pcolormesh(edges, np.arange(len(agents) + 1) - 0.5, share.mean(axis=2), cmap=SHADES, vmin=0, vmax=1)
    labels = [f"actor {agent}: {100 * share[a].mean():.0f} %" for a, agent in enumerate(agents)]
    axes.set_yticks(range(len(agents)), labels)
    axes.set(xlabel="iteration", title="share of SAM steps")
    axes.invert_yaxis()
    axes.grid(False)
    figure.colorbar(mesh, ax=axes, ticks=(0, 0.5, 1), pad=0.02)


def _draw_radius(axes, x, rho, rho_critic):
    for columns, look, label in ((runs.matrix(rho_critic), "critic_sam", "critic"),
                                 (rho.mean(axis=0), "ta_sam", "actors' mean")):
        style.band(axes, x, columns, look, label)
    axes.set(xlabel="iteration", ylabel="radius rho", ylim=(0, None))
    axes.legend()


def _draw_variance(figure, grid, x, agents, variance, share, threshold):
    for axes in grid.flat[len(agents):]:
        axes.remove()
    for axes, agent, values, shares in zip(grid.flat, agents, variance, share):
        axes.scatter(np.repeat(x, values.shape[1]), values, 7, c=shares, cmap=SHADES, vmin=0, vmax=1, linewidth=0)
        axes.plot(x, np.median(values, axis=1), color="0.3", linewidth=1)
        if threshold is not None:
            axes.axhline(threshold, color=style.LOOKS["l2"][0], linestyle="--", linewidth=1)
        axes.set(yscale="log", title=f"actor {agent}")
    figure.supylabel("TD-error variance", fontsize=9)
    figure.supxlabel("iteration", fontsize=9)
