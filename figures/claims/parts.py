"""Parts of claims, and the pairs of methods that they compare."""

import warnings
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from tasam_ref.analysis.aggregates import FEW_RUNS, bootstrap_interval
from tasam_ref.analysis.stats import Interval
from tasam_ref.streams import stream

from .quantities import per_seed, place


@dataclass(frozen=True)
class Part:
    """One number that a claim is about: its interval, and the boundary beyond which the claim has it."""

    label: str
    interval: Interval
    unit: str
    boundary: float
    direction: str
    seeds: int


def pairs(order, groups):
    """((group, method), (group, method)) for every method of a tier and every one of the next, in each group."""
    return [(place(a, group), place(b, group)) for group in groups for tier, following in pairwise(order)
            for a, b in product(tier, following)]


def both(results, quantity, a, b):
    """{seed: number} of two places."""
    return per_seed(results, quantity, *a), per_seed(results, quantity, *b)


def label(a, b, sign):
    """How two places stand in a table."""
    return f"{shown(a)} {sign} {shown(b)}"


def shown(one):
    """How a place stands in a table; the headline's methods go without their group."""
    group, method = one
    return method if group == "headline" else f"{group}/{method}"


def which(quantity):
    """What follows a label; the reward needs no name."""
    return "" if quantity == "reward" else f", {quantity}"


def bootstrap(results, quantity, a, b, statistic):
    """The bootstrap Interval of statistic(runs of a, runs of b), and the smaller number of runs.

    Below ``FEW_RUNS`` runs the interval has no limits.
    """
    values = [list(found.values()) for found in both(results, quantity, a, b)]
    runs = min(map(len, values))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)                # of few runs, which get no limits here
        found = bootstrap_interval(values, statistic, stream(0, f"claims {quantity} {a} {b}"))
    return found if runs >= FEW_RUNS else Interval(found.mean, np.nan, np.nan), runs


def log_deviation(values):
    """Pseudo-values (n,) of log s, s the standard deviation:  n log s - (n - 1) log s without value i.

    Their mean is the jackknife's log s.  A t interval of it, or of differences of two methods' pseudo-values, nearly
    keeps its level where tails are heavy, as the F-test's does not.  NaN for fewer than three values or no spread.
    Source: Miller (1968).
    """
    values, n = np.asarray(values, dtype=float), len(values)
    if n < 3:
        return np.full(n, np.nan)
    others = np.array([np.delete(values, i).std(ddof=1) for i in range(n)])
    if others.min() == 0:
        return np.full(n, np.nan)
    return n * np.log(values.std(ddof=1)) - (n - 1) * np.log(others)
