"""What a step of the critic goes along, and how a critic orders actions: the measures of ``tasam-ref explain``.

Oracles: complex steps of twins, whole numbers, eigenvalues, and episodes that are played from their start.
"""

from fractions import Fraction

import numpy as np

from tasam_ref.analysis import steps
from tasam_ref.analysis.curvature import hessian_product
from tasam_ref.analysis.ordering import rank_correlation
from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.experiments.probe import WALK, Scene, rewards
from tasam_ref.marl.losses import L2Loss, Sum
from tasam_ref.optim.sam import perturbed
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import evaluation_episode_seed

from . import twins
from .checks import check
from .oracles import complex_gradient, largest, relative_error
from .validate_critic_loss import HIDDEN, SCOPES, parts_of, regression


def _with_twin(scope):
    """A critic's loss, the twin of its values in their order, and theta."""
    loss, _, theta = regression(scope)
    sizes = (loss.x.shape[0], *HIDDEN, loss.target.shape[0])
    return loss, lambda at: twins.network(sizes, at, loss.x.T).T.ravel(), theta


@check("steps", oracle="complex steps of a twin", tolerance=2e-15, because="rounding of the backward pass")
def gradient_of_mean_q_is_its_slope():
    """m of both scopes of the critic, in one part and in two with an L2 term, which must not enter."""
    worst = 0.0
    for scope in SCOPES:
        loss, twin, theta = _with_twin(scope)
        expected = complex_gradient(lambda at, twin=twin: twin(at).mean(), theta)
        worst = largest(worst, *(relative_error(steps.mean_gradient(each, theta), expected)
                                 for each in (loss, L2Loss(Sum(parts_of(loss, [2])), 0.3))))
    return worst


@check("steps", oracle="the slopes of every value by complex steps", tolerance=6e-15, because="rounding of the sums")
def gradient_is_that_of_the_offset_and_a_covariance():
    """g = 2 mean(Q - y) m + 2 cov(Q - y, dQ/dtheta); and what g has beside m is all kept of g, and of g + 5 m."""
    worst = 0.0
    for scope in SCOPES:
        loss, twin, theta = _with_twin(scope)
        slopes = np.array([complex_gradient(lambda at, b=b, twin=twin: twin(at)[b], theta)
                           for b in range(loss.target.size)])
        error, offset = steps.values(loss, theta) - loss.target.ravel(), slopes.mean(axis=0)
        covariance = ((error - error.mean()) @ (slopes - offset)) / error.size
        gradient = loss(theta)[1].copy()
        worst = largest(worst, relative_error(gradient, 2 * error.mean() * offset + 2 * covariance),
                        *(abs(steps.kept(gradient, there, offset) - 1) for there in (gradient, gradient + 5 * offset)),
                        abs(steps.kept(gradient, offset, offset)))
    return worst


@check("steps", oracle="NumPy's eigenvalues of the dense T H T", tolerance=4e-15, because="rounding of a dense product")
def slope_at_the_ascent_point_turns_by_t_h_t():
    """On quadratics:  T g_adv = T g + rho (T H T) T g / ||T g||;  along the top eigenvector it grows by rho times the
    sharpness, which the reach sets against ||T g||."""
    worst = 0.0
    for seed in range(5):
        generator = np.random.default_rng(seed)
        root, scale = generator.standard_normal((6, 6)), generator.uniform(0.1, 3.0, 6)
        matrix, rho = root @ root.T, 0.7
        sharpness, vectors = np.linalg.eigh(np.outer(scale, scale) * matrix)
        gradient = vectors[:, -1] / scale                                      # T g is the top eigenvector
        there = gradient + matrix @ (perturbed(np.zeros(6), gradient, rho, scale))
        product = steps.scaled_product(lambda v, matrix=matrix: matrix @ v, scale)
        worst = largest(worst, relative_error(scale * there, (1 + rho * sharpness[-1]) * scale * gradient),
                        relative_error(product(vectors[:, -1]), sharpness[-1] * vectors[:, -1]),
                        relative_error(steps.rayleigh(product, 3 * vectors[:, -1]), sharpness[-1]))
    return worst


