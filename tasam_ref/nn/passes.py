"""Forward and backward passes of the multilayer perceptrons of ``mlp``.

Forward, with h_0 = x:      z_j = h_{j-1} W_j + b_j,   h_j = unit(z_j),   y = z_last
Backward, with d_last = dL/dy:
                            dL/dW_j = h_{j-1}^T d_j,   dL/db_j = sum over the batch of d_j
                            s_{j-1} = d_j W_j^T,       d_{j-1} from s_{j-1} through the unit; for tanh  s (1 - h^2)

The unit is tanh, as in the paper; ``hidden_units`` has the others.  Dropout multiplies h_j by a mask, ``spectral``
replaces the hidden W_j by their normalised ones: both are baselines of Table 3 (R42).

Batches (..., B, n) lie as ``layout`` says, so that BLAS is asked for the transpose of z and s.  A stack of G networks
has parameters (G, n_params) and batches (G, B, n); a stack of batches may also meet one network, (n_params,).
"""

from copy import copy

import numpy as np

from ..kernels.update import add_bias, outer
from . import spectral
from .hidden_units import ACTIVATIONS, layer_norm, layer_norm_backward
from .layout import empty_batch, for_kernels, transposed


class Workspace:
    """Buffers for one batch size: what a forward pass leaves for the backward pass, and the gradients.

    ``stack`` is () for one network, or (G,).  Of a stack's, and of no other, ``work[:k]`` are the buffers of the first
    k, ``work[0]`` those of one alone: views.
    """

    def __init__(self, net, batch, dtype, stack=()):
        hidden, wide = net.sizes[1:-1], [net.widening * n for n in net.sizes[1:-1]]

        def buffers(widths):
            return [empty_batch(*stack, batch, n, dtype=dtype) for n in widths]

        own = net.widening > 1                              # the unit's output is no longer as large as its input
        self.masks, self.dropped = None, []
        self.ones = np.ones(batch, dtype)
        self._hold({
            "sums": buffers(net.sizes[1:]), "upstream": buffers(wide),
            "activations": buffers(wide if own else ()), "deltas": buffers(hidden if own else ()),
            "normalised": buffers(hidden if net.layer_norm else ()),
            "weights": [np.empty((*stack, *shape), dtype) for shape in net.shapes[:-1] if net.spectral],
            "gradient": [np.zeros((*stack, net.num_params), dtype)],
        })

    def __getitem__(self, networks):
        part = copy(self)
        part._hold({name: [buffer[networks] for buffer in buffers] for name, buffers in self._buffers.items()})
        return part

    def _hold(self, buffers):
        self._buffers = buffers
        self.sums, self.upstream = buffers["sums"], buffers["upstream"]
        self.activations = buffers["activations"] or self.sums[:-1]
        self.deltas = buffers["deltas"] or self.upstream
        self.normalised, self.weights = buffers["normalised"], buffers["weights"]
        self.inverse, self.spectra = [None for _ in self.normalised], [None for _ in self.weights]
        (self.gradient,) = buffers["gradient"]


def dropout_masks(net, batch, rate, generator, dtype):
    """A mask (batch, n) for each hidden layer's output: 0 with probability ``rate``, else 1 / (1 - rate).  R42."""
    return [((generator.random((n, batch)).T >= rate) / (1 - rate)).astype(dtype) for n, _ in net.shapes[1:]]


def forward(net, theta, x, work, masks=None):
    """Return y (..., B, outputs) for x (..., B, inputs); what the backward pass needs stays in ``work``.

    masks, one (..., B, n) for each hidden layer, multiply the hidden layers' outputs.
    """
    layers, norms, hidden = net.layers(theta), net.norms(theta), x
    work.masks, work.dropped = masks, []
    for j, u in enumerate(net.directions(theta)):
        work.spectra[j] = spectral.normalise(layers[j][0], u, work.weights[j])
    for j, (weight, bias) in enumerate(_effective(net, layers, work)):
        out = work.sums[j]
        product(transposed(weight), transposed(hidden), transposed(out))
        add_bias(for_kernels(out), np.atleast_2d(bias))
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
    """Return dL/dtheta (..., n_params), given delta = dL/dy of the last ``forward`` on the same theta, x and work."""
    gradients, norm_gradients = net.layers(work.gradient), net.norms(work.gradient)
    layers, hidden = _effective(net, net.layers(theta), work), [x, *(work.dropped or work.activations)]
    for j in reversed(range(len(layers))):
        weight_gradient, bias_gradient = gradients[j]
        product(transposed(hidden[j]), delta, weight_gradient)
        np.matmul(transposed(delta), work.ones, out=bias_gradient)
        if j < len(work.spectra):
            spectral.pull_back(weight_gradient, work.weights[j], *work.spectra[j])
        if j:
            delta, of_norm = _to_layer_below(net, theta, delta, layers[j][0], work, j - 1)
            for gradient, value in zip(norm_gradients[j - 1] if of_norm else (), of_norm):
                gradient[...] = value
    return work.gradient


def input_gradient(net, theta, delta, work, inputs):
    """Return dL/dx[..., inputs], given delta as for ``backward``.  No gradient of theta is formed."""
    layers = _effective(net, net.layers(theta), work)
    for j in reversed(range(1, len(layers))):
        delta, _ = _to_layer_below(net, theta, delta, layers[j][0], work, j - 1)
    return transposed(product(layers[0][0][..., inputs, :], transposed(delta)))


def _to_layer_below(net, theta, delta, weight, work, j):
    """d_j of hidden layer j from the delta and weight above it; and the gradients of its gain and shift, if any."""
    upstream = work.upstream[j]
    product(weight, transposed(delta), transposed(upstream))
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


def product(left, right, out=None):
    """left right into ``out``, matrices or stacks of them, or into a new array.

    With one inner column, behind a single output, nothing is summed: ``np.matmul`` is slow there.
    """
    if left.shape[-1] > 1 or out is None:
        return np.matmul(left, right, out=out)
    outer(np.atleast_2d(left[..., 0]), np.atleast_2d(right[..., 0, :]), out if out.ndim > 2 else out[None])
    return out
