"""TD-errors by hand, their variance by its laws and by exact arithmetic, and the gate at its edges."""

import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasam_ref.marl.td_error import gate, soft_value, td_error_q, td_error_v, td_error_variance

errors = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.floats(-100, 100))
variances = arrays(np.float64, st.integers(1, 7), elements=st.floats(0, 100))
scales = st.sampled_from(["absolute", "relative"])


def test_td_errors_by_hand():
    """r + gamma next - now: 1 + 3/4 - 4 and 0 - 1/2 + 1."""
    arguments = np.array([1.0, 0.0]), np.array([1.5, -1.0]), np.array([4.0, -1.0]), 0.5
    assert td_error_q(*arguments).tolist() == [-2.25, 0.5]
    assert td_error_v(*arguments).tolist() == [-2.25, 0.5]


def test_soft_value_by_hand():
    """Entropy adds to the value: a density of e^-2 at temperature 1/4 is worth half a unit."""
    assert soft_value(np.array([3.0, 3.0]), np.array([-2.0, 4.0]), 0.25).tolist() == [3.5, 2.0]


def test_soft_value_in_expectation_is_the_log_partition_function_at_the_optimum():
    """For pi = exp(Q/beta)/Z every single draw gives V = beta log Z: there is nothing left to average."""
    q, beta = np.array([0.3, -1.0, 2.0]), 0.7
    partition = np.exp(q / beta).sum()
    np.testing.assert_allclose(soft_value(q, q / beta - np.log(partition), beta), beta * np.log(partition), rtol=1e-14)


def test_the_variance_by_hand_divides_by_n():
    """Mean 2, squares 1 + 1 + 4 + 4 over 4; a second agent has its own mean."""
    assert td_error_variance(np.array([[1.0, 3.0, 0.0, 4.0], [5.0, 5.0, 5.0, 9.0]])).tolist() == [2.5, 3.0]


@given(errors)
def test_the_variance_is_that_of_exact_arithmetic(values):
    expected = [float(statistics.pvariance([Fraction(v) for v in row])) for row in values.tolist()]
    np.testing.assert_allclose(td_error_variance(values), expected, rtol=1e-12, atol=1e-11)


@given(errors, st.floats(-100, 100))
def test_the_variance_does_not_see_a_shift(values, shift):
    np.testing.assert_allclose(td_error_variance(values + shift), td_error_variance(values), rtol=1e-9, atol=1e-10)


@given(errors, st.floats(-10, 10))
def test_the_variance_scales_with_the_square(values, c):
    np.testing.assert_allclose(td_error_variance(c * values), c**2 * td_error_variance(values), rtol=1e-10, atol=1e-12)


@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.just(1)), elements=st.floats(-1e9, 1e9)))
def test_a_single_error_has_no_variance(values):
    assert td_error_variance(values).tolist() == [0.0] * len(values)


def test_the_variance_is_taken_in_double_precision():
    """1000 +- 1/16 is exact in float32; its variance 1/256 survives only where the mean is not rounded."""
    values = np.array([[1000.0625, 999.9375] * 500], np.float32)
    assert td_error_variance(values).dtype == np.float64
    assert td_error_variance(values)[0] == 0.00390625


def test_the_gate_opens_at_or_above_its_threshold():
    below, above = np.nextafter(0.1, 0), np.nextafter(0.1, 1)
    assert gate(np.array([below, 0.1, above, 0.0]), 0.1, "absolute").tolist() == [False, True, True, False]


def test_the_relative_gate_compares_with_the_agents_median():
    """Median 2: a threshold of 1/2 asks for 1, one of 2 asks for 4."""
    values = np.array([0.5, 1.0, 2.0, 4.0, 9.0])
    assert gate(values, 0.5, "relative").tolist() == [False, True, True, True, True]
    assert gate(values, 2.0, "relative").tolist() == [False, False, False, True, True]


@given(variances, scales)
def test_an_infinite_threshold_never_opens_and_zero_always_does(values, scale):
    never, always = gate(values, np.inf, scale), gate(values, 0.0, scale)
    assert never.dtype == always.dtype == bool
    assert never.shape == always.shape == values.shape
    assert not never.any()
    assert always.all()


@pytest.mark.parametrize("scale", ["absolute", "relative"])
def test_an_infinite_threshold_stays_shut_even_without_any_variance_or_with_all_of_it(scale):
    assert not gate(np.zeros(3), np.inf, scale).any()
    assert not gate(np.full(3, np.inf), np.inf, scale).any()


@given(variances, st.floats(0, 100), st.floats(0, 100), scales)
def test_a_higher_threshold_never_opens_more(values, one, other, scale):
    low, high = sorted((one, other))
    assert (gate(values, high, scale) <= gate(values, low, scale)).all()


@given(variances, st.floats(0, 4), st.sampled_from([0.25, 2.0, 1024.0]))
def test_the_relative_gate_has_no_unit(values, threshold, factor):
    assume(threshold == 0 or threshold > 1e-9)
    assume(((values == 0) | (values > 1e-290)).all())                       # where doubles still scale exactly
    assert (gate(factor * values, threshold, "relative") == gate(values, threshold, "relative")).all()


@given(variances, st.floats(0, 4), scales, st.randoms())
def test_the_gate_treats_agents_alike(values, threshold, scale, random):
    order = list(range(len(values)))
    random.shuffle(order)
    assert (gate(values[order], threshold, scale) == gate(values, threshold, scale)[order]).all()
