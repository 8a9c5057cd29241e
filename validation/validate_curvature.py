"""Sec. VI-C, Fig. 9: Hessian-vector products and extreme eigenvalues (R44).

Oracles: Cauchy's integral formula on the twins' losses, which knows nothing of backward passes; least squares by
singular values; dense and closed-form spectra; at Table 1's size, differences of the package's own gradients.
"""

import warnings
from dataclasses import replace
from functools import cache

import numpy as np
from scipy.linalg import eigvalsh
from scipy.sparse.linalg import LinearOperator, lobpcg

from tasam_ref.analysis.curvature import extreme_eigenvalues
from tasam_ref.analysis.hessian import hessian_product
from tasam_ref.config import AgentConfig
from tasam_ref.marl.losses import CriticLoss, Sum
from tasam_ref.marl.networks import build_networks
from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.passes import TanhWorkspace
from tasam_ref.streams import stream

from .checks import check
from .oracles import largest, relative_error
from .twins import as_columns
from .validate_actor_loss import NARROW, draw, package_loss, situations
from .validate_critic_loss import SCOPES, parts_of, regression
from .validate_distillation import lessons

TABLE_1 = {"hidden": (300, 400, 400), "dims": (6, 206, 200), "rows": 128}
CIRCLE = np.exp(2j * np.pi * (np.arange(8) + 0.5) / 8)


def bend(function, x, direction, radius=0.01):
    """d^2/dt^2 f(x + t d) at 0 by Cauchy's integral formula, 2 f_2 of the Taylor series: the mean of 2 f(z) / z^2.

    z runs over eight points of a circle, of which four mirror the others; the next term is radius^8 off.
    """
    return np.mean([2 * (function(x + radius * z * direction) / (radius * z) ** 2).real for z in CIRCLE[:4]])


def dense(function, x):
    """The Hessian of an analytic function, entry by entry:  2 e_i' H e_j = bend(e_i + e_j) - bend(e_i) - bend(e_j)."""
    unit = np.eye(x.size)
    diagonal = [bend(function, x, e) for e in unit]
    hessian = np.diag(diagonal)
    for i, j in zip(*np.triu_indices(x.size, 1)):
        mixed = bend(function, x, unit[i] + unit[j]) - diagonal[i] - diagonal[j]
        hessian[i, j] = hessian[j, i] = mixed / 2
    return hessian


def columns(loss, theta):
    """The package's Hessian, a product for each column."""
    hvp = hessian_product(loss, theta)
    return np.array([hvp(e) for e in np.eye(theta.size)]).T


@cache
def small(kind):
    """A loss, the Hessian of its twin and parameters: (10) of a scope, or (9) of an ``actor`` with every term.

    That one has two joint critics, a clip that is often active and an anchor.
    """
    if kind != "actor":
        loss, twin, theta = regression(kind)
    else:
        s, theta = draw("joint", critics=2, bounds=NARROW, anchored=True, hidden=(3,))
        loss, twin = package_loss(s, "reparameterised"), s.loss
    return loss, dense(twin, theta), theta


def table_1():
    """The losses (10) and (9) at Table 1's size, networks as they start, 128 rows."""
    s, _ = draw(scale=0.05, **TABLE_1)
    actor_loss, generator = package_loss(s, "reparameterised"), stream(3, "table_1")
    x = as_columns(np.hstack((s.obs[s.agent], generator.random(s.noise.shape))))
    target = generator.standard_normal((1, x.shape[1]))
    actor, critic = actor_loss.policy.work.net, actor_loss.q.works[0].net
    critic_loss = CriticLoss(TanhWorkspace(critic, target.size, np.float64), x, target, target.size)
    return [(critic_loss, critic.initial(generator, np.float64)), (actor_loss, actor.initial(generator, np.float64))]


def differences(loss, theta, v, step=1e-3):
    """H v from four gradients of the loss, the errors step^2 removed."""
    v = v.ravel()
    scale = step / np.linalg.norm(v)
    near, far = ((loss(theta + h * v)[1].copy() - loss(theta - h * v)[1]) / (2 * h) for h in (scale, 2 * scale))
    return (4 * near - far) / 3


