"""The linear programme against vertices found by hand and knapsacks tried out."""

from itertools import product

import numpy as np
import pytest

from tasam_ref.analysis.linear_model import LinearModel
from tasam_ref.errors import RunFailure


def test_a_programme_by_hand():
    """max 3x + 2y, x + y <= 4, x + 3y <= 6, x <= 3: at (3, 1), 11."""
    model = LinearModel()
    x, y = model.columns(1, 0.0, 3.0, gain=3.0)[0], model.columns(1, gain=2.0)[0]
    model.at_most(4.0, ([x, y], 1.0))
    model.at_most(6.0, (x, 1.0), (y, 3.0))
    value, at = model.solve()
    assert value == pytest.approx(11.0)
    np.testing.assert_allclose(at, [3.0, 1.0], atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_whole_columns_are_whole(seed):
    chance = np.random.default_rng(seed)
    gain, weight = chance.random(6), chance.random(6)
    model = LinearModel()
    take = model.columns(6, 0.0, 1.0, whole=True, gain=gain)
    model.at_most(1.2, (take, weight))
    value, at = model.solve()
    allowed = [np.array(bits) for bits in product((0, 1), repeat=6) if np.array(bits) @ weight <= 1.2]
    assert value == pytest.approx(max(bits @ gain for bits in allowed), abs=1e-9)
    np.testing.assert_allclose(at, at.round(), atol=1e-9)


def test_columns_that_sum_to_one():
    model = LinearModel()
    columns = model.columns(3, gain=[1.0, 5.0, 2.0])
    model.sums_to_one(columns)
    assert model.solve()[0] == pytest.approx(5.0)
    model = LinearModel()
    columns = model.columns(3, gain=[-1.0, -5.0, -2.0])
    model.sums_to_one(columns)
    assert model.solve()[0] == pytest.approx(-1.0)


@pytest.mark.parametrize("limit", [-1.0, None])
def test_what_cannot_be_solved_is_a_failure(limit):
    """No point at all, and no end."""
    model = LinearModel()
    column = model.columns(1, gain=1.0)
    model.at_most(0.0, (column, 0.0))
    if limit is not None:
        model.at_most(limit, (column, 1.0))
    with pytest.raises(RunFailure, match="was not solved"):
        model.solve()
