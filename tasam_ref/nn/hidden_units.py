"""What stands between two layers: an optional layer normalisation, then tanh or concatenated rectifiers.

    layer normalisation   y = gain z^ + shift,  z^ = (z - mean z) / sqrt(var z + epsilon), over the neurons of a column
    tanh                  h = tanh(y)                            h (n, B)
    crelu                 h = (max(y, 0), max(-y, 0))            h (2n, B)

tanh is the paper's (Sec. VI-A); the others belong to PLASTIC as published (R43).
"""

import numpy as np

EPSILON = 1e-5


def tanh_backward(upstream, h):
    """dL/dy = s (1 - h^2), given s = dL/dh."""
    return upstream * (1 - h * h)


def crelu(y):
    """h = (max(y, 0), max(-y, 0)), (2n, B) of y (n, B) (Shang et al., 2016).  R43."""
    return np.concatenate((np.maximum(y, 0), np.maximum(-y, 0)))


def crelu_backward(upstream, h):
    """dL/dy = s_1 where y > 0, -s_2 where y < 0, given s = dL/dh (2n, B)."""
    positive, negative = np.split(upstream * (h > 0), 2)
    return positive - negative


ACTIVATIONS = {"tanh": (np.tanh, tanh_backward), "crelu": (crelu, crelu_backward)}


def layer_norm(z, gain, shift):
    """y (n, B) of z (n, B), and what ``layer_norm_backward`` needs: z^ (n, B) and 1 / sqrt(var z + epsilon), (B,).

    Source: [30], R43.
    """
    centred = z - z.mean(axis=0)
    inverse = 1 / np.sqrt(np.mean(centred * centred, axis=0) + z.dtype.type(EPSILON))
    normalised = centred * inverse
    return gain[:, None] * normalised + shift[:, None], (normalised, inverse)


def layer_norm_backward(delta, gain, normalised, inverse):
    """dL/dz (n, B), dL/dgain (n,) and dL/dshift (n,), given delta = dL/dy (n, B); with g = gain dL/dy:

        dL/dz = (g - mean g - z^ mean(g z^)) / sqrt(var z + epsilon)
        dL/dgain = sum over the batch of dL/dy z^,   dL/dshift = sum over the batch of dL/dy

    Source: [30], R43.
    """
    g = gain[:, None] * delta
    below = (g - g.mean(axis=0) - normalised * np.mean(g * normalised, axis=0)) * inverse
    return below, np.sum(delta * normalised, axis=1), delta.sum(axis=1)
