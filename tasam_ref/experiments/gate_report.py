"""When the gate of Algorithm 1, line 11 opened, for whom, and on what TD-error variance: from the stored metrics."""

import numpy as np

from .tables import format_table, group_by_method


def gate_report(folders):
    """Text: for every method with a gate a line per actor, and in how many iterations it opened for some, not for all.

    "open" is the share of iterations; the variance is the median with the quartiles; the radius the mean where open.
    All over the iterations of all seeds.  Empty where no method has a gate.
    """
    parts = []
    for method, runs in group_by_method(folders).items():
        sam = runs[0].config.sam
        if not (sam.use_sam_actor and sam.selective):
            continue
        metrics = [run.metrics() for run in runs]
        agents = runs[0].config.num_agents
        opened, variance, radius = (
            np.concatenate([np.reshape(columns[name], (-1, agents)) for columns in metrics])
            for name in ("sam_actor", "td_error_variance", "rho_actor"))
        body = [[f"actor {i}", f"{100 * opened[:, i].mean():.0f} %", _quartiles(variance[:, i]),
                 f"{radius[:, i].sum() / max(opened[:, i].sum(), 1):.3f}"] for i in range(agents)]
        unit = "" if sam.td_var_scale == "absolute" else " times the median"
        head = [f"gate of {method} at {sam.td_var_threshold:g}{unit}", "open", "TD-error variance", "rho"]
        everyone, nobody = (opened > 0).all(axis=1), (opened == 0).all(axis=1)
        parts.append(format_table(head, body) + (
            f"open for some and shut for others in {100 * np.mean(~everyone & ~nobody):.0f} % of iterations, for all "
            f"in {100 * np.mean(everyone):.0f} %, for none in {100 * np.mean(nobody):.0f} %\n"))
    return "\n".join(parts)


def _quartiles(values):
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"
