"""Adam against 50-digit decimals and closed forms; plain descent against fractions."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.optim.optimizers import OPTIMIZERS, SGD, Adam, polyak_average

LEARNING_RATE = 1e-3

gradients = st.lists(st.floats(-100, 100).filter(lambda g: g == 0 or abs(g) > 1e-12), min_size=1, max_size=8)
seeds = st.integers(0, 2**32 - 1)


def decimal_adam(start, sequence, learning_rate, bias_correction=True):
    """One parameter along a sequence of gradients, as the algorithm is stated in the paper that introduced it."""
    with localcontext() as context:
        context.prec = 50
        theta, m, v = Decimal(start), Decimal(0), Decimal(0)
        beta1, beta2, epsilon = Decimal("0.9"), Decimal("0.999"), Decimal("1e-8")
        for t, g in enumerate(map(Decimal, sequence), start=1):
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g * g
            m_hat, v_hat = (m / (1 - beta1**t), v / (1 - beta2**t)) if bias_correction else (m, v)
            theta -= Decimal(learning_rate) * m_hat / (v_hat.sqrt() + epsilon)
        return theta


def adam_after(sequence, dtype=np.float64, start=0.0, learning_rate=LEARNING_RATE):
    theta = np.array([start], dtype)
    optimizer = Adam(theta, learning_rate)
    for g in sequence:
        optimizer.step(theta, np.array([g], dtype))
    return theta, optimizer


@given(gradients)
def test_adam_is_its_50_digit_twin(sequence):
    theta, _ = adam_after(sequence)
    assert theta[0] == pytest.approx(float(decimal_adam(0.0, sequence, LEARNING_RATE)), rel=1e-10, abs=1e-17)


def test_adam_in_float32_is_its_twin_to_single_precision():
    sequence = [0.5, -0.25, 3.0, 1e-3, -7.0]
    theta, _ = adam_after(sequence, np.float32)
    assert theta.dtype == np.float32
    assert theta[0] == pytest.approx(float(decimal_adam(0.0, sequence, LEARNING_RATE)), rel=1e-5)


def adam_path(rows, dtype=np.float64, epsilon=Adam.epsilon):
    """theta after one step for each row of gradients, and the two moments at the end."""
    theta, path = np.zeros(rows.shape[1], dtype), []
    optimizer = Adam(theta, 1e-2)
    optimizer.epsilon = epsilon
    for gradient in rows.astype(dtype):
        optimizer.step(theta, gradient)
        path.append(theta.copy())
    return np.array(path), optimizer.state["mean"], optimizer.state["square"]


@given(seeds)
def test_adam_equals_the_weighted_sums_that_its_moments_stand_for(seed):
    """m_t = (1 - b1) sum_i b1^(t-i) g_i and v_t likewise, as one matrix product over the whole history."""
    rows, t = np.random.default_rng(seed).normal(size=(9, 4)), np.arange(1, 10)
    path, mean, square = adam_path(rows)
    weights = [np.tril((1 - b) * b ** np.maximum(t[:, None] - t, 0.0)) for b in (0.9, 0.999)]
    first, second = weights[0] @ rows, weights[1] @ rows**2
    first_hat, second_hat = (w @ g / w.sum(axis=1, keepdims=True) for w, g in zip(weights, (rows, rows**2)))
    expected = np.cumsum(-1e-2 * first_hat / (np.sqrt(second_hat) + 1e-8), axis=0)
    np.testing.assert_allclose(path, expected, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(mean, first[-1], rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(square, second[-1], rtol=1e-12)


@given(seeds, st.integers(-20, 20))
def test_adam_without_epsilon_ignores_the_scale_of_the_loss(seed, exponent):
    rows = np.random.default_rng(seed).normal(size=(5, 3))
    here, there = (adam_path(factor * rows, epsilon=0.0)[0] for factor in (1.0, 2.0**exponent))
    np.testing.assert_allclose(there, here, rtol=1e-12, atol=1e-15)


def test_adam_in_single_precision_stays_there_and_near_the_double():
    rows = np.random.default_rng(3).normal(size=(20, 6))
    single, mean, square = adam_path(rows, np.float32)
    assert single.dtype == mean.dtype == square.dtype == np.float32
    np.testing.assert_allclose(single, adam_path(rows)[0], rtol=1e-4, atol=1e-6)


@given(st.floats(1e-10, 1e3), st.sampled_from([-1, 1]), st.integers(1, 20))
def test_a_constant_gradient_moves_adam_by_the_same_length_every_step(size, sign, steps):
    """m^ = g and v^ = g^2 at every t: the bias correction is exact, and epsilon stands beside |g|."""
    theta, _ = adam_after([sign * size] * steps)
    assert theta[0] == pytest.approx(-steps * LEARNING_RATE * sign * size / (size + 1e-8), rel=1e-11)


def test_a_gradient_as_small_as_epsilon_takes_half_a_step():
    """With epsilon inside the correction of v the first step would be 31 times as cautious."""
    theta, _ = adam_after([1e-8])
    assert theta[0] == pytest.approx(-LEARNING_RATE / 2, rel=1e-12)


def test_the_bias_correction_matters_and_is_there():
    sequence = [1.0, 2.0, -1.0]
    corrected = float(decimal_adam(0.0, sequence, LEARNING_RATE))
    assert abs(corrected - float(decimal_adam(0.0, sequence, LEARNING_RATE, bias_correction=False))) > 1e-3
    assert adam_after(sequence)[0][0] == pytest.approx(corrected, rel=1e-13)


def test_the_counter_advances_once_per_step():
    _, optimizer = adam_after([1.0, 2.0, 3.0])
    assert optimizer.state["count"] == 3


def test_adams_moments_after_two_steps_by_hand():
    _, optimizer = adam_after([2.0, -1.0])
    assert optimizer.state["mean"][0] == pytest.approx(0.9 * 0.2 - 0.1, rel=1e-14)
    assert optimizer.state["square"][0] == pytest.approx(0.999 * 0.004 + 0.001, rel=1e-13)


def test_adam_treats_coordinates_apart_and_stays_where_the_gradient_is_zero():
    theta = np.array([1.0, 2.0, 3.0])
    optimizer = Adam(theta, LEARNING_RATE)
    for t in range(4):
        optimizer.step(theta, np.array([0.0, 1.0 + t, -2.0]))
    assert theta[0] == 1.0
    assert theta[1] == pytest.approx(float(decimal_adam(2.0, [1.0, 2.0, 3.0, 4.0], LEARNING_RATE)), rel=1e-14)
    assert theta[2] == pytest.approx(float(decimal_adam(3.0, [-2.0] * 4, LEARNING_RATE)), rel=1e-14)


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3),
       st.floats(1e-6, 10))
def test_sgd_is_exact_to_one_rounding_of_product_and_difference(start, gradient, learning_rate):
    theta = np.array(start)
    SGD(theta, learning_rate).step(theta, np.array(gradient))
    for moved, x, g in zip(theta, start, gradient):
        exact = Fraction(x) - Fraction(learning_rate) * Fraction(g)
        slack = Fraction(2) ** -52 * (abs(Fraction(x)) + 2 * abs(Fraction(learning_rate) * Fraction(g)))
        assert abs(Fraction(float(moved)) - exact) <= slack + Fraction(5e-324)


def test_sgd_by_hand_keeps_float32():
    theta = np.array([1.0, -2.0], np.float32)
    SGD(theta, 0.25).step(theta, np.array([4.0, 8.0], np.float32))
    assert theta.dtype == np.float32
    assert theta.tolist() == [0.0, -4.0]


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_a_step_works_in_place_and_leaves_the_gradient_alone(name):
    theta, gradient = np.array([1.0, 2.0]), np.array([3.0, -4.0])
    alias = theta
    OPTIMIZERS[name](theta, 0.1).step(theta, gradient)
    assert gradient.tolist() == [3.0, -4.0]
    assert alias is theta
    assert theta[0] < 1.0
    assert theta[1] > 2.0


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_optimisers_of_two_vectors_share_nothing(name):
    one, two = np.zeros(2), np.zeros(2)
    first, second = OPTIMIZERS[name](one, 0.1), OPTIMIZERS[name](two, 0.1)
    first.step(one, np.ones(2))
    first.step(one, np.ones(2))
    second.step(two, np.ones(2))
    np.testing.assert_allclose(one, 2 * two, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_average_of_parameters_by_hand(dtype):
    slow, theta = np.array([1.0, 2.0, 3.0], dtype), np.array([5.0, -2.0, 3.0], dtype)
    polyak_average(slow, theta, dtype(0.25))
    assert slow.tolist() == [2, 1, 3]
    assert theta.tolist() == [5, -2, 3]
    polyak_average(slow, theta, dtype(1))
    assert slow.tolist() == theta.tolist()


@given(seeds, st.floats(0.01, 0.99))
def test_averages_weigh_the_past_by_powers_of_what_is_kept(seed, rate):
    """slow_t = (1 - r)^t slow_0 + r sum over i of (1 - r)^(t - i) theta_i."""
    start, *rows = np.random.default_rng(seed).normal(size=(7, 4))
    slow, kept = start.copy(), 1 - rate
    for theta in rows:
        polyak_average(slow, theta, rate)
    expected = kept**6 * start + sum(rate * kept ** (5 - i) * theta for i, theta in enumerate(rows))
    np.testing.assert_allclose(slow, expected, rtol=1e-12, atol=1e-14)
