"""How far a composed loss, and SAM's gradient of it, are from complex steps of its twin.

Cases are triples: the package's loss, the twin as an analytic function of theta, theta.
"""

import numpy as np

from tasam_ref.optim.sam import sam_gradient

from .oracles import complex_gradient, largest, relative_error


def slope_error(cases):
    """The largest error of value and gradient, coordinate by coordinate."""
    worst = 0.0
    for loss, twin, theta in cases:
        value, gradient = loss(theta)
        worst = largest(worst, relative_error(value, twin(theta)),
                        relative_error(gradient, complex_gradient(twin, theta)))
    return worst


def sam_error(cases, rho, scale_of=None, twin_scale=np.ones_like):
    """The largest error of SAM's gradient against the twin's slope at the twin's own  theta + rho T^2 g / ||T g||.

    T is 1, or for the package what ``scale_of`` makes of theta and for the twin what ``twin_scale`` does.
    """
    worst = 0.0
    for loss, twin, theta in cases:
        g, t = complex_gradient(twin, theta), twin_scale(theta)
        expected = complex_gradient(twin, theta + rho * t * t * g / np.sqrt(np.sum((t * g) ** 2)))
        worst = largest(worst, relative_error(sam_gradient(loss, theta, rho, scale_of)[1], expected))
    return worst
