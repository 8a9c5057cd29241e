"""What is reported of several runs: aggregates, bootstrap intervals, comparisons, and what so few runs can tell.

A score is one run's: episodes within a run are averaged first, and resampling draws whole runs.  The aggregates are
those that Agarwal et al. (2021) recommend in place of a bare mean.
"""

import warnings

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtrit
from scipy.stats import nct, norm, trim_mean

from ..parameters import refuse
from .stats import Interval

FEW_RUNS = 4


def interquartile_mean(scores, axis=-1):
    """IQM: the mean of the middle half, a quarter of the scores cut off at each end (rounded down)."""
    return trim_mean(scores, 0.25, axis=axis)


def optimality_gap(scores, goal, axis=-1):
    """By how much scores fall short of a goal on average; what lies beyond it earns nothing:  mean max(goal - x, 0)."""
    return np.mean(np.maximum(goal - np.asarray(scores, dtype=float), 0), axis=axis)


def probability_of_improvement(scores, others):
    """P(X > Y) + P(X = Y) / 2 for one run of each: the share of pairs that the first wins, a tie counting half.

    scores (..., n) and others (..., m).  Returns (...).
    """
    first, second = np.asarray(scores)[..., :, None], np.asarray(others)[..., None, :]
    return np.mean((first > second) + 0.5 * (first == second), axis=(-2, -1))


def performance_profile(scores, thresholds):
    """Share of the runs above each threshold, P(X > tau): (thresholds,)."""
    return np.mean(np.asarray(scores)[:, None] > np.asarray(thresholds)[None], axis=0)


def bootstrap_interval(scores, statistic, generator, level=0.95, repeats=2000):
    """Interval of ``statistic`` over runs, whole runs resampled: percentiles with Student's tails (Hesterberg, 2015).

    scores (n,), or a sequence of such (strata: each is resampled on its own, and statistic takes them all); statistic
    works along the last axis.  Plain percentiles are too narrow for few runs; the tail is therefore

        alpha' = Phi(t_{alpha, n-1}),   alpha = (1 - level) / 2,   n of the smallest stratum

    His further factor sqrt(n / (n - 1)) on t is for means, which have an exact interval in ``stats``; the interquartile
    mean's would be too wide with it: 97.5 % instead of 96 % of cases covered at ten
    runs.  Warns below four runs.  Returns an Interval.
    """
    strata = [np.asarray(stratum, dtype=float) for stratum in (scores if np.ndim(scores[0]) else [scores])]
    n = min(stratum.size for stratum in strata)
    warn_of_few(n)
    value = float(statistic(*strata))
    if n < 2:
        return Interval(value, np.nan, np.nan)
    drawn = statistic(*(stratum[generator.integers(stratum.size, size=(repeats, stratum.size))] for stratum in strata))
    tail = norm.cdf(stdtrit(n - 1, (1 - level) / 2))
    low, high = np.quantile(drawn, (tail, 1 - tail))
    return Interval(value, float(low), float(high))


def warn_of_few(runs):
    """Warn when there are too few runs for their spread to be known."""
    if runs < FEW_RUNS:
        warnings.warn(f"{runs} runs: intervals of fewer than {FEW_RUNS} hardly bound anything", stacklevel=3)


def paired_differences(rewards, others):
    """Differences of two methods seed by seed, which met the same users, channels and traffic.

    Both are mappings seed -> score.  Returns (n,) over the seeds that both have, in their order.
    """
    return np.array([rewards[seed] - others[seed] for seed in sorted(rewards.keys() & others.keys())])


def detectable_difference(runs, level=0.95, power=0.8):
    """The smallest true mean difference, in standard deviations of the paired differences, that n runs tell from zero.

    The two-sided t-test at 1 - level finds it with the given power:  P(T > t) = power, where T is noncentral with
    delta sqrt(n); that T lies beyond -t instead is too rare to count.  Raises UsageError for fewer than two runs.
    """
    if runs < 2:
        raise refuse("runs", runs, "at least 2")
    bound = stdtrit(runs - 1, (1 + level) / 2)

    def missing(shift):
        return nct.sf(bound, runs - 1, shift) - power

    highest = bound
    while missing(highest) < 0:
        highest *= 2
    return float(brentq(missing, 0.0, highest) / np.sqrt(runs))
