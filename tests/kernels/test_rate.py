"""Achievable rate (1) after the SINR: base of the logarithm, who counts, conservation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.kernels.rate import link_rate, user_rate

SEEDS = st.integers(0, 2**32 - 1)
NUM_RUS, NUM_SLICES, NUM_RBS, PER_GROUP = 3, 2, 6, 2
SERVING = np.repeat(np.arange(NUM_RUS), NUM_SLICES * PER_GROUP)
SLICE_OF = np.tile(np.repeat(np.arange(NUM_SLICES), PER_GROUP), NUM_RUS)


def random_frame(seed):
    """SINR (U, K), soft claims (M, L, K) with some zeros, served (M, L, K) of the right group or -1."""
    rng = np.random.default_rng(seed)
    sinr = rng.lognormal(1, 3, (SERVING.size, NUM_RBS))
    claims = rng.random((NUM_RUS, NUM_SLICES, NUM_RBS)) * rng.integers(0, 2, (NUM_RUS, NUM_SLICES, NUM_RBS)) / 2
    first = PER_GROUP * np.arange(NUM_RUS * NUM_SLICES).reshape(NUM_RUS, NUM_SLICES, 1)
    served = np.where(rng.random(claims.shape) < 0.2, -1, first + rng.integers(0, PER_GROUP, claims.shape))
    return sinr, claims, served


def binary_e(served):
    """The e of (1) as a tensor (M, L, K, U)."""
    return (served[..., None] == np.arange(SERVING.size)).astype(float)


def test_sinr_of_1_3_and_7_carry_1_2_and_3_bits_per_hertz():
    claims, served = np.ones((1, 1, 3)), np.zeros((1, 1, 3), dtype=int)
    link = link_rate(np.array([[1.0, 3.0, 7.0]]), claims, np.array([0]), np.array([0]), 200e3)
    np.testing.assert_allclose(link, [[2e5, 4e5, 6e5]], rtol=1e-15)
    assert user_rate(link, claims, served)[0] == pytest.approx(1.2e6, rel=1e-15)


def test_half_an_rb_carries_half_the_bits():
    claims = np.array([[[0.5, 0.25]]])
    link = link_rate(np.array([[3.0, 3.0]]), claims, np.array([0]), np.array([0]), 1e5)
    np.testing.assert_allclose(link, [[2e5, 2e5]], rtol=1e-15)
    assert user_rate(link, claims, np.zeros((1, 1, 2), dtype=int))[0] == pytest.approx(1.5e5, rel=1e-15)


@given(SEEDS)
def test_link_rate_equals_the_twin(seed):
    """Up to 1e-12, and up to the last bit of 1 + SINR where the SINR is small."""
    sinr, claims, _ = random_frame(seed)
    expected = np.where(claims[SERVING, SLICE_OF] > 0, 2e5 * np.log1p(sinr) / np.log(2), 0.0)
    np.testing.assert_allclose(link_rate(sinr, claims, SERVING, SLICE_OF, 2e5), expected, rtol=1e-12,
                               atol=2e5 * np.finfo(float).eps)


@given(SEEDS)
def test_user_rate_equals_the_sum_of_e_b_r(seed):
    sinr, claims, served = random_frame(seed)
    expected = np.einsum("mlku,mlk,uk->u", binary_e(served), claims, sinr)
    np.testing.assert_allclose(user_rate(sinr, claims, served), expected, rtol=1e-12)


@given(SEEDS)
def test_no_bit_is_lost_between_rbs_and_users(seed):
    """The users' rates add up to what all served RBs carry."""
    sinr, claims, served = random_frame(seed)
    link = link_rate(sinr, claims, SERVING, SLICE_OF, 1.0)
    carried = [claims[i] * link[served[i], i[2]] for i in np.ndindex(*served.shape) if served[i] >= 0]
    assert user_rate(link, claims, served).sum() == pytest.approx(sum(carried), rel=1e-12)


@given(SEEDS, st.floats(1.0, 1e3))
def test_rate_grows_with_sinr_and_is_proportional_to_bandwidth(seed, factor):
    sinr, claims, _ = random_frame(seed)
    low, high = (link_rate(s, claims, SERVING, SLICE_OF, 1e5) for s in (sinr, factor * sinr))
    assert np.all(high >= low)
    np.testing.assert_allclose(link_rate(sinr, claims, SERVING, SLICE_OF, 3e5), 3 * low, rtol=1e-14)


@given(SEEDS)
def test_jensen_bounds_the_rate(seed):
    """Splitting a SINR budget over RBs cannot beat spreading it evenly: log2 is concave, zero at zero."""
    sinr, _, _ = random_frame(seed)
    all_held = np.ones((NUM_RUS, NUM_SLICES, NUM_RBS))
    total = link_rate(sinr, all_held, SERVING, SLICE_OF, 1.0).sum(axis=1)
    even = link_rate(np.repeat(sinr.mean(axis=1)[:, None], NUM_RBS, axis=1), all_held, SERVING, SLICE_OF, 1.0)
    assert np.all(total <= even.sum(axis=1) * (1 + 1e-12))
    assert not link_rate(np.zeros_like(sinr), all_held, SERVING, SLICE_OF, 1.0).any()


@given(SEEDS)
def test_permuting_rbs_leaves_user_rates(seed):
    sinr, claims, served = random_frame(seed)
    rbs = np.random.default_rng(seed).permutation(NUM_RBS)
    moved = (np.take(x, rbs, axis=-1) for x in (sinr, claims, served))
    np.testing.assert_allclose(user_rate(*moved), user_rate(sinr, claims, served), rtol=1e-12)


@given(SEEDS)
def test_a_user_gets_nothing_from_rbs_of_another_cell_or_slice(seed):
    """Only claims of the user's own (DU, slice) open an RB to it."""
    sinr, claims, _ = random_frame(seed)
    alone = np.zeros_like(claims)
    alone[1, 0] = claims[1, 0]
    link = link_rate(sinr, alone, SERVING, SLICE_OF, 1.0)
    assert not link[(SERVING != 1) | (SLICE_OF != 0)].any()
    np.testing.assert_array_equal(link > 0, (alone[SERVING, SLICE_OF] > 0))
