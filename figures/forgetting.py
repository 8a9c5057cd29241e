"""Beyond the paper: what is left of a regime after training in another.  Source: Sec. V-C."""

import numpy as np

from tasam_ref.analysis.transfer import transfers

from . import style

MEASURES = {"retention": "retention", "recovery": "recovery", "forward_transfer": "forward transfer"}


def draw(results):
    """Held-out reward by stage in every regime, and by method what was kept, regained and carried over."""
    table = results["regimes"].where(group="forgetting")
    methods, stages, regimes = (table.unique(name) for name in ("method", "stage", "regime"))
    sequence = results.plan.groups["forgetting"].configs()[methods[0]].regimes.sequence
    rewards = {method: _rewards(table.where(method=method), stages, regimes) for method in methods}
    figure = style.sheet(height=6.0)
    top, below = figure.subfigures(2, 1)
    grid = top.subplots(1, len(regimes), sharey=True)
    for r, (axes, regime) in enumerate(zip(grid, regimes)):
        trained = [k for k, name in enumerate(sequence, start=1) if name == regime]
        for k in trained:
            axes.axvspan(k - 1, k, color="0.92", linewidth=0)
        for m, method in enumerate(methods):
            x = np.arange(len(stages)) + 0.08 * (m - (len(methods) - 1) / 2)
            style.bars(axes, x, np.array([matrix[:, r] for matrix in rewards[method].values()]).T, method)
        axes.set(title=regime if trained else f"{regime}, never trained", xticks=range(len(stages)))
    top.supxlabel("stages done", fontsize=9)
    grid[0].set(ylabel=f"held-out {style.REWARD}")
    style.legend(figure, grid[0])
    _draw_measures(below, {method: {seed: transfers(matrix, regimes, sequence) for seed, matrix in found.items()}
                           for method, found in rewards.items()})
    style.caption(figure, (
        f"{style.seeds(table)}, {style.length(results, 'forgetting')} in {len(sequence)} stages: "
        f"{', '.join(sequence)}. Above: mean over seeds with 95 % t intervals; grey: the regime being trained in. "
        "Below: retention is what training elsewhere did to the first regime, recovery what is left of that after "
        "switching back, forward transfer what an unseen regime gained from those before it. Points are runs, bars "
        "means with 95 % t intervals; grey lines join runs of one seed, which met the same users, channels and "
        "traffic."))
    return figure


def _rewards(table, stages, regimes):
    """{seed: R (stages, regimes)} of one method."""
    return {seed: np.array([[table.where(seed=seed, stage=stage, regime=regime)["reward"][0] for regime in regimes]
                            for stage in stages]) for seed in table.unique("seed")}


def _draw_measures(figure, measured):
    """Panels of what ``transfers`` finds; none of what the sequence cannot tell."""
    first = next(iter(next(iter(measured.values())).values()))
    names = [name for name in MEASURES if getattr(first, name) is not None]
    for axes, name in zip(figure.subplots(1, len(names), sharey=True, squeeze=False).flat, names):
        held = [{seed: getattr(found, name) for seed, found in by_seed.items()} for by_seed in measured.values()]
        style.join(axes, range(len(held)), held)
        axes.axhline(0, color="0.4", linewidth=0.8, zorder=1)
        for x, (method, values) in enumerate(zip(measured, held)):
            style.dots(axes, x, list(values.values()), method)
        style.ticks(axes, range(len(held)), [style.NAMES[method] for method in measured])
        axes.set_title(MEASURES[name])
    figure.supylabel("change of the reward", fontsize=9)
