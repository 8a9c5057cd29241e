"""One look for all figures: colours, names, intervals, captions, and files that are the same bytes every time."""

import textwrap
from itertools import cycle

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from tasam_ref.analysis.stats import mean_interval
from tasam_ref.experiments.plotting import COLOURS
from tasam_ref.files import write_atomically

from . import runs

matplotlib.rcParams.update({
    "svg.hashsalt": "tasam_ref", "svg.fonttype": "none", "font.size": 9, "axes.titlesize": 9, "legend.fontsize": 8,
    "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.alpha": 0.25, "lines.linewidth": 1.6, "lines.markersize": 5,
})

REWARD = "reward per frame and DU"
DIFFERENCE = "reward less no-SAM's"
JUDGED = {"deterministic": "judged by the policies' means", "stochastic": "judged by draws from the policies"}
WIDTH = 7.2
ASIDE = 0.12
"""Distance of a run's dot from its place on the x axis, where the mean's bar needs room."""
CLOSE, APART = 0.55, 0.85
"""From norm to norm and from method to method, side by side along the x axis."""

# The paper's names; a method has its colour, line and marker in every figure.
NAMES = {
    "no_sam": "no-SAM", "l2": "L2-reg", "actor_sam": "actor-SAM", "critic_sam": "critic-SAM", "both_sam": "both-SAM",
    "ta_sam": "TA-SAM", "centralised_sac": "centralised", "ta_sam_static_rho": "TA-SAM, static rho",
    "plastic_lee2023": "PLASTIC of 2023", "policy_anchor": "TA-SAM, anchored",
    "plastic_as_described": "PLASTIC as described", "dropout": "dropout", "spectral_norm": "spectral norm",
    "td_driven_rho": "TA-SAM, rho by TD-error", "ta_sam_unselective": "TA-SAM, unselective",
    "entropy_rho": "TA-SAM, rho by entropy",
}
# Colours come again after seven names: the order keeps those apart that a figure shows together.
LOOKS = dict(zip(NAMES, zip(cycle(COLOURS), cycle(("-", "--", "-.", ":")), cycle("os^Dv"))))


def sheet(height=3.0, width=WIDTH):
    """A figure without axes; sizes are in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def new(columns=1, rows=1, height=3.0, width=WIDTH, **options):
    """A figure and its axes."""
    figure = sheet(height, width)
    return figure, figure.subplots(rows, columns, **options)


def caption(figure, text):
    """Say below the figure what it shows: network, seeds, what the bands are."""
    figure.supxlabel(textwrap.fill(text, 112, break_on_hyphens=False), fontsize=7.5, color="0.25")


def seeds(table):
    """How many seeds the rows of a table have: ``5 seeds``, or ``3 to 5 seeds`` where methods differ."""
    counts = [len(table.where(group=group, method=method).unique("seed"))
              for group in table.unique("group") for method in table.where(group=group).unique("method")]
    low, high = min(counts), max(counts)
    return f"{low} seed{'s' * (low > 1)}" if low == high else f"{low} to {high} seeds"


def band(axes, x, columns, method, label=None):
    """A line through the means of columns (points, seeds) with their 95 % t intervals."""
    colour, line, _ = LOOKS[method]
    intervals = [mean_interval(values) for values in columns]
    axes.plot(x, [i.mean for i in intervals], line, color=colour, label=label or NAMES[method])
    axes.fill_between(x, [i.low for i in intervals], [i.high for i in intervals], color=colour, alpha=0.12, linewidth=0)


def bars(axes, x, columns, method):
    """Means of columns (points, seeds), each with its 95 % t interval as a bar, joined by a line."""
    colour, line, marker = LOOKS[method]
    intervals = [mean_interval(values) for values in columns]
    axes.plot(x, [i.mean for i in intervals], marker + line, color=colour, label=NAMES[method])
    axes.vlines(x, [i.low for i in intervals], [i.high for i in intervals], color=colour, linewidth=1.2)


def points(axes, x, columns, method):
    """Single runs of columns (points, seeds), small, to the left of their bars."""
    colour, _, marker = LOOKS[method]
    for place, values in zip(x, columns):
        axes.plot([place - ASIDE] * len(values), values, marker, color=colour, alpha=0.45, markersize=3,
                  markeredgewidth=0)


def level(axes, values, method):
    """The mean of values (seeds,) as a level across the axes, with its 95 % t interval as a band."""
    colour, line, _ = LOOKS[method]
    interval = mean_interval(values)
    axes.axhline(interval.mean, color=colour, linestyle=line, label=NAMES[method])
    axes.axhspan(interval.low, interval.high, color=colour, alpha=0.12, linewidth=0)


def no_difference(axes, y=0):
    """The line on which a method is as good as no-SAM."""
    axes.axhline(y, color=LOOKS["no_sam"][0], linewidth=1.2, zorder=1)


def join(axes, x, runs):
    """Thin lines from method to method, one per seed, through the dots of {seed: value} at each x."""
    for seed in dict.fromkeys(seed for found in runs for seed in found):
        held = [(place - ASIDE, found[seed]) for place, found in zip(x, runs) if seed in found]
        axes.plot(*zip(*held), color="0.8", linewidth=0.7, zorder=1)


def ticks(axes, places, names):
    """Names along the x axis, aslant."""
    axes.set_xticks(list(places), names, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_xlim(places[0] - 0.6, places[-1] + 0.6)


def side_by_side(pairs, start=0.0):
    """A place along the x axis for each pair (group, method): a method's norms stand close."""
    places = []
    for k, (_, method) in enumerate(pairs):
        places.append(places[-1] + (CLOSE if method == pairs[k - 1][1] else APART) if places else start)
    return places


