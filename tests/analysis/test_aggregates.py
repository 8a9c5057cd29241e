"""Aggregates, bootstrap intervals and comparisons of runs, against hand-worked cases, brute force and simulation."""

import warnings
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.analysis.aggregates import (
    bootstrap_interval,
    detectable_difference,
    paired_differences,
    performance_profile,
    probability_of_improvement,
)
from tasam_ref.errors import UsageError

scores = st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=9)


def mean(values):
    return np.mean(values, axis=-1)


def median(values):
    return np.median(values, axis=-1)


@given(scores, scores)
def test_probability_of_improvement_counts_pairs(one, other):
    wins = sum(1.0 if x > y else 0.5 if x == y else 0.0 for x, y in product(one, other))
    assert probability_of_improvement(one, other) == pytest.approx(wins / (len(one) * len(other)), abs=1e-12)


def test_probability_of_improvement_works_along_the_last_axis():
    generator = np.random.default_rng(6)
    many, others = generator.integers(5, size=(7, 4)), generator.integers(5, size=(7, 6))
    expected = [probability_of_improvement(one, other) for one, other in zip(many, others)]
    np.testing.assert_array_equal(probability_of_improvement(many, others), expected)


def test_performance_profile_by_hand():
    assert performance_profile([1, 2, 2, 4], [0, 1, 2, 3, 4]).tolist() == [1, 0.75, 0.25, 0.25, 0]


def test_differences_are_paired_by_seed_and_leave_out_what_has_no_partner():
    assert paired_differences({2: 5.0, 0: 1.0, 7: 9.0}, {0: 0.5, 2: 1.0, 3: 0.0}).tolist() == [0.5, 4.0]


def test_bootstrap_of_two_runs_is_worked_out_by_hand():
    """Half of all resamples mix the two runs, a quarter each repeats one: at tails below that the ends are the runs."""
    with pytest.warns(UserWarning, match="2 runs"):
        interval = bootstrap_interval([[1.0, 3.0]], mean, np.random.default_rng(0), level=0.5)
    assert (interval.mean, interval.low, interval.high) == (2, 1, 3)


def test_bootstrap_percentiles_are_those_of_all_resamples():
    """Of 4 runs 0, 0, 0, 1 a resample holds k ones with probability C(4, k) (1/4)^k (3/4)^(4-k)."""
    chances = np.cumsum([comb(4, k) * 0.25**k * 0.75 ** (4 - k) for k in range(5)])
    interval = bootstrap_interval([[0.0, 0.0, 0.0, 1.0]], mean, np.random.default_rng(1), level=0.9, repeats=20000)
    tail = 0.009314                          # Phi(-2.353), with t of 5 % and 3 degrees of freedom from a printed table
    assert interval.low == 0.25 * np.searchsorted(chances, tail)
    assert interval.high == 0.25 * np.searchsorted(chances, 1 - tail)


def test_strata_are_resampled_apart():
    """The difference of two constants never moves; drawn together it would."""
    interval = bootstrap_interval([[1.0] * 5, [4.0] * 7], lambda a, b: mean(b) - mean(a), np.random.default_rng(2))
    assert (interval.mean, interval.low, interval.high) == (3, 3, 3)


@pytest.mark.parametrize("statistic", [mean, median])
def test_bootstrap_covers_the_truth_at_ten_runs(statistic):
    """The 95 % interval holds it in 93 to 97 % of 1000 simulated cases."""
    generator = np.random.default_rng(20)
    intervals = [bootstrap_interval([generator.standard_normal(10)], statistic, generator, repeats=1000)
                 for _ in range(1000)]
    assert 0.93 <= np.mean([i.low <= 0 <= i.high for i in intervals]) <= 0.97


def test_the_same_generator_gives_the_same_interval():
    values = np.arange(6.0) ** 2
    first, again = (bootstrap_interval([values], mean, np.random.default_rng(3)) for _ in range(2))
    assert first == again
    assert first != bootstrap_interval([values], mean, np.random.default_rng(4))


@pytest.mark.parametrize("runs", [1, 2, 3, 4, 5])
def test_a_warning_comes_below_four_runs(runs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        interval = bootstrap_interval([np.arange(float(runs))], mean, np.random.default_rng(5), repeats=50)
    assert len(caught) == (runs < 4)
    assert np.isnan(interval.low) == (runs == 1)


@pytest.mark.parametrize("runs", [3, 5, 10])
def test_a_detectable_difference_is_detected_as_often_as_promised(runs):
    """Simulated t-tests at 5 % find it in 80 % of 20000 cases; printed bounds of Student's t."""
    bound = {3: 4.3027, 5: 2.7764, 10: 2.2622}[runs]
    samples = np.random.default_rng(6).standard_normal((20000, runs)) + detectable_difference(runs)
    statistic = samples.mean(axis=1) / (samples.std(axis=1, ddof=1) / np.sqrt(runs))
    assert abs(np.mean(np.abs(statistic) > bound) - 0.8) < 3.5 * np.sqrt(0.16 / 20000)


def test_one_run_detects_nothing():
    with pytest.raises(UsageError, match="runs = 1: must be at least 2"):
        detectable_difference(1)


@pytest.fixture(scope="module")
def rliable():
    """The tool of Agarwal et al. (2021), where it is installed; its own imports may warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("rliable", exc_type=ImportError, reason="rliable is not installed")


several = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=9)


@given(several, several)
def test_aggregates_are_those_of_rliable(rliable, one, other):
    """Its scores are (runs, tasks), here of one task."""
    from rliable import library, metrics

    first, second = np.array(one)[:, None], np.array(other)[:, None]
    assert probability_of_improvement(one, other) == pytest.approx(
        metrics.probability_of_improvement(first, second), abs=1e-12)
    thresholds = np.linspace(-61, 61, 31)
    assert performance_profile(one, thresholds) == pytest.approx(
        library.score_distributions(first, thresholds), abs=1e-12)
