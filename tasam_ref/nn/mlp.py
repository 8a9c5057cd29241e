"""Multilayer perceptron with a linear output, on one flat parameter vector.

Layout of ``theta`` (n_params,): layer by layer, W.ravel() with W (fan_in, fan_out) in C order, then b (fan_out,);
behind them, where there are any, gain and shift of each layer normalisation, then each spectral direction u.

Forward, with h_0 = x:      z_j = h_{j-1} W_j + b_j,   h_j = unit(z_j),   y = z_last
Backward, with d_last = dL/dy:
                            dL/dW_j = h_{j-1}^T d_j,   dL/db_j = sum over the batch of d_j
                            s_{j-1} = d_j W_j^T,       d_{j-1} from s_{j-1} through the unit; for tanh  s (1 - h^2)

The unit is tanh, as in the paper; ``hidden_units`` has the others.  Dropout multiplies h_j by a mask, ``spectral``
replaces the hidden W_j by their normalised ones: both are baselines of Table 3 (R42).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from . import spectral
from .hidden_units import ACTIVATIONS, layer_norm, layer_norm_backward


@dataclass(frozen=True)
class MLP:
    """A shape: ``sizes`` = (inputs, hidden..., outputs), and what its hidden layers are.  It holds no parameters."""

    sizes: tuple
    activation: str = "tanh"
    layer_norm: bool = False
    spectral: bool = False

    @property
    def shapes(self):
        """(fan_in, fan_out) of every layer."""
        widening = ACTIVATIONS[self.activation].widening
        return [(n * widening if j else n, m) for j, (n, m) in enumerate(pairwise(self.sizes))]

    @property
    def num_weights(self):
        """Length of the part of theta that holds W and b of all layers."""
        return sum((n + 1) * m for n, m in self.shapes)

    @property
    def num_trained(self):
        """Length of the part of theta that gradients move."""
        return self.num_weights + self.layer_norm * 2 * sum(self.sizes[1:-1])

    @property
    def num_params(self):
        """Length of theta."""
        return self.num_trained + self.spectral * sum(n for n, _ in self.shapes[:-1])

    def layers(self, theta):
        """Views [(W, b), ...] into a flat vector."""
        views, start = [], 0
        for fan_in, fan_out in self.shapes:
            end = start + fan_in * fan_out
            views.append((theta[start:end].reshape(fan_in, fan_out), theta[end : end + fan_out]))
            start = end + fan_out
        return views

    def norms(self, theta):
        """Views [(gain, shift), ...] of the hidden layers' normalisations into a flat vector; empty without any."""
        if not self.layer_norm:
            return []
        views = _cut(theta[self.num_weights : self.num_trained], [n for n in self.sizes[1:-1] for _ in range(2)])
        return list(zip(views[::2], views[1::2]))

    def directions(self, theta):
        """Views [u, ...] of the hidden layers' spectral directions into a flat vector; empty without any."""
        return _cut(theta[self.num_trained :], [n for n, _ in self.shapes[:-1]]) if self.spectral else []

    def head(self, theta):
        """Views of everything behind the first layer into a flat vector."""
        pairs = [*self.layers(theta)[1:], *self.norms(theta)[1:]]
        return [part for pair in pairs for part in pair] + self.directions(theta)[1:]

    def initial(self, generator, dtype):
        """Weights and biases uniform in +-1/sqrt(fan_in), the default of the library that the paper used.

        Gains are 1, shifts 0; spectral directions are those of some power steps.  Source: Algorithm 1, line 2; the law
        is not given.
        """
        theta = np.empty(self.num_params, dtype)
        for weight, bias in self.layers(theta):
            bound = 1 / np.sqrt(weight.shape[0])
            weight[...] = generator.uniform(-bound, bound, weight.shape)
            bias[...] = generator.uniform(-bound, bound, bias.shape)
        for gain, shift in self.norms(theta):
            gain[...], shift[...] = 1, 0
        for u in self.directions(theta):
            u[...] = generator.standard_normal(u.shape)
        for _ in range(POWER_STEPS):
            self.advance(theta)
        return theta

    def advance(self, theta):
        """Turn the spectral directions in theta one power step on; without any, nothing."""
        for (weight, _), u in zip(self.layers(theta), self.directions(theta)):
            spectral.advance(weight, u)


POWER_STEPS = 20                        # of the initial directions


class Workspace:
    """Buffers for one batch size: what a forward pass leaves for the backward pass, and the gradients."""

    def __init__(self, net, batch, dtype):
        hidden, widening = net.sizes[1:-1], ACTIVATIONS[net.activation].widening
        self.sums = [np.empty((batch, n), dtype) for n in net.sizes[1:]]
        self.activations = [z if widening == 1 else np.empty((batch, widening * n), dtype)
                            for z, n in zip(self.sums, hidden)]
        self.upstream = [np.empty_like(h) for h in self.activations]
        self.deltas = [s if widening == 1 else np.empty((batch, n), dtype) for s, n in zip(self.upstream, hidden)]
        self.normalised = [np.empty((batch, n), dtype) for n in hidden] if net.layer_norm else []
        self.inverse = [None for _ in self.normalised]
        self.weights = [np.empty(shape, dtype) for shape in net.shapes[:-1]] if net.spectral else []
        self.spectra = [None for _ in self.weights]
        self.masks, self.dropped = None, []
        self.gradient = np.zeros(net.num_params, dtype)


def dropout_masks(net, batch, rate, generator, dtype):
    """A mask (batch, n) for each hidden layer's output: 0 with probability ``rate``, else 1 / (1 - rate).  R42."""
    return [((generator.random((batch, n)) >= rate) / (1 - rate)).astype(dtype) for n, _ in net.shapes[1:]]


def forward(net, theta, x, work, masks=None):
    """Return y (B, outputs) for x (B, inputs); what the backward pass needs stays in ``work``.

    masks, one (B, n) for each hidden layer, multiply the hidden layers' outputs.
    """
    layers, norms, hidden = net.layers(theta), net.norms(theta), x
    work.masks, work.dropped = masks, []
    for j, u in enumerate(net.directions(theta)):
        work.spectra[j] = spectral.normalise(layers[j][0], u, work.weights[j])
    for j, (weight, bias) in enumerate(_effective(net, layers, work)):
        out = np.matmul(hidden, weight, out=work.sums[j])
        out += bias
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
        np.matmul(hidden[j].T, delta, out=weight_gradient)
        np.add.reduce(delta, axis=0, out=bias_gradient)
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
    return np.matmul(delta, layers[0][0][columns].T)


def _to_layer_below(net, theta, delta, weight, work, j):
    """d_j of hidden layer j from the delta and weight above it; and the gradients of its gain and shift, if any."""
    upstream = np.matmul(delta, weight.T, out=work.upstream[j])
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


def _cut(vector, lengths):
    ends = np.cumsum(lengths)
    return [vector[end - n : end] for n, end in zip(lengths, ends)]
