"""Actors and critics on batches, against the plain twin."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_twin import complex_gradient, least_q, log_density, logistic, network, policy

from tasam_ref.config import AgentConfig
from tasam_ref.marl.networks import build_networks
from tasam_ref.marl.passes import (
    Scratch,
    by_agent,
    drawn,
    in_a_row,
    mean_latent,
    q_values,
    replayed,
    replayed_policy,
    sample_policy,
    smallest_q,
    smallest_q_gradient,
)
from tasam_ref.nn.passes import Workspace, forward

OBS, ACTION, ROWS = 3, 2, 4
ACTOR, CRITIC = (OBS, 4, 3, 2 * ACTION), (OBS + ACTION, 4, 3, 1)

seeds = st.integers(0, 2**32 - 1)


def setting(seed, agents=1, critics=1, **fields):
    """Networks with random parameters and a random batch."""
    agent = replace(AgentConfig(), hidden_sizes=(4, 3), dtype="float64", **fields)
    networks, generator = build_networks(agent, agents, OBS, ACTION), np.random.default_rng(seed)
    actors = generator.normal(size=(agents, networks.actor.num_params))
    values = generator.normal(size=(critics, networks.critic.num_params))
    obs, noise = generator.normal(size=(agents * ROWS, OBS)), generator.normal(size=(agents * ROWS, ACTION))
    return networks, actors, values, obs, noise


def test_shapes_follow_observation_action_and_hidden_sizes():
    networks = build_networks(replace(AgentConfig(), log_std_min=-4.0, log_std_max=1.0), 6, 206, 200)
    assert networks.actor.sizes == (206, 300, 400, 400, 400)
    assert networks.critic.sizes == (406, 300, 400, 400, 1)
    assert (networks.log_std_min, networks.log_std_max) == (-4.0, 1.0)
    assert networks.dtype == np.float32


@given(seeds)
def test_a_sample_is_the_plain_twin(seed):
    networks, (actor,), _, obs, noise = setting(seed, log_std_min=-0.5, log_std_max=0.5)
    sample = sample_policy(networks, actor, obs, noise, Scratch(networks, ROWS).actor)
    mean, log_std = policy(ACTOR, actor, obs, (-0.5, 0.5))
    latent = mean + np.exp(log_std) * noise
    raw = network(ACTOR, actor, obs)[:, ACTION:]
    np.testing.assert_allclose(sample.latent, latent, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(sample.action, logistic(latent), rtol=1e-12)
    np.testing.assert_allclose(sample.log_prob, log_density(latent, mean, log_std), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(sample.log_std, log_std, rtol=1e-12)
    assert (sample.free == (np.abs(raw) <= 0.5)).all()


@given(seeds)
def test_a_replayed_action_has_the_density_that_the_actor_gives_it(seed):
    networks, (actor,), _, obs, latent = setting(seed)
    sample = replayed_policy(networks, actor, obs, latent, Scratch(networks, ROWS).actor)
    mean, log_std = policy(ACTOR, actor, obs)
    np.testing.assert_allclose(sample.log_prob, log_density(latent, mean, log_std), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(sample.noise, (latent - mean) / np.exp(log_std), rtol=1e-11, atol=1e-12)
    assert (sample.latent == latent).all()


@given(seeds)
def test_replaying_what_was_just_sampled_returns_its_noise_and_density(seed):
    networks, (actor,), _, obs, noise = setting(seed)
    work = Scratch(networks, ROWS).actor
    sample = sample_policy(networks, actor, obs, noise, work)
    again = replayed_policy(networks, actor, obs, sample.latent, work)
    np.testing.assert_allclose(again.noise, noise, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(again.log_prob, sample.log_prob, rtol=1e-9, atol=1e-9)


@given(seeds)
def test_stacked_agents_are_each_agent_alone(seed):
    networks, actors, _, obs, noise = setting(seed, agents=3)
    work = Workspace(networks.actor, ROWS, np.float64, (3,))
    outputs = in_a_row(forward(networks.actor, actors, by_agent(obs, 3), work))
    sample, again = drawn(networks, outputs, noise), replayed(networks, outputs, noise)
    for i, actor in enumerate(actors):
        mine = slice(i * ROWS, (i + 1) * ROWS)
        mean, log_std = policy(ACTOR, actor, obs[mine])
        u = mean + np.exp(log_std) * noise[mine]
        np.testing.assert_allclose(sample.latent[mine], u, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(sample.log_prob[mine], log_density(u, mean, log_std), rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(again.log_prob[mine], log_density(noise[mine], mean, log_std), rtol=1e-11,
                                   atol=1e-11)


@given(seeds)
def test_the_deterministic_policy_is_the_mean(seed):
    networks, (actor,), _, obs, _ = setting(seed)
    np.testing.assert_allclose(mean_latent(networks, actor, obs, Scratch(networks, ROWS).actor),
                               policy(ACTOR, actor, obs)[0], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("critics", [1, 2])
@given(seeds)
def test_values_and_the_smallest_of_them(critics, seed):
    networks, _, values, obs, action = setting(seed, critics=critics)
    works = Scratch(networks, ROWS, critics).critics
    each = [network(CRITIC, v, np.hstack((obs, action)))[:, 0] for v in values]
    outputs = q_values(networks, values, np.hstack((obs, action)), works)
    np.testing.assert_allclose(outputs[..., 0], each, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(smallest_q(networks, values, obs, action, works), np.min(each, axis=0),
                               rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("critics", [1, 2])
@given(seeds)
def test_the_smallest_values_gradient_by_the_action_is_a_complex_step(critics, seed):
    networks, _, values, obs, action = setting(seed, critics=critics)
    works = Scratch(networks, ROWS, critics).critics
    x = np.hstack((obs, action))
    q, gradient = smallest_q_gradient(networks, values, x, networks.scope.place(0), works)
    _, expected = complex_gradient(
        lambda flat: least_q(CRITIC, values, obs, flat.reshape(action.shape)).sum(), action.ravel())
    np.testing.assert_allclose(q, least_q(CRITIC, values, obs, action), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(gradient.ravel(), expected, rtol=1e-12, atol=1e-13)
