"""The decision process: observations, what a step computes, what it refuses, slices without users."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.errors import UsageError
from tasam_ref.oran.env import OranEnv, slice_qos

SEEDS = st.integers(0, 2**32 - 1)
TINY = apply_settings(Config(), [
    "radio.num_dus=3", "radio.num_ues=18", "radio.num_rbs=8", "slices.latency_max_s=10e-3",
    "slices.shares=[[0.4, 0.4, 0.2], [0.25, 0.45, 0.3], [0.3, 0.5, 0.2]]", "slices.rate_threshold_bps=[1e6, 2e6, 5e5]",
    "reward.q_min=[10e6, 50e6, 2e-3]", "reward.q_worst=[0, 0, 10e-3]", "reward.q_best=[40e6, 80e6, 0]",
    "reward.kpi_weights=[[0, 1, 0, 0], [0, 0.5, 0, 0.5], [1, 0, 0, 0]]", "reward.kpi_best_rate_bps=[4e6, 8e6, 4e6]",
    "reward.priorities=[1, 0.5, 2]", "reward.steepness=4.0", "reward.penalty=1.0"])
WITH_EMPTY_SLICES = ("radio.num_ues=17", "slices.shares=[[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [0.2, 0.4, 0.4]]")
EVERYBODY_SATISFIED = "slices.rate_threshold_bps=[1.0, 1.0, 1.0]"


def build(*settings):
    return OranEnv(apply_settings(TINY, settings))


def random_bits(seed, env):
    return np.random.default_rng(seed).integers(0, 2, (env.num_agents, env.action_dim)).astype(float)


def codes(env, code):
    """The same two-bit code on every RB of every DU."""
    return np.tile(np.repeat([float(code // 2), float(code % 2)], env.config.radio.num_rbs), (env.num_agents, 1))


def arrays_of(info):
    """Every array of a StepInfo."""
    return [*vars(info.radio).values(), *(v for name, v in vars(info).items() if name != "radio")]


class TestObservation:
    def test_after_reset_by_hand(self):
        """No QoS yet, users per slice over the 6 of an average cell, nothing allocated."""
        env = build("mdp.identity=one_hot")
        obs = env.reset(seed=0)
        assert obs.shape == (3, env.obs_dim) == (3, 3 + 3 + 16 + 3)
        assert not obs[:, :3].any() and not obs[:, 6:22].any()
        # quotas of 6 by shares: 2.4 2.4 1.2 | 1.5 2.7 1.8 | 1.8 3 1.2
        np.testing.assert_allclose(obs[:, 3:6], np.array([[3, 2, 1], [1, 3, 2], [2, 3, 1]]) / 6, rtol=1e-15)
        np.testing.assert_array_equal(obs[:, 22:], np.eye(3))

    def test_after_a_step_it_shows_scaled_qos_and_the_bits_that_ran(self):
        env = build()
        env.reset(seed=1)
        action = np.random.default_rng(1).random((3, 16))
        obs, _, info = env.step(action)
        np.testing.assert_array_equal(obs[:, :3], info.qos_scaled)
        np.testing.assert_array_equal(obs[:, 6:], np.round(action))

    @pytest.mark.parametrize(("setting", "shown"), [("mdp.executed=soft", lambda a: a),
                                                    ("mdp.action_codec=slice_and_user", lambda a: a),
                                                    ("mdp.action_codec=full_binary", np.round)])
    def test_shows_what_each_codec_runs(self, setting, shown):
        env = build(setting)
        env.reset(seed=1)
        action = np.random.default_rng(1).random((3, env.action_dim))
        np.testing.assert_array_equal(env.step(action)[0][:, 6:], shown(action))

    def test_the_relaxed_action_and_its_bits_are_the_same_action(self):
        env, relaxed = build(), np.random.default_rng(2).random((3, 16))
        results = []
        for action in (relaxed, np.round(relaxed)):
            env.reset(seed=2)
            results.append(env.step(action))
        np.testing.assert_array_equal(results[0][0], results[1][0])
        np.testing.assert_array_equal(results[0][1], results[1][1])


class TestRefusals:
    @pytest.mark.parametrize("shape", [(16,), (3, 15), (3, 17), (2, 16), (4, 16), (1, 3, 16), (16, 3), ()])
    def test_another_shape(self, shape):
        env = build()
        env.reset(seed=0)
        with pytest.raises(UsageError, match="shape"):
            env.step(np.zeros(shape))

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1e-12, 1 + 1e-12, 2.0, -1.0])
    @pytest.mark.parametrize("codec", ["two_bit", "slice_and_user", "full_binary"])
    def test_a_value_outside_0_1(self, codec, value):
        env = build(f"mdp.action_codec={codec}")
        env.reset(seed=0)
        action = np.full((3, env.action_dim), 0.5)
        action[1, 3] = value
        with pytest.raises(UsageError, match=r"\[0, 1\]"):
            env.step(action)

    def test_a_refused_action_leaves_the_episode_where_it_was(self):
        env = build()
        env.reset(seed=0)
        before = env.state()
        with pytest.raises(UsageError):
            env.step(np.full((3, 16), np.nan))
        for name, value in env.state().items():
            np.testing.assert_array_equal(value, before[name])

    def test_the_ends_and_other_number_formats_are_fine(self):
        env = build()
        results = []
        for action in (np.eye(3, 16), np.eye(3, 16, dtype=np.float32), np.eye(3, 16, dtype=int).tolist()):
            env.reset(seed=0)
            results.append(env.step(action)[1])
        np.testing.assert_array_equal(results[0], results[1])
        np.testing.assert_array_equal(results[0], results[2])


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


class TestRunningNormalisation:
    def test_scales_quality_and_requirement_by_the_extremes_seen_so_far(self):
        """R25: over all DUs, frames and Q_min, the worst seen is 0, the best is 1, and both only widen."""
        env = build("reward.normalisation=running", EVERYBODY_SATISFIED, "reward.q_min=[5e6, 4e6, 2e-3]")
        env.reset(seed=7)
        history, requirements = [], []
        for t in range(5):
            info = env.step(random_bits(t, env))[2]
            history.append(info.qos)
            seen = np.concatenate([*history, [[5e6, 4e6, 2e-3]]])
            ends = [(seen[:, s].min(), seen[:, s].max()) if s < 2 else (seen[:, s].max(), seen[:, s].min())
                    for s in range(3)]
            scaled = [[np.interp(abs(q - worst), [0, abs(best - worst)], [0, 1]) if best != worst else 1.0
                       for q, (worst, best) in zip(row, ends)] for row in info.qos]
            np.testing.assert_allclose(info.qos_scaled, scaled, atol=1e-12)
            needed = [np.clip((q - worst) / (best - worst), 0, 1) if best != worst else 1.0
                      for q, (worst, best) in zip((5e6, 4e6, 2e-3), ends)]
            np.testing.assert_allclose(info.quality_penalty, -np.maximum(0, np.array(needed) - scaled).sum(axis=1),
                                       atol=1e-12)
            requirements.append(needed)
        assert np.ptp(requirements, axis=0).max() > 0

    def test_an_empty_slice_is_not_the_worst_that_was_seen(self):
        """DU 1 has no mMTC users: the lowest capacity of the other two scales to 0, an unreached Q_min to 1."""
        env = build("reward.normalisation=running", "reward.q_min=[1e12, 1e12, 0]", EVERYBODY_SATISFIED,
                    *WITH_EMPTY_SLICES)
        env.reset(seed=8)
        info = env.step(codes(env, 2))[2]
        assert info.qos[0, 1] != info.qos[2, 1] and min(info.qos[0, 1], info.qos[2, 1]) > 0
        assert min(info.qos_scaled[[0, 2], 1]) == 0 < max(info.qos_scaled[[0, 2], 1]) < 1
        assert info.qos_scaled[1, 1] == 1

    def test_an_empty_slice_is_not_the_shortest_delay_that_was_seen(self):
        env = build("reward.normalisation=running", "reward.q_min=[0, 0, 10]", "slices.latency_model=transmission_only",
                    "slices.latency_max_s=1.0", "radio.scheduler=round_robin", *WITH_EMPTY_SLICES)
        env.reset(seed=8)
        info = env.step(codes(env, 3))[2]
        assert info.qos[0, 2] != info.qos[2, 2] and max(info.qos[0, 2], info.qos[2, 2]) < 1
        assert 0 < min(info.qos_scaled[[0, 2], 2]) < max(info.qos_scaled[[0, 2], 2]) == 1

    def test_a_slice_that_misses_its_requirement_never_scales_to_one(self):
        env = build("reward.normalisation=running", "reward.q_min=[1e12, 1e12, 0]")
        env.reset(seed=3)
        for t in range(3):
            info = env.step(random_bits(t, env))[2]
            assert info.violated.all() and info.qos_scaled[:, :2].max() < 1 and (info.quality_penalty < 0).all()

    def test_a_slice_without_users_anywhere_stays_defined(self):
        env = build("reward.normalisation=running", "slices.shares=[[0.5, 0.0, 0.5]]")
        env.reset(seed=8)
        for t in range(3):
            _, value, info = env.step(random_bits(t, env))
            assert np.all(np.isfinite(value)) and all(np.all(np.isfinite(a)) for a in arrays_of(info))
            assert np.all(info.qos_scaled[:, 1] == 1) and not info.violated[:, 1].any()


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
