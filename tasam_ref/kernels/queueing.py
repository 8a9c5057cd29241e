"""How long work takes at a given speed."""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def capped_delay(work, speed, latency_max):
    """min(work / speed, latency_max), with latency_max where work waits and speed is not positive, 0 without work.

    work (U,) and speed (U,) in units whose ratio is s, latency_max s.  Returns (U,) s.  Source: for (2), R10.
    """
    delay = np.zeros(work.size)
    for u in range(work.size):
        if work[u] != 0:
            delay[u] = work[u] / speed[u] if work[u] < speed[u] * latency_max else latency_max
    return delay
