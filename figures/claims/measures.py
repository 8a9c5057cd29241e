"""How claims are measured: functions of (results, **arguments) that return Parts, what must hold one by one.

``order`` lists tiers of methods, best first: every method of a tier is compared with every one of the next, in each of
``groups``; ``group/method`` is that method of another group.  All but medians is paired by seed, with 95 % t intervals
over the seeds that both have; those of medians are bootstrap intervals, whole runs resampled, each method on its own.
``direction`` says on which side of the boundary the claim lies.
"""

import warnings
from itertools import product

import numpy as np
from scipy.stats import ConstantInputWarning, spearmanr

from tasam_ref.analysis.aggregates import paired_differences
from tasam_ref.analysis.stats import geometric_interval, mean_interval

from .parts import Part, bootstrap, both, label, log_deviation, pairs, shown, which
from .quantities import QUANTITIES, SLICES, at_end, lower_is_better, per_seed, place, requirement, rows_of

HEADLINE = ("headline",)


def difference(results, order, quantity="reward", groups=HEADLINE, direction="higher"):
    """Mean difference a - b of a quantity, or of several; the boundary is 0."""
    for name in _names(quantity):
        for a, b in pairs(order, groups):
            values = paired_differences(*both(results, name, a, b))
            yield Part(f"{label(a, b, '-')}{which(name)}", mean_interval(values), QUANTITIES[name].unit, 0, direction,
                       values.size)


def ratio(results, order, quantity, groups=HEADLINE, direction="higher"):
    """Geometric mean of a / b of a positive quantity, from log a - log b; the boundary is 1."""
    for a, b in pairs(order, groups):
        first, second = both(results, quantity, a, b)
        values = [first[seed] / second[seed] if min(first[seed], second[seed]) > 0 else np.nan
                  for seed in sorted(first.keys() & second.keys())]
        yield Part(f"{label(a, b, '/')}{which(quantity)}", geometric_interval(values), "", 1, direction, len(values))


def gain(results, order, least=(0, 0, 0), quantity="qos", groups=HEADLINE, points_over=None):
    """Improvement of a over b in every slice in per cent, (a - b) / b, of a latency (b - a) / b, or of the share
    ``met`` in points; the boundary is the ``least`` of each slice.  With ``points_over`` c: the improvement of a over c
    less that of b over c, in points."""
    for (a, b), (name, bound) in product(pairs(order, groups), zip(SLICES, least)):
        kind = f"{quantity}_{name}"
        sign = -1 if quantity == "qos" and lower_is_better(results, name, *a) else 1
        values = both(results, kind, a, b)
        if points_over and quantity != "met":
            base = per_seed(results, kind, *place(points_over, a[0]))
            values = [percent(one, base, sign) for one in values]
        points = points_over or quantity == "met"
        found = paired_differences(*values) if points else np.array(list(percent(*values, sign).values()))
        yield Part(f"{label(a, b, 'over')}, {name}{', met' * (quantity == 'met')}", mean_interval(found),
                   "points" if points else "%", bound, "higher", found.size)


def percent(values, base, sign=1):
    """{seed: 100 sign (a - b) / b} of two mappings, over the seeds that both have; NaN where b is 0."""
    return {seed: sign * 100 * (values[seed] / base[seed] - 1) if base[seed] else np.nan
            for seed in sorted(values.keys() & base.keys())}


def level(results, methods, quantity, boundary, groups=HEADLINE, direction="higher"):
    """Mean of a quantity, or of several, against a fixed boundary in its unit."""
    for name, group, method in product(_names(quantity), groups, methods):
        one = place(method, group)
        values = list(per_seed(results, name, *one).values())
        yield Part(f"{shown(one)}{which(name)}", mean_interval(values), QUANTITIES[name].unit, boundary, direction,
                   len(values))


