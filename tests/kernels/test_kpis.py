"""KPIs of slices against lists and fractions, and the four together.  By hand they are in tests/oran/test_qos.py."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.kernels.kpis import max_latency, mean_of_users, slice_kpis

SHAPE = (3, 2)
MEMBERS = st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1e9)), max_size=12)


def by_group(members):
    return [[value for g, value in members if g == n] for n in range(6)]


def as_arrays(members):
    return np.array([v for _, v in members], dtype=float), np.array([g for g, _ in members], dtype=int)


@given(MEMBERS)
def test_largest_delay_is_that_of_the_list(members):
    found = max_latency(*as_arrays(members), SHAPE)
    assert found.ravel().tolist() == [max(values, default=0) for values in by_group(members)]


@given(MEMBERS)
def test_mean_is_that_of_the_fractions(members):
    exact = [float(sum(map(Fraction, v)) / len(v)) if v else 0.0 for v in by_group(members)]
    np.testing.assert_allclose(mean_of_users(*as_arrays(members), SHAPE).ravel(), exact, rtol=1e-14)


@given(MEMBERS)
def test_mean_of_an_indicator_is_its_share(members):
    values, group = as_arrays(members)
    shares = mean_of_users(values > 1.0, group, SHAPE).ravel()
    for share, v in zip(shares, by_group(members)):
        assert share == pytest.approx(sum(x > 1.0 for x in v) / max(len(v), 1), rel=1e-15)


def test_four_kpis_side_by_side_by_hand():
    """Two users of DU 1's second slice, one of DU 0's first: in 4 frames they were satisfied 4, 2 and 1 times."""
    kpis = slice_kpis(np.array([2e-3, 7e-3, 1e-3]), np.array([8e6, 4e6, 1e6]), np.array([True, False, False]),
                      np.array([4.0, 2.0, 1.0]), 4, np.array([3, 3, 0]), SHAPE)
    assert kpis.shape == (3, 2, 4)
    assert kpis[1, 1].tolist() == [7e-3, 6e6, 0.75, 0.5]
    assert kpis[0, 0].tolist() == [1e-3, 1e6, 0.25, 0.0]
    assert not kpis[[0, 1, 2, 2], [1, 0, 0, 1]].any()
