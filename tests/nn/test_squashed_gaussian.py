"""The squashed Gaussian policy against quadrature, SciPy's normal law, 50-digit decimals and finite differences."""

from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit, log_expit, logit
from scipy.stats import norm

from tasam_ref.nn.squashed_gaussian import (
    log_prob,
    log_prob_latent_gradient,
    sample_latent,
    score,
    sigmoid,
    split_head,
    squash,
)
from tasam_ref.oran.action import threshold

means = st.floats(-3, 3)
log_stds = st.floats(-1.5, 0.7)


def column(*values, dtype=float):
    return np.array(values, dtype=dtype)[:, None]


def density_of_action(a, mean, log_std):
    u = logit(a)
    return np.exp(log_prob(column(u), column((u - mean) * np.exp(-log_std)), column(log_std)))[0]


def decimal_log_prob(latent, noise, log_std):
    """log N(u; mean, std) - log a - log(1 - a), a = 1 / (1 + e^-u), in 400 digits: e^-500 is not lost."""
    with localcontext() as context:
        context.prec = 400
        u, eps, s = Decimal(latent), Decimal(noise), Decimal(log_std)
        two_pi = Decimal("6.28318530717958647692528676655900576839433879875021")
        a = 1 / (1 + (-u).exp())
        return float(-eps * eps / 2 - s - two_pi.ln() / 2 - a.ln() - (1 - a).ln())


@given(means, log_stds)
def test_density_of_the_action_integrates_to_one(mean, log_std):
    std = np.exp(log_std)
    edges = np.concatenate(([0.0], 1 / (1 + np.exp(-(mean + std * np.arange(-8, 9, 2)))), [1.0]))
    total = sum(quad(density_of_action, low, high, args=(mean, log_std), epsabs=1e-12)[0]
                for low, high in pairwise(edges) if high > low)
    assert total == pytest.approx(1.0, abs=1e-9)


@given(means, log_stds, st.floats(0.01, 0.99))
def test_density_of_the_action_is_the_slope_of_its_distribution_function(mean, log_std, a):
    below, above = (norm.cdf((logit(a + h) - mean) / np.exp(log_std)) for h in (-1e-6, 1e-6))
    assume(1e-3 < above < 1 - 1e-3)
    assert density_of_action(a, mean, log_std) == pytest.approx((above - below) / 2e-6, rel=1e-5)


@given(st.floats(-700, 700), st.floats(-5, 5), st.floats(-5, 2))
def test_log_prob_is_the_normal_law_after_a_change_of_variables(latent, noise, log_std):
    std = np.exp(log_std)
    expected = norm.logpdf(noise) - np.log(std) - log_expit(latent) - log_expit(-latent)
    assert log_prob(column(latent), column(noise), column(log_std))[0] == pytest.approx(expected, rel=1e-13, abs=1e-12)


@pytest.mark.parametrize("latent", [0.0, 1e-9, -0.3, 8.0, -8.0, 50.0, -50.0, 500.0, -500.0])
@pytest.mark.parametrize(("noise", "log_std"), [(0.0, 0.0), (-1.75, -5.0), (3.5, 2.0)])
def test_log_prob_is_exact_for_any_latent(latent, noise, log_std):
    expected = decimal_log_prob(latent, noise, log_std)
    assert log_prob(column(latent), column(noise), column(log_std))[0] == pytest.approx(expected, rel=2e-15, abs=4e-15)
    single = [column(v, dtype=np.float32) for v in (latent, noise, log_std)]
    assert log_prob(*single).dtype == np.float32
    assert log_prob(*single)[0] == pytest.approx(expected, rel=3e-7, abs=1e-6)


def test_many_dimensions_are_summed_in_float64():
    """In float32 each of the 200 odd numbers would lose 1 behind the first: 2^24 + 101 is not among its numbers."""
    latent = np.array([[2**24]] + [[101]] * 200, np.float32)
    value = log_prob(latent, np.zeros_like(latent), np.zeros_like(latent))
    assert value.dtype == np.float32
    assert value[0] == np.float32(2**24 + 200 * 101 - 100.5 * np.log(2 * np.pi))


@settings(max_examples=8)
@given(means, log_stds)
def test_entropy_by_sampling_the_latent_is_the_entropy_of_the_actions_density(mean, log_std):
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    noise = nodes[None]
    means, widths = np.full_like(noise, mean), np.full_like(noise, log_std)
    by_latent = -weights @ log_prob(sample_latent(means, np.exp(widths), noise), noise, widths)

    def surprise(u):
        a = 1 / (1 + np.exp(-u))
        pdf_of_a = norm.pdf(u, mean, np.exp(log_std)) / (a * (1 - a))
        return -np.log(pdf_of_a) * norm.pdf(u, mean, np.exp(log_std))

    std = np.exp(log_std)
    by_density = sum(quad(surprise, mean + std * k, mean + std * (k + 2), epsabs=1e-12)[0] for k in range(-10, 10, 2))
    assert by_latent / np.sqrt(2 * np.pi) == pytest.approx(by_density, abs=2e-6)


