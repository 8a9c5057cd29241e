"""Claims of relaxed actions: what they leave idle, and one RB by hand.  The codecs' own tests are in tests/oran."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.kernels.allocation import two_bit_claims

UNIT = st.floats(0, 1)


def test_one_rb_by_hand():
    """b = 0.25 and e = 0.5: 3/8 of slice 1, 1/8 of slice 2, 1/8 of slice 3, and 3/8 idle."""
    claims, claimed = two_bit_claims(np.array([[0.25, 0.5]]), 3)
    assert claims.tolist() == [[[0.375], [0.125], [0.125]]]
    assert claimed.tolist() == [0.625]


@given(st.lists(st.tuples(UNIT, UNIT), min_size=1, max_size=6), st.integers(1, 3))
def test_what_is_not_claimed_is_idle(rbs, num_slices):
    """The four weights add up to one; a code beyond the last slice is idle too."""
    b, e = np.array(rbs).T
    claims, claimed = two_bit_claims(np.concatenate((b, e))[None], num_slices)
    idle = (1 - b) * (1 - e) + (num_slices < 2) * b * (1 - e) + (num_slices < 3) * b * e
    np.testing.assert_allclose(claims[0].sum(axis=0), 1 - idle, atol=1e-15)
    assert claimed[0] == pytest.approx(len(rbs) - idle.sum(), abs=1e-14)


@given(st.integers(0, 2**32 - 1))
def test_dus_and_rbs_do_not_mix(seed):
    """All DUs at once are what each is alone, and so are RBs."""
    action = np.random.default_rng(seed).random((3, 8))
    claims, claimed = two_bit_claims(action, 3)
    for m in range(3):
        for k in range(4):
            np.testing.assert_array_equal(two_bit_claims(action[m : m + 1, [k, 4 + k]], 3)[0][0, :, 0], claims[m, :, k])
        assert two_bit_claims(action[m : m + 1], 3)[1][0] == claimed[m]
