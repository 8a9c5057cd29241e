"""TD-errors, their variance per agent, and the gate of Algorithm 1, line 11."""

import numpy as np


def td_error_q(reward, next_q, q, gamma):
    """delta = r + gamma Q(s', a') - Q(s, a).  All (n,).  Source: Sec. IV-C, R33 ``q``."""
    return reward + gamma * next_q - q


def td_error_v(reward, next_v, v, gamma):
    """delta_TD = r + gamma V(s') - V(s).  All (n,).  Source: Sec. IV-D, R33 ``v``."""
    return reward + gamma * next_v - v


def soft_value(q, log_prob, temperature):
    """V(s) = E[Q(s, a) - beta log pi(a|s)], a ~ pi: one draw per state, since no V is learned (R33)."""
    return q - temperature * log_prob


def td_error_variance(errors):
    """sigma^2(delta_TD) of each agent: population variance (ddof = 0) of errors (M, n) over n.  Returns (M,)."""
    return np.var(np.asarray(errors, dtype=np.float64), axis=1)


def gate(variances, threshold, scale):
    """1(sigma^2(delta_TD) >= lambda_TD) for each agent, (M,) bool.  Source: Algorithm 1, line 11; R34.

    scale ``absolute`` compares with the threshold itself, ``relative`` with its multiple of the agents' median.
    A tie opens the gate; a threshold of infinity never does; zero always does, for finite variances.
    """
    if np.isinf(threshold):
        return np.zeros(variances.shape, dtype=bool)
    return variances >= threshold * SCALES[scale](variances)


SCALES = {"absolute": lambda variances: 1.0, "relative": np.median}
