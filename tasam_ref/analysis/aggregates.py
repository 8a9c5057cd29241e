"""What is reported of several runs: bootstrap intervals, comparisons, and what so few runs can tell.

A score is one run's: episodes within a run are averaged first, and resampling draws whole runs.  The comparisons are
those that Agarwal et al. (2021) recommend in place of bare means.
"""

import warnings

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtrit
from scipy.stats import bootstrap, nct, norm

from ..parameters import refuse
from .stats import Interval

FEW_RUNS = 4


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

    scores: a sequence of strata (n,), each resampled on its own; statistic takes them all and works along the last
    axis.  Plain percentiles are too narrow for few runs; the tail is therefore

        alpha' = Phi(t_{alpha, n-1}),   alpha = (1 - level) / 2,   n of the smallest stratum

    His further factor sqrt(n / (n - 1)) on t is for means, which have an exact interval in ``stats``.
    Warns below four runs.  Returns an Interval.
    """
    strata = [np.asarray(stratum, dtype=float) for stratum in scores]
    n, value = min(stratum.size for stratum in strata), float(statistic(*strata))
    if n < FEW_RUNS:
        warnings.warn(f"{n} runs: intervals of fewer than {FEW_RUNS} hardly bound anything", stacklevel=2)
    if n < 2:
        return Interval(value, np.nan, np.nan)
    tail = norm.cdf(stdtrit(n - 1, (1 - level) / 2))
    limits = bootstrap(strata, lambda *drawn, axis: statistic(*drawn), n_resamples=repeats, vectorized=True,
                       confidence_level=1 - 2 * tail, method="percentile", rng=generator).confidence_interval
    return Interval(value, float(limits.low), float(limits.high))


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
