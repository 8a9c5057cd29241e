"""Intra-slice schedulers: which user of the slice each claimed RB serves.

All have one signature.  Users of slice s in cell m are the range ``group_start[m * L + s]`` to
``group_start[m * L + s + 1]``.  claims b (M, L, K), rate (U, K) bit/s, mean_rate (U,) bit/s, pointer (M, L) the
user whose turn it is, memory = 1/W of the proportional-fair average.  They return ``served`` (M, L, K), a user
index or -1, and the new pointer.  One entry per RB and slice: e binds one user to an RB (the constraint that
(7) leaves out, R12).
"""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def round_robin(claims, rate, group_start, mean_rate, pointer, memory):
    """Users take turns, RB by RB, and the turn carries over to the next frame.  Source: Sec. III-A, R46."""
    num_rus, num_slices, num_rbs = claims.shape
    served = np.full((num_rus, num_slices, num_rbs), -1)
    new_pointer = pointer.copy()
    for m in range(num_rus):
        for s in range(num_slices):
            first, end = group_start[m * num_slices + s], group_start[m * num_slices + s + 1]
            if end == first:
                continue
            turn = pointer[m, s] % (end - first)
            for k in range(num_rbs):
                if claims[m, s, k] > 0:
                    served[m, s, k] = first + turn
                    turn = (turn + 1) % (end - first)
            new_pointer[m, s] = turn
    return served, new_pointer


@njit(cache=True, error_model="numpy")
def maximum_rate(claims, rate, group_start, mean_rate, pointer, memory):
    """Each RB goes to the user with the highest rate on it; the first of equals.  Source: Sec. III-A, R46."""
    num_rus, num_slices, num_rbs = claims.shape
    served = np.full((num_rus, num_slices, num_rbs), -1)
    for m in range(num_rus):
        for s in range(num_slices):
            first, end = group_start[m * num_slices + s], group_start[m * num_slices + s + 1]
            for k in range(num_rbs):
                if claims[m, s, k] > 0 and end > first:
                    best = first
                    for u in range(first + 1, end):
                        if rate[u, k] > rate[best, k]:
                            best = u
                    served[m, s, k] = best
    return served, pointer


@njit(cache=True, error_model="numpy")
def proportional_fair(claims, rate, group_start, mean_rate, pointer, memory):
    """Each RB goes to the user with the highest rate over average, RB by RB within the frame.

        argmax over u of r[u, k] / ((1 - 1/W) mean_rate[u] + (1/W) rate so far in this frame[u])

    so a user that was just served steps back at once.  A user without any average comes first.
    Source: Sec. III-A, R46.
    """
    num_rus, num_slices, num_rbs = claims.shape
    served = np.full((num_rus, num_slices, num_rbs), -1)
    average = (1.0 - memory) * mean_rate
    for m in range(num_rus):
        for s in range(num_slices):
            first, end = group_start[m * num_slices + s], group_start[m * num_slices + s + 1]
            for k in range(num_rbs):
                if claims[m, s, k] > 0 and end > first:
                    best, best_metric = first, -1.0
                    for u in range(first, end):
                        metric = rate[u, k] / max(average[u], 1e-9)
                        if metric > best_metric:
                            best, best_metric = u, metric
                    served[m, s, k] = best
                    average[best] += memory * claims[m, s, k] * rate[best, k]
    return served, pointer
