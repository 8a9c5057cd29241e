"""What a step of the decision process computes: KPIs, QoS, violations and the reward, from the users' rates."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_network import EVERYBODY_SATISFIED, TINY, WITH_EMPTY_SLICES, build, codes, random_bits

from tasam_ref.config_io import apply_settings
from tasam_ref.oran.env import slice_qos

SEEDS = st.integers(0, 2**32 - 1)


class TestStep:
    @given(SEEDS)
    def test_kpis_qos_and_reward_follow_from_the_rates_user_by_user(self, seed):
        """(2)-(5), Section VI-E, scaling, (7d), alpha, (8) in plain Python from the users' rates and delays."""
        env = build(*WITH_EMPTY_SLICES)
        env.reset(seed=seed)
        met, topology = [0] * 17, env.topology
        for t in (1, 2, 3):
            _, value, info = env.step(random_bits(seed + t, env))
            rate, delay = info.radio.rate_bps.tolist(), info.radio.latency_s.tolist()
            happy = [r >= (1e6, 2e6, 5e5)[s] for r, s in zip(rate, topology.slice_of)]
            met = [n + h for n, h in zip(met, happy)]
            for m in range(3):
                total = 0.0
                for s in range(3):
                    users = [u for u in range(17) if topology.serving[u] == m and topology.slice_of[u] == s]
                    n = len(users)
                    satisfied = sum(happy[u] for u in users)
                    kpis = (max((delay[u] for u in users), default=0), sum(rate[u] for u in users) / max(n, 1),
                            sum(met[u] for u in users) / (max(n, 1) * t), satisfied / max(n, 1))
                    np.testing.assert_allclose(info.kpis[m, s], kpis, rtol=1e-12)
                    q = (sum(rate[u] for u in users), sum(rate[u] for u in users) * satisfied / max(n, 1), kpis[0])[s]
                    assert info.qos[m, s] == pytest.approx(q, rel=1e-12)
                    scaled = min(1, (q / 40e6, q / 80e6, 1 - q / 10e-3)[s]) if n else 1.0
                    assert info.qos_scaled[m, s] == pytest.approx(scaled, rel=1e-11, abs=1e-14)
                    assert info.violated[m, s] == (n > 0 and (q < 10e6, q < 50e6, q > 2e-3)[s])
                    alpha = 4 * (6 / 7, 3 / 7, 12 / 7)[s]
                    assert info.sensitivity[m, s] == pytest.approx(alpha, rel=1e-13)
                    total += 1 / (1 + math.exp(-alpha * (2 * scaled - 1))) - max(0, (0.25, 0.625, 0.8)[s] - scaled)
                assert value[m] == pytest.approx(total, rel=1e-11, abs=1e-13)
                assert info.resource_penalty[m] == 0

    def test_all_idle_by_hand(self):
        """No rate, delay at its cap: Q scales to 0, everything is violated, penalty 0.25 + 0.625 + 0.8."""
        env = build()
        env.reset(seed=3)
        _, value, info = env.step(codes(env, 0))
        assert not info.radio.rate_bps.any() and not info.qos_scaled.any()
        assert np.all(info.radio.latency_s == 10e-3)
        assert info.violated.all()
        np.testing.assert_allclose(info.quality_penalty, -1.675, rtol=1e-14)
        expected = sum(1 / (1 + math.exp(alpha)) for alpha in (24 / 7, 12 / 7, 48 / 7)) - 1.675
        np.testing.assert_allclose(value, expected, rtol=1e-13)

    @pytest.mark.parametrize("code", [1, 2, 3])
    def test_all_rbs_to_one_slice_starve_the_others(self, code):
        env = build()
        env.reset(seed=4)
        info = env.step(codes(env, code))[2]
        rate = np.array([[info.radio.rate_bps[(env.topology.serving == m) & (env.topology.slice_of == s)].sum()
                          for s in range(3)] for m in range(3)])
        assert np.all(rate[:, code - 1] > 0)
        assert not np.delete(rate, code - 1, axis=1).any()

    @given(SEEDS)
    def test_reward_lies_between_its_bounds(self, seed):
        """At most |L|; at least -zeta times the scaled requirements, under two_bit."""
        env = build()
        env.reset(seed=seed)
        for t in range(3):
            value = env.step(random_bits(seed + t, env))[1]
            assert np.all((value < 3) & (value > -1.675))

    @given(SEEDS)
    def test_two_bit_never_pays_for_resources_and_full_binary_does(self, seed):
        """R22, through a whole step; all three slices claiming every RB cost 2 zeta."""
        env = build("reward.penalty=3.0")
        env.reset(seed=seed)
        assert not env.step(random_bits(seed, env))[2].resource_penalty.any()
        greedy = build("reward.penalty=3.0", "mdp.action_codec=full_binary")
        greedy.reset(seed=seed)
        _, value, info = greedy.step(np.ones((3, greedy.action_dim)))
        np.testing.assert_allclose(info.resource_penalty, -6.0, rtol=1e-15)
        greedy.reset(seed=seed)
        frugal = np.ones((3, greedy.action_dim))
        frugal[:, 8:24] = 0
        _, better, cheap = greedy.step(frugal)
        np.testing.assert_allclose(better - value, 6.0, rtol=1e-12)
        assert not cheap.resource_penalty.any()

    def test_availability_counts_over_the_episode(self):
        """One frame on slice 1, one idle, one on slice 1: (4) shows 1, 1/2, 2/3 while (5) shows 1, 0, 1."""
        env = build(EVERYBODY_SATISFIED, "radio.scheduler=round_robin")
        env.reset(seed=5)
        kpis = np.array([env.step(codes(env, code))[2].kpis[:, 0] for code in (1, 0, 1)])
        np.testing.assert_allclose(kpis[..., 2], np.outer([1, 1 / 2, 2 / 3], np.ones(3)), rtol=1e-15)
        np.testing.assert_array_equal(kpis[..., 3], np.outer([1, 0, 1], np.ones(3)))

    def test_a_rate_of_exactly_the_threshold_satisfies(self):
        """(4) and (5) say C >= lambda: with lambda = 0 even an idle network satisfies everybody."""
        env = build("slices.rate_threshold_bps=[0, 0, 1]")
        env.reset(seed=5)
        kpis = env.step(codes(env, 0))[2].kpis
        assert np.all(kpis[:, :2, 2:] == 1) and not kpis[:, 2, 2:].any()

    def test_weighted_sum_by_hand(self):
        """(6): throughput over 4 Mbit/s; half of it over 8 and half density; delay share."""
        kpis = np.array([[[1e-3, 2e6, 0.1, 0.2], [1e-3, 2e6, 0.1, 0.6], [4e-3, 2e6, 0.1, 0.2]]])
        config = apply_settings(TINY, ["reward.qos_reading=weighted_sum"])
        np.testing.assert_allclose(slice_qos(kpis, np.ones((1, 3)), config), [[0.5, 0.425, 0.6]], rtol=1e-14)

    def test_weighted_sum_is_asked_for_the_same_scaled_requirement(self):
        """R15: Q_min keeps its scaled height 0.25, 0.625, 0.8, so that idling costs as much as before."""
        env = build("reward.qos_reading=weighted_sum")
        env.reset(seed=3)
        info = env.step(codes(env, 0))[2]
        np.testing.assert_allclose(info.quality_penalty, -1.675, rtol=1e-14)
        assert info.violated.all()

    def test_weighted_sum_does_not_care_about_the_unit_of_the_weights(self):
        """Doubling all weights of (6) doubles Q and its requirement, and nothing else."""
        results = []
        for factor in (1.0, 2.0):
            rows = factor * np.array(TINY.reward.kpi_weights)
            env = build("reward.qos_reading=weighted_sum", f"reward.kpi_weights={rows.tolist()}")
            env.reset(seed=6)
            results.append(env.step(random_bits(6, env)))
        (_, value, info), (_, value_twice, info_twice) = results
        np.testing.assert_array_equal(info_twice.qos, 2 * info.qos)
        np.testing.assert_array_equal(info_twice.violated, info.violated)
        np.testing.assert_allclose(value_twice, value, rtol=1e-13)

    def test_metrics_follow_the_configuration(self):
        env = build('reward.metrics=["max_latency", "sum_throughput", "quality_weighted_capacity"]',
                    "reward.q_worst=[0.01, 0.0, 0.0]", "reward.q_best=[0.0, 40e6, 80e6]",
                    "reward.q_min=[2e-3, 10e6, 50e6]")
        env.reset(seed=6)
        info = env.step(random_bits(6, env))[2]
        np.testing.assert_array_equal(info.qos[:, 0], info.kpis[:, 0, 0])
        np.testing.assert_allclose(info.qos[:, 1], env.topology.counts[:, 1] * info.kpis[:, 1, 1], rtol=1e-15)
        np.testing.assert_array_equal(info.violated[:, 0], info.qos[:, 0] > 2e-3)


def test_a_requirement_beyond_the_scaled_range_is_still_paid_for():
    """eMBB asked for 12 Mbit/s on a scale that ends at 10: every miss costs Q_min - Q in units of that scale."""
    env = build("reward.q_min=[12e6, 0, 1]", "reward.q_best=[10e6, 80e6, 0]", "reward.penalty=1.0")
    env.reset(seed=4)
    beyond_the_scale = 0
    for _ in range(20):
        info = env.step(codes(env, 1))[2]
        expected = -np.maximum(0, 1.2 - info.qos[:, 0] / 10e6)
        beyond_the_scale += np.sum((info.qos[:, 0] > 10e6) & (info.qos[:, 0] < 12e6))
        np.testing.assert_allclose(info.quality_penalty, expected, rtol=1e-12)
    assert beyond_the_scale > 0
