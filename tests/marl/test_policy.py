"""The policy on batches, against the plain twin."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from plain_twin import complex_gradient, log_density, logistic, network, policy

from tasam_ref.config import AgentConfig
from tasam_ref.marl.networks import build_networks
from tasam_ref.marl.policy import Policy, drawn, replayed

OBS, ACTION, BATCH = 3, 2, 4
ACTOR, BOUNDS = (OBS, 4, 3, 2 * ACTION), (-0.5, 0.5)

seeds = st.integers(0, 2**32 - 1)


def setting(seed, bounds=(-5.0, 2.0)):
    """A Policy, random parameters for it, and a random batch: states, and noise or latents."""
    agent = replace(AgentConfig(), hidden_sizes=(4, 3), dtype="float64", log_std_min=bounds[0], log_std_max=bounds[1])
    networks, normal = build_networks(agent, 1, OBS, ACTION), np.random.default_rng(seed).standard_normal
    return (Policy(networks, BATCH), normal(networks.actor.num_params), normal((OBS, BATCH)), normal((ACTION, BATCH)))


@given(seeds)
def test_a_sample_is_the_plain_twin(seed):
    actor, theta, obs, noise = setting(seed, BOUNDS)
    sample = drawn(actor.law(theta, obs), noise)
    mean, log_std = policy(ACTOR, theta, obs.T, BOUNDS)
    latent = mean + np.exp(log_std) * noise.T
    raw = network(ACTOR, theta, obs.T)[:, ACTION:]
    np.testing.assert_allclose(sample.latent.T, latent, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(sample.action.T, logistic(latent), rtol=1e-12)
    np.testing.assert_allclose(sample.log_prob, log_density(latent, mean, log_std), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(sample.mean.T, mean, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(sample.log_std.T, log_std, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(sample.std.T, np.exp(log_std), rtol=1e-12)
    assert (sample.free.T == (np.abs(raw) <= 0.5)).all()
    assert (sample.noise == noise).all()


@given(seeds)
def test_a_replayed_action_has_the_density_that_the_actor_gives_it(seed):
    actor, theta, obs, latent = setting(seed)
    sample = replayed(actor.law(theta, obs), latent)
    mean, log_std = policy(ACTOR, theta, obs.T)
    np.testing.assert_allclose(sample.log_prob, log_density(latent.T, mean, log_std), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(sample.noise.T, (latent.T - mean) / np.exp(log_std), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(sample.action, logistic(latent), rtol=1e-12)
    assert (sample.latent == latent).all()


@given(seeds)
def test_replaying_what_was_just_drawn_returns_its_noise_and_density(seed):
    actor, theta, obs, noise = setting(seed)
    law = actor.law(theta, obs)
    sample = drawn(law, noise)
    again = replayed(law, sample.latent)
    np.testing.assert_allclose(again.noise, noise, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(again.log_prob, sample.log_prob, rtol=1e-9, atol=1e-9)


@given(seeds)
def test_the_gradient_is_that_of_a_mean_over_states_and_stops_at_the_clip(seed):
    """Of sums of mean and clipped log_std with random weights, by complex step."""
    actor, theta, obs, _ = setting(seed, BOUNDS)
    weights = np.random.default_rng(seed + 1).standard_normal((2 * ACTION, BATCH))

    def plain(theta):
        mean, log_std = policy(ACTOR, theta, obs.T, BOUNDS)
        return np.mean((np.hstack((mean, log_std)) * weights.T).sum(axis=1))

    expected_value, expected = complex_gradient(plain, theta)
    mean, log_std, free = actor.law(theta, obs)
    value = np.mean((np.concatenate((mean, log_std)) * weights).sum(axis=0))
    assert abs(value - expected_value) < 1e-12
    np.testing.assert_allclose(actor.backward(theta, weights.copy(), free), expected, rtol=1e-11, atol=1e-12)
