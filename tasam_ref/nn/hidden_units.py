"""What stands between two layers: an optional layer normalisation, then tanh or concatenated rectifiers.

    layer normalisation   y = gain z^ + shift,  z^ = (z - mean z) / sqrt(var z + epsilon), over the neurons of each row
    tanh                  h = tanh(y)                            h (B, n)
    crelu                 h = (max(y, 0), max(-y, 0))            h (B, 2n)

tanh is the paper's (Sec. VI-A); the others belong to PLASTIC as published (R43).  s = dL/dh and d = dL/dz below.
Batches (B, n) may have a leading axis of networks, and their parameters then too.
"""

import numpy as np

from ..kernels.update import through_tanh
from .layout import for_kernels

EPSILON = 1e-5


class Tanh:
    """h = tanh(y),  dL/dy = s (1 - h^2)."""

    @staticmethod
    def forward(y, out):
        """Write h (B, n) of y (B, n); both may be one array."""
        np.tanh(y, out=out)

    @staticmethod
    def backward(upstream, activation, out):
        """Write dL/dy (B, n) to ``out``, given s = ``upstream`` and h; out may be upstream itself."""
        through_tanh(for_kernels(upstream), for_kernels(activation))
        if out is not upstream:
            out[...] = upstream


class CReLU:
    """h = (max(y, 0), max(-y, 0)),  dL/dy = s_1 where y > 0, -s_2 where y < 0 (Shang et al., 2016).  R43."""

    @staticmethod
    def forward(y, out):
        """Write h (B, 2n) of y (B, n)."""
        n = y.shape[-1]
        np.maximum(y, 0, out=out[..., :n])
        np.maximum(-y, 0, out=out[..., n:])

    @staticmethod
    def backward(upstream, activation, out):
        """Write dL/dy (B, n) to ``out``, given s = ``upstream`` (B, 2n) and h (B, 2n)."""
        n = out.shape[-1]
        np.multiply(upstream[..., :n], activation[..., :n] > 0, out=out)
        out -= upstream[..., n:] * (activation[..., n:] > 0)


ACTIVATIONS = {"tanh": Tanh, "crelu": CReLU}


def layer_norm(z, gain, shift, normalised):
    """Turn z (B, n) into y in place, write z^ to ``normalised`` (B, n), return 1 / sqrt(var z + epsilon), (B, 1).

    Source: [30], R43.
    """
    np.subtract(z, z.mean(axis=-1, keepdims=True), out=normalised)
    inverse = 1 / np.sqrt(np.mean(normalised * normalised, axis=-1, keepdims=True) + z.dtype.type(EPSILON))
    normalised *= inverse
    np.multiply(normalised, gain[..., None, :], out=z)
    z += shift[..., None, :]
    return inverse


def layer_norm_backward(delta, gain, normalised, inverse):
    """Turn delta = dL/dy (B, n) into dL/dz in place, with g = gain dL/dy:

        dL/dz = (g - mean g - z^ mean(g z^)) / sqrt(var z + epsilon)

    Returns dL/dgain = sum of dL/dy z^ and dL/dshift = sum of dL/dy over the batch, each (n,).  R43.
    """
    gain_gradient, shift_gradient = np.sum(delta * normalised, axis=-2), delta.sum(axis=-2)
    delta *= gain[..., None, :]
    along = np.mean(delta * normalised, axis=-1, keepdims=True)
    delta -= delta.mean(axis=-1, keepdims=True)
    delta -= normalised * along
    delta *= inverse
    return gain_gradient, shift_gradient
