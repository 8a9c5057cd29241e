"""Delays: work over speed by hand, and at the ends where a quotient means nothing."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.kernels.queueing import capped_delay

WORK, SPEED = st.sampled_from([0.0, 1e-300]) | st.floats(0, 1e9), st.sampled_from([0.0, -0.0]) | st.floats(-1e9, 1e9)


def test_by_hand():
    """Half a second; capped at two; nothing to do; stopped; running backwards; endless work; endless speed."""
    work = np.array([3.0, 30.0, 0.0, 1.0, 1.0, np.inf, 1.0])
    speed = np.array([6.0, 6.0, 0.0, 0.0, -4.0, 5.0, np.inf])
    assert capped_delay(work, speed, 2.0).tolist() == [0.5, 2, 0, 2, 2, 2, 0]


@given(st.lists(st.tuples(WORK, SPEED), min_size=1, max_size=8), st.floats(1e-3, 1e3))
def test_equals_the_twin(users, latency_max):
    """Positive speeds wait for the quotient, the others for ever; never longer than latency_max."""
    delay = capped_delay(np.array([w for w, _ in users]), np.array([c for _, c in users]), latency_max)
    for found, (work, speed) in zip(delay, users):
        quotient = math.inf if speed <= 0 or work / latency_max >= speed else work / speed
        expected = min(quotient, latency_max) if work > 0 else 0.0
        assert math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-300)
