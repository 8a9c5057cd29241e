"""Min-max scaling by the extremes that an episode has seen so far (R25)."""

import numpy as np
from small_network import EVERYBODY_SATISFIED, WITH_EMPTY_SLICES, arrays_of, build, codes, random_bits


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
