"""Comparisons and evaluations as plain-text tables and as CSV."""

import csv
import io

import numpy as np

from ..analysis.stats import mean_interval
from ..files import write_atomically
from .evaluation import READINGS
from .run_folder import RunFolder


def group_by_method(folders):
    """A mapping method -> its RunFolders by seed, in the order of first appearance."""
    groups = {}
    for folder in folders:
        groups.setdefault(folder.method, []).append(folder)
    return groups


def summary_rows(folders):
    """A flat dictionary per run and reading of R56, for CSV: held-out means, SAM share, gradient evaluations, time."""
    return [{"method": folder.method, "seed": folder.config.run.seed, "evaluation": reading}
            | _held_out(folder, reading) | _spent(folder) for folder in folders for reading in READINGS]


def _held_out(folder, reading):
    """Means over the held-out episodes by a reading of R56."""
    evaluation = folder.evaluation(reading)
    row = {"reward": evaluation.reward.mean(),
           "reward_equal_gradients": folder.evaluation_at_equal_gradients(reading).reward.mean()}
    for s, name in enumerate(folder.config.slices.names):
        row |= {f"{quantity}_{name}": getattr(evaluation, quantity)[:, s].mean()
                for quantity in ("qos", "violated", "rb_share")}
    return row


def _spent(folder):
    """What a run took, whoever is judged."""
    metrics = folder.metrics()
    return {"sam_actor_share": np.mean(metrics["sam_actor"]),
            "gradient_evaluations": metrics["gradient_evaluations"][-1],
            "wall_seconds": folder.manifest["wall_seconds"]}


def write_csv(path, rows):
    """Write flat dictionaries with equal keys as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with write_atomically(path) as file:
        file.write(text.getvalue())


def comparison_table(folders, references, ceiling):
    """The comparison as text: a line per method, a line per reference policy, the ceiling, and paired differences."""
    config = folders[0].config
    groups = group_by_method(folders)
    head = ["", "reward", *_gap_head(ceiling), *config.slices.names, "Q_min violated", "SAM actors"]
    body = []
    for method, runs in groups.items():
        evaluations = [run.evaluation() for run in runs]
        rewards = [evaluation.reward.mean() for evaluation in evaluations]
        share = np.mean([_spent(run)["sam_actor_share"] for run in runs])
        body.append([method, str(mean_interval(rewards)), *_gap_cells(rewards, ceiling),
                     *_quality_cells(evaluations, config), f"{100 * share:.0f} %"])
    for name, evaluation in references.items():
        body.append([name, f"{evaluation.reward.mean():.3f}", *_gap_cells(evaluation.reward, ceiling),
                     *_quality_cells([evaluation], config), ""])
    measured = _differences(groups, RunFolder.evaluation, "reward")
    return format_table(head, body) + ceiling_line(ceiling) + "".join(measured)


def equal_gradients_table(folders, ceiling=None):
    """The methods again as text, at no more gradient evaluations than a run without SAM takes, and paired differences.

    A SAM step costs two evaluations, so those methods are shown as they were earlier; "gradients" and "seconds" are
    what their whole runs spent.  A single agent for all DUs takes fewer gradients of larger networks.
    """
    config, groups, body = folders[0].config, group_by_method(folders), []
    head = ["at equal gradients", "reward", *_gap_head(ceiling), *config.slices.names, "Q_min violated", "gradients",
            "seconds"]
    for method, runs in groups.items():
        evaluations = [run.evaluation_at_equal_gradients() for run in runs]
        spent = [np.mean([_spent(run)[name] for run in runs]) for name in ("gradient_evaluations", "wall_seconds")]
        rewards = [evaluation.reward.mean() for evaluation in evaluations]
        body.append([method, str(mean_interval(rewards)), *_gap_cells(rewards, ceiling),
                     *_quality_cells(evaluations, config), *(f"{amount:.0f}" for amount in spent)])
    measured = _differences(groups, RunFolder.evaluation_at_equal_gradients, "reward at equal gradients")
    return format_table(head, body) + "".join(measured)


def reference_table(evaluations, config, ceiling=None):
    """Evaluations by name as text: mean reward with its interval over episodes, QoS, violations, and the ceiling."""
    head = ["", "reward", *_gap_head(ceiling), *config.slices.names, "Q_min violated"]
    body = [[name, str(mean_interval(evaluation.reward)), *_gap_cells(evaluation.reward, ceiling),
             *_quality_cells([evaluation], config)] for name, evaluation in evaluations.items()]
    return format_table(head, body) + ceiling_line(ceiling)


def ceiling_line(ceiling):
    """One line: the bounds that gaps are measured from, or why there are none; nothing without a ceiling."""
    if ceiling is None:
        return ""
    if ceiling.missing:
        return f"no gap to a bound on the reward: {ceiling.missing}\n"
    count = ceiling.every.size
    line = f"gap: to {mean_interval(ceiling.every)}, the mean bound on any policy in {count} held-out frames"
    if ceiling.no_idle.size:
        line += f"; on those that leave no RB idle: {mean_interval(ceiling.no_idle)}"
    return line + "\n"


def _gap_head(ceiling):
    return ["gap"] if _gap_cells([0.0], ceiling) else []


def _gap_cells(rewards, ceiling):
    """The mean reward's distance to the bound for every policy, where there is one."""
    return [] if ceiling is None or ceiling.missing else [f"{ceiling.every.mean() - np.mean(rewards):.3f}"]


def grid_ranges(grid, config):
    """One line: the range of each slice's QoS over the splits of a ``static_grid``."""
    qos = np.array([evaluation.qos.mean(axis=0) for _, evaluation in grid])
    spans = [f"{name} {_slice_text(qos[:, s].min(), config, s)} to {_slice_text(qos[:, s].max(), config, s)}"
             for s, name in enumerate(config.slices.names)]
    return f"over {len(grid)} static splits: " + ", ".join(spans) + "\n"


def _quality_cells(evaluations, config):
    """Mean QoS of each slice in Mbit/s or ms, and the violation shares of all slices in one cell."""
    qos = np.mean([e.qos.mean(axis=0) for e in evaluations], axis=0)
    violated = np.mean([e.violated.mean(axis=0) for e in evaluations], axis=0)
    cells = [_slice_text(value, config, s) for s, value in enumerate(qos)]
    return [*cells, " / ".join(f"{100 * v:.0f}" for v in violated) + " %"]


def _slice_text(value, config, s):
    """A slice's QoS with its unit."""
    if config.reward.qos_reading == "weighted_sum":
        return f"{value:.3f}"
    return f"{value * 1e3:.2f} ms" if config.reward.metrics[s] == "max_latency" else f"{value / 1e6:.1f} Mbit/s"


def _differences(groups, evaluation_of, what):
    """Differences in held-out reward to the last method, paired by seed (common random numbers)."""
    rewards = {method: np.array([evaluation_of(run).reward.mean() for run in runs]) for method, runs in groups.items()}
    *others, base = rewards
    for method in others:
        yield f"{method} - {base}: {mean_interval(rewards[method] - rewards[base])} in {what}, paired by seed\n"


def format_table(head, body):
    """Plain text columns, the first left-aligned."""
    widths = [max(len(row[c]) for row in [head, *body]) for c in range(len(head))]
    lines = [[row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:]))]
             for row in [head, *body]]
    return "\n".join("  ".join(line).rstrip() for line in lines) + "\n"
