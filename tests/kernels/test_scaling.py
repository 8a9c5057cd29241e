"""Min-max scaling before it is clipped, in fractions, for every number of dimensions that callers have."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.kernels.scaling import scale

WHOLE = st.integers(-50, 50)


def test_by_hand():
    """15 of 10 ... 20 is 1/2, 5 is -1/2; latency of 3 between 4 (worst) and 0 is 1/4, 8 is -1; equal bounds are 1."""
    worst, best = np.array([10.0, 4.0, 2.0]), np.array([20.0, 0.0, 2.0])
    found = scale(np.array([[15.0, 3.0, 7.0], [5.0, 8.0, -7.0]]), worst, best)
    assert found.tolist() == [[0.5, 0.25, 1.0], [-0.5, -1.0, 1.0]]


@given(st.lists(st.tuples(WHOLE, WHOLE, WHOLE), min_size=1, max_size=4))
def test_equals_rational_arithmetic_row_by_row(columns):
    qos, worst, best = np.array(columns, dtype=float).T
    expected = [float(Fraction(q - w, b - w)) if b != w else 1.0 for q, w, b in columns]
    np.testing.assert_allclose(scale(qos, worst, best), expected, rtol=1e-15)
    np.testing.assert_allclose(scale(np.stack((qos, qos)), worst, best), [expected] * 2, rtol=1e-15)
