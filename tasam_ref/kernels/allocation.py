"""What relaxed actions claim."""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def two_bit_claims(action, num_slices):
    """Share of each RB that each slice holds under two numbers per RB, and how many RBs each DU claims.

        claims[m, :, k] = (1 - b) e, b (1 - e), b e   of slices 1, 2, 3, with b = action[m, k], e = action[m, K + k]
        claimed[m] = sum over k of min(1, sum over s of claims[m, s, k])

    action (M, 2K) in [0, 1]; L = num_slices is at most 3.  Returns (M, L, K) and (M,).  Source: Sec. IV-A2, R20.
    """
    num_dus, num_rbs = action.shape[0], action.shape[1] // 2
    claims, claimed = np.empty((num_dus, num_slices, num_rbs)), np.zeros(num_dus)
    for m in range(num_dus):
        for k in range(num_rbs):
            b, e = action[m, k], action[m, num_rbs + k]
            shares = ((1.0 - b) * e, b * (1.0 - e), b * e)
            held = 0.0
            for s in range(num_slices):
                claims[m, s, k] = shares[s]
                held += shares[s]
            claimed[m] += min(held, 1.0)
    return claims, claimed