@check("lambda_max", "(10)", oracle="Cauchy's integral of a twin", tolerance=5e-11, because="rounding over 0.01^2")
def product_with_the_critics_hessian():
    """Every column of the Hessian of (10), for either scope of the critic."""
    return max(relative_error(columns(loss, theta), hessian) for loss, hessian, theta in map(small, SCOPES))


@check("lambda_max", "(9)", oracle="Cauchy's integral of a twin", tolerance=2e-11, because="rounding over 0.01^2")
def product_with_the_actors_hessian():
    """Every column of the Hessian of (9) with two joint critics, active clips and an anchor."""
    loss, hessian, theta = small("actor")
    return relative_error(columns(loss, theta), hessian)


@check("lambda_max", "(10)", "PLASTIC", oracle="Cauchy's integral of a twin", tolerance=1e-10,
       because="rounding over 0.01^2")
def product_with_the_hessian_of_a_sum():
    """Every column of the Hessian of (10) over a batch in two parts, and of (9) with three teachers."""
    sums = [(Sum(parts_of(loss, [2])), hessian, theta) for loss, hessian, theta in map(small, SCOPES)]
    sums += [(loss, dense(twin, theta), theta) for loss, twin, theta in list(lessons())[1:2]]
    return max(relative_error(columns(loss, theta), hessian) for loss, hessian, theta in sums)


@check("lambda_max", "(9)", oracle="Cauchy's integral of a twin", tolerance=2e-10, because="rounding over 0.01^2")
def actors_curvature_in_every_situation():
    """v' H v along five random unit directions, on whose circles no clip and no smallest critic changes over."""
    worst = 0.0
    for s, theta in situations():
        hvp = hessian_product(package_loss(s, "reparameterised"), theta)
        directions = stream(12, "directions").standard_normal((5, theta.size))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        worst = largest(worst, relative_error([v @ hvp(v) for v in directions],
                                          [bend(s.loss, theta, v) for v in directions]))
    return worst


@check("lambda_max", oracle="the transposed matrix", tolerance=2e-15, because="rounding")
def hessians_are_symmetric():
    """|H - H'| over |H| for (9) in every situation and (10) in either scope."""
    losses = [(package_loss(s, "reparameterised"), theta) for s, theta in situations()]
    hessians = [columns(loss, theta) for loss, theta in losses + [regression(scope)[::2] for scope in SCOPES]]
    return max(relative_error(h, h.T) for h in hessians)


@check("lambda_max", "(10)", oracle="singular values of the design matrix", tolerance=1e-15, because="rounding")
def linear_critic_bends_by_twice_its_squares():
    """Q = x w + b: (10) without a factor 1/2 has H = 2 X'X / n for each of M outputs, over M; lambda_max by SVD."""
    worst = 0.0
    for scope in SCOPES:
        networks = build_networks(AgentConfig(critic_scope=scope, dtype="float64"), 3, 4, 2)
        networks = replace(networks, critic=MLP((networks.scope.inputs, networks.scope.outputs)))
        generator, rows, outputs = stream(6, "linear"), 11, networks.scope.outputs
        x, target = generator.standard_normal((rows, networks.scope.inputs)), generator.standard_normal((rows, outputs))
        work = TanhWorkspace(networks.critic, rows, np.float64)
        loss = CriticLoss(work, as_columns(x), as_columns(target), target.size)
        theta = generator.standard_normal(networks.critic.num_params)
        design = np.hstack((x, np.ones((rows, 1))))
        expected = 2 / rows / outputs * np.kron(design.T @ design, np.eye(outputs))
        singular = np.linalg.svd(design, compute_uv=False)
        smallest = singular[-1] if rows > design.shape[1] else 0.0
        ends = extreme_eigenvalues(hessian_product(loss, theta), theta.size)
        worst = largest(worst, relative_error(columns(loss, theta), expected),
                    relative_error([ends.largest.value, ends.smallest.value],
                                   2 / rows / outputs * np.array([singular[0] ** 2, smallest**2])))
    return worst


