"""Held-out episodes run by draws from the policies: what is drawn, and that it is common to all methods (R56)."""

import numpy as np
import pytest
from plain_twin import network

from tasam_ref.config_io import apply_settings
from tasam_ref.experiments.evaluation import (
    deterministic_policy,
    evaluate,
    evaluate_actors,
    evaluate_held_out,
    stochastic_policy,
)
from tasam_ref.marl.trainer import Trainer
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import stream

NAMES = ("reward", "qos", "violated", "rb_share")


def assert_equal(one, other):
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def constant_actors(config, mean, log_std):
    """Float64 actors that give the same latent law in every state: all weights 0, the output's biases as asked for."""
    env = OranEnv(config)
    (*_, size), count = Trainer(config, env).agents.thetas_p.shape, env.action_dim
    theta = np.zeros(size)
    theta[-2 * count : -count], theta[-count:] = mean, log_std
    return np.stack([theta] * env.num_agents)


def started(config, seeds):
    envs = [OranEnv(config) for _ in seeds]
    return envs, np.stack([env.reset(seed=seed) for env, seed in zip(envs, seeds)])


def logit(action):
    return np.log(action / (1 - action))


@pytest.fixture
def precise(tiny_config):
    return apply_settings(tiny_config, ["agent.dtype=float64"])


def noise_of(config, seeds, frame, mean=0.5, log_std=-1.0):
    """The noise that the actors' latent u = mean + std noise was drawn with."""
    envs, obs = started(config, seeds)
    action = stochastic_policy(config, constant_actors(config, mean, log_std))(envs, obs, frame)
    return (logit(action) - mean) / np.exp(log_std)


def test_the_stochastic_policys_latent_is_mean_plus_std_times_noise_by_name_episode_and_frame(precise):
    """The noise at the address (episode's seed, evaluation_noise, frame), an entry per actor and dimension."""
    found = noise_of(precise, [11, 12], 3)
    for e, seed in enumerate((11, 12)):
        expected = stream(seed, "evaluation_noise", 3).standard_normal(found.shape[1:])
        np.testing.assert_allclose(found[e], expected, rtol=1e-9, atol=1e-9)


def test_the_noise_is_that_of_no_other_method_seed_or_actor(precise):
    """Under other means and deviations, and another seed of the run: what chance decides is common."""
    first = noise_of(precise, [11, 12], 3)
    for other in (noise_of(precise, [11, 12], 3, mean=-1.0, log_std=0.3),
                  noise_of(apply_settings(precise, ["run.seed=7", "agent.gamma=0.7"]), [11, 12], 3)):
        np.testing.assert_allclose(other, first, rtol=1e-9, atol=1e-9)


def test_the_noise_of_episodes_frames_and_actors_differs(precise):
    (one, two), (next_one, next_two) = (noise_of(precise, [11, 12], frame) for frame in (0, 1))
    everything = np.stack([*one, *two, *next_one, *next_two])
    assert len(np.unique(np.round(everything, 6))) == everything.size
    correlations = np.corrcoef(everything)[np.triu_indices(len(everything), 1)]
    assert np.abs(correlations).max() < 4.5 / np.sqrt(everything.shape[1])


def test_an_episode_is_drawn_alike_in_any_company(precise):
    np.testing.assert_allclose(noise_of(precise, [12, 11], 2)[::-1], noise_of(precise, [11, 12], 2), rtol=1e-12)
    np.testing.assert_allclose(noise_of(precise, [11, 99], 2)[0], noise_of(precise, [11, 12], 2)[0], rtol=1e-12)
    thetas = Trainer(precise, OranEnv(precise)).agents.thetas_p
    policy = stochastic_policy(precise, thetas)
    both, other = (evaluate(precise, policy, seeds, 4) for seeds in ([11, 12], [99, 11]))
    for name in NAMES:
        np.testing.assert_allclose(getattr(other, name)[1], getattr(both, name)[0], rtol=1e-12)


def test_each_actors_own_law_is_drawn_from(precise):
    """Means and deviations of trained actors, against the deterministic policy and the noise."""
    envs, obs = started(precise, [11, 12])
    thetas = Trainer(precise, OranEnv(precise)).agents.thetas_p
    mean = logit(deterministic_policy(precise, thetas)(envs, obs, 0))
    latent = logit(stochastic_policy(precise, thetas)(envs, obs, 0))
    count = mean.shape[2]
    std = np.empty_like(mean)
    for e, i in np.ndindex(2, 3):
        law = network((OranEnv(precise).obs_dim, 8, 6, 2 * count), thetas[i], obs[e, i][None])[0]
        np.testing.assert_allclose(mean[e, i], law[:count], rtol=1e-9, atol=1e-9)
        std[e, i] = np.exp(law[count:])
    np.testing.assert_allclose((latent - mean) / std, noise_of(precise, [11, 12], 0), rtol=1e-7, atol=1e-7)


def test_at_a_deviation_of_nearly_nothing_both_evaluations_are_nearly_one(precise):
    """log_std at its lower clip, put so far down that no bit and hardly a share moves."""
    config = apply_settings(precise, ["agent.log_std_min=-30.0", "mdp.executed=soft"])
    actors = {"low": constant_actors(config, 0.5, -1e3), "usual": constant_actors(config, 0.5, -1.0)}
    found = evaluate_actors(config, actors)
    for name in NAMES:
        np.testing.assert_allclose(getattr(found["low"]["stochastic"], name),
                                   getattr(found["low"]["deterministic"], name), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found["low"]["deterministic"].reward, found["usual"]["deterministic"].reward, rtol=1e-12)
    assert np.all(np.abs(found["usual"]["stochastic"].reward - found["usual"]["deterministic"].reward) > 1e-3)


def test_actors_are_evaluated_by_every_reading_as_alone(tiny_config):
    thetas = Trainer(tiny_config, OranEnv(tiny_config)).agents.thetas_p
    found = evaluate_actors(tiny_config, {"one": thetas, "other": thetas[::-1]})
    assert list(found) == ["one", "other"]
    assert all(list(row) == ["deterministic", "stochastic"] for row in found.values())
    for name, actors in (("one", thetas), ("other", thetas[::-1])):
        for reading, make in (("deterministic", deterministic_policy), ("stochastic", stochastic_policy)):
            assert_equal(found[name][reading], evaluate_held_out(tiny_config, make(tiny_config, actors)))
    assert found["one"]["stochastic"].reward.mean() != found["one"]["deterministic"].reward.mean()