def middles(pairs, places):
    """The middle of each method's places, and its name."""
    found = {}
    for (_, method), place in zip(pairs, places):
        found.setdefault(method, []).append(place)
    return [sum(own) / len(own) for own in found.values()], [NAMES[method] for method in found]


def fill(group):
    """How the marks of a group are filled: hollow with the adaptive norm."""
    return {"markerfacecolor": "white"} if group in runs.ADAPTIVE.values() else {}


def hollow(groups):
    """What hollow marks are, where one of the groups has them."""
    return "Hollow: with the norm of adaptive SAM in (12)." if set(runs.ADAPTIVE.values()) & set(groups) else ""


def legend(figure, axes, **options):
    """One legend above all axes, of what these hold."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, **{"loc": "outside upper center", "ncols": len(labels)} | options)


def length(results, group):
    """How long the runs of a group train: ``30 iterations of 10 gradient steps``."""
    row = runs.of_group(results, group)
    steps = int(row["gradient_steps"])
    return f"{row['num_iterations']:.0f} iterations of {steps} gradient step{'s' * (steps > 1)}"


def of_blocks(iterations):
    """What a curve's means are of, from the blocks' middles: nothing to say where a block is one iteration."""
    size = round(2 * iterations[0])
    return f" of blocks of {size} iterations" if size > 1 else ""


def dots(axes, x, values, method, interval_of=mean_interval, **look):
    """The values of single runs beside their mean and its 95 % t interval."""
    colour, _, marker = LOOKS[method]
    interval = interval_of(values)
    axes.plot([x - ASIDE] * len(values), values, marker, color=colour, alpha=0.45, **look)
    axes.plot([x - 0.02, x + 0.26], [interval.mean] * 2, color=colour)
    axes.vlines(x + 0.12, interval.low, interval.high, color=colour)


def row(axes, y, values, method):
    """The values of single runs along a row, pale, below their mean and its 95 % t interval."""
    colour, _, marker = LOOKS[method]
    interval = mean_interval(values)
    axes.plot(values, [y - ASIDE] * len(values), marker, color=colour, alpha=0.35, markersize=4, markeredgewidth=0)
    axes.plot(interval.mean, y + ASIDE, marker, color=colour)
    axes.hlines(y + ASIDE, interval.low, interval.high, color=colour)


def logarithmic_ticks(axis, decades_only=False):
    """Ticks 1, 2, 5, 10..., or 1, 10... alone, of a logarithmic axis, as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1,) if decades_only else (1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


def save(figure, folder, name):
    """Write NAME.svg and NAME.png."""
    for kind in ("svg", "png"):
        write(figure, folder / f"{name}.{kind}")


def write(figure, path):
    """Write a figure as SVG or PNG, by the file's ending."""
    options = {".svg": {"metadata": {"Date": None, "Creator": f"tasam_ref, Matplotlib {matplotlib.__version__}"}},
               ".png": {"dpi": 150, "metadata": {"Software": None}}}
    with write_atomically(path, "wb") as file:
        figure.savefig(file, format=path.suffix[1:], **options[path.suffix])
