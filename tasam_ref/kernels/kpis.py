"""Key performance indicators (2)-(5) of every DU and slice, from what its users got.

Per-user inputs (U,) are reduced to (M, L), DU by slice, through ``group`` (U,): the index m L + l of each
user's DU and slice; ``shape`` is (M, L).  An empty slice gets 0 from every reduction.
"""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def max_latency(delay, group, shape):
    """(2)  l_d = max over i of tau_i: the largest delay among the slice's users, in s."""
    largest = np.zeros(shape[0] * shape[1])
    for u in range(group.size):
        largest[group[u]] = max(largest[group[u]], delay[u])
    return largest.reshape(shape)


@njit(cache=True, error_model="numpy")
def mean_of_users(values, group, shape):
    """(1/N_u) sum over i of v_i: the mean that (3), (4) and (5) take over the slice's users."""
    total, count = np.zeros(shape[0] * shape[1]), np.zeros(shape[0] * shape[1])
    for u in range(group.size):
        total[group[u]] += values[u]
        count[group[u]] += 1.0
    return (total / np.maximum(count, 1.0)).reshape(shape)


@njit(cache=True, error_model="numpy")
def mean_throughput(rate, group, shape):
    """(3)  mu_r = (1/N_u) sum over i of C_i, in bit/s."""
    return mean_of_users(rate, group, shape)


@njit(cache=True, error_model="numpy")
def service_availability(satisfied_frames, frames, group, shape):
    """(4)  s_a = (1/T) sum over t of 1(C_i(t) >= lambda_i), averaged over the slice's users (R14).

    satisfied_frames (U,) counts the frames so far in which each user met its threshold; frames is T.
    """
    return mean_of_users(satisfied_frames / frames, group, shape)


@njit(cache=True, error_model="numpy")
def user_density_support(satisfied, group, shape):
    """(5)  d_s = (1/N_u) sum over i of 1(C_i >= lambda_i), for the indicator ``satisfied`` (U,)."""
    return mean_of_users(satisfied, group, shape)


@njit(cache=True, error_model="numpy")
def slice_kpis(delay, rate, satisfied, satisfied_frames, frames, group, shape):
    """(2)-(5) side by side: latency, throughput, availability and density of every slice, (M, L, 4)."""
    latency, throughput = max_latency(delay, group, shape), mean_throughput(rate, group, shape)
    availability = service_availability(satisfied_frames, frames, group, shape)
    density = user_density_support(satisfied, group, shape)
    kpis = np.empty((shape[0], shape[1], 4))
    for m, s in np.ndindex(shape):
        kpis[m, s, 0], kpis[m, s, 1] = latency[m, s], throughput[m, s]
        kpis[m, s, 2], kpis[m, s, 3] = availability[m, s], density[m, s]
    return kpis
