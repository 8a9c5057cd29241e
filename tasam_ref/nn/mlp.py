"""Multilayer perceptron with tanh hidden layers and a linear output, on one flat parameter vector.

Layout of ``theta`` (n_params,): layer by layer, W.ravel() with W (fan_in, fan_out) in C order, then b (fan_out,).

Forward, with h_0 = x:      z_j = h_{j-1} W_j + b_j,   h_j = tanh(z_j),   y = z_last
Backward, with d_last = dL/dy:
                            dL/dW_j = h_{j-1}^T d_j,   dL/db_j = sum over the batch of d_j
                            d_{j-1} = (d_j W_j^T) (1 - h_{j-1}^2)
"""

from dataclasses import dataclass

import numpy as np

from ..kernels.update import through_tanh


@dataclass(frozen=True)
class MLP:
    """A shape: ``sizes`` = (inputs, hidden..., outputs).  It holds no parameters."""

    sizes: tuple

    @property
    def num_params(self):
        """Length of theta."""
        return sum((n + 1) * m for n, m in zip(self.sizes, self.sizes[1:]))

    def layers(self, theta):
        """Views [(W, b), ...] into a flat vector."""
        views, start = [], 0
        for fan_in, fan_out in zip(self.sizes, self.sizes[1:]):
            end = start + fan_in * fan_out
            views.append((theta[start:end].reshape(fan_in, fan_out), theta[end : end + fan_out]))
            start = end + fan_out
        return views

    def initial(self, generator, dtype):
        """Weights and biases uniform in +-1/sqrt(fan_in), the default of the library that the paper used.

        Source: Algorithm 1, line 2; the law is not given.
        """
        theta = np.empty(self.num_params, dtype)
        for weight, bias in self.layers(theta):
            bound = 1 / np.sqrt(weight.shape[0])
            weight[...] = generator.uniform(-bound, bound, weight.shape)
            bias[...] = generator.uniform(-bound, bound, bias.shape)
        return theta


class Workspace:
    """Buffers for one batch size: activations of every layer and the gradients with respect to them."""

    def __init__(self, net, batch, dtype):
        self.activations = [np.empty((batch, n), dtype) for n in net.sizes[1:]]
        self.deltas = [np.empty((batch, n), dtype) for n in net.sizes[1:-1]]
        self.gradient = np.empty(net.num_params, dtype)


def forward(net, theta, x, work):
    """Return y (B, outputs) for x (B, inputs); the activations stay in ``work`` for the backward pass."""
    hidden = x
    layers = net.layers(theta)
    for j, (weight, bias) in enumerate(layers):
        out = np.matmul(hidden, weight, out=work.activations[j])
        out += bias
        if j < len(layers) - 1:
            np.tanh(out, out=out)
        hidden = out
    return hidden


def backward(net, theta, x, delta, work):
    """Return dL/dtheta (n_params,), given delta = dL/dy of the last ``forward`` on the same theta, x and work."""
    layers, gradients = net.layers(theta), net.layers(work.gradient)
    for j in reversed(range(len(layers))):
        below = work.activations[j - 1] if j else x
        weight_gradient, bias_gradient = gradients[j]
        np.matmul(below.T, delta, out=weight_gradient)
        np.add.reduce(delta, axis=0, out=bias_gradient)
        if j:
            delta = _to_layer_below(delta, layers[j][0], below, work.deltas[j - 1])
    return work.gradient


def input_gradient(net, theta, delta, work, columns):
    """Return dL/dx[:, columns], given delta as for ``backward``.  No gradient of theta is formed."""
    layers = net.layers(theta)
    for j in reversed(range(1, len(layers))):
        delta = _to_layer_below(delta, layers[j][0], work.activations[j - 1], work.deltas[j - 1])
    return np.matmul(delta, layers[0][0][columns].T)


def _to_layer_below(delta, weight, activation, out):
    np.matmul(delta, weight.T, out=out)
    through_tanh(out, activation)
    return out
