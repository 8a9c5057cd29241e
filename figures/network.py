"""The network: RUs, users by slice and DU, and how well either may be heard where."""

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap

from tasam_ref.experiments.plotting import COLOURS

from . import style

RU = "RU"
LEVELS_DB = np.arange(0, 31, 3)
SHADES = LinearSegmentedColormap.from_list("sir", ("0.6", "1.0"))
MARKERS = "osD^vP"


def draw(results):
    """A map in metres: the SIR as background, RUs, users by slice, and a line from every user to its own RU."""
    users, sir = results["users"], results["sir"]
    figure, axes = style.new(height=6.6)
    x, y = (np.array(sir.unique(name)) for name in ("x_m", "y_m"))
    shades = axes.contourf(x, y, sir["sir_db"].reshape(y.size, x.size), LEVELS_DB, cmap=SHADES, extend="both")
    figure.colorbar(shades, ax=axes, pad=0.02, shrink=0.8, label="SIR of the strongest RU without fading, dB")
    rus = users.where(slice=RU)
    site = {row["du"]: (row["x_m"], row["y_m"]) for row in rus.rows()}
    served = [row for row in users.rows() if row["slice"] != RU]
    axes.add_collection(LineCollection([[site[row["du"]], (row["x_m"], row["y_m"])] for row in served], colors="0.25",
                                       linewidths=0.3))
    slices = [name for name in users.unique("slice") if name != RU]
    for name, colour, marker in zip(slices, COLOURS, MARKERS):
        held = users.where(slice=name)
        axes.plot(held["x_m"], held["y_m"], marker, color=colour, markersize=4, markeredgecolor="white",
                  markeredgewidth=0.4, linestyle="none", label=f"{len(held)} {name} users")
    axes.plot(rus["x_m"], rus["y_m"], "*", color="black", markersize=13, markeredgecolor="white", linestyle="none",
              label=f"{len(rus)} RUs")
    for m, place in site.items():
        axes.annotate(f"DU {m:.0f}", place, xytext=(0, 9), ha="center", textcoords="offset points", weight="bold",
                      bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "linewidth": 0, "alpha": 0.8})
    axes.set(aspect="equal", xlabel="x, m", ylabel="y, m")
    axes.grid(False)
    style.legend(figure, axes)
    style.caption(figure, (
        f"{len(served)} users of {len(rus)} DUs where they start in the first held-out episode, the same for every "
        "method and seed; lines lead to a user's own RU. Dark: where the strongest RU is no louder than all others "
        "together, if all send on the same RB."))
    return figure
