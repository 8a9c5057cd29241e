"""Majorants against the curves below them, and their concave hulls against every chord."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.analysis.linear_model import LinearModel
from tasam_ref.analysis.majorant import Curve, add_curve, concave_hull, majorant

CURVES = {
    "sigmoid with a kink": Curve((-2.0, 0.0, 0.7, 3.0),
                                 lambda x: 1 / (1 + np.exp(-4 * x)) - max(0.0, 0.7 - x),
                                 lambda x, inside: 1 / np.cosh(2 * x) ** 2 + (inside < 0.7)),
    "cubic": Curve((-1.0, 0.0, 2.0), lambda x: x**3, lambda x, inside: 3 * x**2),
    "flat, then a root": Curve((0.0, 1.0, 9.0), lambda x: np.sqrt(max(x, 1.0)),
                               lambda x, inside: 0.5 / np.sqrt(x) if inside > 1 else 0.0),
    "line": Curve((0.0, 4.0), lambda x: 2 * x + 1, lambda x, inside: 2.0),
    "one point": Curve((3.0, 3.0), lambda x: x, lambda x, inside: 1.0),
}
POINTS = st.lists(st.floats(-3, 10), max_size=5)


@given(st.sampled_from(sorted(CURVES)), POINTS)
def test_a_majorant_lies_above_and_touches_at_knots_and_points(name, points):
    curve = CURVES[name]
    x, y = majorant(curve, points)
    assert (np.diff(x) >= 0).all()
    grid = np.linspace(curve.knots[0], curve.knots[-1], 301)
    assert all(np.interp(g, x, y) >= curve.value(g) - 1e-9 for g in grid)
    for point in (*curve.knots, *np.clip(points, curve.knots[0], curve.knots[-1])):
        assert np.interp(point, x, y) == pytest.approx(curve.value(point), abs=1e-9)


def test_tangents_meet_halfway_on_a_parabola():
    """y = 2x - x^2 on [0, 1]: tangents 2x and 1 meet at (1/2, 1)."""
    curve = Curve((0.0, 1.0), lambda x: 2 * x - x * x, lambda x, inside: 2 - 2 * x)
    x, y = majorant(curve)
    np.testing.assert_allclose((x, y), ([0, 0.5, 1], [0, 1, 1]), atol=1e-14)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(-9, 9)), min_size=1, max_size=9).map(sorted))
def test_the_hull_is_the_highest_chord(points):
    x, y = np.array(points, dtype=float).T
    hull_x, hull_y = concave_hull(x, y)
    assert set(zip(hull_x, hull_y)) <= set(zip(x, y))
    assert (np.diff(hull_x) > 0).all()
    for at in range(int(x[0]), int(x[-1]) + 1):
        chords = [ya + (yb - ya) * (at - xa) / (xb - xa) if xb > xa else max(ya, yb)
                  for xa, ya in points for xb, yb in points if xa <= at <= xb and (xa < xb or xa == at)]
        assert np.interp(at, hull_x, hull_y) == pytest.approx(max(chords), abs=1e-9)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("exact", [True, False])
def test_the_added_column_reaches_the_majorant_or_its_hull_and_no_more(name, exact):
    curve, points = CURVES[name], (-0.5, 0.3, 1.4)
    x, y = majorant(curve, points)
    if not exact:
        x, y = concave_hull(x, y)
    for at in np.linspace(curve.knots[0], curve.knots[-1], 9):
        model = LinearModel()
        column = add_curve(model, model.columns(1, at, at)[0], curve, points, exact)
        reached = model.columns(1, -np.inf, gain=1.0)
        model.at_most(0.0, (reached, 1.0), (column, -1.0))
        assert model.solve()[0] == pytest.approx(np.interp(at, x, y), abs=1e-7)
