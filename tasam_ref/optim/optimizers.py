"""The base optimisers: what takes the step once a gradient is known (reading R35).

Both change ``theta`` in place and keep their state in the dictionary ``state`` of arrays.
"""

import numpy as np

from ..compiled import compiled


class Adam:
    """Adam (Kingma and Ba, 2015), bias-corrected; epsilon is added to the corrected root.

        m <- beta1 m + (1 - beta1) g          m^ = m / (1 - beta1^t)
        v <- beta2 v + (1 - beta2) g^2        v^ = v / (1 - beta2^t)
        theta <- theta - learning_rate m^ / (sqrt(v^) + epsilon)
    """

    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def __init__(self, theta, learning_rate):
        self.learning_rate = learning_rate
        self.state = {"mean": np.zeros_like(theta), "square": np.zeros_like(theta), "count": np.array(0)}

    def step(self, theta, gradient):
        """Take one step on theta (n,) along gradient (n,)."""
        self.state["count"] += 1
        count = int(self.state["count"])
        scalars = (self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2,
                   self.learning_rate / (1 - self.beta1**count), (1 - self.beta2**count) ** -0.5, self.epsilon)
        adam_step(theta, self.state["mean"], self.state["square"], gradient, *map(theta.dtype.type, scalars))


@compiled
def adam_step(theta, mean, square, gradient, beta1, new1, beta2, new2, corrected_rate, correction, epsilon):
    """``Adam`` in one sweep over memory, in place on the first three vectors:

        theta <- theta - corrected_rate m / (correction sqrt(v) + epsilon)

    with corrected_rate = learning_rate / (1 - beta1^t), correction = 1 / sqrt(1 - beta2^t), new1 = 1 - beta1,
    new2 = 1 - beta2.  Scalars come in theta's dtype.
    """
    for i in range(theta.size):
        g = gradient[i]
        mean[i] = beta1 * mean[i] + new1 * g
        square[i] = beta2 * square[i] + new2 * g * g
        theta[i] -= corrected_rate * mean[i] / (correction * np.sqrt(square[i]) + epsilon)


class SGD:
    """Plain descent, as (11) is written:  theta <- theta - learning_rate g."""

    def __init__(self, theta, learning_rate):
        self.learning_rate = learning_rate
        self.state = {}

    def step(self, theta, gradient):
        """Take one step on theta (n,) along gradient (n,)."""
        theta -= theta.dtype.type(self.learning_rate) * gradient


OPTIMIZERS = {"adam": Adam, "sgd": SGD}


@compiled
def polyak_average(slow, theta, rate):
    """slow <- slow + rate (theta - slow), in place: an exponential average of parameters (n,), rate in their dtype."""
    for i in range(slow.size):
        slow[i] += rate * (theta[i] - slow[i])
