"""Columns of the tables by seed, so that runs that met the same users, channels and traffic are compared in pairs."""

import numpy as np

from tasam_ref.analysis.aggregates import paired_differences


def by_seed(table, column="reward"):
    """{seed: value} of rows that hold one run each."""
    return dict(zip(table["seed"].tolist(), table[column].tolist()))


def held_out(results, group, method):
    """{seed: mean held-out reward per frame and DU} of the runs of a group."""
    return by_seed(results["scores"].where(group=group, method=method))


def curves(results, group, method, column="reward"):
    """The blocks' middles (points,) in iterations, and {seed: (points,)} of the runs of a group."""
    table = results["curves"].where(group=group, method=method)
    found = {seed: table.where(seed=seed) for seed in table.unique("seed")}
    return next(iter(found.values()))["iteration"], {seed: rows[column] for seed, rows in found.items()}


def matrix(runs):
    """Columns (points, seeds) of {seed: (points,)}."""
    return np.array(list(runs.values())).T


def paired(runs, others):
    """Differences (points, seeds) of {seed: (points,)}, or (seeds,) of {seed: value}, over the seeds of both."""
    return paired_differences(runs, others).T
