"""Spectral normalisation of a layer's weights (Miyato et al., 2018), one of the baselines of Table 3 (R42).

W- = W / sigma,   sigma = ||W^T u||,   v = W^T u / sigma,   u of length 1

The direction u is held while a gradient is taken, through both passes of SAM, so that d sigma / dW = u v^T exactly:

    dL/dW = (dL/dW- - <dL/dW-, W-> u v^T) / sigma

``advance`` turns u towards W's first left singular vector, along which sigma is the largest singular value.  A leading
axis of all arrays may count networks.
"""

import numpy as np


def normalise(weight, u, out):
    """Write W- (fan_in, fan_out) to ``out``.  u (fan_in,) may have any length.  Returns unit u, v (fan_out,), sigma.

    Source: Table 3, R42.
    """
    u = u / np.linalg.norm(u, axis=-1, keepdims=True)
    v = np.einsum("...i,...ij->...j", u, weight)
    sigma = np.linalg.norm(v, axis=-1, keepdims=True)
    np.divide(weight, sigma[..., None], out=out)
    return u, v / sigma, sigma[..., 0]


def pull_back(gradient, normalised, u, v, sigma):
    """Turn dL/dW- into dL/dW, in place; the first two are (fan_in, fan_out).  Source: Table 3, R42."""
    along = np.sum(gradient * normalised, axis=(-2, -1))[..., None, None]
    gradient -= along * (u[..., :, None] * v[..., None, :])
    gradient /= np.asarray(sigma)[..., None, None]


def advance(weight, u):
    """One step of the power iteration, in place:  u <- W W^T u / ||W W^T u||.  Source: R42."""
    u[...] = weight @ (weight.T @ u)
    u /= np.linalg.norm(u)
