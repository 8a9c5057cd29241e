"""Columns of the tables by seed, so that runs that met the same users, channels and traffic are compared in pairs."""

import numpy as np

from tasam_ref.analysis.aggregates import paired_differences
from tasam_ref.errors import UsageError

ADAPTIVE = {"headline": "adaptive", "quick": "quick_adaptive", "utd1": "utd1_adaptive"}
"""Groups with (12) as printed, and those of the same runs with the norm of adaptive SAM (R55)."""


def of(results, table, group, method):
    """The rows of a table that are of a group's runs of a method.  Raises UsageError when there are none."""
    rows = results[table].where(group=group, method=method)
    if not len(rows):
        raise UsageError(f"needs runs of {method} in groups.{group}, and the plan has none")
    return rows


def of_group(results, group):
    """The row of what a group's runs have in common.  Raises UsageError when there is no such group."""
    rows = results["groups"].where(group=group).rows()
    if not rows:
        raise UsageError(f"needs groups.{group}, and the plan has none")
    return rows[0]


def by_seed(table, column="reward"):
    """{seed: value} of rows that hold one run each."""
    return dict(zip(table["seed"].tolist(), table[column].tolist()))


def held_out(results, group, method, evaluation=None):
    """{seed: mean held-out reward per frame and DU} of a group's runs, judged by a reading of R56 or by their own."""
    of(results, "scores", group, method)
    return by_seed(results.scores(group, evaluation).where(method=method))


def judges(results, group):
    """The readings of R56 by which a group's runs are judged, in the order of the scores."""
    return results["scores"].where(group=group).unique("evaluation")


def by_norm(results, group, methods):
    """Pairs (group, method) of methods of a group, each followed by the same with the adaptive norm, if it was run."""
    for method in methods:
        of(results, "scores", group, method)
    pairs = [(one, method) for method in methods for one in (group, ADAPTIVE.get(group, ""))]
    return [(one, method) for one, method in pairs if len(results["scores"].where(group=one, method=method))]


def curves(results, group, method, column="reward"):
    """The blocks' middles (points,) in iterations, and {seed: (points,)} of the runs of a group."""
    table = of(results, "curves", group, method)
    found = {seed: table.where(seed=seed) for seed in table.unique("seed")}
    return next(iter(found.values()))["iteration"], {seed: rows[column] for seed, rows in found.items()}


def matrix(runs):
    """Columns (points, seeds) of {seed: (points,)}."""
    return np.array(list(runs.values())).T


def paired(runs, others):
    """Differences (points, seeds) of {seed: (points,)}, or (seeds,) of {seed: value}, over the seeds of both."""
    return paired_differences(runs, others).T
