"""The tornado plot: how far each reading moves the headline difference."""

from matplotlib.figure import Figure

from tasam_ref.experiments.plotting import COLOURS
from tasam_ref.files import write_atomically

from .plan import HERE


def draw(effects, path=HERE / "tornado.png"):
    """Draw the difference under every reading with its interval, sorted, the default's as a line."""
    default, others = effects[0], sorted(effects[1:], key=lambda effect: effect.difference.mean)
    figure = Figure(figsize=(7.2, 0.24 * len(others) + 1.4), layout="constrained")
    axes = figure.add_subplot()
    for y, effect in enumerate(others):
        d = effect.difference
        axes.plot([d.low, d.high], [y, y], color=COLOURS[0], linewidth=1.2)
        axes.plot(d.mean, y, "o", color=COLOURS[0], markersize=4)
    axes.axvline(default.difference.mean, color=COLOURS[1], linewidth=1.2, label="default readings")
    axes.axvspan(default.difference.low, default.difference.high, color=COLOURS[1], alpha=0.15, linewidth=0)
    axes.axvline(0, color="0.4", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(others)), [
        f"{e.reading.name}{'*' if e.reading.rescales else ''}  {e.reading.register}" for e in others], fontsize=7)
    axes.set_xlabel("held-out reward per frame and DU, ta_sam minus no_sam")
    axes.legend(loc="lower right", fontsize=7)
    counts = sorted({effect.seeds for effect in effects})
    seeds = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
    axes.set_title(f"mean and 95 % interval over {seeds} seeds, paired; * the reward is another function", fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    with write_atomically(path, "wb") as file:
        figure.savefig(file, format="png", dpi=150, metadata={"Software": None})
