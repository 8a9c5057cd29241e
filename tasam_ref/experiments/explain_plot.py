"""The picture of explained runs: above, what SAM's steps are made of; below, what the critic comes to."""

from matplotlib.figure import Figure

from ..files import write_atomically
from .plotting import STYLES


def _of_networks(name):
    return lambda content: [(stage["iteration"], abs(stage["networks"]["critic 0"][name]))
                            for stage in content["stages"]]


def _of_steps(name, times=1):
    return lambda content: [((stretch["from"] + stretch["to"]) / 2, times * stretch["critic 0"][name])
                            for stretch in content["steps"]]


def _of_orderings(read):
    return lambda content: [(stage["iteration"], read(stage["orderings"]["critic 0"]["all"]))
                            for stage in content["stages"]]


# Title, y axis, its scale, and the points (iteration, value) of an explain.json's content.
PANELS = (
    ("reach of the radius", "rho sharpness / slope", "log", _of_networks("reach")),
    ("mean Q at the ascent point", "size of the change", "linear", _of_networks("lift")),
    ("descent along mean Q", "mean |cos|", "linear", _of_steps("cos_adv")),
    ("turns along mean Q", "share", "linear", _of_steps("turns")),
    ("steps along the gradient's rest", "mean cosine", "linear", _of_steps("toward")),
    ("differences learned by a step", "share / 1000", "linear", _of_steps("learned", 1000)),
    ("spread of Q over actions", "share of the reward's", "linear",
     _of_orderings(lambda of: of["value_std"] / of["reward_std"])),
    ("reward of Q's favourite action", "reward", "linear", _of_orderings(lambda of: of["favourite"])),
)
SHARES = ("mean |cos|", "share")


def plot_explanations(path, contents):
    """Write a PNG of some explain.json's contents."""
    with write_atomically(path, "wb") as file:
        draw(contents).savefig(file, format="png", dpi=150, metadata={"Software": None})


def draw(contents):
    """A figure with a line for each run, of its first critic, over the share of its training."""
    figure = Figure(figsize=(11.5, 6), layout="constrained")
    grid, labels = figure.subplots(2, 4), [label(content["run"]) for content in contents]
    names = list(dict.fromkeys(labels))
    for axes, (title, unit, scale, points_of) in zip(grid.flat, PANELS):
        for n, content in enumerate(contents):
            points = [(t, y) for t, y in points_of(content) if y > 0 or scale == "linear"]   # no SAM has no reach
            if points:
                axes.set_yscale(scale)
            colour, line, marker = STYLES[names.index(labels[n]) % len(STYLES)]
            axes.plot([t / content["run"]["iterations"] for t, _ in points], [y for _, y in points], line,
                      marker=marker, color=colour, markersize=3.5, linewidth=1.2,
                      label=labels[n] if labels[n] not in labels[:n] else None)
        axes.set_title(title, fontsize=9)
        axes.set(ylabel=unit, xlim=(-0.03, 1.03), **({"ylim": (0, 1)} if unit in SHARES else {}))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(names), frameon=False)
    figure.supxlabel("share of the training.  Lines are runs; Q is that of the first critic; actions are those of all "
                     "kinds together, carried out at frozen states", fontsize=8)
    return figure


def label(run):
    """A run's method, with the norm where its critic takes SAM steps; seeds share it."""
    parts = "" if run["perturbs"] == "all" else f" of {run['perturbs']}"
    return f"{run['method']}, {run['norm']} norm{parts}" if run["with_sam"] else run["method"]
