"""Intervals of the mean over runs."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasam_ref.analysis.stats import Interval, geometric_interval, mean_interval

values = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=12)


@pytest.mark.parametrize(("sample", "level", "mean", "standard_error", "quantile"), [
    ((0, 2), 0.95, 1, 1, 12.706),
    ((1, 2, 3), 0.95, 2, 1 / math.sqrt(3), 4.303),
    ((0, 0, 3, 3), 0.95, 1.5, math.sqrt(3) / 2, 3.182),
    ((0, 2), 0.90, 1, 1, 6.314),
    ((1, 2, 3), 0.99, 2, 1 / math.sqrt(3), 9.925),
])
def test_hand_worked_intervals_with_quantiles_from_a_printed_table(sample, level, mean, standard_error, quantile):
    interval = mean_interval(sample, level)
    assert interval.mean == pytest.approx(mean, rel=1e-14)
    assert (interval.high - interval.mean) / standard_error == pytest.approx(quantile, abs=5e-4)
    assert (interval.mean - interval.low) / standard_error == pytest.approx(quantile, abs=5e-4)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_intervals_cover_the_true_mean_as_often_as_they_say(level):
    samples = np.random.default_rng(20240607).normal(3.0, 2.0, (1000, 5))
    covered = np.mean([i.low <= 3.0 <= i.high for i in (mean_interval(sample, level) for sample in samples)])
    assert abs(covered - level) < 3.5 * math.sqrt(level * (1 - level) / 1000)


def test_one_value_has_a_mean_and_no_interval():
    interval = mean_interval([0.25])
    assert interval.mean == 0.25
    assert math.isnan(interval.low) and math.isnan(interval.high)
    assert str(interval) == "0.250"


def test_equal_values_have_an_interval_without_width():
    assert mean_interval([0.5, 0.5, 0.5]) == Interval(0.5, 0.5, 0.5)


def test_an_interval_prints_with_its_bounds():
    assert str(Interval(0.12345, -1.0, 1.24690)) == "0.123 [-1.000, 1.247]"


@given(values, st.floats(-100, 100), st.floats(0.01, 100))
def test_an_interval_moves_and_stretches_with_its_values(sample, shift, scale):
    plain, moved = mean_interval(sample), mean_interval([scale * value + shift for value in sample])
    for name in ("mean", "low", "high"):
        expected = scale * getattr(plain, name) + shift
        assert getattr(moved, name) == pytest.approx(expected, rel=1e-9, abs=1e-7)


@given(values)
def test_an_interval_is_symmetric_and_blind_to_order(sample):
    interval = mean_interval(sample)
    assert interval.low <= interval.mean <= interval.high
    assert interval.high - interval.mean == pytest.approx(interval.mean - interval.low, rel=1e-9, abs=1e-9)
    turned = mean_interval(sample[::-1])
    assert (turned.low, turned.high) == pytest.approx((interval.low, interval.high), rel=1e-9, abs=1e-9)


@given(values, st.floats(0.05, 0.9))
def test_more_confidence_takes_a_wider_interval(sample, level):
    assume(max(sample) - min(sample) > 1e-3)
    narrow, wide = mean_interval(sample, level), mean_interval(sample, level + 0.05)
    assert wide.low < narrow.low and narrow.high < wide.high


def test_a_geometric_mean_is_bounded_by_factors():
    """Of 1 and 4 it is 2; the logarithms' standard error is log 2, Student's quantile of one degree 12.706."""
    found = geometric_interval([1, 4])
    assert (found.mean, found.low, found.high) == pytest.approx((2, 2 / 2**12.706, 2 * 2**12.706), rel=1e-3)


@pytest.mark.parametrize("sample", [(1, 0, 2), (1, -1, 2), (1, math.nan, 2)])
def test_there_is_no_geometric_mean_of_what_is_not_above_zero(sample):
    found = geometric_interval(sample)
    assert math.isnan(found.mean) and math.isnan(found.low) and math.isnan(found.high)