def requirements(results, methods, slices=SLICES, groups=HEADLINE):
    """Mean QoS of every slice against its requirement Q_min: a latency below, all else above."""
    for name, group, method in product(slices, groups, methods):
        one = place(method, group)
        direction = "lower" if lower_is_better(results, name, *one) else "higher"
        yield from level(results, [method], f"qos_{name}", requirement(results, name, one[0]), [group], direction)


def median(results, order, quantity="reward", groups=HEADLINE, direction="higher"):
    """Difference of the medians over runs, by bootstrap; the boundary is 0."""
    for a, b in pairs(order, groups):
        found, runs = bootstrap(results, quantity, a, b, lambda x, y: np.median(x, axis=-1) - np.median(y, axis=-1))
        yield Part(f"{label(a, b, '-')}, medians", found, QUANTITIES[quantity].unit, 0, direction, runs)


def spread(results, order, quantity="reward", groups=HEADLINE, direction="lower"):
    """Ratio of the standard deviations over runs by Miller's jackknife (1968), which heavy tails disturb less than the
    F-test; the boundary is 1."""
    for a, b in pairs(order, groups):
        first, second = both(results, quantity, a, b)
        seeds = sorted(first.keys() & second.keys())
        one, other = (log_deviation([values[seed] for seed in seeds]) for values in (first, second))
        yield Part(f"{label(a, b, '/')}, standard deviations", geometric_interval(np.exp(one - other)), "", 1,
                   direction, len(seeds))


def iterations(results, order, cost="iteration", groups=HEADLINE, direction="lower"):
    """Difference a - b in the iterations (or ``gradient_evaluations``) after which the training reward first reaches
    the lower of the two final levels, means over the last fifth of the blocks; the boundary is 0.  Where both are there
    in their first block there is nothing to reach: such seeds are left out and named."""
    for a, b in pairs(order, groups):
        curves = [_by_seed(rows_of(results, "curves", *one)) for one in (a, b)]
        values = {}
        for seed in sorted(curves[0].keys() & curves[1].keys()):
            one, other = (curve[seed] for curve in curves)
            goal = min(at_end(one["reward"]), at_end(other["reward"]))
            begin = min(one["reward"][0], other["reward"][0])
            values[seed] = _reaches(one, goal, cost) - _reaches(other, goal, cost) if begin < goal else None
        told = [value for value in values.values() if value is not None]
        yield Part(f"{label(a, b, '-')}{_left_out(values)}", mean_interval(told or [np.nan]),
                   cost.replace("_", " ") + "s" * (cost == "iteration"), 0, direction, len(told))


def _left_out(values):
    """Which seeds of {seed: value, or None} both begin at the goal."""
    seeds = [f"{seed:.0f}" for seed, value in values.items() if value is None]
    return f" without seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}, at the goal from the start" if seeds else ""


def correlation(results, methods, x, y, groups=HEADLINE, direction="higher"):
    """Mean over seeds of Spearman's rank correlation, over methods, of two quantities; the boundary is 0."""
    for group in groups:
        columns = [[per_seed(results, name, *place(method, group)) for method in methods] for name in (x, y)]
        seeds = sorted(set.intersection(*(set(values) for column in columns for values in column)))
        values = [_spearman(*([values[seed] for values in column] for column in columns)) for seed in seeds]
        yield Part(f"{x} with {y} over {len(methods)} methods", mean_interval(values), "", 0, direction, len(seeds))


def _spearman(x, y):
    """NaN where one of them does not vary."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantInputWarning)
        return spearmanr(x, y).statistic


def _names(quantity):
    return [quantity] if isinstance(quantity, str) else quantity


def _by_seed(rows):
    return {seed: rows.where(seed=seed) for seed in rows.unique("seed")}


def _reaches(curve, goal, cost):
    return curve[cost][np.argmax(curve["reward"] >= goal)]


MEASURES = {function.__name__: function for function in (
    difference, ratio, gain, level, requirements, median, spread, iterations, correlation)}
