"""Reductions over the users of a slice, against lists and fractions.  (2) to (5) themselves are in tests/oran."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.kernels.groups import largest, mean

MEMBERS = st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1e9)), max_size=12)


def by_group(members):
    return [[value for g, value in members if g == n] for n in range(5)]


def as_arrays(members):
    return np.array([v for _, v in members], dtype=float), np.array([g for g, _ in members], dtype=int)


def test_by_hand():
    """Users in no order; group 1 has nobody."""
    values, group = np.array([3.0, 8.0, 5.0, 1.0]), np.array([2, 0, 2, 0])
    assert largest(values, group, 3).tolist() == [8, 0, 5]
    assert mean(values, group, 3).tolist() == [4.5, 0, 4]


@given(MEMBERS)
def test_largest_is_that_of_the_list(members):
    assert largest(*as_arrays(members), 5).tolist() == [max(values, default=0) for values in by_group(members)]


@given(MEMBERS)
def test_mean_is_that_of_the_fractions(members):
    exact = [float(sum(map(Fraction, v)) / len(v)) if v else 0.0 for v in by_group(members)]
    np.testing.assert_allclose(mean(*as_arrays(members), 5), exact, rtol=1e-14)


@given(MEMBERS)
def test_mean_of_an_indicator_is_its_share(members):
    values, group = as_arrays(members)
    shares = mean(values > 1.0, group, 5)
    for share, v in zip(shares, by_group(members)):
        assert share == pytest.approx(sum(x > 1.0 for x in v) / max(len(v), 1), rel=1e-15)
