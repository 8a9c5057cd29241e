"""Slices and cells without users, and a single slice: the environment stays defined."""

import numpy as np
import pytest
from small_network import WITH_EMPTY_SLICES, arrays_of, build, codes, random_bits

EMPTY = [WITH_EMPTY_SLICES, ("radio.num_ues=2",), ("radio.num_ues=1", "radio.num_dus=5"),
         ("slices.shares=[[0.0, 0.0, 1.0]]",)]


@pytest.mark.parametrize("settings", EMPTY)
@pytest.mark.parametrize("codec", ["two_bit", "slice_and_user", "full_binary"])
@pytest.mark.parametrize("reading", ["section_vi_e", "weighted_sum"])
def test_slices_and_cells_without_users_are_defined(settings, codec, reading):
    """No NaN, nothing violated, nothing to pay, and a scaled QoS of 1: a slice without users wants nothing."""
    env = build(f"mdp.action_codec={codec}", f"reward.qos_reading={reading}", *settings)
    env.reset(seed=9)
    nobody = env.topology.counts == 0
    assert nobody.any()
    for t in range(3):
        obs, value, info = env.step(random_bits(t, env))
        assert all(np.all(np.isfinite(a)) for a in (obs, value, *arrays_of(info)))
        assert np.all(info.qos_scaled[nobody] == 1) and not info.violated[nobody].any()
        assert np.all(info.quality_penalty[nobody.all(axis=1)] == 0)


def test_a_single_slice_works():
    settings = ['slices.names=["eMBB"]', "slices.shares=[[1.0]]", "slices.packet_bits=[12000]",
                "slices.arrival_rate_hz=[10]", "slices.rate_threshold_bps=[1e6]", 'reward.metrics=["sum_throughput"]',
                "reward.kpi_weights=[[0, 1, 0, 0]]", "reward.kpi_best_rate_bps=[4e6]", "reward.q_min=[0]",
                "reward.q_worst=[0]", "reward.q_best=[40e6]", "reward.priorities=[1]"]
    env = build(*settings)
    env.reset(seed=10)
    value, info = env.step(codes(env, 1))[1:]
    assert info.qos.shape == (3, 1) and np.all(info.qos > 0)
    idle = env.step(codes(env, 3))[2]
    assert not idle.radio.rate_bps.any()
    assert np.all((value > 0) & (value < 1))
