"""Sharpness-aware minimisation (11), (12), around any gradient function ``theta -> (value, gradient)``.

The perturbed parameters are a vector of their own: theta is never touched until the base optimiser's step, so
there is nothing to restore.  The batch, the noise and the targets are part of the gradient function and hence
the same in both passes.
"""

import numpy as np
from scipy.linalg.blas import get_blas_funcs

from ..compiled import compiled


def perturbed(theta, gradient, rho, scale=None, held=None):
    """(12)  theta_adv = theta + rho g / ||g||, the norm over this one network, and theta where g = 0 (R45).

    With a ``scale`` T (n,) of ``norms``  theta_adv = theta + rho T^2 g / ||T g||,  and theta where T g = 0 (R55).
    With ``held`` u (k, n), gradients of k quantities, g is the part of it along which none of them moves (R58).
    theta and gradient (n,).  Returns a new array.  Source: Algorithm 1, lines 13 and 22.
    """
    scaled = gradient if scale is None else scale * gradient
    if held is not None:
        scaled = rejected(scaled, held if scale is None else scale * held)
    norm = get_blas_funcs("nrm2", (scaled,))(scaled)
    if norm == 0:
        return theta.copy()
    direction = scaled
    if scale is not None:
        direction, norm = scale * (scaled / theta.dtype.type(norm)), 1
    theta_adv = np.empty_like(theta)
    _perturb(theta, direction, *map(theta.dtype.type, (rho, norm)), theta_adv)
    return theta_adv


def rejected(vector, directions):
    """What of a vector (n,) is orthogonal to ``directions`` (k, n):  v - U U^T v,  U an orthonormal basis.  R58."""
    basis, _ = np.linalg.qr(directions.T)
    return vector - basis @ (basis.T @ vector)


@compiled
def _perturb(theta, gradient, rho, norm, theta_adv):
    """(12) in one sweep over memory; scalars in theta's dtype."""
    for i in range(theta.size):
        theta_adv[i] = theta[i] + rho * (gradient[i] / norm)


def sam_gradient(gradient_of, theta, rho, scale_of=None, held_of=None):
    """The gradient in (11):  grad L(theta + rho grad L(theta) / ||grad L(theta)||), and L(theta).

    ``scale_of`` maps theta to the T of another norm (R55), ``held_of`` to gradients that the perturbation is orthogonal
    to (R58).  A base optimiser's step along it completes (11); plain descent is (11) as printed.
    Source: Algorithm 1, lines 14 and 23.
    """
    held = None if held_of is None else held_of(theta)
    value, gradient = gradient_of(theta)
    scale = None if scale_of is None else scale_of(theta)
    _, gradient_adv = gradient_of(perturbed(theta, gradient, rho, scale, held))
    return value, gradient_adv


def take_step(gradient_of, theta, optimizer, rho=None, scale_of=None, held_of=None):
    """One update of theta (n,) in place: (11) with SAM of radius rho, or without where that is None; gives L(theta)."""
    if rho is None:
        value, gradient = gradient_of(theta)
    else:
        value, gradient = sam_gradient(gradient_of, theta, rho, scale_of, held_of)
    optimizer.step(theta, gradient)
    return value
