"""Sec. VI-A: the L2 baseline as a term w ||theta||^2 of each composed loss, (9) and (10), with SAM and without.

Oracle: complex steps of the twins' losses plus w times a plain sum of squares.
"""

import numpy as np

from tasam_ref.analysis.hessian import hessian_product
from tasam_ref.marl.losses import L2Loss

from .checks import check
from .composed import sam_error, slope_error
from .oracles import largest, relative_error
from .validate_actor_loss import draw, package_loss
from .validate_critic_loss import SCOPES, regression

WEIGHT = 0.3


def composed():
    """(the package's loss with its L2 term, the twin, theta) for actor and critic of both scopes."""
    for scope in SCOPES:
        loss, twin, theta = regression(scope)
        yield L2Loss(loss, WEIGHT), lambda t, twin=twin: twin(t) + WEIGHT * np.sum(t * t), theta
        situation, theta = draw(scope, critics=2, anchored=True)
        yield (L2Loss(package_loss(situation, "reparameterised"), WEIGHT),
               lambda t, twin=situation.loss: twin(t) + WEIGHT * np.sum(t * t), theta)


@check("L2", "(9)", "(10)", oracle="complex step of a twin", tolerance=3e-15, because="rounding of a small network")
def gradient_is_the_slope_of_the_composed_loss():
    """Value and gradient with the L2 term, coordinate by coordinate; biases count too, and no batch size divides."""
    return slope_error(composed())


@check("L2", "(11)", oracle="complex step of the twin at its own theta_adv", tolerance=2e-15,
       because="rounding of theta_adv")
def sam_gradient_has_the_l2_term_in_both_passes():
    """grad L at theta + rho grad L / ||grad L||, L2 in L: the perturbation climbs the whole loss."""
    return sam_error(composed(), 0.5)


@check("L2", "lambda_max", oracle="the plain Hessian plus 2 w", tolerance=0, because="the same addition")
def l2_shifts_every_eigenvalue_by_2_w():
    """H v - H_plain v = 2 w v for the standard basis."""
    worst = 0.0
    for loss, _, theta in composed():
        with_l2, plain = hessian_product(loss, theta), hessian_product(loss.loss, theta)
        for e in np.eye(theta.size):
            worst = largest(worst, relative_error(with_l2(e), plain(e) + 2 * WEIGHT * e))
    return worst
