"""Independent routes to derivatives, and how two results are compared."""

from itertools import pairwise

import numpy as np
from scipy.stats import norm

STEP = 1e-30


def relative_error(value, expected):
    """Largest deviation relative to the largest entry expected: max |value - expected| / max |expected|."""
    value, expected = np.asarray(value), np.asarray(expected)
    if value.shape != expected.shape:
        return np.inf
    return float(np.max(np.abs(value - expected)) / np.max(np.abs(expected)))


def largest(*errors):
    """The largest of some errors; NaN if any is NaN, which ``max`` would let pass."""
    return float(np.max(errors))


def complex_gradient(function, x):
    """Gradient of a real-analytic function of x (n,):  Im f(x + i h e_k) / h, exact to rounding since h = 1e-30."""
    gradient = np.empty(x.size)
    for k in range(x.size):
        moved = x.astype(complex)
        moved[k] += 1j * STEP
        gradient[k] = function(moved).imag / STEP
    return gradient


def central_difference(function, x, direction, steps=(1e-1, 1e-2, 1e-3, 1e-4)):
    """Derivative of a real function of x (n,) along a direction, by central differences with Richardson extrapolation.

    For each start h of ``steps``, halved three times, D(h) = (f(x + h d) - f(x - h d)) / 2h is extrapolated to h = 0
    with errors h^2, h^4 and h^6 removed.  Among the starts the one wins whose last two extrapolates agree best.
    """
    candidates = []
    for h in steps:
        row = [(function(x + s * direction) - function(x - s * direction)) / (2 * s)
               for s in (h, h / 2, h / 4, h / 8)]
        for power in (4, 16, 64):
            previous, row = row, [(power * fine - coarse) / (power - 1) for coarse, fine in pairwise(row)]
        candidates.append((abs(row[-1] - previous[-1]), row[-1]))
    return min(candidates)[1]


def standard_errors(samples, mean):
    """Largest distance of the means of independent samples (n, ...) from the expected mean, in standard errors."""
    error = np.std(samples, axis=0, ddof=1) / np.sqrt(len(samples))
    return float(np.max(np.abs(np.mean(samples, axis=0) - mean) / error))


def as_standard_errors(p_value):
    """The deviation of a normal variable that is as rare, on both sides together, as this p-value."""
    return float(norm.isf(p_value / 2))


def complex_derivative(function, x, direction):
    """Derivative of a real-analytic function along a direction:  Im f(x + i h d) / h."""
    return function(x + 1j * STEP * direction).imag / STEP
