"""The picture of a comparison: learning curves and held-out rewards."""

import numpy as np
from matplotlib.figure import Figure

from ..analysis.stats import mean_interval
from ..files import write_atomically
from .tables import group_by_method

# Okabe and Ito's colours, told apart by colour-blind readers too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = [(colour, line, marker) for line, marker in (("-", "o"), ("--", "s"), (":", "^")) for colour in COLOURS]

FEW = 5                                 # methods whose names fit side by side

# References that the picture has room for, by how their names begin, and their lines.
REFERENCES = {"equal split, proportional fair": "-", "best static split": "--", "greedy": ":"}


def plot_comparison(path, folders, references):
    """Write a PNG: training reward over iterations, and held-out reward against the reference policies."""
    groups = group_by_method(folders)
    config, seeds = folders[0].config, len(next(iter(groups.values())))
    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    curves, held_out = figure.subplots(1, 2, width_ratios=(3, 2))
    for n, (method, runs) in enumerate(groups.items()):
        _draw_curve(curves, method, runs, *STYLES[n % len(STYLES)][:2], 0.18 if len(groups) <= FEW else 0.06)
    _draw_held_out(held_out, groups, references)
    curves.set(xlabel="iteration", ylabel="reward per frame and DU, mean over DUs", title="Training (exploring)")
    many = len(groups) > FEW
    curves.legend(frameon=False, loc="lower right", **({"fontsize": 7, "ncols": 2} if many else {}))
    if many:
        held_out.tick_params("x", labelrotation=90, labelsize=7)
    held_out.set(ylabel="reward per frame and DU", title="Held-out episodes (deterministic)")
    figure.supxlabel(
        f"{config.radio.num_dus} DUs, {config.radio.num_ues} users, {config.radio.num_rbs} RBs. "
        f"{seeds} training seed{'s' * (seeds > 1)}; bands and bars: 95 % t intervals over seeds; "
        f"{config.run.eval_episodes} held-out episodes of {config.run.eval_frames} frames.", fontsize=8)
    for axes in (curves, held_out):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    with write_atomically(path, "wb") as file:
        figure.savefig(file, format="png", dpi=150, metadata={"Software": None})


def _draw_curve(axes, method, runs, colour, line, shade):
    """Mean over seeds of the DUs' mean reward, in blocks of a twentieth of the run."""
    num_agents = runs[0].config.num_agents
    rewards = [np.reshape(run.metrics()["reward"], (-1, num_agents)).mean(axis=1) for run in runs]
    shortest = min(len(r) for r in rewards)
    block = max(shortest // 20, 1)
    blocks = np.array([r[: shortest // block * block].reshape(-1, block).mean(axis=1) for r in rewards])
    iterations = (np.arange(blocks.shape[1]) + 0.5) * block
    intervals = [mean_interval(column) for column in blocks.T]
    axes.plot(iterations, [i.mean for i in intervals], line, color=colour, label=method)
    axes.fill_between(iterations, [i.low for i in intervals], [i.high for i in intervals], color=colour, alpha=shade,
                      linewidth=0)


def _draw_held_out(axes, groups, references):
    for x, runs in enumerate(groups.values()):
        colour, _, marker = STYLES[x % len(STYLES)]
        rewards = np.array([run.evaluation().reward.mean() for run in runs])
        interval = mean_interval(rewards)
        axes.plot(np.full(rewards.size, x), rewards, marker, color=colour, alpha=0.45, markersize=5)
        axes.plot([x - 0.2, x + 0.2], [interval.mean] * 2, color=colour, linewidth=2)
        axes.vlines(x + 0.12, interval.low, interval.high, color=colour)
    for start, style in REFERENCES.items():
        for name, reward in ((n, e.reward.mean()) for n, e in references.items() if n.startswith(start)):
            axes.axhline(reward, color="0.4", linestyle=style, linewidth=1)
            axes.annotate(name, (0, reward), xycoords=("axes fraction", "data"), xytext=(3, 2),
                          textcoords="offset points", fontsize=7, color="0.3")
    axes.set_xticks(range(len(groups)), groups)
    axes.set_xlim(-0.6, len(groups) - 0.4)
