"""The greedy allocator: never below the split it starts from, blind to nothing, and without a trace in the network."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.experiments.evaluation import evaluate_held_out
from tasam_ref.methods import greedy
from tasam_ref.methods.fixed import demand_shares, split_owners, split_policy
from tasam_ref.methods.greedy import best_efficiency, greedy_policy, improved
from tasam_ref.oran.action import encode_two_bit
from tasam_ref.oran.env import OranEnv

SMALL = ("radio.num_dus=2", "radio.num_rbs=6", "reward.q_best=[6e6, 4e6, 0.0]", "reward.q_min=[1e6, 1e6, 2e-3]",
         "slices.rate_threshold_bps=[1e6, 5e5, 2e5]", "slices.arrival_rate_hz=[30.0, 30.0, 10.0]")
READINGS = ((), ("radio.interference=literal",), ("reward.normalisation=running",), ("radio.scheduler=round_robin",),
            ("reward.qos_reading=weighted_sum",), ("slices.latency_model=fifo_queue",),
            ("slices.shares=[[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]",))


def network(num_ues=12, *changes):
    return apply_settings(Config(), (*SMALL, f"radio.num_ues={num_ues}", *changes))


def after(env, owners):
    """Sum of the DUs' rewards of the coming frame under these owners."""
    state = env.state()
    total = env.step(encode_two_bit(owners))[1].sum()
    env.set_state(state)
    return total


@settings(max_examples=20)
@given(st.integers(0, 2**20), st.sampled_from(READINGS), st.integers(1, 14), st.integers(0, 2))
def test_no_frame_is_worse_than_its_start_and_no_trace_is_left(seed, reading, num_ues, frames):
    config = network(num_ues, *reading)
    env, chance = OranEnv(config), np.random.default_rng(seed)
    env.reset(seed=seed)
    for _ in range(frames):
        env.step(chance.random((2, 12)))
    before = env.state()
    start = chance.integers(0, 4, (2, 6))
    owners = improved(env, start, chance.integers(0, 4, (2, 6)))
    for name, value in env.state().items():
        np.testing.assert_array_equal(value, before[name])
    assert set(np.unique(owners)) <= {0, 1, 2, 3}
    assert after(env, owners) >= after(env, start)


def test_the_policy_beats_its_start_in_every_episode(tiny_config):
    demand = evaluate_held_out(tiny_config, split_policy(tiny_config, demand_shares(tiny_config)))
    found = evaluate_held_out(tiny_config, greedy_policy(tiny_config))
    assert (found.reward > demand.reward).all()


def test_it_finds_the_best_of_all_allocations_where_one_move_leads_there():
    """One DU, two users of slices 1 and 3, 4 RBs all slice 1's: the best count of RBs to give up is found."""
    config = network(2, "radio.num_dus=1", "radio.num_rbs=4", "slices.shares=[[0.5, 0.0, 0.5]]")
    for seed in range(5):
        env = OranEnv(config)
        env.reset(seed=seed)
        best = max(after(env, np.array([owners])) for owners in product((1, 3), repeat=4))
        start = np.ones((1, 4), dtype=int)
        assert after(env, start) < after(env, improved(env, start, start)) <= best + 1e-12
        assert after(env, improved(env, start, start)) > best - 0.02


def test_it_goes_on_from_what_the_last_frame_executed(tiny_config, monkeypatch):
    seen = []
    monkeypatch.setattr(greedy, "improved", lambda env, start, other: seen.append((start, other)) or start)
    env = OranEnv(tiny_config)
    env.reset(seed=3)
    owners = np.random.default_rng(1).integers(0, 4, (3, 8))
    obs, _, _ = env.step(encode_two_bit(owners))
    greedy_policy(tiny_config)([env], obs[None], 1)
    np.testing.assert_array_equal(seen[0][0], split_owners(demand_shares(tiny_config), 8))
    np.testing.assert_array_equal(seen[0][1], owners)


@pytest.mark.parametrize("shares", ["[[0.34, 0.33, 0.33]]", "[[0.5, 0.0, 0.5]]"])
def test_the_best_efficiency_is_that_of_the_best_user_user_by_user(shares):
    env = OranEnv(network(12, f"slices.shares={shares}"))
    env.reset(seed=4)
    power, topology = env.network.power_ahead(), env.topology
    expected = np.zeros((2, 3, 6))
    for u, (m, s) in enumerate(zip(topology.serving, topology.slice_of)):
        for k in range(6):
            sinr = power[u, m, k] / (power[u, 1 - m, k] + env.network.noise_w)
            expected[m, s, k] = max(expected[m, s, k], np.log(1 + sinr) / np.log(2))
    np.testing.assert_allclose(best_efficiency(env), expected, rtol=1e-9)


def test_a_move_hands_over_the_rbs_on_which_the_taker_gains_most():
    quality = np.array([[[4.0, 4.0, 4.0, 4.0, 4.0], [1.0, 5.0, 3.0, 9.0, 2.0], [1.0] * 5]] * 2)
    owner = np.array([[1, 1, 1, 2, 1], [1, 3, 0, 2, 2]])
    move = greedy._handing_over(quality, 1, 2, 2)
    assert move(owner).tolist() == [[1, 2, 2, 2, 1], [2, 3, 0, 2, 2]]
