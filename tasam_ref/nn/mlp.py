"""Multilayer perceptrons as shapes, and views into one flat parameter vector.

Layout of ``theta`` (n_params,): layer by layer, W.ravel() with W (fan_in, fan_out) in C order, then b (fan_out,);
behind them, where there are any, gain and shift of each layer normalisation, then each spectral direction u.
Layers count from 0: of sizes (3, 4, 5, 2), W_1[0, 1] is theta[3 * 4 + 4 + 1].
``passes`` evaluates the paper's tanh networks, ``regularised`` those of its rivals.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

import numpy as np

from . import spectral

POWER_STEPS = 20                        # of the initial spectral directions
WIDENING = {"tanh": 1, "crelu": 2}      # outputs of a hidden layer for each of its neurons


def layer(theta, shapes, j):
    """Views W_j (fan_in, fan_out) and b_j (fan_out,) into theta; ``shapes`` (layers, 2) has each fan_in, fan_out."""
    start = 0
    for i in range(j):
        start += (shapes[i, 0] + 1) * shapes[i, 1]
    fan_in, fan_out = shapes[j]
    end = start + fan_in * fan_out
    return theta[start:end].reshape(fan_in, fan_out), theta[end : end + fan_out]


@dataclass(frozen=True)
class MLP:
    """A shape: ``sizes`` = (inputs, hidden..., outputs), and what its hidden layers are.  It holds no parameters."""

    sizes: tuple
    activation: str = "tanh"
    layer_norm: bool = False
    spectral: bool = False

    @cached_property
    def shapes(self):
        """(fan_in, fan_out) of every layer, (layers, 2)."""
        shapes = np.column_stack((self.sizes[:-1], self.sizes[1:])).astype(np.int64)
        shapes[1:, 0] *= WIDENING[self.activation]
        return shapes

    @cached_property
    def num_weights(self):
        """Length of the part of theta that holds W and b of all layers."""
        return int(np.sum((self.shapes[:, 0] + 1) * self.shapes[:, 1]))

    @property
    def num_trained(self):
        """Length of the part of theta that gradients move."""
        return self.num_weights + self.layer_norm * 2 * sum(self.sizes[1:-1])

    @property
    def num_params(self):
        """Length of theta."""
        return self.num_trained + self.spectral * int(self.shapes[:-1, 0].sum())

    def layers(self, theta):
        """Views [(W, b), ...] into a flat vector."""
        return [layer(theta, self.shapes, j) for j in range(len(self.shapes))]

    def norms(self, theta):
        """Views [(gain, shift), ...] of the hidden layers' normalisations into a flat vector; empty without any."""
        if not self.layer_norm:
            return []
        views = _cut(theta[self.num_weights : self.num_trained], [n for n in self.sizes[1:-1] for _ in range(2)])
        return list(zip(views[::2], views[1::2]))

    def directions(self, theta):
        """Views [u, ...] of the hidden layers' spectral directions into a flat vector; empty without any."""
        return _cut(theta[self.num_trained :], self.shapes[:-1, 0]) if self.spectral else []

    def parts(self, theta):
        """Views [[W, b] or [W, b, gain, shift], ...] of what is trained, layer by layer."""
        return [[*pair, *norm] for pair, norm in zip_longest(self.layers(theta), self.norms(theta), fillvalue=())]

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
        for j, u in enumerate(self.directions(theta)):
            spectral.advance(layer(theta, self.shapes, j)[0], u)


def _cut(vector, lengths):
    return np.split(vector, np.cumsum(lengths)[:-1]) if len(lengths) else []
