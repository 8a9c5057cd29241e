"""The exact optimum of (7) against every allocation, and against every method that acts in the same frame."""

import numpy as np
import pytest

from tasam_ref.analysis.optimum import MOST_COLUMNS, best_allocation
from tasam_ref.errors import UsageError
from tasam_ref.experiments.evaluation import deterministic_policy
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.fixed import demand_shares, random_policy, split_grid, split_policy
from tasam_ref.methods.greedy import greedy_policy
from tasam_ref.oran.env import OranEnv
from validation.brute_force import best_by_trying, every_allocation, plain_reward, small_network

CODECS = ("two_bit", "slice_and_user", "full_binary")


@pytest.mark.parametrize("first", range(0, 50, 5))
def test_the_optimum_is_that_of_trying_everything(first):
    """50 random networks of at most 2 DUs x 4 RBs x 4 users."""
    for seed in range(first, first + 5):
        env = small_network(seed)
        found, expected = best_allocation(env), best_by_trying(env)[0]
        assert found.reward.sum() == pytest.approx(expected, abs=1e-9)
        assert expected <= found.bound + 1e-9 and found.bound - expected < 2e-6


@pytest.mark.parametrize("seed", [2, 4, 7, 20])
def test_under_the_interference_as_printed_too(seed):
    env = small_network(seed, "radio.interference=literal")
    assert best_allocation(env).reward.sum() == pytest.approx(best_by_trying(env)[0], abs=1e-9)


@pytest.mark.parametrize("seed", [3, 8, 20, 31])
def test_the_users_served_are_the_dus_own_and_give_that_reward(seed):
    env = small_network(seed)
    found = best_allocation(env)
    for m, row in enumerate(found.served):
        assert all(u == -1 or env.topology.serving[u] == m for u in row)
    rewards = [plain_reward(env, rates) for served, rates in every_allocation(env) if (served.T == found.served).all()]
    assert len(rewards) == 1
    np.testing.assert_allclose(found.reward, rewards[0], atol=1e-12)


def acts_of_every_method(config):
    """Actions of all policies that fit the configuration's codec, untrained agents among them, on its first frames."""
    env = OranEnv(config)
    policies = [deterministic_policy(config, Trainer(config, env).agents.thetas_p)]
    chance = np.random.default_rng(5)
    policies += [lambda envs, obs, frame: chance.random((1, env.num_agents, env.action_dim)).round()] * 20
    if config.mdp.action_codec == "two_bit":
        policies += [random_policy(config), greedy_policy(config), split_policy(config, demand_shares(config))]
        policies += [split_policy(config, shares) for shares in split_grid(3, 3)]
    return policies


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("seed", [5, 10, 17])
def test_no_method_exceeds_it(codec, seed):
    """Rewards that the environment itself pays, in its first two frames."""
    small = ("agent.hidden_sizes=[4]", "run.eval_episodes=1", f"mdp.action_codec={codec}")
    for frame in range(2):
        env = small_network(seed, *small)
        for _ in range(frame):
            obs, _, _ = env.step(np.ones((env.num_agents, env.action_dim)))
        obs = obs if frame else env.reset(seed=seed)
        best, state = best_allocation(env).reward.sum(), env.state()
        rewards = []
        for policy in acts_of_every_method(env.config):
            rewards.append(env.step(policy([env], obs[None], frame)[0])[1].sum())
            env.set_state(state)
        assert max(rewards) <= best + 1e-6


@pytest.mark.parametrize("model", ["mm1", "fifo_queue", "transmission_only"])
def test_an_action_that_serves_these_users_earns_the_optimum(model):
    """The best allocation played through ``slice_and_user`` pays what was promised, whatever the latency model."""
    for seed in (2, 9, 14, 20):
        env = small_network(seed, "mdp.action_codec=slice_and_user", f"slices.latency_model={model}")
        env.step(np.ones((env.num_agents, env.action_dim)))
        found, topology = best_allocation(env), env.topology
        action = np.zeros((env.num_agents, env.action_dim))
        for m, row in enumerate(found.served):
            for k, u in enumerate(row):
                if u >= 0:
                    s = topology.slice_of[u]
                    first = topology.group_start[3 * m + s]
                    action[m, k] = (s + 1.5) / 4
                    action[m, len(row) + k] = (u - first + 0.5) / topology.counts[m, s]
        np.testing.assert_allclose(env.step(action)[1], found.reward, atol=1e-9)


def test_the_network_is_left_as_it_was():
    env = small_network(4)
    before = env.state()
    best_allocation(env)
    for name, value in env.state().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_network_too_large_is_refused():
    env = small_network(10, "radio.num_ues=60", "radio.num_rbs=50")
    with pytest.raises(UsageError, match=f"48050: must be at most {MOST_COLUMNS}"):
        best_allocation(env)
