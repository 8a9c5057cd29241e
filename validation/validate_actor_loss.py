"""(9): the actor's loss and gradient against complex steps of a twin, quadrature and its own differences.

The twin sees everybody's states and actions and sorts out itself what the critic is asked (R39); only
``reparameterised`` (R30) is the slope of its own value.
"""

from dataclasses import replace
from itertools import product

import numpy as np

from tasam_ref.config import AgentConfig, Config, RunConfig
from tasam_ref.marl.agents import Agents
from tasam_ref.marl.learner import Learner
from tasam_ref.marl.losses import POLICY_GRADIENTS
from tasam_ref.optim.sam import sam_gradient
from tasam_ref.oran.action import threshold
from tasam_ref.streams import stream

from . import twins
from .checks import check
from .oracles import central_difference, complex_gradient, largest, relative_error

SCOPES = "shared_local", "joint"
NARROW, WIDE = (-0.5, 0.5), (-5.0, 2.0)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(150)


def draw(scope="shared_local", critics=1, bounds=WIDE, anchored=False, seed=4, scale=1.0, hidden=(4, 3),
         dims=(3, 3, 2), rows=9):
    """A random Situation of the middle one of ``dims`` = (DUs, D, A), and actor parameters."""
    generator = stream(seed, "actor_loss", critics)
    agents, obs_dim, action_dim = dims
    actor = obs_dim, *hidden, 2 * action_dim
    critic = twins.critic_sizes(scope, hidden, agents, obs_dim + action_dim)
    theta, other = scale * generator.standard_normal((2, twins.num_params(actor)))
    return twins.Situation(
        scope, hidden, bounds, beta=0.3, agent=agents // 2,
        critics=scale * generator.standard_normal((critics, twins.num_params(critic))),
        obs=generator.standard_normal((agents, rows, obs_dim)),
        latent=generator.standard_normal((agents, rows, action_dim)),
        noise=generator.standard_normal((rows, action_dim)),
        anchor=(theta + 0.3 * other, 0.7) if anchored else None), theta


def learner_in(situation, dtype="float64", **agent):
    """The package's Learner in this situation: its replay filled transition by transition."""
    s, (count, n, obs_dim) = situation, situation.obs.shape
    other, weight = s.anchor or (None, 0.0)
    config = Config(run=RunConfig(frames_per_iteration=1), agent=AgentConfig(
        hidden_sizes=s.hidden, critic_scope=s.scope, log_std_min=s.bounds[0], log_std_max=s.bounds[1], dtype=dtype,
        batch_size=n, buffer_size=n, temperature=s.beta, forgetting="policy_anchor" if s.anchor else "none",
        critic_target=("single_target", "twin_target")[len(s.critics) - 1], anchor_weight=weight, **agent))
    agents = Agents(config, count, obs_dim, s.latent.shape[2])
    agents.thetas_v[...] = s.critics
    if s.anchor:
        agents.thetas_anchor[s.agent] = other
    for k in range(n):
        agents.replay.add(s.obs[:, k], s.latent[:, k], np.zeros(count), s.obs[:, k])
    return Learner(config, agents, threshold)


def package_loss(situation, estimate, dtype="float64", **agent):
    """The package's loss of this DU's actor on all transitions."""
    learner = learner_in(situation, dtype, policy_gradient=estimate, **agent)
    noise = twins.as_columns(situation.noise).astype(dtype)
    return learner.actor_loss(situation.agent, np.arange(noise.shape[1]), noise)


def situations():
    """Both scopes, one critic and two, clip rarely or often active, without and with an anchor."""
    for scope, critics, bounds, anchored in product(SCOPES, (1, 2), (WIDE, NARROW), (False, True)):
        yield draw(scope, critics, bounds, anchored)


def against_twin(estimate, twin):
    """Largest error of value and gradient over all situations; ``twin(s, theta)``: value, and what has the slope."""
    worst = 0.0
    for s, theta in situations():
        value, gradient = package_loss(s, estimate)(theta)
        expected, function = twin(s, theta)
        worst = largest(worst, relative_error(value, expected),
                        relative_error(gradient, complex_gradient(function, theta)))
    return worst


