"""Scaling of the QoS for the reward (8)."""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def scale(qos, worst, best):
    """(Q - worst) / (best - worst), which is 0 at worst and 1 at best; 1 where they are equal.

    Latency comes with worst > best, which turns it round.  qos (..., L), worst and best (L,).
    Source: after (8), R25.
    """
    scaled = np.ones(qos.shape)
    for at in np.ndindex(qos.shape):
        s = at[-1]
        if best[s] != worst[s]:
            scaled[at] = (qos[at] - worst[s]) / (best[s] - worst[s])
    return scaled
