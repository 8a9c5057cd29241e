"""Achievable rates by (1)."""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def link_rate(sinr, claims, serving, slice_of, rb_bandwidth_hz):
    """Rate of each user on each RB that its slice holds in its cell; zero elsewhere.

        r[u, k] = B log2(1 + sinr[u, k])  where b[m(u), l(u), k] > 0

    sinr (U, K), claims b (M, L, K), serving (U,), slice_of (U,), bandwidth in Hz.  Returns (U, K) bit/s.
    Source: (1); base 2 is reading R02.
    """
    num_ues, num_rbs = sinr.shape
    rate = np.zeros((num_ues, num_rbs))
    for u in range(num_ues):
        held = claims[serving[u], slice_of[u]]
        for k in range(num_rbs):
            if held[k] > 0:
                rate[u, k] = rb_bandwidth_hz * np.log2(1.0 + sinr[u, k])
    return rate


@njit(cache=True, error_model="numpy")
def user_rate(rate, claims, served):
    """Sum (1) over the RBs: what each user gets in the frame.

        c[u] = sum over k of e[u, k] b[l, k] r[u, k]

    rate r (U, K) bit/s, claims b (M, L, K), served (M, L, K): the user u with e[u, k] = 1, or -1.
    Returns (U,) bit/s.  Source: (1).
    """
    num_rus, num_slices, num_rbs = claims.shape
    total = np.zeros(rate.shape[0])
    for m in range(num_rus):
        for s in range(num_slices):
            for k in range(num_rbs):
                u = served[m, s, k]
                if u >= 0:
                    total[u] += claims[m, s, k] * rate[u, k]
    return total
