"""Forward and backward passes of the multilayer perceptrons of ``mlp``.

Forward, with h_0 = x:      z_j = h_{j-1} W_j + b_j,   h_j = unit(z_j),   y = z_last
Backward, with d_last = dL/dy:
                            dL/dW_j = h_{j-1}^T d_j,   dL/db_j = sum over the batch of d_j
                            s_{j-1} = d_j W_j^T,       d_{j-1} from s_{j-1} through the unit; for tanh  s (1 - h^2)

The unit is tanh, as in the paper; ``hidden_units`` has the others.  Dropout multiplies h_j by a mask, ``spectral``
replaces the hidden W_j by their normalised ones: both are baselines of Table 3 (R42).

All (B, n) lie in Fortran order, the batch innermost: these products then run faster than in C order.
"""

import numpy as np

from ..kernels.update import add_bias
from . import spectral
from .hidden_units import ACTIVATIONS, layer_norm, layer_norm_backward


class Workspace:
    """Buffers for one batch size: what a forward pass leaves for the backward pass, and the gradients."""

    def __init__(self, net, batch, dtype):
        hidden, widening = net.sizes[1:-1], net.widening
        self.sums = [_columns(batch, n, dtype) for n in net.sizes[1:]]
        self.activations = [z if widening == 1 else _columns(batch, widening * n, dtype)
                            for z, n in zip(self.sums, hidden)]
        self.upstream = [np.empty_like(h) for h in self.activations]
        self.deltas = [s if widening == 1 else _columns(batch, n, dtype) for s, n in zip(self.upstream, hidden)]
        self.normalised = [_columns(batch, n, dtype) for n in hidden] if net.layer_norm else []
        self.inverse = [None for _ in self.normalised]
        self.weights = [np.empty(shape, dtype) for shape in net.shapes[:-1]] if net.spectral else []
        self.spectra = [None for _ in self.weights]
        self.masks, self.dropped = None, []
        self.ones = np.ones(batch, dtype)
        self.gradient = np.zeros(net.num_params, dtype)


def dropout_masks(net, batch, rate, generator, dtype):
    """A mask (batch, n) for each hidden layer's output: 0 with probability ``rate``, else 1 / (1 - rate).  R42."""
    return [((generator.random((n, batch)).T >= rate) / (1 - rate)).astype(dtype) for n, _ in net.shapes[1:]]


def forward(net, theta, x, work, masks=None):
    """Return y (B, outputs) for x (B, inputs); what the backward pass needs stays in ``work``.

    masks, one (B, n) for each hidden layer, multiply the hidden layers' outputs.
    """
    layers, norms, hidden = net.layers(theta), net.norms(theta), x
    work.masks, work.dropped = masks, []
    for j, u in enumerate(net.directions(theta)):
        work.spectra[j] = spectral.normalise(layers[j][0], u, work.weights[j])
    for j, (weight, bias) in enumerate(_effective(net, layers, work)):
        out = _product(hidden, weight, work.sums[j])
        add_bias(out, bias)
        if j == len(layers) - 1:
            return out
        if norms:
            work.inverse[j] = layer_norm(out, *norms[j], work.normalised[j])
        hidden = work.activations[j]
        ACTIVATIONS[net.activation].forward(out, hidden)
        if masks is not None:
            hidden = hidden * masks[j]
            work.dropped.append(hidden)


def backward(net, theta, x, delta, work):
    """Return dL/dtheta (n_params,), given delta = dL/dy of the last ``forward`` on the same theta, x and work."""
    gradients, norm_gradients = net.layers(work.gradient), net.norms(work.gradient)
    layers, hidden = _effective(net, net.layers(theta), work), [x, *(work.dropped or work.activations)]
    for j in reversed(range(len(layers))):
        weight_gradient, bias_gradient = gradients[j]
        np.dot(hidden[j].T, delta, out=weight_gradient)
        np.dot(delta.T, work.ones, out=bias_gradient)
        if j < len(work.spectra):
            spectral.pull_back(weight_gradient, work.weights[j], *work.spectra[j])
        if j:
            delta, of_norm = _to_layer_below(net, theta, delta, layers[j][0], work, j - 1)
            for gradient, value in zip(norm_gradients[j - 1] if of_norm else (), of_norm):
                gradient[...] = value
    return work.gradient


def input_gradient(net, theta, delta, work, columns):
    """Return dL/dx[:, columns], given delta as for ``backward``.  No gradient of theta is formed."""
    layers = _effective(net, net.layers(theta), work)
    for j in reversed(range(1, len(layers))):
        delta, _ = _to_layer_below(net, theta, delta, layers[j][0], work, j - 1)
    return np.dot(layers[0][0][columns], delta.T).T


def _to_layer_below(net, theta, delta, weight, work, j):
    """d_j of hidden layer j from the delta and weight above it; and the gradients of its gain and shift, if any."""
    upstream = _product(delta, weight.T, work.upstream[j])
    if work.masks is not None:
        upstream *= work.masks[j]
    ACTIVATIONS[net.activation].backward(upstream, work.activations[j], work.deltas[j])
    if not net.layer_norm:
        return work.deltas[j], ()
    gain, _ = net.norms(theta)[j]
    return work.deltas[j], layer_norm_backward(work.deltas[j], gain, work.normalised[j], work.inverse[j])


def _effective(net, layers, work):
    """The layers with the normalised weights of the last forward pass in place of their own, where there are any."""
    return [(weight, bias) for weight, (_, bias) in zip(work.weights, layers)] + layers[len(work.weights) :]


def _columns(batch, n, dtype):
    """A buffer (batch, n) with the batch innermost."""
    return np.empty((batch, n), dtype, order="F")


def _product(left, right, out):
    """out <- left right, out in Fortran order and of the factors' dtype: BLAS is asked for the transpose."""
    np.dot(right.T, left.T, out=out.T)
    return out
