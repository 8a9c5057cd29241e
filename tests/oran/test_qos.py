"""KPIs (2)-(5), slice QoS (6) and the metrics of Section VI-E: by hand, against a plain twin, and their bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.kernels.kpis import max_latency, mean_throughput, service_availability, user_density_support
from tasam_ref.oran.qos import SECTION_VI_E, scaled_kpis, weighted_qos

SEEDS = st.integers(0, 2**32 - 1)
SHAPE = (3, 2)
GROUP = np.array([0, 0, 0, 1, 2, 2, 5])
"""Seven users: three in (DU 0, slice 0), one in (0, 1), two in (1, 0), one in (2, 1); (1, 1) and (2, 0) are empty."""

REDUCTIONS = {"latency": max_latency, "throughput": mean_throughput, "density": user_density_support,
              "availability": lambda values, group, shape: service_availability(values, 1, group, shape)}
TWINS = {"latency": max, "throughput": lambda v: sum(v) / len(v), "density": lambda v: sum(v) / len(v),
         "availability": lambda v: sum(v) / len(v)}


def random_kpis(seed):
    """KPIs (4, 3, 4) in their units and counts (4, 3)."""
    rng = np.random.default_rng(seed)
    kpis = np.stack((rng.uniform(0, 0.01, (4, 3)), rng.exponential(2e6, (4, 3)), rng.random((4, 3)),
                     rng.random((4, 3))), axis=-1)
    return kpis, rng.integers(0, 30, (4, 3))


def test_latency_throughput_and_density_by_hand():
    values = np.array([2.0, 9.0, 4.0, 7.0, 1.0, 3.0, 5.0])
    assert max_latency(values, GROUP, SHAPE).tolist() == [[9, 7], [3, 0], [0, 5]]
    assert mean_throughput(values, GROUP, SHAPE).tolist() == [[5, 7], [2, 0], [0, 5]]
    assert user_density_support(values >= 4.0, GROUP, SHAPE) == pytest.approx(np.array([[2 / 3, 1], [0, 0], [0, 1]]))


def test_availability_by_hand():
    """Over T = 4 frames the three users of the first slice met their threshold 4, 1 and 1 times: 6 / 12."""
    met = np.array([4.0, 1.0, 1.0, 3.0, 0.0, 2.0, 4.0])
    assert service_availability(met, 4, GROUP, SHAPE).tolist() == [[0.5, 0.75], [0.25, 0], [0, 1]]


def test_availability_is_density_averaged_over_frames():
    """(4) averages the indicator over time, (5) over users: over a whole history both orders agree."""
    history = np.random.default_rng(1).random((6, 7)) < 0.4
    over_frames = np.mean([user_density_support(frame, GROUP, SHAPE) for frame in history], axis=0)
    np.testing.assert_allclose(service_availability(history.sum(axis=0), 6, GROUP, SHAPE), over_frames, rtol=1e-14)


@pytest.mark.parametrize("name", REDUCTIONS)
class TestReductions:
    @given(seed=SEEDS)
    def test_equals_the_twin_over_lists(self, name, seed):
        rng = np.random.default_rng(seed)
        group, values = rng.integers(0, 6, 12), rng.random(12)
        result = REDUCTIONS[name](values, group, SHAPE)
        for g in range(6):
            members = [float(v) for v, h in zip(values, group) if h == g]
            expected = TWINS[name](members) if members else 0.0
            assert result[divmod(g, 2)] == pytest.approx(expected, rel=1e-12)

    @given(seed=SEEDS)
    def test_lies_between_the_extremes_of_the_slice_and_grows_with_each_user(self, name, seed):
        rng = np.random.default_rng(seed)
        values, more = rng.random(7), rng.random(7)
        low, high = (REDUCTIONS[name](v, GROUP, SHAPE).ravel()[GROUP] for v in (values, values + more))
        assert np.all(low <= high)
        assert np.all(low <= values.max() * (1 + 1e-15)) and np.all(low >= values.min() * (1 - 1e-15))

    @given(seed=SEEDS)
    def test_users_have_no_order(self, name, seed):
        rng = np.random.default_rng(seed)
        values, order = rng.random(7), rng.permutation(7)
        np.testing.assert_allclose(REDUCTIONS[name](values[order], GROUP[order], SHAPE),
                                   REDUCTIONS[name](values, GROUP, SHAPE), rtol=1e-14)

    def test_empty_slices_are_zero_and_finite(self, name):
        result = REDUCTIONS[name](np.ones(7), GROUP, SHAPE)
        assert result.tolist() == [[1, 1], [1, 0], [0, 1]]


class TestWeightedSum:
    def test_by_hand(self):
        """(6): 0.5 * 1 + 2 * 3 + 0 * 5 + 1 * 7 and 1 * 2 + 0 + 0 + 0."""
        kpis = np.array([[[1.0, 3.0, 5.0, 7.0], [2.0, 4.0, 6.0, 8.0]]])
        weights = np.array([[0.5, 2.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]])
        assert weighted_qos(kpis, weights).tolist() == [[13.5, 2.0]]

    @given(SEEDS)
    def test_is_linear_and_equals_the_plain_sum(self, seed):
        rng = np.random.default_rng(seed)
        kpis, weights = rng.random((2, 3, 4)), rng.random((3, 4))
        result = weighted_qos(kpis, weights)
        for m, s in np.ndindex(2, 3):
            assert result[m, s] == pytest.approx(sum(w * k for w, k in zip(weights[s], kpis[m, s])), rel=1e-13)
        np.testing.assert_allclose(weighted_qos(3 * kpis, weights), 3 * result, rtol=1e-13)

    def test_scaling_by_hand(self):
        """2 of 10 ms become 0.8, 3 of 4 Mbit/s 0.75, 9 of 4 Mbit/s 1; shares stay."""
        kpis = np.array([[[2e-3, 3e6, 0.4, 0.6], [10e-3, 9e6, 0.0, 1.0]]])
        scaled = scaled_kpis(kpis, np.array([4e6, 4e6]), 10e-3)
        np.testing.assert_allclose(scaled, [[[0.8, 0.75, 0.4, 0.6], [0.0, 1.0, 0.0, 1.0]]], rtol=1e-14)

    @given(SEEDS)
    def test_scaled_kpis_lie_in_0_1_and_better_is_larger(self, seed):
        """Less latency and more throughput both raise (6) for weights above zero; the input stays as it was."""
        kpis, _ = random_kpis(seed)
        kept, best = kpis.copy(), np.array([4e6, 8e6, 1e6])
        scaled = scaled_kpis(kpis, best, 0.01)
        assert np.all((scaled >= 0) & (scaled <= 1))
        better = scaled_kpis(kpis * [0.5, 2.0, 1.0, 1.0], best, 0.01)
        assert np.all(weighted_qos(better, np.ones((3, 4))) >= weighted_qos(scaled, np.ones((3, 4))))
        np.testing.assert_array_equal(kpis, kept)


class TestSectionVIE:
    def test_by_hand(self):
        """Four users at 2 Mbit/s, half of them satisfied, the slowest waiting 3 ms: 8 Mbit/s, 4 Mbit/s, 3 ms."""
        kpis, counts = np.array([[[3e-3, 2e6, 0.9, 0.5]]]), np.array([[4]])
        values = {name: metric(kpis, counts)[0, 0] for name, metric in SECTION_VI_E.items()}
        assert values == {"sum_throughput": 8e6, "quality_weighted_capacity": 4e6, "max_latency": 3e-3}

    @given(SEEDS)
    def test_aggregate_throughput_is_the_sum_over_users(self, seed):
        rng = np.random.default_rng(seed)
        rate, group = rng.exponential(1e6, 20), rng.integers(0, 6, 20)
        kpis = np.zeros((*SHAPE, 4))
        kpis[..., 1] = mean_throughput(rate, group, SHAPE)
        counts = np.array([np.sum(group == g) for g in range(6)]).reshape(SHAPE)
        expected = np.array([rate[group == g].sum() for g in range(6)]).reshape(SHAPE)
        np.testing.assert_allclose(SECTION_VI_E["sum_throughput"](kpis, counts), expected, rtol=1e-12)

    @given(SEEDS)
    def test_quality_weighting_only_takes_away(self, seed):
        """0 <= capacity <= throughput, equal where everybody is satisfied."""
        kpis, counts = random_kpis(seed)
        throughput = SECTION_VI_E["sum_throughput"](kpis, counts)
        capacity = SECTION_VI_E["quality_weighted_capacity"](kpis, counts)
        assert np.all((capacity >= 0) & (capacity <= throughput))
        kpis[..., 3] = 1.0
        np.testing.assert_array_equal(SECTION_VI_E["quality_weighted_capacity"](kpis, counts), throughput)
