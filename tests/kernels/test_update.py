"""Element-wise passes of the gradient update against the complex step, closed forms and a plain sum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.kernels.update import adam_step, add_bias, follow, outer, perturb, through_tanh

SEEDS = st.integers(0, 2**32 - 1)
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def run_adam(gradients, learning_rate=1e-2, dtype=np.float64, epsilon=EPSILON):
    """Take one step for each row; return theta after each of them, and the two moments."""
    theta, mean, square = (np.zeros(gradients.shape[1], dtype) for _ in range(3))
    path = []
    for t, gradient in enumerate(gradients, start=1):
        scalars = (BETA1, 1 - BETA1, BETA2, 1 - BETA2, learning_rate / (1 - BETA1**t), (1 - BETA2**t) ** -0.5, epsilon)
        adam_step(theta, mean, square, gradient.astype(dtype), *map(dtype, scalars))
        path.append(theta.copy())
    return np.array(path), mean, square


def test_passes_by_hand():
    """In both orders of memory; a radius of 10 along (3, 4), whose length is 5."""
    for order in "CF":
        z = np.array([[[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]], [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]], order=order)
        add_bias(z, np.array([[10.0, 20.0], [30.0, 40.0]]))
        assert z.tolist() == [[[11, 13, 15], [22, 24, 26]], [[30, 30, 30], [41, 41, 41]]]
        add_bias(z, np.array([[100.0, 200.0]]))
        assert z[:, :, 0].tolist() == [[111, 222], [130, 241]]
    out = np.empty((2, 2, 3))
    outer(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0, 7.0], [8.0, 9.0, 10.0]]), out)
    assert out.tolist() == [[[5, 6, 7], [10, 12, 14]], [[24, 27, 30], [32, 36, 40]]]
    outer(np.array([[1.0, 2.0]]), np.array([[5.0, 6.0, 7.0], [8.0, 9.0, 10.0]]), out)
    assert out[1].tolist() == [[8, 9, 10], [16, 18, 20]]
    slow, theta_adv = np.array([1.0, 2.0]), np.empty(2)
    follow(slow, np.array([5.0, -2.0]), 0.25)
    assert slow.tolist() == [2, 1]
    perturb(np.array([1.0, 1.0]), np.array([3.0, 4.0]), 10.0, 5.0, theta_adv)
    assert theta_adv.tolist() == [7, 9]


@given(SEEDS)
def test_through_tanh_is_the_derivative_by_complex_step(seed):
    rng = np.random.default_rng(seed)
    z, behind = rng.normal(0, 2, (2, 4, 3)), rng.normal(size=(2, 4, 3))
    delta = behind.copy()
    through_tanh(delta, np.tanh(z))
    np.testing.assert_allclose(delta, behind * np.imag(np.tanh(z + 1e-30j)) / 1e-30, rtol=1e-12, atol=1e-15)


@given(SEEDS)
def test_through_tanh_never_enlarges_a_gradient(seed):
    rng = np.random.default_rng(seed)
    behind, activation = rng.normal(size=(2, 3, 5)), rng.uniform(-1, 1, (2, 3, 5))
    delta = behind.copy()
    through_tanh(delta, activation)
    assert np.all(np.abs(delta) <= np.abs(behind))
    assert np.all(delta * behind >= 0)


def test_through_tanh_keeps_single_precision():
    delta = np.full((1, 1, 1), 2.0, dtype=np.float32)
    through_tanh(delta, np.full((1, 1, 1), 0.5, dtype=np.float32))
    assert delta.dtype == np.float32
    assert delta[0, 0, 0] == 1.5


@given(st.floats(1e-3, 1e3), st.booleans(), st.integers(1, 20))
def test_a_constant_gradient_moves_adam_by_the_learning_rate(size, negative, steps):
    """Bias correction makes both moments exact, so every step is -lr g / (|g| + epsilon)."""
    gradient = -size if negative else size
    path, _, _ = run_adam(np.full((steps, 1), gradient))
    expected = -1e-2 * steps * gradient / (size + EPSILON)
    assert path[-1, 0] == pytest.approx(expected, rel=1e-10)


@given(SEEDS)
def test_adam_equals_the_weighted_sums_that_its_moments_stand_for(seed):
    """m_t = (1 - b1) sum_i b1^(t-i) g_i and v_t likewise, as one matrix product over the whole history."""
    gradients = np.random.default_rng(seed).normal(size=(9, 4))
    path, mean, square = run_adam(gradients)
    t = np.arange(1, 10)
    weights = [np.tril((1 - b) * b ** np.maximum(t[:, None] - t, 0.0)) for b in (BETA1, BETA2)]
    first, second = weights[0] @ gradients, weights[1] @ gradients**2
    first_hat, second_hat = (w @ g / w.sum(axis=1, keepdims=True) for w, g in zip(weights, (gradients, gradients**2)))
    expected = np.cumsum(-1e-2 * first_hat / (np.sqrt(second_hat) + EPSILON), axis=0)
    np.testing.assert_allclose(path, expected, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(mean, first[-1], rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(square, second[-1], rtol=1e-12)


@given(SEEDS, st.integers(-20, 20))
def test_adam_without_epsilon_ignores_the_scale_of_the_loss(seed, exponent):
    gradients = np.random.default_rng(seed).normal(size=(5, 3))
    here, there = (run_adam(factor * gradients, epsilon=0.0)[0] for factor in (1.0, 2.0**exponent))
    np.testing.assert_allclose(there, here, rtol=1e-12, atol=1e-15)


def test_adam_in_single_precision_stays_there_and_near_the_double():
    gradients = np.random.default_rng(3).normal(size=(20, 6))
    single, mean, square = run_adam(gradients, dtype=np.float32)
    assert single.dtype == mean.dtype == square.dtype == np.float32
    np.testing.assert_allclose(single, run_adam(gradients)[0], rtol=1e-4, atol=1e-6)
