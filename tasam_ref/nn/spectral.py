"""Spectral normalisation of a layer's weights (Miyato et al., 2018), one of the baselines of Table 3 (R42).

W- = W / sigma,   sigma = ||W^T u||,   v = W^T u / sigma,   u of length 1

The direction u is held while a gradient is taken, through both passes of SAM, so that d sigma / dW = u v^T exactly:

    dL/dW = (dL/dW- - <dL/dW-, W-> u v^T) / sigma

``advance`` turns u towards W's first left singular vector, along which sigma is the largest singular value.
"""

import numpy as np


def normalise(weight, u):
    """W- (fan_in, fan_out), and for ``pull_back`` the unit u (fan_in,), v (fan_out,), sigma; u may have any length.

    Source: Table 3, R42.
    """
    u = u / np.linalg.norm(u)
    v = u @ weight
    sigma = np.linalg.norm(v)
    return weight / sigma, (u, v / sigma, sigma)


def pull_back(gradient, normalised, u, v, sigma):
    """Turn dL/dW- into dL/dW, in place; the first two are (fan_in, fan_out).  Source: Table 3, R42."""
    gradient -= np.sum(gradient * normalised) * np.outer(u, v)
    gradient /= sigma


def advance(weight, u):
    """One step of the power iteration, in place:  u <- W W^T u / ||W W^T u||.  Source: R42."""
    u[...] = weight @ (weight.T @ u)
    u /= np.linalg.norm(u)
