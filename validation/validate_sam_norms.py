"""(12) under other norms (R55): theta_adv = theta + rho T^2 g / ||T g||, T diagonal and 0 where nothing is perturbed.

Oracles: closed forms on quadratics, an optimiser, complex steps of twins; T once more by walking over the parameters.
"""

from fractions import Fraction
from itertools import pairwise, product
from math import fsum, sqrt

import numpy as np
from scipy import optimize

from tasam_ref.nn.mlp import MLP
from tasam_ref.optim.norms import adaptive, layer, ones, scale_of
from tasam_ref.optim.sam import perturbed, sam_gradient

from .checks import check
from .composed import sam_error
from .oracles import complex_gradient, largest, relative_error
from .validate_actor_loss import draw, package_loss
from .validate_critic_loss import SCOPES, regression

NORMS, PERTURBS, SIZES = ("l2", "adaptive", "layer"), ("all", "weights", "hidden"), (3, 4, 2)
OTHERS = [pair for pair in product(NORMS, PERTURBS) if pair != ("l2", "all")]


def twin_scale(norm, perturbs, sizes, theta):
    """T entry by entry: theta is weight, bias, weight, bias..., each weight row by row."""
    scale, at = [], 0
    for j, (n, m) in enumerate(pairwise(sizes)):
        own = [float(x) for x in theta[at : at + (n + 1) * m]]
        at += (n + 1) * m
        length = sqrt(fsum(x * x for x in own) / len(own))
        for k, x in enumerate(own):
            left_out = {"all": False, "weights": k >= n * m, "hidden": j == len(sizes) - 2}[perturbs]
            scale.append(0.0 if left_out else {"l2": 1.0, "adaptive": abs(x), "layer": length}[norm])
    return np.array(scale)


def _cases(rhos):
    """(A, b, theta, T of the twin, rho, the package's scale_of) for every norm but the printed one, on a 3-4-2 net."""
    net = MLP(SIZES)
    for seed, (norm, perturbs) in enumerate(OTHERS):
        generator = np.random.default_rng(seed)
        root = generator.standard_normal((net.num_params,) * 2)
        matrix = root @ root.T / net.num_params + 0.1 * np.eye(net.num_params)
        b, theta = generator.standard_normal((2, net.num_params))
        for rho in rhos:
            yield matrix, b, theta, twin_scale(norm, perturbs, SIZES, theta), rho, scale_of(norm, perturbs, net)


@check("(12)", "norms", oracle="a walk over the parameters", tolerance=1e-15, because="rounding of a mean of squares")
def scale_is_one_the_entry_or_the_layers_root_mean_square():
    """T of every norm, with everything perturbed and with biases or the output layer left out, and those of a whole
    network by the norms' own functions."""
    worst, net = 0.0, MLP(SIZES)
    for _, _, theta, scale, _, scale_of_theta in _cases((0.1,)):
        worst = largest(worst, relative_error(scale_of_theta(theta), scale))
    for norm, function in zip(NORMS, (ones, adaptive, layer)):
        worst = largest(worst, relative_error(function(net, theta), twin_scale(norm, "all", SIZES, theta)))
    return worst


@check("(12)", "norms", oracle="the closed form on quadratics", tolerance=8e-16, because="rounding of theta + step")
def step_is_rho_t_squared_g_over_the_norm_of_t_g():
    """theta_adv - theta = rho T^2 g / ||T g||, and exactly 0 where T is."""
    worst = 0.0
    for matrix, b, theta, scale, rho, scale_of_theta in _cases((0.01, 0.5)):
        gradient = matrix @ theta + b
        length = sqrt(fsum((scale * gradient) ** 2))
        found = perturbed(theta, gradient, rho, scale_of_theta(theta))
        worst = largest(worst, relative_error(found, theta + rho * scale**2 * gradient / length),
                        float(np.any(found[scale == 0] != theta[scale == 0])))
    return worst


@check("(12)", "norms", oracle="the length of the step taken", tolerance=3e-15, because="rounding of theta + step")
def step_has_length_rho_in_its_own_norm():
    """||T^-1 (theta_adv - theta)|| = rho over what is perturbed, for gradients of any scale."""
    worst = 0.0
    for power in (-30, 0, 30):
        for matrix, b, theta, scale, rho, scale_of_theta in _cases((0.3,)):
            gradient = 10.0**power * (matrix @ theta + b)
            moved = scale > 0
            step = perturbed(theta, gradient, rho, scale_of_theta(theta)) - theta
            worst = largest(worst, abs(np.linalg.norm(step[moved] / scale[moved]) / rho - 1))
    return worst


@check("(12)", "norms", oracle="Taylor's formula, exact on quadratics", tolerance=3e-14,
       because="cancellation in L_adv - L")
