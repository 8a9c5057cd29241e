"""A perturbation (12) that leaves quantities where they are (R58), here the critic's mean Q of every DU.

Oracle: the null space of their gradients, in the coordinates in which the perturbation is a ball.
"""

from functools import partial
from itertools import product

import numpy as np
from scipy.linalg import null_space

from tasam_ref.optim.sam import perturbed

from . import twins
from .checks import check
from .oracles import complex_gradient, largest, relative_error
from .validate_critic_loss import AGENTS, HIDDEN, SCOPES, TwinCritic, learner_of

RHO = 0.3


def twin_step(gradient, scale, held):
    """rho T N N^T T g / ||N N^T T g||,  N an orthonormal basis of what is orthogonal to T u for every u held (k, n)."""
    basis = null_space(held * scale)
    within = basis @ (basis.T @ (scale * gradient))
    return RHO * scale * within / np.sqrt(np.sum(within**2))


@check("(12)", "held", oracle="a null space", tolerance=4e-15, because="rounding of 4 projections in 9 dimensions")
def step_is_the_steepest_that_moves_nothing_held():
    """Under T = 1 and another T; it is orthogonal to what is held, and without any it is that of (12)."""
    generator, worst = np.random.default_rng(4), []
    theta, gradient, held = *generator.standard_normal((2, 9)), generator.standard_normal((4, 9))
    for scale in (None, np.abs(theta)):
        step = perturbed(theta, gradient, RHO, scale, held) - theta
        whole = np.ones(9) if scale is None else scale
        worst += [relative_error(step, twin_step(gradient, whole, held)), np.abs(held @ step).max()]
        free = perturbed(theta, gradient, RHO, scale)
        worst.append(relative_error(perturbed(theta, gradient, RHO, scale, held[:0]), free))
    return largest(*worst)


def mean_of_du(scope, twin, i, theta):
    """What the critic theta says of DU i, on average over the twin's batch."""
    return np.mean(twins.least_values(scope, HIDDEN, [theta], twin.obs, twin.action)[i])


@check("held", "A1 l.20-23", oracle="complex steps of a twin", tolerance=8e-15, because="rounding of a small network")
def critic_holds_what_it_says_of_every_du_on_average():
    """A whole step of the learner on (10), for one critic of one DU or of all and two norms: the mean over a DU's
    transitions is held, for each DU."""
    worst = []
    for scope, norm in product(SCOPES, ("l2", "adaptive")):
        learner, stored = learner_of((f"sam.norm={norm}", "sam.offset=held"), critic_scope=scope)
        twin, before = TwinCritic(learner, stored, 4, 1), learner.agents.thetas_v[0].copy()
        means = [complex_gradient(partial(mean_of_du, scope, twin, i), before) for i in range(AGENTS)]
        scale = np.abs(before) if norm == "adaptive" else np.ones_like(before)
        step = twin_step(complex_gradient(twin.loss, before), scale, np.array(means))
        learner.update_critic(4, 1, RHO)
        worst.append(relative_error(learner.agents.thetas_v[0], before - complex_gradient(twin.loss, before + step)))
    return largest(*worst)
