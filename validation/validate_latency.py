"""(2): the delay tau of R10 against simulated queues, Little's law, and queues of whole bits kept by hand.

The M/M/1 queue is simulated customer by customer: a packet departs at D_n = max(A_n, D_(n-1)) + S_n.  Unrolled this is
D_n = C_n + max over j <= n of (A_j - C_(j-1)) with C the cumulated services, which NumPy computes in one pass.
"""

from fractions import Fraction
from functools import cache

import numpy as np

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.oran.action import decode_two_bit
from tasam_ref.oran.draws import draw_frame
from tasam_ref.oran.latency import fifo_queue, mm1, transmission_only
from tasam_ref.oran.radio import RadioNetwork
from tasam_ref.oran.topology import build_topology

from .checks import check
from .oracles import relative_error, standard_errors

PACKET_BITS, ARRIVALS_HZ = 2040.0, 10.0
LOADS = (0.2, 0.4, 0.6, 0.75)
BATCHES, BATCH = 50, 20_000


@cache
def simulated_queue(load):
    """Arrival and departure times in s of an M/M/1 queue of packets of 2040 bits on average, 10 per second."""
    generator = np.random.default_rng(round(100 * load))
    count = (BATCHES + 1) * BATCH
    rate = ARRIVALS_HZ * PACKET_BITS / load
    arrival = np.cumsum(generator.exponential(1 / ARRIVALS_HZ, count))
    service = generator.exponential(PACKET_BITS, count) / rate
    done = np.cumsum(service)
    departure = done + np.maximum.accumulate(arrival - (done - service))
    return arrival, departure, mm1_delay(rate)


def mm1_delay(rate):
    """tau of the package for one user at this rate in bit/s, without a cap that matters."""
    one = np.ones(1)
    return mm1(rate * one, PACKET_BITS * one, ARRIVALS_HZ * one, one, 0 * one, 0.1, 1e9)[0][0]


@check("tau", "(2)", oracle="Lindley recursion of 4 million packets", tolerance=4,
       because="standard errors of 50 batch means, over 4 loads")
def mm1_delay_is_that_of_a_simulated_queue():
    """Mean sojourn time of the packets of a FIFO queue = 1 / (mu - lambda), at loads of 0.2 to 0.75."""
    errors = []
    for load in LOADS:
        arrival, departure, delay = simulated_queue(load)
        batches = (departure - arrival)[BATCH:].reshape(BATCHES, BATCH).mean(axis=1)
        errors.append(standard_errors(batches, delay))
    return np.max(errors)


@check("tau", "(2)", oracle="Little's law on counted packets", tolerance=4,
       because="standard errors of 50 batch means, over 4 loads")
def mm1_delay_obeys_littles_law():
    """Packets present, counted at a million times on a regular grid, = lambda tau on average."""
    errors = []
    for load in LOADS:
        arrival, departure, delay = simulated_queue(load)
        times = np.linspace(arrival[BATCH], arrival[-1], BATCHES * BATCH)
        present = np.searchsorted(arrival, times, "right") - np.searchsorted(departure, times, "right")
        errors.append(standard_errors(present.reshape(BATCHES, BATCH).mean(axis=1), ARRIVALS_HZ * delay))
    return np.max(errors)


