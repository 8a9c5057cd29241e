"""Differences of medians and ratios of spreads against hand calculation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import f
from synthetic_scores import results

from figures.claims import measures
from figures.claims.parts import log_deviation
from figures.claims.verdicts import verdict
from tasam_ref.analysis.stats import mean_interval

PAIR = [["both_sam"], ["no_sam"]]


def measured(name, first, second):
    """The part of both_sam's rewards and no_sam's, one per seed."""
    made = results({"headline/both_sam": {"reward": first}, "headline/no_sam": {"reward": second}})
    (only,) = measures.MEASURES[name](made, PAIR)
    return only


def test_a_difference_of_medians_by_hand():
    """Means 6 and 11.5 would say otherwise."""
    assert measured("median", [0, 1, 3, 20], [0, 2, 4, 40]).interval.mean == 2 - 3


def test_the_medians_of_runs_far_apart_are_told_apart_and_the_interval_stays_within_the_runs():
    found = measured("median", [10, 11, 12, 13, 14], [0, 1, 2, 3, 4])
    assert found.interval.mean == 10
    assert 10 - 4 <= found.interval.low < 10 < found.interval.high <= 10 + 4
    assert verdict([found]) == "reproduced"


def test_a_bootstrap_of_three_runs_bounds_nothing():
    assert verdict([measured("median", [10, 10, 10], [0, 1, 2])]) == "inconclusive"


def test_a_ratio_of_spreads_by_hand():
    """s of 0, 1, 3 is sqrt(7/3); without one value it is sqrt(2), 3 / sqrt(2) and 1 / sqrt(2).  So for 0, 4, 6: s is
    sqrt(28/3), and sqrt(2), 6 / sqrt(2), 4 / sqrt(2).  Pseudo-values are 3 log s - 2 log s without one."""
    first = [1.5 * math.log(7 / 3) - 2 * math.log(s) for s in (2**0.5, 3 / 2**0.5, 1 / 2**0.5)]
    second = [1.5 * math.log(28 / 3) - 2 * math.log(s) for s in (2**0.5, 6 / 2**0.5, 4 / 2**0.5)]
    logs = np.subtract(first, second)
    half = 4.302652729911275 / math.sqrt(3) * logs.std(ddof=1)
    found = measured("spread", [0, 1, 3], [0, 4, 6])
    assert [found.interval.mean, found.interval.low, found.interval.high] == pytest.approx(
        np.exp([logs.mean(), logs.mean() - half, logs.mean() + half]).tolist())
    assert (found.label, found.boundary, found.seeds) == ("both_sam / no_sam, standard deviations", 1, 3)


@given(st.lists(st.integers(-50, 50), min_size=4, max_size=9, unique=True), st.floats(0.1, 9), st.floats(-9, 9))
def test_a_ratio_of_spreads_sees_scale_and_no_shift(values, scale, shift):
    values = np.array(values, dtype=float)
    np.testing.assert_allclose(log_deviation(scale * values + shift) - log_deviation(values), np.log(scale), atol=1e-9)


def test_a_ratio_of_spreads_holds_in_heavy_tails_better_than_the_f_test():
    """Laplace's distribution, whose kurtosis is 6: of 800 pairs with the same spread so many are told apart."""
    generator, told, told_by_f = np.random.default_rng(3), 0, 0
    for pair in generator.laplace(size=(800, 2, 10)):
        interval = mean_interval(log_deviation(pair[0]) - log_deviation(pair[1]))
        told += not interval.low < 0 < interval.high
        told_by_f += not 0.025 < f.cdf(np.divide(*pair.var(axis=1, ddof=1)), 9, 9) < 0.975
    assert told < 0.1 * 800 < 0.13 * 800 < told_by_f


@pytest.mark.parametrize(("first", "second"), [
    ([1] * 4, [2] * 4), ([1, 2, 3, 4], [2] * 4), ([1, 2, 2, 2], [1, 2, 3, 4]), ([1, 2], [3, 5]), ([1], [3])])
def test_runs_without_spread_and_fewer_than_three_tell_nothing_of_it(first, second):
    found = measured("spread", first, second)
    assert math.isnan(found.interval.mean) and math.isnan(found.interval.low) and verdict([found]) == "inconclusive"