@check("steps", oracle="a descent that removes all errors alike", tolerance=2e-14, because="rounding of the sums")
def learned_share_is_the_rate_at_which_differences_vanish():
    """Changes c + k (y - Q) learn k of the differences, whatever the offsets of either; of equal changes all is common.
    A coin's turns are counted one by one."""
    generator, worst = np.random.default_rng(0), 0.0
    error = generator.standard_normal(50)
    for k, c in ((0.25, 3.0), (-0.5, -8.0), (1.0, 0.5)):
        worst = largest(worst, abs(steps.learned_share(c + k * error, 4 + error) - k))
    worst = largest(worst, abs(steps.common_share(np.full(50, -0.3)) - 1), steps.common_share(error - error.mean()),
                    abs(steps.common_share(np.array([3.0, 4.0, 8.0])) - float(Fraction(25) / Fraction(89, 3))))
    taken = generator.standard_normal(200)
    turned = sum((taken[i] > 0) != (taken[i - 1] > 0) for i in range(1, 200))
    return largest(worst, abs(steps.turns(taken) - turned / 199))


@check("steps", oracle="Pearson's correlation of ranks counted in whole numbers", tolerance=5e-16, because="one root")
def rank_correlation_is_pearsons_of_the_ranks():
    """Ties share the mean of their places; what is constant orders nothing."""
    generator, worst = np.random.default_rng(1), 0.0
    for _ in range(20):
        pair = generator.integers(0, 6, (2, 12))
        places = [[2 * sum(y < x for y in row) + sum(y == x for y in row) + 1 for x in row] for row in pair.tolist()]
        a, b = ([12 * x - sum(row) for x in row] for row in places)
        expected = sum(x * y for x, y in zip(a, b)) / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5
        worst = largest(worst, abs(rank_correlation(*pair.astype(float)) - expected))
    return largest(worst, abs(rank_correlation(np.ones(4), np.arange(4.0))))


@check("steps", oracle="every action in an episode of its own, played from its start", tolerance=0.0,
       because="the same numbers in the same order")
def probed_rewards_are_those_of_whole_episodes():
    """Counts rewards that differ, under queues and running bounds, where the past counts most; and none may be equal to
    its neighbour's, so that actions do matter."""
    config = apply_settings(Config(), ("radio.num_dus=3", "radio.num_ues=18", "radio.num_rbs=6",
                                       "slices.latency_model=fifo_queue", "reward.normalisation=running"))
    env, generator = OranEnv(config), np.random.default_rng(2)
    actions = generator.uniform(size=(WALK, 3, env.action_dim))
    held, tried = generator.uniform(size=(3, env.action_dim)), generator.uniform(size=(3, 5, env.action_dim))
    obs = env.reset(seed=evaluation_episode_seed(0))
    for action in actions:
        obs, _, _ = env.step(action)
    paid, wrong = rewards(env, Scene((env.state(),), obs, held, tried))[0], 0
    for i, j in np.ndindex(3, 5):
        fresh, together = OranEnv(config), held.copy()
        fresh.reset(seed=evaluation_episode_seed(0))
        for action in actions:
            fresh.step(action)
        together[i] = tried[i, j]
        wrong += fresh.step(together)[1][i] != paid[i, j]
        wrong += j > 0 and paid[i, j] == paid[i, j - 1]
    return wrong


@check("steps", oracle="the sum over the columns", tolerance=1e-15, because="rounding of a product with the Hessian")
def a_critic_whose_slopes_agree_bends_along_mean_q_alone():
    """Where every column is the same and the target is Q, H = 2 m m^T: the curvature along m is 2 ||m||^2."""
    loss, _, theta = regression("shared_local")
    same = np.repeat(loss.x[:, :1], loss.x.shape[1], axis=1)
    loss = type(loss)(loss.work, same, loss.work.forward(theta, same).copy(), loss.size)
    offset = steps.mean_gradient(loss, theta)
    return relative_error(steps.rayleigh(hessian_product(loss, theta), offset), 2 * offset @ offset)
