"""Element-wise passes of the gradient update, each in one sweep over memory."""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy", nogil=True)
def through_tanh(delta, activation):
    """delta <- delta (1 - h^2), in place: the gradient before a tanh from the gradient behind it; both (B, n)."""
    for i in range(delta.shape[0]):
        for j in range(delta.shape[1]):
            h = activation[i, j]
            delta[i, j] *= 1 - h * h


@njit(cache=True, error_model="numpy", nogil=True)
def adam_step(theta, mean, square, gradient, learning_rate, beta1, beta2, correction1, correction2, epsilon):
    """One Adam step on flat vectors, in place on the first three; see ``tasam_ref.optim.optimizers`` for the formula.

    Scalars come in theta's dtype.
    """
    one = theta.dtype.type(1)
    for i in range(theta.size):
        g = gradient[i]
        m = beta1 * mean[i] + (one - beta1) * g
        v = beta2 * square[i] + (one - beta2) * g * g
        mean[i] = m
        square[i] = v
        theta[i] -= learning_rate * (m / correction1) / (np.sqrt(v / correction2) + epsilon)


@njit(cache=True, error_model="numpy", nogil=True)
def perturb(theta, gradient, rho, norm):
    """(12)  theta_adv = theta + rho (g / ||g||), as a new vector; theta, gradient (n,), scalars in theta's dtype."""
    theta_adv = np.empty_like(theta)
    for i in range(theta.size):
        theta_adv[i] = theta[i] + rho * (gradient[i] / norm)
    return theta_adv
