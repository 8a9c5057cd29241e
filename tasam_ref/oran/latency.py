"""What a user's delay tau_i in (2) is (R10).  One signature: each returns the delay (U,) in s and the new backlog.

rate c (U,) bit/s, packet_bits (U,), arrival_rate lambda (U,) 1/s, arrivals (U,) packets in this frame,
backlog (U,) bit at the frame's start, frame_s s, latency_max s.  A delay that would exceed latency_max, or that
never ends (no rate, or load above rate), is latency_max.
"""

import numpy as np

from ..kernels.queueing import capped_delay


def mm1(rate, packet_bits, arrival_rate, arrivals, backlog, frame_s, latency_max):
    """Mean sojourn time of an M/M/1 queue:  tau = 1 / (mu - lambda),  mu = c / packet size.  For (2), R10."""
    spare = rate / packet_bits - arrival_rate
    return capped_delay(np.ones_like(rate), spare, latency_max), backlog


def fifo_queue(rate, packet_bits, arrival_rate, arrivals, backlog, frame_s, latency_max):
    """Time in which the rate serves what waits, the packets just arrived included:  tau = (q + A s) / c.

    The backlog then follows  q <- max(0, q + A s - c dt): no bit is lost or made.  For (2), R10.
    """
    waiting = backlog + arrivals * packet_bits
    return capped_delay(waiting, rate, latency_max), np.maximum(waiting - rate * frame_s, 0.0)


def transmission_only(rate, packet_bits, arrival_rate, arrivals, backlog, frame_s, latency_max):
    """Time to send one packet, without any queue:  tau = s / c.  For (2), R10."""
    return capped_delay(packet_bits, rate, latency_max), backlog


COUNT_PACKETS = {"fifo_queue"}
"""The models that look at ``arrivals``; for the others no packet need be drawn."""
LATENCY_MODELS = {"mm1": mm1, "fifo_queue": fifo_queue, "transmission_only": transmission_only}
