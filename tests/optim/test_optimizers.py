"""Adam against 50-digit decimals and closed forms; plain descent against fractions."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.optim.optimizers import OPTIMIZERS, SGD, Adam

LEARNING_RATE = 1e-3

gradients = st.lists(st.floats(-100, 100).filter(lambda g: g == 0 or abs(g) > 1e-12), min_size=1, max_size=8)


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
