"""Forward and backward passes of the paper's tanh networks (Sec. VI-A), one network on a batch of B columns.

Forward, with h_0 = x:      z_j = W_j^T h_j + b_j,   h_{j+1} = tanh z_j,   of the last layer y = z_j
Backward, with d = dL/dz of the layer above, of the last dL/dy:
                            dL/dW_j = h_j d_j^T,   dL/db_j = sum over the batch of d_j
                            d_{j-1} = (W_j d_j) (1 - h_j^2)

Layers count from 0.  A batch (n, B) has a row for each neuron and a column for each transition.  ``values`` holds
h_1, ..., y one below the other, ``deltas`` d_0, ... of the hidden layers; ``layer`` and ``neurons`` are views.
"""

import numpy as np
from numba import njit

from ..compiled import compiled
from . import mlp
from .products import nn, nt, tn

layer = compiled(mlp.layer)
_HALF, _ONE, _TWO, _END = map(np.float32, (0.5, 1, 2, 9))
_P0, _P1, _P2 = map(np.float32, (135135, 17325, 378))
_Q0, _Q1, _Q2, _Q3 = map(np.float32, (135135, 62370, 3150, 28))


@compiled
def tanh(x):
    """tanh x of a float32, within 6 units in the last place, 5 where processors multiply and add at once.

    NumPy's is not vectorised in compiled code.

        p / q = tanh(x / 2) by Lambert's continued fraction y / (1 + y^2 / (3 + y^2 / (5 + ... / 13))),  y = x / 2
        tanh x = 2 (p / q) / (1 + (p / q)^2) = 2 p q / (q^2 + p^2)

    Beyond +-9, where float32 has no number between tanh x and +-1, x is taken as +-9.
    """
    y = _HALF * np.minimum(np.maximum(x, -_END), _END)
    s = y * y
    p = y * (_P0 + s * (_P1 + s * (_P2 + s)))
    q = _Q0 + s * (_Q1 + s * (_Q2 + s * _Q3))
    return _TWO * p * q / (q * q + p * p)


@compiled
def neurons(values, shapes, j):
    """What layer j gives, h_{j+1} or y: a view (n, B) of its rows of ``values``, or of ``deltas``."""
    start = shapes[:j, 1].sum()
    return values[start : start + shapes[j, 1]]


@compiled
def activate(z, bias):
    """h = tanh(z + b), in place of z (n, B)."""
    single = z.itemsize == 4
    for j in range(z.shape[0]):
        for i in range(z.shape[1]):
            z[j, i] = tanh(z[j, i] + bias[j]) if single else np.tanh(z[j, i] + bias[j])


@compiled
def add(z, bias):
    """z + b, in place of z (n, B)."""
    for j in range(z.shape[0]):
        for i in range(z.shape[1]):
            z[j, i] += bias[j]


@compiled
def through_tanh(delta, h):
    """delta (1 - h^2), in place of delta (n, B)."""
    for j in range(h.shape[0]):
        for i in range(h.shape[1]):
            delta[j, i] *= _ONE - h[j, i] * h[j, i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def sum_columns(delta, out):
    """out (n,) <- sum over the batch of delta (n, B), several at a time: rounding follows the processor."""
    for j in range(delta.shape[0]):
        total = delta.dtype.type(0)
        for i in range(delta.shape[1]):
            total += delta[j, i]
        out[j] = total


@compiled
def forward(theta, shapes, x, values):
    """Fill ``values`` with h_1, ..., y of the input x, and return y."""
    h, last = x, len(shapes) - 1
    for j in range(len(shapes)):
        weight, bias = layer(theta, shapes, j)
        above = neurons(values, shapes, j)
        tn(weight, h, above)
        if j < last:
            activate(above, bias)
        else:
            add(above, bias)
        h = above
    return h


@compiled
def backward(theta, shapes, x, values, delta, deltas, gradient):
    """Fill ``gradient`` with dL/dtheta, given delta = dL/dy of the last ``forward`` on the same theta and x."""
    for j in range(len(shapes) - 1, -1, -1):
        weight_gradient, bias_gradient = layer(gradient, shapes, j)
        h = neurons(values, shapes, j - 1) if j > 0 else x
        nt(h, delta, weight_gradient)
        sum_columns(delta, bias_gradient)
        if j > 0:
            delta = below(theta, shapes, j, delta, h, deltas)


@compiled
def below(theta, shapes, j, delta, h, deltas):
    """d_{j-1} = (W_j d_j) (1 - h_j^2), given delta = d_j."""
    weight, _ = layer(theta, shapes, j)
    upstream = neurons(deltas, shapes, j - 1)
    nn(weight, delta, upstream)
    through_tanh(upstream, h)
    return upstream


@compiled
def input_gradient(theta, shapes, values, delta, deltas, first, out):
    """out <- dL/dx of the inputs ``first``, ..., as many as out has rows; no gradient of theta is formed."""
    for j in range(len(shapes) - 1, 0, -1):
        delta = below(theta, shapes, j, delta, neurons(values, shapes, j - 1), deltas)
    weight, _ = layer(theta, shapes, 0)
    nn(weight[first : first + out.shape[0]], delta, out)


class TanhWorkspace:
    """Memory for one tanh network on one batch size, and the passes in it: y and gradients hold until the next call."""

    def __init__(self, net, columns, dtype):
        self.net, self.columns, self.x = net, columns, None
        self.values = np.empty((sum(net.sizes[1:]), columns), dtype)
        self.deltas = np.empty((sum(net.sizes[1:-1]), columns), dtype)
        self.gradient = np.zeros(net.num_params, dtype)

    def forward(self, theta, x):
        """y (outputs, B) of x (inputs, B)."""
        if x.shape != (self.net.sizes[0], self.columns):
            raise ValueError(f"x of shape {x.shape}: must be ({self.net.sizes[0]}, {self.columns})")
        self.x = np.ascontiguousarray(x)
        return forward(theta, self.net.shapes, self.x, self.values)

    def backward(self, theta, delta):
        """dL/dtheta (n_params,), given delta = dL/dy (outputs, B) of the last ``forward`` with the same theta."""
        delta = np.ascontiguousarray(delta)
        backward(theta, self.net.shapes, self.x, self.values, delta, self.deltas, self.gradient)
        return self.gradient

    def input_gradient(self, theta, delta, inputs):
        """dL/dx[inputs], a slice of them, given delta as for ``backward``."""
        out, delta = np.empty((inputs.stop - inputs.start, delta.shape[1]), delta.dtype), np.ascontiguousarray(delta)
        input_gradient(theta, self.net.shapes, self.values, delta, self.deltas, inputs.start, out)
        return out
