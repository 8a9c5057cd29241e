"""Sharpness-aware minimisation (11), (12), around any gradient function ``theta -> (value, gradient)``.

The perturbed parameters are a vector of their own: theta is never touched until the base optimiser's step, so
there is nothing to restore.  The batch, the noise and the targets are part of the gradient function and hence
the same in both passes.
"""

import numpy as np
from scipy.linalg.blas import get_blas_funcs

from ..kernels.update import perturb


def perturbed(theta, gradient, rho):
    """(12)  theta_adv = theta + rho g / ||g||, the norm over each one network, and theta where g = 0 (R45).

    theta and gradient (n,), or (G, n) of G networks with a rho (G,) or one for all.  Returns a new array.
    """
    theta_adv, nrm2 = np.empty_like(theta), get_blas_funcs("nrm2", (gradient,))
    rho = np.broadcast_to(rho, theta.shape[:-1]).astype(theta.dtype)
    for at in np.ndindex(rho.shape):
        norm = nrm2(gradient[at])
        if norm == 0:
            theta_adv[at] = theta[at]
        else:
            perturb(theta[at], gradient[at], rho[at], theta.dtype.type(norm), theta_adv[at])
    return theta_adv


def sam_gradient(gradient_of, theta, rho):
    """The gradient in (11):  grad L(theta + rho grad L(theta) / ||grad L(theta)||).

    ``gradient_of`` maps (n,) to (value, gradient (n,)), or (G, n) to (values (G,), gradients (G, n)).  Returns L(theta)
    and the gradient at theta_adv.  A base optimiser's step along it completes (11); plain descent is (11) as printed.
    """
    value, gradient = gradient_of(theta)
    _, gradient_adv = gradient_of(perturbed(theta, gradient, rho))
    return value, gradient_adv


def step_gradient(gradient_of, theta, rho=None):
    """L(theta) and what a step descends: (11)'s gradient with SAM of radius rho, or that at theta where rho is None."""
    return gradient_of(theta) if rho is None else sam_gradient(gradient_of, theta, rho)


def take_step(gradient_of, theta, optimizer, rho=None):
    """One update of theta (n,) in place: (11) with SAM of radius rho, or without where that is None; gives L(theta)."""
    value, gradient = step_gradient(gradient_of, theta, rho)
    optimizer.step(theta, gradient)
    return value