def twin_of_printed(replayed):
    """Value E[beta log pi - Q] and the function whose slope is (9) as printed."""
    return lambda s, theta: (np.mean(s.weights(theta, replayed)[1]) + s.pull(theta), s.printed(theta, replayed))


@check("(9)", oracle="complex step of a twin", tolerance=1e-14, because="rounding of a small network")
def reparameterised_gradient_is_the_slope_of_the_loss():
    """Value and d/dtheta E[beta log pi(a|s) - Q(s, a)], a = sigmoid(mean + std noise), coordinate by coordinate."""
    return against_twin("reparameterised", lambda s, theta: (s.loss(theta), s.loss))


@check("(9)", oracle="complex step of the twin's log pi", tolerance=1e-12, because="the twin's u - mean at small std")
def score_function_gradient_is_9_as_printed():
    """Value and E[grad log pi (beta log pi - Q)] over fresh actions."""
    return against_twin("score_function", twin_of_printed(replayed=False))


@check("(9)", oracle="complex step of the twin's log pi", tolerance=1e-14, because="rounding of a small network")
def replayed_gradient_is_9_over_replayed_actions():
    """Value and E[grad log pi (beta log pi - Q)] over a_t of the buffer, which the critic sees as bits."""
    return against_twin("score_function_replayed", twin_of_printed(replayed=True))


@check(oracle="the situations counted", tolerance=0, because="whole numbers")
def situations_reach_every_branch():
    """Branches missed: clipped below, free, clipped above; either of two critics the smaller one."""
    missed = 0
    for s, theta in situations():
        raw = twins.network(s.sizes, theta, s.obs[s.agent])[:, 2:]
        missed += s.bounds == NARROW and len(np.unique(np.searchsorted(s.bounds, raw))) < 3
        each = [replace(s, critics=s.critics[[c]]).q(twins.logistic(s.drawn(theta))) for c in range(len(s.critics))]
        missed += len(np.unique(np.argmin(each, axis=0))) < len(each)
    return missed


@check("(9)", oracle="extrapolated central differences", tolerance=5e-11, because="rounding of the loss over 0.01")
def reparameterised_gradient_is_the_difference_of_its_value():
    """g . d against the package's own values, along a random direction in every situation with a wide clip."""
    worst = 0.0
    for s, theta in situations():
        if s.bounds == WIDE:
            loss = package_loss(s, "reparameterised")
            direction = 0.1 * stream(2, "direction").standard_normal(theta.size)
            slope = loss(theta)[1] @ direction
            difference = central_difference(lambda x, loss=loss: loss(x)[0], theta, direction)
            worst = largest(worst, relative_error(slope, difference))
    return worst


@check("(9)", "(11)", "A1 l.11-15", oracle="complex step of the twin at its own theta_adv", tolerance=5e-15,
       because="rounding of theta_adv")
def sam_gradient_is_the_slope_at_theta_adv():
    """grad L(theta + rho grad L / ||grad L||), the same noise in both passes, for rho of 0.5 and 0.01."""
    worst = 0.0
    for s, theta in situations():
        if s.bounds == NARROW:
            loss, g = package_loss(s, "reparameterised"), complex_gradient(s.loss, theta)
            for rho in (0.5, 0.01):
                expected = complex_gradient(s.loss, theta + rho * g / np.sqrt(np.sum(g**2)))
                worst = largest(worst, relative_error(sam_gradient(loss, theta, rho)[1], expected))
    return worst


def one_dimensional(shift):
    """One action, one smooth critic, one state at every node; replayed actions lie ``shift`` deviations further up."""
    s, theta = draw(critics=1, scale=0.7, hidden=(3,), dims=(1, 1, 1), rows=1, seed=2)
    n = NODES.size
    s = replace(s, obs=np.repeat(s.obs, n, axis=1), noise=NODES[:, None])
    return replace(s, latent=(s.drawn(theta) + shift * np.exp(s.policy(theta)[1]))[None]), theta