def loss_rises_by_rho_times_the_scaled_gradients_norm():
    """L(theta_adv) - L(theta) = rho ||T g|| + rho^2 (T^2 g)'A(T^2 g) / (2 ||T g||^2)."""
    worst = 0.0
    for matrix, b, theta, scale, rho, scale_of_theta in _cases((0.1, 0.5)):
        def loss(x, matrix=matrix, b=b):
            return x @ matrix @ x / 2 + b @ x

        gradient = matrix @ theta + b
        norm, along = sqrt(fsum((scale * gradient) ** 2)), scale**2 * gradient
        rise = loss(perturbed(theta, gradient, rho, scale_of_theta(theta))) - loss(theta)
        worst = largest(worst, relative_error(rise, rho * norm + rho**2 * (along @ matrix @ along) / (2 * norm**2)))
    return worst


@check("(12)", "norms", oracle="sequential quadratic programming", tolerance=4e-8,
       because="the optimiser's stopping rule")
def step_maximises_the_linearised_loss_in_its_ball():
    """theta_adv - theta = argmax of g'd over ||T^-1 d|| <= rho, as SciPy finds it for adaptive and layer."""
    worst, net = 0.0, MLP((1, 2, 1))
    for seed, norm in product(range(3), ("adaptive", "layer")):
        theta, gradient = np.random.default_rng(seed).standard_normal((2, net.num_params))
        scale = twin_scale(norm, "all", net.sizes, theta)
        ball = {"type": "ineq", "fun": lambda d, t=scale: 1 - np.sum((d / t) ** 2),
                "jac": lambda d, t=scale: -2 * d / t**2}
        best = optimize.minimize(lambda d, g=gradient: -g @ d, 0.1 * scale, jac=lambda d, g=gradient: -g,
                                 constraints=ball, method="SLSQP", options={"ftol": 1e-15, "maxiter": 500}).x
        step = perturbed(np.zeros(theta.size), gradient, 0.3, scale_of(norm, "all", net)(theta))
        worst = largest(worst, relative_error(step, 0.3 * best))
    return worst


@check("(11)", "(12)", "norms", oracle="complex step", tolerance=2e-15, because="rounding of products with 26 columns")
def gradient_is_that_of_loss_plus_rho_times_the_scaled_norm():
    """On quadratics the gradient in (11) is that of L + rho ||T grad L||, T held at theta; the value is L(theta)."""
    worst = 0.0
    for matrix, b, theta, scale, rho, scale_of_theta in _cases((0.01, 0.5)):
        def surrogate(x, matrix=matrix, b=b, scale=scale, rho=rho):
            gradient = scale * (matrix @ x + b)
            return x @ matrix @ x / 2 + b @ x + rho * np.sqrt(gradient @ gradient)

        value, gradient = sam_gradient(lambda x, a=matrix, b=b: (x @ a @ x / 2 + b @ x, a @ x + b), theta, rho,
                                       scale_of_theta)
        worst = largest(worst, relative_error(gradient, complex_gradient(surrogate, theta)),
                        relative_error(value, theta @ matrix @ theta / 2 + b @ theta))
    return worst


@check("(11)", "(12)", "norms", oracle="complex step of the twin at its own theta_adv", tolerance=3e-14,
       because="rounding of theta_adv")
def sam_gradient_of_the_composed_losses_takes_the_norm():
    """(9) and (10) of both scopes, actor and critic: grad L at theta + rho T^2 grad L / ||T grad L||."""
    worst = 0.0
    for scope, (norm, perturbs) in product(SCOPES, OTHERS):
        loss, twin, theta = regression(scope)
        situation, theta_p = draw(scope, critics=2, anchored=True)
        for case, sizes in (((loss, twin, theta), loss.work.net.sizes),
                            ((package_loss(situation, "reparameterised"), situation.loss, theta_p), situation.sizes)):
            worst = largest(worst, sam_error([case], 0.5, scale_of(norm, perturbs, MLP(sizes)), lambda t, s=sizes, own=(
                norm, perturbs): twin_scale(*own, s, t)))
    return worst


@check("(12)", "norms", oracle="rational arithmetic", tolerance=1.0,
       because="roundings of norm, quotient, products and sum")
def adaptive_step_of_whole_numbers_is_rational_arithmetic():
    """theta + rho T^2 g / ||T g|| where T g = (1, ..., 24), whose length is 70, in eps of the largest entry."""
    worst = 0.0
    for dtype in (np.float32, np.float64):
        theta = np.array([(-1) ** k * 2.0 ** (k % 4) for k in range(24)], dtype)
        gradient = np.arange(1, 25).astype(dtype) / np.abs(theta)
        rho = dtype(0.3)
        expected = [float(Fraction(float(t)) + Fraction(float(rho)) * abs(Fraction(float(t))) * k / 70)
                    for k, t in enumerate(theta, 1)]
        found = perturbed(theta, gradient, rho, adaptive(None, theta))
        worst = largest(worst, relative_error(found, expected) / np.finfo(dtype).eps)
    return worst
