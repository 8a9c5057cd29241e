"""The passes of the squashed Gaussian against plain formulas in wider arithmetic, in any order of memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_twin import complex_gradient, log_density, logistic

from tasam_ref.kernels import policy

SEEDS = st.integers(0, 2**32 - 1)
ORDERS = st.sampled_from("CF")


SHAPE = 2, 4, 3                         # policies, dimensions of the action, rows


def draws(seed, count, order="C", scale=1.0):
    return [np.array(a, order=order) for a in np.random.default_rng(seed).normal(0, scale, (count, *SHAPE))]


@given(SEEDS, ORDERS)
def test_the_latent_is_a_shifted_and_scaled_normal(seed, order):
    mean, std, noise = draws(seed, 3, order=order)
    latent = np.empty_like(mean)
    policy.shift_and_scale(mean, std, noise, latent)
    exact = mean.astype(np.longdouble) + std.astype(np.longdouble) * noise
    np.testing.assert_allclose(latent, exact.astype(float), rtol=1e-15, atol=1e-15)


@given(SEEDS, ORDERS)
def test_squashing_gives_the_logistic_function_and_leaves_one_plus_the_decay(seed, order):
    (latent,) = draws(seed, 1, order=order, scale=20)
    work, action = np.exp(-np.abs(latent)), np.empty_like(latent)
    policy.squash(latent, work, action)
    np.testing.assert_allclose(action, logistic(latent), rtol=4e-15)
    np.testing.assert_allclose(np.log(work), np.logaddexp(0, -np.abs(latent)), rtol=1e-12, atol=3e-16)


@given(SEEDS, ORDERS)
def test_the_density_adds_up_over_the_dimensions_onto_what_is_there(seed, order):
    latent, noise, log_std = draws(seed, 3, order=order)
    total = np.arange(6.0).reshape(2, 3)
    policy.log_density(latent, noise, log_std, np.logaddexp(0, -np.abs(latent)), total)
    for g in range(2):
        u, e, width = latent[g].T, noise[g].T, log_std[g].T
        expected = log_density(u, u - np.exp(width) * e, width) + 2 * np.log(2 * np.pi)
        np.testing.assert_allclose(total[g], np.arange(3.0) + 3 * g + expected, rtol=1e-12, atol=1e-12)


@given(SEEDS, ORDERS, st.sampled_from([0.0, 0.2, 3.0]))
def test_the_reparameterised_gradient_is_a_complex_step_through_the_draw(seed, order, beta):
    """Of beta log pi(a) - w a at fixed noise, with the weights w in the place of dQ/da."""
    mean, log_std, noise, weight = draws(seed, 4, order=order)

    def value(flat):
        mean, log_std = flat.reshape(2, *SHAPE)
        u = mean + np.exp(log_std) * noise
        rows = [array.swapaxes(1, 2).reshape(6, 4) for array in (u, mean, log_std)]
        return beta * log_density(*rows).sum() - (weight * logistic(u)).sum()

    _, slope = complex_gradient(value, np.stack((mean, log_std)).ravel())
    std, delta = np.exp(log_std), np.empty((2, 8, 3), order=order)
    policy.reparameterised_gradient(logistic(mean + std * noise), std, noise, weight, beta, delta)
    np.testing.assert_allclose(np.split(delta, 2, axis=1), slope.reshape(2, *SHAPE), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_head_by_hand(dtype):
    """Two policies of three dimensions on one row: mean before log_std."""
    raw = np.array([[-6.0, -5.0, 0.5], [2.0, 2.5, np.nan]], dtype)
    output = np.concatenate((np.arange(6, dtype=dtype).reshape(2, 3), raw), axis=1)[..., None]
    mean, log_std, free = np.empty((2, 3, 1), dtype), np.empty((2, 3, 1), dtype), np.empty((2, 3, 1), bool)
    policy.split_head(output, dtype(-5), dtype(2), mean, log_std, free)
    assert mean[..., 0].tolist() == [[0, 1, 2], [3, 4, 5]]
    np.testing.assert_array_equal(log_std[..., 0], np.array([[-5, -5, 0.5], [2, 2, np.nan]], dtype))
    assert free[..., 0].tolist() == [[False, True, True], [True, False, False]]


def test_the_mean_over_rows_passes_by_log_std_where_the_clip_is_free():
    """Two policies of two dimensions on two rows, the second one's clip active everywhere."""
    delta = np.array([[2.0, 10.0], [4.0, 12.0], [6.0, 14.0], [8.0, 16.0]])
    delta, free = np.stack((delta, delta)), np.array([[[True, False], [False, True]], [[False, False], [False, False]]])
    policy.mean_through_clip(delta, free)
    assert delta[0].tolist() == [[1, 5], [2, 6], [3, 0], [0, 8]]
    assert delta[1].tolist() == [[1, 5], [2, 6], [0, 0], [0, 0]]


@given(SEEDS)
def test_both_orders_of_memory_and_float32_give_the_same(seed):
    columns, rows = draws(seed, 4), draws(seed, 4, order="F")
    results = []
    for mean, std, noise, weight in (columns, rows, [a.astype(np.float32) for a in columns]):
        latent, action, delta = np.empty_like(mean), np.empty_like(mean), np.empty((2, 8, 3), mean.dtype)
        total = np.zeros((2, 3), mean.dtype)
        policy.shift_and_scale(mean, std, noise, latent)
        work = np.exp(-np.abs(latent))
        policy.squash(latent, work, action)
        policy.log_density(latent, noise, std, np.log(work), total)
        policy.reparameterised_gradient(action, std, noise, weight, mean.dtype.type(0.2), delta)
        results.append((latent, action, total, delta))
        assert all(a.dtype == mean.dtype for a in results[-1])
    for one, other, single in zip(*results):
        assert np.array_equal(one, other)
        np.testing.assert_allclose(single, one, rtol=2e-5, atol=1e-5)
