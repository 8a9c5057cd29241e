"""The constraints of (7): definitions by brute force, and what (7b) and (7c) fail to forbid (R12)."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasam_ref.oran.constraints import one_slice_per_rb, one_user_per_rb, qos_holds, rb_budget_holds

SLICE_OF = np.array([0, 0, 1])


def every_allocation():
    """All 2^4 claims b of two slices and 2^6 choices e of three users, on two RBs."""
    for bits in product((0, 1), repeat=10):
        yield np.array(bits[:4]).reshape(2, 2), np.array(bits[4:]).reshape(3, 2)


def users_of_rb(b, e, k):
    """The users that RB k carries: chosen by e, and of a slice that holds it."""
    return [u for u in range(3) if e[u, k] and b[SLICE_OF[u], k]]


def test_every_allocation_of_a_tiny_cell_is_judged_as_the_sums_say():
    for b, e in every_allocation():
        carried = [len(users_of_rb(b, e, k)) for k in range(2)]
        assert rb_budget_holds(b, e, SLICE_OF) == (sum(carried) <= 2)
        assert one_slice_per_rb(b) == all(list(b[:, k]).count(1) <= 1 for k in range(2))
        assert one_user_per_rb(b, e, SLICE_OF) == (max(carried) <= 1)


def test_counterexample_of_r12_by_hand():
    """Users 0 and 1 of slice 0 both on RB 0, RB 1 idle: (7b) counts 2 <= 2, (7c) holds, and yet they collide."""
    b, e = np.array([[1, 0], [0, 0]]), np.array([[1, 0], [1, 0], [0, 0]])
    assert rb_budget_holds(b, e, SLICE_OF) and one_slice_per_rb(b)
    assert not one_user_per_rb(b, e, SLICE_OF)


def test_7b_and_7c_together_admit_two_users_on_one_rb():
    """R12 over the whole cell: under (7c), the missing constraint implies (7b), and (7b) does not imply it."""
    admitted = [(b, e) for b, e in every_allocation() if rb_budget_holds(b, e, SLICE_OF) and one_slice_per_rb(b)]
    orthogonal = [(b, e) for b, e in every_allocation() if one_user_per_rb(b, e, SLICE_OF) and one_slice_per_rb(b)]
    colliding = [(b, e) for b, e in admitted if max(len(users_of_rb(b, e, k)) for k in range(2)) > 1]
    assert all(rb_budget_holds(b, e, SLICE_OF) for b, e in orthogonal)
    assert len(admitted) == len(orthogonal) + len(colliding)
    assert len(colliding) > 0


@pytest.mark.parametrize(("b", "holds"), [([[1, 1], [0, 0]], True), ([[1, 0], [1, 0]], False), ([[0, 0], [0, 0]], True),
                                          ([[0.5, 0.3], [0.5, 0.7]], True), ([[0.6, 0.0], [0.5, 0.0]], False)])
def test_7c_by_hand(b, holds):
    assert one_slice_per_rb(np.array(b)) is holds


@given(arrays(int, (2, 4), elements=st.integers(0, 1)), arrays(int, (3, 4), elements=st.integers(0, 1)),
       st.permutations(range(4)), st.permutations(range(3)))
def test_the_names_of_users_and_rbs_do_not_matter(b, e, rbs, users):
    for holds in (rb_budget_holds, one_user_per_rb):
        assert holds(b, e, SLICE_OF) == holds(b[:, rbs], e[users][:, rbs], SLICE_OF[users])
    assert one_slice_per_rb(b) == one_slice_per_rb(b[:, rbs])


@given(arrays(int, (2, 4), elements=st.integers(0, 1)), arrays(int, (3, 4), elements=st.integers(0, 1)),
       st.integers(0, 2), st.integers(0, 3))
def test_taking_a_user_off_an_rb_never_breaks_a_constraint(b, e, user, rb):
    fewer = e.copy()
    fewer[user, rb] = 0
    for holds in (rb_budget_holds, one_user_per_rb):
        assert holds(b, fewer, SLICE_OF) or not holds(b, e, SLICE_OF)


def test_7d_by_hand():
    """Section VI-E: 10 and 50 Mbit/s at least, 2 ms at most (R16); equality is enough."""
    q_min, larger_is_better = np.array([10e6, 50e6, 2e-3]), np.array([True, True, False])
    qos = np.array([[10e6, 49e6, 2e-3], [9e6, 50e6, 2.1e-3], [60e6, 60e6, 0.0]])
    expected = [[True, False, True], [False, True, False], [True, True, True]]
    assert qos_holds(qos, q_min, larger_is_better).tolist() == expected
