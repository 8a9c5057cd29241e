"""Piecewise linear functions that lie on or above a rising curve, for linear programmes that bound it."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Curve:
    """A continuous function on [knots[0], knots[-1]] that never falls and, between two knots, is convex or concave.

    value(x); slope(x, inside): the derivative at x of the smooth piece that holds ``inside``.
    """

    knots: tuple
    value: Callable
    slope: Callable


def majorant(curve, points=()):
    """Vertices x (n,) and y (n,) of a piecewise linear function, nowhere below the curve and equal to it at every knot
    and point.

    Chords lie above where the curve is convex; where it is concave, the two end tangents meet above it.
    """
    low, high = curve.knots[0], curve.knots[-1]
    ends = sorted({*curve.knots, *(min(max(float(p), low), high) for p in points)})
    xs, ys = [ends[0]], [curve.value(ends[0])]
    for a, b in pairwise(ends):
        inside, fa, fb = (a + b) / 2, curve.value(a), curve.value(b)
        steep, flat = curve.slope(a, inside), curve.slope(b, inside)
        if steep - flat > 1e-9 * abs(steep):
            meet = (fb - fa + steep * a - flat * b) / (steep - flat)
            if a < meet < b:
                xs.append(meet)
                ys.append(fa + steep * (meet - a))
        xs.append(b)
        ys.append(fb)
    return np.array(xs), np.array(ys)


def concave_hull(x, y):
    """The vertices of the least concave function on or above the points; x (n,) must not fall."""
    kept = []
    for point in zip(x, y):
        while len(kept) > 1 and _turns_left(kept[-2], kept[-1], point):
            kept.pop()
        if kept and kept[-1][0] == point[0]:
            kept[-1] = (point[0], max(kept[-1][1], point[1]))
        else:
            kept.append(point)
    return np.array(kept).T


def _turns_left(a, b, c):
    """Whether b lies on or below the line from a to c."""
    return (b[0] - a[0]) * (c[1] - a[1]) >= (b[1] - a[1]) * (c[0] - a[0])


def add_curve(model, argument, curve, points=(), exact=False):
    """Add a column y <= majorant of the curve at the column ``argument``, which must lie within its knots; return y.

    ``exact`` follows the ``majorant`` itself, one concave run of it at a time, chosen by whole columns; else y may
    reach its concave hull.
    """
    x, y = majorant(curve, points)
    runs = _concave_runs(x, y) if exact else [np.array(concave_hull(x, y))]
    result, chosen = model.columns(1, -np.inf)[0], model.columns(len(runs), whole=len(runs) > 1)
    weights = [model.columns(run.shape[1]) for run in runs]
    model.sums_to_one(chosen)
    for weight, run in zip(weights, chosen):
        model.at_most(0.0, (weight, 1.0), (run, -1.0))
        model.at_most(0.0, (weight, -1.0), (run, 1.0))
    weights, (x, y) = np.concatenate(weights), np.concatenate(runs, axis=1)
    model.at_most(0.0, (weights, x), (argument, -1.0))
    model.at_most(0.0, (result, 1.0), (weights, -y))
    return result


def _concave_runs(x, y):
    """The vertices in pieces (2, n) on each of which they are concave; neighbours share a vertex."""
    slope = np.diff(y) / np.diff(x)
    turns = 1 + np.flatnonzero(np.diff(slope) > 1e-12 * np.abs(slope[1:]))
    return [np.array((x[a : b + 1], y[a : b + 1])) for a, b in pairwise((0, *turns, x.size - 1))]
