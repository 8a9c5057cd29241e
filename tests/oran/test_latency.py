"""Delay models of reading R10 against hand numbers, a birth-death chain, a simulated queue, and conservation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.oran.latency import COUNT_PACKETS, LATENCY_MODELS, fifo_queue, mm1, transmission_only

SEEDS = st.integers(0, 2**32 - 1)


def delay_of(model, rate, packet_bits=1000.0, arrival_rate=30.0, arrivals=3, backlog=0.0, cap=10.0):
    """Delay and backlog of one user, in frames of 0.1 s."""
    delay, left = model(np.array([rate]), np.array([packet_bits]), np.array([arrival_rate]), np.array([arrivals]),
                        np.array([backlog]), 0.1, cap)
    return delay[0], left[0]


def random_users(seed):
    rng = np.random.default_rng(seed)
    return (rng.exponential(1e5, 8) * rng.integers(0, 2, 8), rng.exponential(1e3, 8), rng.exponential(50, 8),
            rng.poisson(3.0, 8), rng.exponential(3e3, 8) * rng.integers(0, 2, 8), 0.1, 0.2)


class TestMM1:
    def test_by_hand(self):
        """100 packets per second served, 30 arrive: 1/70 s.  At 99.5 s it would be 2 s."""
        assert delay_of(mm1, 1e5)[0] == pytest.approx(1 / 70, rel=1e-14)
        assert delay_of(mm1, 1e5, arrival_rate=99.5)[0] == pytest.approx(2.0, rel=1e-12)

    @pytest.mark.parametrize("load", [0.1, 0.5, 0.8])
    def test_littles_law_on_the_stationary_chain(self, load):
        """Solve the birth-death chain numerically; mean number in the system over arrival rate is the delay."""
        service, size = 50.0, 150
        birth, death = np.full(size - 1, load * service), np.full(size - 1, service)
        generator = np.diag(birth, 1) + np.diag(death, -1)
        generator -= np.diag(generator.sum(axis=1))
        stationary = np.linalg.lstsq(np.vstack((generator.T, np.ones(size))), np.eye(size + 1)[-1], rcond=None)[0]
        mean_number = stationary @ np.arange(size)
        expected = mean_number / (load * service)
        assert delay_of(mm1, service * 1000, arrival_rate=load * service)[0] == pytest.approx(expected, rel=1e-8)

    def test_simulated_queue(self):
        """Lindley recursion, 200 batches of 1000 packets at load 0.4; batch means within 4 standard errors."""
        rng = np.random.default_rng(21)
        gap, work = rng.exponential(1 / 40, (1100, 200)), rng.exponential(1 / 100, (1100, 200))
        wait, sojourn = np.zeros(200), []
        for t in range(1100):
            wait = np.maximum(0.0, wait - gap[t])
            wait = wait + work[t]
            sojourn.append(wait)
        batch = np.mean(sojourn[100:], axis=0)
        assert abs(batch.mean() - delay_of(mm1, 1e5, arrival_rate=40.0)[0]) < 4 * batch.std() / np.sqrt(200)

    def test_without_arrivals_only_the_packets_own_service_is_left(self):
        assert delay_of(mm1, 1e5, arrival_rate=0.0)[0] == pytest.approx(0.01, rel=1e-14)

    @pytest.mark.parametrize("arrival_rate", [100.0, 150.0])
    def test_an_unstable_queue_has_the_largest_delay(self, arrival_rate):
        assert delay_of(mm1, 1e5, arrival_rate=arrival_rate)[0] == 10.0


class TestFifo:
    def test_by_hand(self):
        """5000 bit wait, 3 packets of 1000 arrive, 20 kbit/s: 0.4 s, and 2000 bit leave within the frame."""
        assert delay_of(fifo_queue, 2e4, backlog=5000.0) == pytest.approx((0.4, 6000.0), rel=1e-14)
        assert delay_of(fifo_queue, 1e6, backlog=5000.0) == pytest.approx((0.008, 0.0), rel=1e-14)

    def test_nothing_waiting_means_no_delay_even_without_rate(self):
        assert delay_of(fifo_queue, 0.0, arrivals=0) == (0.0, 0.0)
        assert delay_of(fifo_queue, 1e5, arrivals=0) == (0.0, 0.0)

    def test_without_rate_everything_waits(self):
        assert delay_of(fifo_queue, 0.0, backlog=5000.0) == (10.0, 8000.0)

    @given(SEEDS)
    def test_no_bit_is_lost_or_made(self, seed):
        """Over 30 frames: arrived = sent + waiting, and sent never exceeds the rate nor what there is."""
        rng = np.random.default_rng(seed)
        backlog, sent, arrived = np.zeros(5), np.zeros(5), np.zeros(5)
        size = np.full(5, 1000.0)
        for _ in range(30):
            rate, packets = rng.exponential(3e4, 5), rng.poisson(3.0, 5)
            before = backlog + 1000 * packets
            _, backlog = fifo_queue(rate, size, np.zeros(5), packets, backlog, 0.1, 10.0)
            leaving = before - backlog
            assert np.all(leaving >= 0) and np.all(backlog >= 0)
            assert np.all(leaving <= 0.1 * rate * (1 + 1e-9))
            assert np.all((backlog == 0) | np.isclose(leaving, 0.1 * rate, rtol=1e-9))
            sent, arrived = sent + leaving, arrived + 1000 * packets
        np.testing.assert_allclose(sent + backlog, arrived, rtol=1e-12)

    @given(SEEDS)
    def test_the_delay_is_when_the_last_bit_leaves(self, seed):
        """Serve on at the same rate without arrivals for that long: the queue is empty, and not much earlier."""
        rate, size, arrival_rate, arrivals, backlog, _, cap = random_users(seed)
        delay, _ = fifo_queue(rate, size, arrival_rate, arrivals, backlog, 0.1, cap)
        for u in np.flatnonzero((delay < cap) & (delay > 0)):
            one = (rate[u : u + 1], size[u : u + 1], arrival_rate[u : u + 1], arrivals[u : u + 1], backlog[u : u + 1])
            for share, empty in ((1 + 1e-9, True), (1 - 1e-6, False)):
                assert (fifo_queue(*one, share * delay[u], cap)[1][0] == 0) == empty


class TestTransmission:
    def test_by_hand(self):
        """12000 bit at 4 Mbit/s: 3 ms, whatever waits."""
        assert delay_of(transmission_only, 4e6, packet_bits=12000.0)[0] == pytest.approx(3e-3, rel=1e-14)
        assert delay_of(transmission_only, 4e6, packet_bits=12000.0, backlog=1e9, arrivals=99)[0] \
            == pytest.approx(3e-3, rel=1e-14)


@pytest.mark.parametrize("name", LATENCY_MODELS)
def test_models_that_count_packets_are_those_whose_delay_they_change(name):
    before, after = (delay_of(LATENCY_MODELS[name], 1e6, arrivals=n) for n in (1, 5))
    assert (before != after) == (name in COUNT_PACKETS)


@pytest.mark.parametrize("model", LATENCY_MODELS.values(), ids=LATENCY_MODELS)
class TestEveryModel:
    @given(seed=SEEDS)
    def test_delay_lies_between_zero_and_the_cap(self, model, seed):
        *users, frame_s, cap = random_users(seed)
        delay, backlog = model(*users, frame_s, cap)
        assert np.all((delay >= 0) & (delay <= cap))
        assert np.all(backlog >= 0)

    @given(seed=SEEDS, factor=st.floats(1.0, 100.0))
    def test_more_rate_never_means_more_delay(self, model, seed, factor):
        rate, *rest = random_users(seed)
        slow, fast = (model(r, *rest)[0] for r in (rate, factor * rate))
        assert np.all(fast <= slow)

    def test_no_rate_with_work_waiting_is_the_cap_exactly(self, model):
        assert delay_of(model, 0.0)[0] == 10.0

    @given(seed=SEEDS)
    def test_users_do_not_see_each_other(self, model, seed):
        *users, frame_s, cap = random_users(seed)
        order = np.random.default_rng(seed).permutation(8)
        for here, there in zip(model(*users, frame_s, cap), model(*(x[order] for x in users), frame_s, cap)):
            np.testing.assert_array_equal(here[order], there)

    def test_only_the_queue_has_a_memory(self, model):
        _, backlog = delay_of(model, 2e4, backlog=5000.0)
        assert backlog == (6000.0 if model is fifo_queue else 5000.0)
