"""Element-wise passes of the gradient update, each in one sweep over memory; nothing is allocated.

Arrays (B, n) are walked column by column, in Fortran order, as ``nn.passes`` keeps them.
"""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy", nogil=True)
def add_bias(z, bias):
    """z <- z + b in place, b (n,) added to every row of z (B, n)."""
    for j in range(z.shape[1]):
        for i in range(z.shape[0]):
            z[i, j] += bias[j]


@njit(cache=True, error_model="numpy", nogil=True)
def through_tanh(delta, activation):
    """delta <- delta (1 - h^2), in place: the gradient before a tanh from the gradient behind it; both (B, n)."""
    one = delta.dtype.type(1)
    for j in range(delta.shape[1]):
        for i in range(delta.shape[0]):
            h = activation[i, j]
            delta[i, j] *= one - h * h


@njit(cache=True, error_model="numpy", nogil=True)
def adam_step(theta, mean, square, gradient, beta1, new1, beta2, new2, step, scale, epsilon):
    """One Adam step on flat vectors, in place on the first three; ``optim.optimizers`` has it as published.

        m <- beta1 m + (1 - beta1) g,   v <- beta2 v + (1 - beta2) g^2
        theta <- theta - step m / (scale sqrt(v) + epsilon)

    with new1 = 1 - beta1, new2 = 1 - beta2, step = learning_rate / (1 - beta1^t), scale = 1 / sqrt(1 - beta2^t).
    Scalars come in theta's dtype.
    """
    for i in range(theta.size):
        g = gradient[i]
        m = beta1 * mean[i] + new1 * g
        v = beta2 * square[i] + new2 * g * g
        mean[i] = m
        square[i] = v
        theta[i] -= step * m / (scale * np.sqrt(v) + epsilon)


@njit(cache=True, error_model="numpy", nogil=True)
def perturb(theta, gradient, rho, norm, theta_adv):
    """(12)  theta_adv <- theta + rho (g / ||g||); vectors (n,), scalars in theta's dtype."""
    for i in range(theta.size):
        theta_adv[i] = theta[i] + rho * (gradient[i] / norm)


@njit(cache=True, error_model="numpy", nogil=True)
def follow(slow, theta, rate):
    """slow <- slow + rate (theta - slow), in place: an exponential average of parameters (n,), rate in their dtype."""
    for i in range(slow.size):
        slow[i] += rate * (theta[i] - slow[i])
