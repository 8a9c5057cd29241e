"""A temperature beta that is learned with the policy (R57)."""

import numpy as np


def temperature_gradient(log_prob, temperature, target_entropy):
    """d/d log beta of  J(beta) = E[-beta (log pi(a|s) + H)],  a ~ pi(.|s):  -beta (E[log pi(a|s)] + H).

    Descending it raises beta where the policy's entropy, -E[log pi], is below H, and lowers it where it is above.
    log_prob (B,), target_entropy H in nat for the whole action.  Source: Haarnoja et al., 2018, after (18); R57.
    """
    return -temperature * (np.mean(log_prob) + target_entropy)
