"""Means with intervals over runs.  A run is one training seed: episodes within a run are averaged first."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit


@dataclass(frozen=True)
class Interval:
    """A mean and its confidence interval; low and high are NaN when one value cannot tell."""

    mean: float
    low: float
    high: float

    def __str__(self):
        if math.isnan(self.low):
            return f"{self.mean:.3f}"
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean_interval(values, level=0.95):
    """Student's t interval of the mean:  mean +- t_{(1+level)/2, n-1} s / sqrt(n).  values (n,), n >= 1."""
    values = np.asarray(values, dtype=float)
    mean = float(values.mean())
    if values.size < 2:
        return Interval(mean, math.nan, math.nan)
    half = float(stdtrit(values.size - 1, (1 + level) / 2) * values.std(ddof=1)) / math.sqrt(values.size)
    return Interval(mean, mean - half, mean + half)


def geometric_interval(values, level=0.95):
    """The geometric mean of values (n,) above 0, with the t interval of their logarithms' mean.

    NaN throughout where one is not above 0.
    """
    values = np.asarray(values, dtype=float)
    interval = mean_interval(np.log(np.where(values > 0, values, np.nan)), level)
    return Interval(*np.exp([interval.mean, interval.low, interval.high]).tolist())
