"""The reward (8): scaled QoS, sensitivities alpha_l, sigmoids and the two penalties.  Per DU: (M, L) -> (M,)."""

import numpy as np

from ..kernels.scaling import scale


def min_max_scale(qos, worst, best):
    """Min-max scaling of Q_l to [0, 1]: ``scale``, clipped.  Source: after (8), R25."""
    return np.clip(scale(qos, worst, best), 0.0, 1.0)


def priority_normalised(qos_scaled, priorities, steepness):
    """alpha_l = steepness L w_l / sum_j w_j: fixed, with mean ``steepness``.  Returns (M, L).

    Source: after (8), R24.
    """
    alpha = steepness * priorities.size * priorities / priorities.sum()
    return alpha * np.ones(qos_scaled.shape)


def quality_weighted(qos_scaled, priorities, steepness):
    """alpha_l = steepness L w_l Q_l / sum_j w_j Q_j, the normalisation taken over the scaled QoS of the frame.

    Where every w_l Q_l is zero, ``priority_normalised``.  Returns (M, L).  Source: after (8), R24.
    """
    weighted = priorities * qos_scaled
    total = weighted.sum(axis=1, keepdims=True)
    fixed = priority_normalised(qos_scaled, priorities, steepness)
    share = np.divide(weighted, total, out=np.zeros_like(weighted), where=total > 0)
    return np.where(total > 0, steepness * priorities.size * share, fixed)


def sigmoid(x):
    """sigma(x) = 1 / (1 + e^-x), without overflow.  Source: (8)."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def literal_utility(qos_scaled, alpha):
    """sigma(alpha_l Q_l), which lies in [1/2, sigma(alpha_l)].  Source: (8), R23."""
    return sigmoid(alpha * qos_scaled)


def centred_utility(qos_scaled, alpha):
    """sigma(alpha_l (2 Q_l - 1)), which runs from near 0 to near 1 as the text of (8) says.  Source: (8), R23."""
    return sigmoid(alpha * (2.0 * qos_scaled - 1.0))


def resource_penalty(claimed, num_rbs, zeta):
    """P_res = -zeta max(0, sum over l of K^l_m - K_m), as a share of K_m.  claimed (M,) RBs.  Source: Sec. IV-A3."""
    return -zeta * np.maximum(0.0, claimed - num_rbs) / num_rbs


def quality_penalty(qos, q_min, zeta):
    """P_minQ = -zeta sum over l of max(0, Q_min_l - Q_l), both by ``scale`` so that bit/s and s add up (R26).

    The paper's minimum over Q_l is over what one agent governs: here the one DU of each row.  qos (M, L), q_min (L,)
    or (M, L).  Returns (M,).  Source: Sec. IV-A3.
    """
    return -zeta * np.maximum(0.0, q_min - qos).sum(axis=1)


def reward(qos_scaled, alpha, utility, p_res, p_min_q):
    """(8)  r = sum over l of sigma(alpha_l Q_l) + P_res + P_minQ.  Returns (M,).

    It stands in for the objective Omega of (7a), which the paper does not give (R17).
    """
    return utility(qos_scaled, alpha).sum(axis=1) + p_res + p_min_q


SENSITIVITIES = {"priority_normalised": priority_normalised, "quality_weighted": quality_weighted}
UTILITIES = {"centred": centred_utility, "literal": literal_utility}