def mean_gradient(s, theta, estimate):
    """The package's gradient averaged over normal noise: one row at a time, each with its node's weight."""
    rows = [replace(s, obs=s.obs[:, [k]], latent=s.latent[:, [k]], noise=s.noise[[k]]) for k in range(NODES.size)]
    gradients = [package_loss(row, estimate, critic_sees="relaxed")(theta)[1] for row in rows]
    return WEIGHTS @ np.array(gradients) / np.sqrt(2 * np.pi)


def over_latents(s, theta, centre):
    """Latents u within twelve deviations of mean + centre std, their law, their spacing, and the situation at each.

    The trapezoidal rule over such a bell converges exponentially.
    """
    mean, log_std = (x[0, 0] for x in s.policy(theta))
    z, step = np.linspace(-12, 12, 1201, retstep=True)
    u = mean + (centre + z) * np.exp(log_std)
    law = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * step
    at_each = replace(s, obs=np.repeat(s.obs[:, :1], u.size, axis=1), latent=u[None, :, None])
    return u, law, step * np.exp(log_std), at_each


def slope_of_expectation(s, theta):
    """d/dtheta of the integral of pi(a; theta) (beta log pi(a; theta) - Q(a)) da: no noise and no estimator."""
    u, _, step, grid = over_latents(s, theta, centre=0.0)
    a = twins.logistic(u)
    weight, q = a * (1 - a) * step, grid.q(a[:, None])

    def expected(theta):
        log_prob = grid.log_prob(theta, u[:, None])
        return np.sum(weight * np.exp(log_prob) * (s.beta * log_prob - q))

    return complex_gradient(expected, theta)


def printed_over_another_law(s, theta, shift):
    """The integral of N(u) grad log pi(a) (beta log pi(a) - Q(a)) du, N being ``shift`` deviations off the policy."""
    u, law, _, grid = over_latents(s, theta, centre=shift)
    weight = law * (s.beta * grid.log_prob(theta, u[:, None]) - grid.q(twins.logistic(u)[:, None]))
    return complex_gradient(lambda theta: weight @ grid.log_prob(theta, u[:, None]), theta)


@check("(9)", oracle="quadrature over the action", tolerance=6e-15, because="rounding of 150 nodes")
def all_estimates_agree_over_actions_of_the_policy():
    """Each estimator's mean is the slope of the expected loss where a_t was drawn by the policy itself."""
    s, theta = one_dimensional(shift=0.0)
    expected = slope_of_expectation(s, theta)
    return max(relative_error(mean_gradient(s, theta, estimate), expected) for estimate in POLICY_GRADIENTS)


@check("(9)", oracle="quadrature of the printed integrand", tolerance=4e-15, because="rounding of 150 nodes")
def replayed_mean_is_the_printed_integral():
    """Over a law two deviations off, the mean is (9)'s integral there: 15 times the true slope away from it (R30)."""
    s, theta = one_dimensional(shift=2.0)
    return relative_error(mean_gradient(s, theta, "score_function_replayed"), printed_over_another_law(s, theta, 2.0))


@check("(9)", oracle="the same in float64", tolerance=2e-6, because="float32 rounds at 6e-8, over 400 terms")
def float32_follows_float64():
    """Gradients of all estimates in float32 at Table 1's size, 16 rows, two critics."""
    s, _ = draw(critics=2, hidden=(300, 400, 400), dims=(1, 206, 200), rows=16, scale=0.05)
    theta = learner_in(s).networks.actor.initial(stream(4, "start"), np.float64).astype(np.float32)
    arrays = "critics", "obs", "latent", "noise"
    s = replace(s, **{name: getattr(s, name).astype(np.float32).astype(float) for name in arrays})
    return max(relative_error(package_loss(s, estimate, "float32")(theta)[1],
                              package_loss(s, estimate)(theta.astype(float))[1])
               for estimate in POLICY_GRADIENTS)
