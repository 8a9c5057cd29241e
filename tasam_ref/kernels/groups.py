"""Reductions over the users of each DU and slice, for (2) to (5).

values (U,), group (U,) whole numbers below ``size``: the group of each user.  They return (size,), with 0 for a group
without users.
"""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def largest(values, group, size):
    """The largest of each group's values, none of which is negative: max over i of v_i.  Source: (2)."""
    found = np.zeros(size)
    for u in range(group.size):
        found[group[u]] = max(found[group[u]], values[u])
    return found


@njit(cache=True, error_model="numpy")
def mean(values, group, size):
    """The mean of each group's values: (1/N_u) sum over i of v_i.  Source: (3), (4), (5)."""
    total, count = np.zeros(size), np.zeros(size)
    for u in range(group.size):
        total[group[u]] += values[u]
        count[group[u]] += 1.0
    return total / np.maximum(count, 1.0)
