"""Policies that do not learn: their allocations counted by hand through the codec they speak."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.methods.fixed import demand_shares, random_policy, split_grid, split_policy, two_bit_config
from tasam_ref.oran.action import decode_two_bit
from tasam_ref.oran.env import OranEnv

OBS = np.zeros((2, 3, 5))


def config_of(num_rbs):
    return apply_settings(Config(), (f"radio.num_rbs={num_rbs}",))


def held(action):
    """RBs that each slice of each DU holds, (M, L)."""
    return decode_two_bit(action, 3).claims.sum(axis=2)


@pytest.mark.parametrize(("shares", "expected"), [
    ((0.5, 0.3, 0.2), [5, 3, 2]), ((0.0, 0.0, 0.0), [0, 0, 0]), ((1.0, 0.0, 0.0), [10, 0, 0]),
    ((0.0, 0.0, 1.0), [0, 0, 10]), ((0.1, 0.2, 0.3), [1, 2, 3]), ((0.25, 0.5, 0.25), [2, 6, 2]),
])
def test_a_split_gives_each_slice_its_rbs(shares, expected):
    """The last case rounds the edges 2.5 and 7.5 to even."""
    action = split_policy(config_of(10), shares)(None, OBS, 0)
    assert action.shape == (2, 3, 20)
    for episode in action:
        assert held(episode).tolist() == [expected] * 3


@given(st.lists(st.integers(0, 20), min_size=3, max_size=3).filter(any), st.integers(1, 30))
def test_a_whole_split_leaves_no_rb_idle_and_is_within_one_rb_of_its_share(parts, num_rbs):
    shares = np.array(parts) / sum(parts)
    counts = held(split_policy(config_of(num_rbs), shares)(None, OBS, 3)[0])[0]
    assert counts.sum() == num_rbs
    assert (np.abs(counts - shares * num_rbs) <= 1 + 1e-9).all()


def test_a_split_gives_its_first_rbs_to_the_first_slice():
    claims = decode_two_bit(split_policy(config_of(4), (0.5, 0.25, 0.25))(None, OBS, 0)[0], 3).claims[0]
    assert claims.tolist() == [[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def test_every_du_may_have_a_split_of_its_own():
    action = split_policy(config_of(4), [(0.5, 0.5, 0.0), (0.0, 0.0, 0.0), (0.25, 0.0, 0.75)])(None, OBS, 0)[1]
    assert held(action).tolist() == [[2, 2, 0], [0, 0, 0], [1, 0, 3]]


def test_demand_is_users_times_threshold_or_offered_traffic_whichever_is_more():
    """DU 0: 2, 1, 1 users; DU 1: 1, 0, 3; DU 2: nobody.  Offered 3, 1, 4 Mbit/s against thresholds 2, 2, 4."""
    config = apply_settings(Config(), (
        "radio.num_dus=3", "radio.num_ues=12", "slices.shares=[[0.5, 0.25, 0.25], [0.25, 0.0, 0.75], [1.0, 0.0, 0.0]]",
        "slices.packet_bits=[3e3, 1e3, 2e3]", "slices.arrival_rate_hz=[1e3, 1e3, 2e3]",
        "slices.rate_threshold_bps=[2e6, 2e6, 4e6]"))
    assert demand_shares(config) == pytest.approx(np.array([[6, 2, 4], [3, 0, 12], [12, 0, 0]])
                                                  / np.array([[12], [15], [12]]), rel=1e-14)


def test_a_du_without_users_demands_nothing():
    shares = demand_shares(apply_settings(Config(), ("radio.num_dus=3", "radio.num_ues=2")))
    assert shares.sum(axis=1).tolist() == [1, 1, 0]


def test_random_bits_are_fair_keyed_by_frame_and_not_by_chance():
    policy = random_policy(config_of(500))
    action, again, later = policy(None, OBS, 4), policy(None, OBS, 4), policy(None, OBS, 5)
    assert action.shape == (2, 3, 1000)
    assert (action == again).all()
    assert (action != later).all()
    assert abs((action > 0.5).mean() - 0.5) < 4 * 0.5 / np.sqrt(6000)
    assert (action[0] != action[1]).all()


@given(st.integers(1, 4), st.integers(1, 6))
def test_the_grid_is_every_whole_split_once(num_slices, steps):
    grid = split_grid(num_slices, steps)
    counts = {tuple(np.round(shares * steps).astype(int)) for shares in grid}
    expected = {tuple(c) for c in np.ndindex(*(steps + 1,) * num_slices) if sum(c) == steps}
    assert len(grid) == len(counts)
    assert counts == expected
    assert all(shares.sum() == pytest.approx(1.0) for shares in grid)


@pytest.mark.parametrize("setting", ["mdp.action_codec=full_binary", "mdp.action_codec=slice_and_user",
                                     "mdp.executed=soft"])
def test_fixed_policies_run_on_the_two_bit_reading_of_any_network(tiny_config, setting):
    config = two_bit_config(apply_settings(tiny_config, (setting, "mdp.identity=one_hot")))
    env = OranEnv(config)
    obs = env.reset(seed=0)
    for policy in (random_policy(config), split_policy(config, (0.5, 0.25, 0.25))):
        action = policy([env], obs[None], 0)[0]
        assert np.isfinite(env.step(action)[1]).all()
    assert config.mdp.identity == "one_hot"
    assert config.radio == tiny_config.radio
