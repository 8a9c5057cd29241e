"""Bounds on the reward: above every policy and every allocation, and equal to them where little is left to choose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasam_ref.analysis.bound import reward_bound
from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.methods.fixed import split_grid, split_policy
from tasam_ref.methods.greedy import greedy_policy
from tasam_ref.oran.env import OranEnv
from validation.brute_force import best_by_trying, plain_reward, small_network

READINGS = ((), ("mdp.executed=soft",), ("mdp.action_codec=slice_and_user",), ("radio.interference=literal",),
            ("radio.scheduler=maximum_rate",), ("slices.latency_model=fifo_queue",), ("reward.sigmoid=literal",))


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from(READINGS), st.integers(0, 1))
def test_no_action_earns_more(seed, reading, frames):
    env, chance = small_network(seed, *reading), np.random.default_rng(seed)
    for _ in range(frames):
        env.step(np.ones((env.num_agents, env.action_dim)))
    bound, state = reward_bound(env), env.state()
    for power in (0.2, 1.0, 1.0, 5.0):
        assert (env.step(chance.random((env.num_agents, env.action_dim)) ** power)[1] <= bound + 1e-6).all()
        env.set_state(state)


@pytest.mark.parametrize("seed", [1, 4, 6, 11, 13, 17, 19])
def test_no_allocation_gives_a_du_more(seed):
    env = small_network(seed)
    assert (best_by_trying(env)[1] <= reward_bound(env) + 1e-6).all()


@pytest.mark.parametrize("seed", range(6))
def test_with_full_reuse_no_full_split_and_no_greedy_frame_earns_more(seed):
    config = apply_settings(Config(), ["radio.num_dus=3", "radio.num_ues=30", "radio.num_rbs=12"])
    env = OranEnv(config)
    obs = env.reset(seed=seed)
    busy, alone, state = reward_bound(env, full_reuse=True), reward_bound(env), env.state()
    assert (busy <= alone + 1e-6).all()
    for policy in (*(split_policy(config, shares) for shares in split_grid(3, 4)), greedy_policy(config)):
        reward = env.step(policy([env], obs[None], 0)[0])[1]
        env.set_state(state)
        assert (reward <= busy + 1e-6).all()


def one_user_each(*changes):
    """Two DUs with one eMBB user each and the literal sigmoid, whose utility and penalty are concave."""
    env = OranEnv(apply_settings(Config(), (
        "radio.num_dus=2", "radio.num_ues=2", "radio.num_rbs=3", "slices.shares=[[1.0, 0.0, 0.0]]",
        "reward.sigmoid=literal", "reward.q_min=[1.0, 0.0, 10e-3]", *changes)))
    env.reset(seed=8)
    return env


def test_it_is_tight_where_one_user_takes_everything():
    """Full reuse bounds, up to a chord of its tangents, what both get together; noise alone what one gets alone."""
    env = one_user_each("reward.q_best=[1e9, 1.0, 0.0]")
    both, alone = np.tile([0.0] * 3 + [1.0] * 3, (2, 1)), np.array([[0.0] * 3 + [1.0] * 3, [0.0] * 6])
    state = env.state()
    _, together, info = env.step(both)
    np.testing.assert_allclose(info.radio.claims[:, 0], 1.0)
    env.set_state(state)
    _, single, _ = env.step(alone)
    env.set_state(state)
    np.testing.assert_allclose(reward_bound(env, full_reuse=True), together, atol=2e-3)
    assert reward_bound(env)[0] == pytest.approx(single[0], abs=2e-3)
    assert single[0] > together[0] + 5e-3


def test_without_any_signal_it_is_the_reward_of_idle_cells():
    env = small_network(20, "radio.tx_power_dbm=-400")
    idle = plain_reward(env, np.zeros(env.topology.serving.size))
    np.testing.assert_allclose(reward_bound(env), idle, atol=1e-6)


def test_the_network_is_left_as_it_was():
    env = small_network(4)
    before = env.state()
    reward_bound(env)
    for name, value in env.state().items():
        np.testing.assert_array_equal(value, before[name])
