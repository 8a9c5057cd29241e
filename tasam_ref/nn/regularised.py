"""Forward and backward passes of the networks that the paper's rivals bring, in NumPy between the compiled products.

As ``passes``, and where they are asked for: a layer's z is normalised and its unit is another (``hidden_units``), h is
multiplied by a mask (dropout), and a hidden W is divided by the estimate of its largest singular value (``spectral``).
Source: Table 3, R42, R43.
"""

import numpy as np

from . import spectral
from .hidden_units import ACTIVATIONS, layer_norm, layer_norm_backward
from .products import nn, nt, tn


def dropout_masks(net, columns, rate, generator, dtype):
    """A mask (n, columns) for each hidden layer's output: 0 with probability ``rate``, else 1 / (1 - rate).  R42."""
    return [((generator.random((n, columns)) >= rate) / (1 - rate)).astype(dtype) for n in net.shapes[1:, 0]]


class RegularisedWorkspace:
    """Passes of one network on one batch size, as ``passes.TanhWorkspace``.

    ``masks``, one for each hidden layer, multiply the hidden layers' outputs until they are set anew; None without.
    """

    def __init__(self, net, columns, dtype):
        self.net, self.columns, self.masks = net, columns, None
        self.gradient = np.zeros(net.num_params, dtype)

    def forward(self, theta, x):
        """y (outputs, B) of x (inputs, B)."""
        net = self.net
        activation, norms = ACTIVATIONS[net.activation][0], net.norms(theta)
        self.layers, self.spectra = _normalised(net, theta)
        self.inputs, self.units, self.of_norms = [np.ascontiguousarray(x)], [], []
        for j, (weight, bias) in enumerate(self.layers):
            z = _new(tn, weight, self.inputs[j], weight.shape[1])
            z += bias[:, None]
            if j == len(self.layers) - 1:
                return z
            if norms:
                z, kept = layer_norm(z, *norms[j])
                self.of_norms.append(kept)
            self.units.append(activation(z))
            self.inputs.append(self.units[j] if self.masks is None else self.units[j] * self.masks[j])

    def backward(self, theta, delta):
        """dL/dtheta (n_params,), given delta = dL/dy (outputs, B) of the last ``forward`` with the same theta."""
        net, delta = self.net, np.ascontiguousarray(delta)
        gradients, norm_gradients = net.layers(self.gradient), net.norms(self.gradient)
        for j in reversed(range(len(self.layers))):
            weight_gradient, bias_gradient = gradients[j]
            nt(self.inputs[j], delta, weight_gradient)
            delta.sum(axis=1, out=bias_gradient)
            if j < len(self.spectra):
                spectral.pull_back(weight_gradient, self.layers[j][0], *self.spectra[j])
            if j:
                delta, of_norm = self._below(theta, delta, j)
                for gradient, value in zip(norm_gradients[j - 1] if of_norm else (), of_norm):
                    gradient[...] = value
        return self.gradient

    def input_gradient(self, theta, delta, inputs):
        """dL/dx[inputs], a slice of them, given delta as for ``backward``; no gradient of theta is formed."""
        delta = np.ascontiguousarray(delta)
        for j in reversed(range(1, len(self.layers))):
            delta, _ = self._below(theta, delta, j)
        return _new(nn, self.layers[0][0][inputs], delta, inputs.stop - inputs.start)

    def _below(self, theta, delta, j):
        """d of the hidden layer below layer j, given layer j's; and the gradients of its gain and shift, if any."""
        weight, _ = self.layers[j]
        upstream = _new(nn, weight, delta, len(weight))
        if self.masks is not None:
            upstream *= self.masks[j - 1]
        delta = ACTIVATIONS[self.net.activation][1](upstream, self.units[j - 1])
        if not self.net.layer_norm:
            return delta, ()
        delta, *of_norm = layer_norm_backward(delta, self.net.norms(theta)[j - 1][0], *self.of_norms[j - 1])
        return delta, of_norm


def _normalised(net, theta):
    """The layers with hidden weights normalised where there are directions, and what ``pull_back`` needs of each."""
    layers, directions = net.layers(theta), net.directions(theta)
    found = [spectral.normalise(weight, u) for (weight, _), u in zip(layers, directions)]
    hidden = [(weight, bias) for (weight, _), (_, bias) in zip(found, layers)]
    return hidden + layers[len(hidden) :], [kept for _, kept in found]


def _new(product, left, right, rows):
    """The product, in a new array of so many rows."""
    out = np.empty((rows, right.shape[1]), right.dtype)
    product(left, right, out)
    return out