@given(st.integers(1, 5), st.integers(0, 1000))
def test_log_prob_adds_up_over_dimensions_and_not_over_actions(dims, seed):
    latent, noise, log_std = np.random.default_rng(seed).normal(size=(3, dims, 4))
    parts = sum(log_prob(latent[[d]], noise[[d]], log_std[[d]]) for d in range(dims))
    joint = log_prob(latent, noise, log_std)
    assert joint.shape == (4,)
    np.testing.assert_allclose(joint, parts, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 4e-15), (np.float32, 5e-7)])
@given(st.integers(0, 2**32 - 1))
def test_squashed_latents_are_actions_and_their_log_prob(dtype, tolerance, seed):
    latent, noise, log_std = np.random.default_rng(seed).normal(0, 10, (3, 4, 3)).astype(dtype)
    action, value = squash(latent, noise, log_std)
    assert action.dtype == value.dtype == dtype
    np.testing.assert_allclose(action, expit(latent.astype(float)), rtol=tolerance)
    np.testing.assert_array_equal(value, log_prob(latent, noise, log_std))


@given(st.floats(-1e4, 1e4))
def test_sigmoid_is_the_logistic_function_without_overflow(latent):
    with localcontext() as context:
        context.prec = 40
        expected = 1 / (1 + (-Decimal(latent)).exp())
    assert sigmoid(np.array(latent)) == pytest.approx(float(expected), rel=1e-13, abs=2e-16)
    assert 0 <= sigmoid(np.array(latent)) <= 1


@pytest.mark.parametrize(("dtype", "tie"), [(np.float64, 5e-16), (np.float32, 3e-7)])
@given(data=st.data())
def test_threshold_at_one_half_is_the_sign_of_the_latent(dtype, tie, data):
    """Where rounding puts the action on 0.5 itself, next to a latent of zero, the bit is 0."""
    latent = np.array(data.draw(st.floats(-900, 900, width=np.finfo(dtype).bits)), dtype)
    bit = threshold(sigmoid(latent))
    assert bit.dtype == dtype
    assert bit == (1 if latent > tie else 0) or 0 < latent <= tie


def test_sample_latent_by_hand():
    latent = sample_latent(column(1.0, -2.0), column(1.0, 3.0), column(0.5, -1.0))
    np.testing.assert_allclose(latent, [[1.5], [-5.0]], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_split_head_clips_the_log_std_and_says_where(dtype):
    """Two actions of three dimensions; what is not a number stays so, and no gradient passes there."""
    output = np.array([[7, 0], [-9, 8], [1, 2], [-5, 2], [-5.5, 0], [2.5, np.nan]], dtype)
    mean, log_std, free = split_head(output, -5.0, 2.0)
    assert mean.dtype == log_std.dtype == dtype
    assert mean.tolist() == [[7, 0], [-9, 8], [1, 2]]
    np.testing.assert_array_equal(log_std, np.array([[-5, 2], [-5, 0], [2, np.nan]], dtype))
    assert free.tolist() == [[True, True], [False, True], [False, False]]


def richardson(function, h=1e-3):
    """Central difference of fourth order."""
    return (8 * (function(h) - function(-h)) - (function(2 * h) - function(-2 * h))) / (12 * h)


@given(st.floats(-30, 30), means)
def test_gradient_of_log_prob_by_the_latent(latent, noise):
    assume(abs(latent) > 0.01)          # the difference must not straddle the kink that |u| has on its own
    slope = richardson(lambda h: log_prob(column(latent + h), column(noise), column(0.0))[0])
    assert log_prob_latent_gradient(sigmoid(np.array(latent))) == pytest.approx(slope, abs=1e-10)


def test_gradient_of_log_prob_by_the_latent_is_smooth_at_zero():
    slope = richardson(lambda h: log_prob(column(h), column(0.0), column(0.0))[0])
    assert slope == pytest.approx(0.0, abs=1e-13)
    assert log_prob_latent_gradient(sigmoid(np.array(0.0))) == 0.0


@given(means, means, log_stds)
def test_score_is_the_gradient_of_log_prob_at_a_fixed_action(latent, mean, log_std):
    def at(mean, log_std):
        return log_prob(column(latent), column((latent - mean) / np.exp(log_std)), column(log_std))[0]

    by_mean, by_log_std = score(column((latent - mean) / np.exp(log_std)), column(log_std))
    assert by_mean[0, 0] == pytest.approx(richardson(lambda h: at(mean + h, log_std)), rel=1e-8, abs=1e-9)
    assert by_log_std[0, 0] == pytest.approx(richardson(lambda h: at(mean, log_std + h)), rel=1e-7, abs=1e-8)
