"""Fig. 3: one SAM step (11), (12) on a real loss, in place of a sketch."""

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import MaxNLocator

from tasam_ref.experiments.scenes import shown_run

from . import style

LEVELS = 16
WIDE = 30
"""From this ratio of the largest loss to the smallest, colours and contours are spaced by its logarithm."""

LABELS = {"theta": "theta", "theta_adv": "theta_adv (12)", "sam": "SAM's descent (11)", "plain": "plain descent"}
COLOURS = {"theta_adv": "#D55E00", "sam": "#009E73", "plain": "black"}
OUTLINE = [effects.withStroke(linewidth=3, foreground="white")]


def draw(results):
    """The critic's loss in the plane of both gradients, with the step's points, their losses and the ways to them."""
    grid = results["landscape"]
    points = {row["point"]: row for row in results["sam_step"].rows()}
    figure, axes = style.new(height=5.6)
    _draw_loss(figure, axes, grid)
    _draw_steps(axes, points)
    axes.set(aspect="equal", xlabel="distance along the gradient at theta",
             ylabel="distance along what is new in the gradient at theta_adv")
    axes.grid(False)
    run, rho = shown_run(results.plan.entries("")), points["theta_adv"]["x"]
    style.caption(figure, (
        f"The critic's loss (10) at a frozen batch around the trained theta of one run, {style.NAMES[run.method]} seed "
        f"{run.seed}, in the plane of two gradients: at theta, and at theta_adv, the point at the distance rho = "
        f"{rho:g} (circle) that were highest if the loss were linear. SAM goes from theta against the gradient at "
        "theta_adv (dashed). Numbers are the points' losses. Both descents are drawn as long as rho, whatever the "
        "learning rate."))
    return figure


def _draw_loss(figure, axes, grid):
    x, y = (np.array(grid.unique(name)) for name in ("x", "y"))
    loss = grid["loss"].reshape(y.size, x.size)
    wide = loss.min() > 0 and loss.max() / loss.min() >= WIDE
    space, norm = (np.geomspace, LogNorm) if wide else (_round_levels, Normalize)
    levels = space(loss.min(), loss.max(), LEVELS)
    shades = axes.contourf(x, y, loss, levels, cmap="Blues", norm=norm(levels[0], levels[-1]))
    axes.contour(x, y, loss, levels, colors="white", linewidths=0.4)
    bar = figure.colorbar(shades, ax=axes, pad=0.02, label="loss, mean squared TD-error")
    if wide:
        style.logarithmic_ticks(bar.ax.yaxis)


def _round_levels(low, high, most):
    return MaxNLocator(most).tick_values(low, high)


def _draw_steps(axes, points):
    rho, sam = points["theta_adv"]["x"], np.array([points["sam"]["x"], points["sam"]["y"]])
    turn = np.linspace(0, 2 * np.pi, 181)
    axes.plot(rho * np.cos(turn), rho * np.sin(turn), color="0.35", linewidth=0.8, linestyle=":")
    for name, colour in COLOURS.items():
        _arrow(axes, (0.0, 0.0), (points[name]["x"], points[name]["y"]), colour)
    _arrow(axes, (rho, 0.0), (rho + sam[0], sam[1]), COLOURS["sam"], "--")
    for name, label in LABELS.items():
        row, colour = points[name], COLOURS.get(name, "black")
        axes.plot(row["x"], row["y"], "o", color=colour, markersize=4, zorder=4)
        axes.annotate(f"{label}: {row['loss']:.3g}", (row["x"], row["y"]), xytext=(0, -15 if name == "sam" else 8),
                      ha="center", color=colour, textcoords="offset points", path_effects=OUTLINE)


def _arrow(axes, start, end, colour, line="-"):
    axes.annotate("", end, xytext=start, arrowprops={
        "arrowstyle": "-|>", "color": colour, "linestyle": line, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0,
        "path_effects": OUTLINE})
