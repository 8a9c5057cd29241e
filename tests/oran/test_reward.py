"""Reward (8): scaling R25, sensitivities R24, sigmoids R23, both penalties, and the sum."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasam_ref.oran.reward import (
    UTILITIES,
    centred_utility,
    literal_utility,
    min_max_scale,
    priority_normalised,
    quality_penalty,
    quality_weighted,
    resource_penalty,
    reward,
    sigmoid,
)

QUALITY = arrays(float, (3, 3), elements=st.floats(0, 1))
COARSE_QUALITY = arrays(float, (3, 3), elements=st.just(0.0) | st.floats(1e-6, 1))
PRIORITIES = arrays(float, 3, elements=st.floats(0.01, 10))
PAPER = np.array([1.0, 0.5, 2.0])


class TestMinMaxScale:
    def test_by_hand_with_latency_turned_round(self):
        """10 of 0..40 Mbit/s is 1/4; 2 ms between 10 ms (worst) and 0 (best) is 0.8; beyond the ends it is clipped."""
        worst, best = np.array([0.0, 10e-3]), np.array([40e6, 0.0])
        scaled = min_max_scale(np.array([[10e6, 2e-3], [90e6, 30e-3], [-1.0, 0.0]]), worst, best)
        np.testing.assert_allclose(scaled, [[0.25, 0.8], [1, 0], [0, 1]], rtol=1e-14)

    def test_equal_bounds_scale_to_one(self):
        assert min_max_scale(np.array([[-3.0, 5.0, 7.0]]), np.full(3, 5.0), np.full(3, 5.0)).tolist() == [[1, 1, 1]]

    @given(QUALITY, st.floats(0.1, 1e6), st.floats(-1e3, 1e3))
    def test_ends_range_and_change_of_unit(self, quality, unit, offset):
        """Worst gives 0, best 1, all between; an affine change of unit changes nothing."""
        worst, best = np.array([-0.5, 2.0, 0.3]), np.array([0.5, -1.0, 0.7])
        scaled = min_max_scale(quality, worst, best)
        assert np.all((scaled >= 0) & (scaled <= 1))
        assert min_max_scale(worst[None], worst, best).tolist() == [[0, 0, 0]]
        assert min_max_scale(best[None], worst, best).tolist() == [[1, 1, 1]]
        moved = min_max_scale(unit * quality + offset, unit * worst + offset, unit * best + offset)
        np.testing.assert_allclose(moved, scaled, atol=1e-11 * (1 + abs(offset) / unit))

    @given(QUALITY, st.floats(0, 1))
    def test_better_never_scales_lower(self, quality, gain):
        worst, best = np.array([0.0, 0.0, 1.0]), np.array([0.8, 2.0, 0.0])
        better = quality + gain * np.sign(best - worst)
        assert np.all(min_max_scale(better, worst, best) >= min_max_scale(quality, worst, best))


class TestSensitivity:
    def test_the_papers_priorities_by_hand(self):
        """[1, 0.5, 2] of mean 7/6, so 4 * 6/7 * w: the three average to the steepness."""
        alpha = priority_normalised(np.zeros((2, 3)), PAPER, 4.0)
        np.testing.assert_allclose(alpha, [[24 / 7, 12 / 7, 48 / 7]] * 2, rtol=1e-14)

    def test_weighted_by_quality_by_hand(self):
        """w Q = (0.5, 0.5, 0) of sum 1: 4 * 3 * (0.5, 0.5, 0).  All zero falls back to the fixed weights."""
        quality = np.array([[0.5, 1.0, 0.0], [0.0, 0.0, 0.0]])
        np.testing.assert_allclose(quality_weighted(quality, PAPER, 4.0), [[6, 6, 0], [24 / 7, 12 / 7, 48 / 7]],
                                   rtol=1e-14)

    @pytest.mark.parametrize("sensitivity", [priority_normalised, quality_weighted])
    @given(quality=COARSE_QUALITY, priorities=PRIORITIES, steepness=st.floats(0.1, 20), factor=st.floats(0.1, 10))
    def test_mean_is_the_steepness_and_only_ratios_of_priorities_count(self, sensitivity, quality, priorities,
                                                                       steepness, factor):
        alpha = sensitivity(quality, priorities, steepness)
        assert alpha.shape == quality.shape
        assert np.all(alpha >= 0)
        np.testing.assert_allclose(alpha.mean(axis=1), steepness, rtol=1e-12)
        np.testing.assert_allclose(sensitivity(quality, factor * priorities, steepness), alpha, rtol=1e-9)

    @given(PRIORITIES, st.floats(0.01, 1))
    def test_both_readings_agree_where_all_slices_fare_alike(self, priorities, quality):
        alike = np.full((1, 3), quality)
        fixed = priority_normalised(alike, priorities, 4.0)
        np.testing.assert_allclose(quality_weighted(alike, priorities, 4.0), fixed, rtol=1e-12)


class TestSigmoid:
    @given(st.floats(-30, 30))
    def test_logistic_function(self, x):
        """Its odds are e^x, and sigma(x) + sigma(-x) = 1."""
        value = float(sigmoid(np.float64(x)))
        assert math.log(value) - math.log1p(-value) == pytest.approx(x, abs=1e-15 * math.exp(abs(x)), rel=1e-12)
        assert value + float(sigmoid(np.float64(-x))) == pytest.approx(1.0, abs=2e-16)

    def test_does_not_overflow(self):
        assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]

    @given(QUALITY, arrays(float, (3, 3), elements=st.floats(0.0, 20)))
    def test_literal_reading_lies_between_one_half_and_sigma_alpha(self, quality, alpha):
        """R23: with Q in [0, 1], (8) as printed never uses the lower half of the sigmoid."""
        utility = literal_utility(quality, alpha)
        assert np.all(utility >= 0.5)
        assert np.all(utility <= 1 / (1 + np.exp(-alpha)) + 1e-15)

    @pytest.mark.parametrize(("quality", "literal", "centred"), [
        (0.0, 0.5, 0.017986209962091555), (0.5, 0.8807970779778823, 0.5),
        (1.0, 0.9820137900379085, 0.9820137900379085)])
    def test_both_readings_by_hand_at_alpha_4(self, quality, literal, centred):
        """1/(1+e^-4) = 0.98201, 1/(1+e^-2) = 0.88080: "from near 0 to near 1" is what the centred one does."""
        alpha = np.array([[4.0]])
        assert literal_utility(np.array([[quality]]), alpha)[0, 0] == pytest.approx(literal, rel=1e-14)
        assert centred_utility(np.array([[quality]]), alpha)[0, 0] == pytest.approx(centred, rel=1e-13)

    @given(QUALITY, st.floats(0.1, 10))
    def test_centred_reading_is_odd_about_the_middle(self, quality, alpha):
        both = centred_utility(quality, alpha) + centred_utility(1 - quality, alpha)
        np.testing.assert_allclose(both, 1.0, rtol=1e-13)


class TestPenalties:
    def test_resource_penalty_by_hand(self):
        """12 of 10 RBs at zeta 3: -0.6; 10 or fewer cost nothing."""
        np.testing.assert_allclose(resource_penalty(np.array([12.0, 10.0, 0.0, 30.0]), 10, 3.0), [-0.6, 0, 0, -6.0],
                                   rtol=1e-14)

    def test_quality_penalty_by_hand(self):
        """Shortfalls 0.1, 0 and 0.8 at zeta 2: -1.8; what is above its minimum earns nothing back."""
        quality, q_min = np.array([[0.4, 0.9, 0.0], [0.5, 0.5, 0.8], [1.0, 1.0, 1.0]]), np.array([0.5, 0.5, 0.8])
        np.testing.assert_allclose(quality_penalty(quality, q_min, 2.0), [-1.8, 0, 0], rtol=1e-14)

    @given(QUALITY, arrays(float, 3, elements=st.floats(0, 1)), st.floats(0, 10))
    def test_quality_penalty_bounds_scale_and_monotonicity(self, quality, q_min, zeta):
        """Between -zeta sum Q_min and 0, proportional to zeta, never worse for better quality, zero if all is met."""
        penalty = quality_penalty(quality, q_min, zeta)
        assert np.all((penalty <= 0) & (penalty >= -zeta * q_min.sum() * (1 + 1e-12)))
        np.testing.assert_allclose(penalty, zeta * quality_penalty(quality, q_min, 1.0), rtol=1e-12)
        assert np.all(quality_penalty(np.minimum(1, quality + 0.1), q_min, zeta) >= penalty)
        assert not quality_penalty(np.maximum(quality, q_min), q_min, zeta).any()

    @given(st.integers(0, 300), st.integers(1, 100), st.floats(0, 10))
    def test_resource_penalty_bites_beyond_the_budget_only(self, claimed, num_rbs, zeta):
        penalty = float(resource_penalty(np.array([float(claimed)]), num_rbs, zeta)[0])
        expected = -zeta * (claimed - num_rbs) / num_rbs if claimed > num_rbs else 0.0
        assert penalty == pytest.approx(expected, rel=1e-13)


class TestReward:
    def test_by_hand(self):
        """sigma(2) + sigma(0) + sigma(-2) = 1.5, minus 0.25, minus 0.5."""
        quality, alpha = np.array([[1.0, 0.5, 0.0]]), np.full((1, 3), 2.0)
        value = reward(quality, alpha, centred_utility, np.array([-0.25]), np.array([-0.5]))
        assert value == pytest.approx(np.array([0.75]), rel=1e-14)

    @pytest.mark.parametrize("name", UTILITIES)
    @given(quality=QUALITY, alpha=arrays(float, (3, 3), elements=st.floats(0.1, 9)))
    def test_bounds_monotonicity_and_slices_without_order(self, name, quality, alpha):
        zero = np.zeros(3)
        value = reward(quality, alpha, UTILITIES[name], zero, zero)
        assert np.all((value >= (1.5 if name == "literal" else 0)) & (value <= 3))
        assert np.all(reward(np.minimum(1, quality + 0.1), alpha, UTILITIES[name], zero, zero) >= value)
        for order in permutations(range(3)):
            moved = reward(quality[:, order], alpha[:, order], UTILITIES[name], zero, zero)
            np.testing.assert_allclose(moved, value, rtol=1e-14)

    @given(QUALITY, arrays(float, (2, 3), elements=st.floats(-5, 0)))
    def test_penalties_add_and_dus_do_not_mix(self, quality, penalties):
        alpha, zero = np.full((3, 3), 4.0), np.zeros(3)
        plain = reward(quality, alpha, centred_utility, zero, zero)
        np.testing.assert_allclose(reward(quality, alpha, centred_utility, *penalties), plain + penalties.sum(axis=0),
                                   rtol=1e-12, atol=1e-14)
        alone = [reward(quality[m:m + 1], alpha[:1], centred_utility, zero[:1], zero[:1])[0] for m in range(3)]
        np.testing.assert_array_equal(plain, alone)