@check("lambda_max", oracle="dense eigenvalues of the twin's Hessian", tolerance=5e-12, because="rounding over 0.01^2")
def lanczos_finds_both_ends_of_the_losses():
    """Largest and smallest eigenvalue of (9) and (10) on small networks, relative to the norm."""
    worst = 0.0
    for loss, hessian, theta in map(small, (*SCOPES, "actor")):
        ends, spectrum = extreme_eigenvalues(hessian_product(loss, theta), theta.size), eigvalsh(hessian)
        worst = largest(worst, relative_error([ends.largest.value, ends.smallest.value], spectrum[[-1, 0]]))
    return worst


@check("lambda_max", oracle="closed-form spectrum", tolerance=1e-15, because="rounding, and Lanczos's residual squared")
def lambda_max_is_the_largest_not_the_longest():
    """The matrix with -1.5 on the diagonal and 1 beside it: -1.5 + 2 cos(k pi / (n + 1)), from -3.5 to 0.5."""
    n = 40
    ends = extreme_eigenvalues(lambda v: -1.5 * v + np.append(v[1:], 0) + np.append(0, v[:-1]), n)
    expected = [-1.5 + 2 * np.cos(k * np.pi / (n + 1)) for k in (1, n)]
    return relative_error([ends.largest.value, ends.smallest.value], expected)


@check("lambda_max", oracle="extrapolated differences of the gradients", tolerance=5e-11, because="rounding over 1e-3")
def products_at_the_size_of_table_1():
    """H v of (10) and (9) along a random direction, 128 rows of 406 and 206 inputs."""
    worst = 0.0
    for loss, theta in table_1():
        v = stream(7, "direction").standard_normal(theta.size)
        worst = largest(worst, relative_error(hessian_product(loss, theta)(v), differences(loss, theta, v)))
    return worst


@cache
def ends_at_table_1():
    """The Extremes of (10) and (9), and for either end the unit vector that made the most of v' H v.

    Of all vectors that Lanczos multiplies with H none bends further than the eigenvector at which it arrives.
    """
    found = []
    for loss, theta in table_1():
        hvp, best = hessian_product(loss, theta), [(-np.inf, None), (-np.inf, None)]

        def watched(v, hvp=hvp, best=best):
            product, v = hvp(v), np.ravel(v)
            quotient = v @ product / (v @ v)
            for end, value in enumerate((quotient, -quotient)):
                if value > best[end][0]:
                    best[end] = value, v / np.linalg.norm(v)
            return product

        found.append((extreme_eigenvalues(watched, theta.size), [v for _, v in best]))
    return found


@check("lambda_max", oracle="||H v - lambda v|| by differences of the gradients", tolerance=2e-6,
       because="Lanczos's tolerance", slow=True)
def residuals_are_small_at_the_size_of_table_1():
    """At both ends of (10) and (9), over the norm and by none of the package's products: an eigenvalue is that near."""
    worst = 0.0
    for (loss, theta), (ends, vectors) in zip(table_1(), ends_at_table_1()):
        values = ends.largest.value, ends.smallest.value
        for value, v in zip(values, vectors):
            residual = np.linalg.norm(differences(loss, theta, v) - value * v)
            worst = largest(worst, residual / np.max(np.abs(values)))
    return worst


@check("lambda_max", "(10)", oracle="LOBPCG on differences of the gradients", tolerance=2e-9,
       because="LOBPCG's residual squared", slow=True)
def lambda_max_at_the_size_of_table_1():
    """The largest eigenvalue of (10); LOBPCG shares neither the products nor Lanczos."""
    loss, theta = table_1()[0]
    operator = LinearOperator(2 * (theta.size,), matvec=lambda v: differences(loss, theta, v), dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)                    # the second vector need not converge
        values, _ = lobpcg(operator, stream(8, "block").standard_normal((theta.size, 2)), tol=1e-3, maxiter=25)
    return relative_error(ends_at_table_1()[0][0].largest.value, values[0])
