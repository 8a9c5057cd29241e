"""One agent for all DUs (R53): it sees, sets and earns what the DUs' own agents would together."""

from dataclasses import replace

import numpy as np
import pytest

from tasam_ref.errors import UsageError
from tasam_ref.oran.env import OranEnv


def pair(config):
    alone = replace(config, mdp=replace(config.mdp, single_agent=True))
    return OranEnv(config), OranEnv(alone)


@pytest.mark.parametrize("identity", ["none", "one_hot"])
def test_it_sees_and_sets_what_all_agents_do_together(tiny_config, identity):
    config = replace(tiny_config, mdp=replace(tiny_config.mdp, identity=identity))
    many, one = pair(config)
    assert (many.num_agents, one.num_agents) == (3, 1)
    assert (one.obs_dim, one.action_dim) == (3 * many.obs_dim, 3 * many.action_dim)
    obs, joint = many.reset(seed=4), one.reset(seed=4)
    generator = np.random.default_rng(0)
    for _ in range(4):
        assert joint.tolist() == [[value for row in obs for value in row]]
        action = generator.random((3, many.action_dim))
        obs, reward, info = many.step(action)
        joint, mean_reward, joint_info = one.step(np.hstack(action)[None])
        assert mean_reward.shape == (1,)
        assert mean_reward[0] == pytest.approx(sum(reward) / 3, rel=1e-15)
        assert np.array_equal(info.qos, joint_info.qos)


def test_every_dus_action_reaches_its_own_cell(tiny_config):
    """Only DU 2's RBs are claimed: the others' users get nothing."""
    _, one = pair(tiny_config)
    one.reset(seed=1)
    action = np.zeros((1, one.action_dim))
    action[0, -one.action_dim // 3 :] = 1.0
    _, _, info = one.step(action)
    assert info.radio.claims.sum(axis=(1, 2)).tolist() == [0, 0, 8]


def test_an_action_of_one_du_is_refused(tiny_config):
    many, one = pair(tiny_config)
    one.reset(seed=1)
    with pytest.raises(UsageError, match=r"action.shape = \(3, 16\): must be \(1, 48\)"):
        one.step(np.zeros((3, many.action_dim)))


def test_values_of_dus_become_means_over_the_agents_dus(tiny_config):
    many, one = pair(tiny_config)
    values = np.array([[1.0, 10.0], [2.0, 20.0], [6.0, 60.0]])
    assert many.per_agent(values).tolist() == values.tolist()
    assert one.per_agent(values).tolist() == [[3.0, 30.0]]


def test_its_temperature_makes_its_objective_the_mean_of_the_agents(tiny_config):
    """Three equal policies: mean of r_i - beta log pi_i over 3 DUs is mean r - beta / 3 times the sum of log pi_i."""
    alone = replace(tiny_config, mdp=replace(tiny_config.mdp, single_agent=True))
    rewards, log_probs, beta = np.array([1.0, 2.0, 6.0]), np.array([-3.0, 4.0, 5.0]), tiny_config.temperature
    of_many = np.mean(rewards - beta * log_probs)
    assert rewards.mean() - alone.temperature * log_probs.sum() == pytest.approx(of_many, rel=1e-14)
    assert tiny_config.temperature == tiny_config.agent.temperature
