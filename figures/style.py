"""One look for all figures: colours, names, intervals, captions, and files that are the same bytes every time."""

import textwrap

import matplotlib
from matplotlib.figure import Figure

from tasam_ref.analysis.stats import mean_interval
from tasam_ref.experiments.plotting import STYLES
from tasam_ref.files import write_atomically

matplotlib.rcParams.update({
    "svg.hashsalt": "tasam_ref", "svg.fonttype": "none", "font.size": 9, "axes.titlesize": 9, "legend.fontsize": 8,
    "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.alpha": 0.25, "lines.linewidth": 1.6, "lines.markersize": 5,
})

REWARD = "reward per frame and DU"
WIDTH = 7.2

# The paper's names; a method has its colour, line and marker in every figure.
NAMES = {
    "no_sam": "no-SAM", "l2": "L2-reg", "actor_sam": "actor-SAM", "critic_sam": "critic-SAM", "both_sam": "both-SAM",
    "ta_sam": "TA-SAM", "centralised_sac": "centralised", "ta_sam_static_rho": "TA-SAM, static rho",
    "dropout": "dropout", "spectral_norm": "spectral norm", "plastic_as_described": "PLASTIC as described",
    "plastic_lee2023": "PLASTIC of 2023", "policy_anchor": "TA-SAM, anchored",
}
LOOKS = dict(zip(NAMES, STYLES))


def new(columns=1, rows=1, height=3.0, width=WIDTH, **options):
    """A figure and its axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def caption(figure, text):
    """Say below the figure what it shows: network, seeds, what the bands are."""
    figure.supxlabel(textwrap.fill(text, 112), fontsize=7.5, color="0.25")


def seeds(table):
    """How many seeds the rows of a table have: ``5 seeds``, or ``3 to 5 seeds`` where methods differ."""
    runs = [len(table.where(group=group, method=method).unique("seed"))
            for group in table.unique("group") for method in table.where(group=group).unique("method")]
    low, high = min(runs), max(runs)
    return f"{low} seed{'s' * (low > 1)}" if low == high else f"{low} to {high} seeds"


def band(axes, x, columns, method, label=None):
    """A line through the means of columns (points, seeds) with their 95 % t intervals."""
    colour, line, _ = LOOKS[method]
    intervals = [mean_interval(values) for values in columns]
    axes.plot(x, [i.mean for i in intervals], line, color=colour, label=label or NAMES[method])
    axes.fill_between(x, [i.low for i in intervals], [i.high for i in intervals], color=colour, alpha=0.12, linewidth=0)


def dots(axes, x, values, method):
    """The values of single runs beside their mean and its 95 % t interval."""
    colour, _, marker = LOOKS[method]
    interval = mean_interval(values)
    axes.plot([x - 0.12] * len(values), values, marker, color=colour, alpha=0.45)
    axes.plot([x - 0.02, x + 0.26], [interval.mean] * 2, color=colour)
    axes.vlines(x + 0.12, interval.low, interval.high, color=colour)


def save(figure, folder, name):
    """Write NAME.svg and NAME.png."""
    for kind, options in (("svg", {"metadata": {"Date": None, "Creator": None}}),
                          ("png", {"dpi": 150, "metadata": {"Software": None}})):
        with write_atomically(folder / f"{name}.{kind}", "wb") as file:
            figure.savefig(file, format=kind, **options)
