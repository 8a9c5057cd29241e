"""Element-wise passes of the gradient update, each in one sweep over memory; nothing is allocated.

Batches of G networks come as ``nn.layout.for_kernels`` gives them: (G, n, B), the batch innermost.
"""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy", nogil=True)
def add_bias(z, bias):
    """z <- z + b in place, b (G, n), or (1, n) for all, added to every column of z (G, n, B)."""
    for g in range(z.shape[0]):
        own = bias[g if bias.shape[0] > 1 else 0]
        for j in range(z.shape[1]):
            for i in range(z.shape[2]):
                z[g, j, i] += own[j]


@njit(cache=True, error_model="numpy", nogil=True)
def outer(left, right, out):
    """out (G, n, B) <- left (G, n) times right (G, B), each with each; left may be (1, n) for all."""
    for g in range(out.shape[0]):
        own = left[g if left.shape[0] > 1 else 0]
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                out[g, j, i] = own[j] * right[g, i]


@njit(cache=True, error_model="numpy", nogil=True)
def through_tanh(delta, activation):
    """delta <- delta (1 - h^2), in place: the gradient before a tanh from the gradient behind it; both (G, n, B)."""
    one = delta.dtype.type(1)
    for g in range(delta.shape[0]):
        for j in range(delta.shape[1]):
            for i in range(delta.shape[2]):
                h = activation[g, j, i]
                delta[g, j, i] *= one - h * h


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