@check("tau", "(2)", oracle="rational arithmetic", tolerance=1e-15, because="cancellation in mu - lambda")
def mm1_delay_is_capped_from_overload_on():
    """1 / (c/s - lambda) below 10 ms, else 10 ms: also at rate 0 and at loads of 1 and more."""
    packets, per_second = (12000, 1000, 2040), (333, 30, 10)
    cases = [(c, s, hz) for s, hz in zip(packets, per_second) for c in (
        0, s * hz // 2, s * hz, s * hz + 1, s * (hz + 99), s * (hz + 100), *range(s * (hz + 101), 10**8, 987654))]
    expected = []
    for c, s, hz in cases:
        spare = Fraction(c, s) - hz
        expected.append(float(min(1 / spare, Fraction(1, 100)) if spare > 0 else Fraction(1, 100)))
    c, s, hz = np.array(cases, dtype=float).T
    delay, backlog = mm1(c, s, hz, np.ones_like(c), np.full_like(c, 7.0), 0.1, 0.01)
    return np.max(np.abs(delay / expected - 1)) + np.sum(backlog != 7.0)


@check("tau", oracle="a server that sends one bit after the other", tolerance=0, because="whole numbers")
def fifo_queue_loses_and_makes_no_bit():
    """Arrived = sent + waiting after each of 400 frames, with whole bits and a rate that is sometimes 0."""
    generator = np.random.default_rng(5)
    packet, waiting, backlog, wrong = 12, 0, np.zeros(1), 0
    for _ in range(400):
        arrived, per_frame = int(generator.poisson(3.0)), int(generator.integers(0, 80))
        _, backlog = fifo_queue(np.array([8.0 * per_frame]), np.array([float(packet)]), np.ones(1),
                                np.array([arrived]), backlog, 0.125, 0.01)
        queue = [1] * (waiting + arrived * packet)
        for _ in range(per_frame):
            if queue:
                queue.pop()
        waiting = len(queue)
        wrong += backlog[0] != waiting
    return wrong


@check("tau", "(2)", oracle="packets sent one after the other", tolerance=0, because="one division, rounded alike")
def fifo_delay_is_when_the_last_packet_leaves():
    """Backlog, then A packets of s bits, each taking s / c: capped at 10 ms; 0 if nothing waits, even at rate 0."""
    errors = []
    for backlog, arrived, packet, rate in ((0, 0, 2040, 0), (0, 0, 2040, 9), (5, 0, 2040, 0), (0, 1, 2040, 0),
                                           (1000, 3, 2040, 10**6), (700, 0, 12000, 123457), (0, 34, 12000, 5 * 10**7),
                                           (9600, 4, 100, 10**6), (9600, 5, 100, 10**6)):
        clock = Fraction(backlog, max(rate, 1))
        for _ in range(arrived):
            clock += Fraction(packet, max(rate, 1))
        expected = float(min(clock, Fraction(1, 100)) if rate or not clock else Fraction(1, 100))
        delay = fifo_queue(*np.array([[rate], [packet], [1], [arrived], [backlog]], dtype=float), 0.1, 0.01)[0][0]
        errors.append(delay != expected)
    return np.sum(errors)


@check("tau", "(2)", oracle="rational arithmetic over 60 frames", tolerance=2e-15, because="rounding of 60 additions")
def network_keeps_the_books_of_its_queues():
    """RadioNetwork under fifo_queue: backlogs and delays of 24 users, from the rates and arrivals of each frame."""
    settings = ("radio.num_dus=2", "radio.num_ues=24", "radio.num_rbs=8", "slices.latency_model=fifo_queue")
    config = apply_settings(Config(), settings)
    topology = build_topology(config.radio, config.slices)
    network = RadioNetwork(config, topology)
    network.reset(2)
    packet = [(12000, 1000, 2040)[s] for s in topology.slice_of]
    mean = np.array([(33.3, 3.0, 1.0)[s] for s in topology.slice_of])
    waiting, errors = [Fraction(0)] * 24, []
    generator = np.random.default_rng(6)
    for number in range(60):
        frame = network.transmit(decode_two_bit(generator.integers(0, 2, (2, 16)).astype(float), 3))
        arrivals = draw_frame(2, number, config.radio, mean).arrivals
        waiting = [w + int(a) * s for w, a, s in zip(waiting, arrivals, packet)]
        delay = [float(w / Fraction(c)) if w < Fraction(c) / 100 else 0.01 * (w > 0)
                 for w, c in zip(waiting, frame.rate_bps)]
        waiting = [max(w - Fraction(c) / 10, Fraction(0)) for w, c in zip(waiting, frame.rate_bps)]
        errors += [relative_error(frame.latency_s, delay),
                   relative_error(network.state["backlog"], np.array(waiting, dtype=float))]
    return np.max(errors)


@check("tau", "(2)", oracle="hand-worked milliseconds", tolerance=0, because="one division, rounded alike")
def transmission_alone_takes_s_over_c():
    """2040 bit at 1.02 Mbit/s: 2 ms; 12 000 at 4 Mbit/s: 3; 1000 at 50 kbit/s: 20, cut to 10; at rate 0: 10."""
    rate, packet = np.array([1.02e6, 4e6, 5e4, 0.0]), np.array([2040.0, 12000.0, 1000.0, 1000.0])
    delay, backlog = transmission_only(rate, packet, np.ones(4), np.ones(4), np.zeros(4), 0.1, 0.01)
    return relative_error(1000 * delay, np.array([2.0, 3.0, 10.0, 10.0])) + np.sum(backlog != 0)
