"""Sharpness-aware minimisation (11), (12), around any gradient function ``theta -> (value, gradient)``.

The perturbed parameters are a vector of their own: theta is never touched until the base optimiser's step, so
there is nothing to restore.  The batch, the noise and the targets are part of the gradient function and hence
the same in both passes.
"""

import numpy as np
from scipy.linalg.blas import get_blas_funcs

from ..compiled import compiled


def perturbed(theta, gradient, rho, scale=None):
    """(12)  theta_adv = theta + rho g / ||g||, the norm over this one network, and theta where g = 0 (R45).

    With a ``scale`` T (n,) of ``norms``  theta_adv = theta + rho T^2 g / ||T g||,  and theta where T g = 0 (R55).
    theta and gradient (n,).  Returns a new array.  Source: Algorithm 1, lines 13 and 22.
    """
    scaled = gradient if scale is None else scale * gradient
    norm = get_blas_funcs("nrm2", (scaled,))(scaled)
    if norm == 0:
        return theta.copy()
    direction = gradient
    if scale is not None:
        direction, norm = scale * (scaled / theta.dtype.type(norm)), 1
    theta_adv = np.empty_like(theta)
    _perturb(theta, direction, *map(theta.dtype.type, (rho, norm)), theta_adv)
    return theta_adv


@compiled
def _perturb(theta, gradient, rho, norm, theta_adv):
    """(12) in one sweep over memory; scalars in theta's dtype."""
    for i in range(theta.size):
        theta_adv[i] = theta[i] + rho * (gradient[i] / norm)


def sam_gradient(gradient_of, theta, rho, scale_of=None):
    """The gradient in (11):  grad L(theta + rho grad L(theta) / ||grad L(theta)||), and L(theta).

    ``scale_of`` maps theta to the T of another norm (R55).  A base optimiser's step along it completes (11); plain
    descent is (11) as printed.  Source: Algorithm 1, lines 14 and 23.
    """
    value, gradient = gradient_of(theta)
    scale = None if scale_of is None else scale_of(theta)
    _, gradient_adv = gradient_of(perturbed(theta, gradient, rho, scale))
    return value, gradient_adv


def take_step(gradient_of, theta, optimizer, rho=None, scale_of=None):
    """One update of theta (n,) in place: (11) with SAM of radius rho, or without where that is None; gives L(theta)."""
    value, gradient = gradient_of(theta) if rho is None else sam_gradient(gradient_of, theta, rho, scale_of)
    optimizer.step(theta, gradient)
    return value
