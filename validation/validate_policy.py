"""Sec. IV-A2: the squashed Gaussian against quadrature, 50-digit arithmetic and complex steps of its twin.

The oracles see the law as SciPy does: logit(a) is normal, and da = a (1 - a) du.
"""

from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
from scipy.integrate import quad
from scipy.special import logit, ndtr
from scipy.stats import norm

from tasam_ref.config import AgentConfig
from tasam_ref.marl.networks import build_networks
from tasam_ref.marl.policy import Policy, drawn, replayed
from tasam_ref.nn.squashed_gaussian import (
    kl_divergence,
    kl_gradient,
    log_prob,
    log_prob_latent_gradient,
    sample_latent,
    score,
    sigmoid,
    split_head,
)

from . import twins
from .checks import check
from .oracles import complex_gradient, largest, relative_error

PI = Decimal("3.1415926535897932384626433832795028841971693993751")
LATENTS = np.concatenate((np.linspace(-40, 40, 801), 10.0 ** np.arange(-12, 0), -(10.0 ** np.arange(-12, 0))))
LAWS = (0.0, 0.5), (1.0, 1.0), (-2.0, 0.3), (3.0, 0.8)


def density(action, mean, std):
    """The package's density of one action in (0, 1)."""
    latent = logit(action)
    column = np.array([[latent]]), np.array([[(latent - mean) / std]]), np.full((1, 1), np.log(std))
    return np.exp(log_prob(*column)[0])


def over_latents(function, mean, std):
    """Integral of a function of u, piece by piece over twelve standard deviations to either side."""
    edges = mean + std * np.arange(-12, 13, 4)
    return sum(quad(function, low, high, epsabs=1e-14, epsrel=1e-12)[0] for low, high in pairwise(edges))


def exact(function, latents):
    """A function of Decimal at every latent, in 50 digits, rounded to float at the end."""
    with localcontext(prec=50):
        return np.array([float(function(Decimal(u))) for u in latents.tolist()])


def exact_sigmoid(u):
    """1 / (1 + e^-u)."""
    return 1 / (1 + (-u).exp())


def random_laws(count, seed):
    """Mean, log standard deviation, and those of another policy, (count, 3) each."""
    return np.random.default_rng(seed).uniform(-1.5, 1.5, size=(4, count, 3))


@check("policy", oracle="50-digit arithmetic", tolerance=5e-16, because="two roundings of numbers up to 1")
def action_is_the_logistic_of_the_latent():
    """|sigmoid(u) - 1 / (1 + e^-u)| up to |u| = 40, and 0 and 1 without overflow at -1000 and 1000: absolute."""
    far = np.abs(sigmoid(np.array([-1000.0, 1000.0])) - [0, 1])
    return max(np.max(np.abs(sigmoid(LATENTS) - exact(exact_sigmoid, LATENTS))), *far)


@check("Jacobian", oracle="50-digit arithmetic", tolerance=4e-14, because="half an ulp of 40, four terms")
def log_prob_is_exact_up_to_latent_40():
    """|log pi - (log N(u) - log(a (1 - a)))| in nats; an epsilon of 1e-6 inside the logarithm costs 28 at |u| = 40."""
    noise, log_std = Decimal("0.75"), Decimal("-1.25")

    def by_hand(u):
        a = exact_sigmoid(u)
        return -noise * noise / 2 - log_std - (2 * PI).ln() / 2 - (a * (1 - a)).ln()

    latent = LATENTS[None]
    value = log_prob(latent, np.full_like(latent, noise), np.full_like(latent, log_std))
    return np.max(np.abs(value - exact(by_hand, LATENTS)))


@check("Jacobian", oracle="50-digit arithmetic", tolerance=4e-6, because="half an ulp of 40 in float32, four terms")
def log_prob_in_float32_stays_exact_up_to_latent_40():
    """|log pi - exact| in nats, with all arguments in float32."""
    latents = LATENTS.astype(np.float32)
    value = log_prob(latents[None], *np.zeros((2, 1, latents.size), np.float32))
    if value.dtype != np.float32:
        return np.inf

    def by_hand(u):
        a = exact_sigmoid(u)
        return -(2 * PI).ln() / 2 - (a * (1 - a)).ln()

    return np.max(np.abs(value - exact(by_hand, latents)))


@check("Jacobian", oracle="quadrature against SciPy's normal law", tolerance=2e-15, because="the quadrature's error")
def density_integrates_to_the_law_of_the_action():
    """Integral of pi(a) from 0 to x = Phi((logit(x) - m) / s), and 1 at x = 1: absolute."""
    worst = 0.0
    for mean, std in LAWS:
        edges = np.array([0, 1e-3, 0.1, 0.5, 0.9, 0.999, 1])
        pieces = [quad(density, low, high, args=(mean, std), epsabs=1e-13, epsrel=1e-12, limit=200)[0]
                  for low, high in pairwise(edges)]
        worst = largest(worst, np.max(np.abs(np.cumsum(pieces) - ndtr((logit(edges[1:]) - mean) / std))))
    return worst


@check("Jacobian", "policy", oracle="quadrature of -p log p", tolerance=4e-15, because="rounding of 120 terms")
def entropy_is_the_mean_of_minus_log_prob():
    """H = - integral of p log p da, against the package's -log pi at 120 Gauss-Hermite nodes of noise."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    noise, worst = nodes[None], 0.0
    for mean, std in LAWS:
        log_std = np.full_like(noise, np.log(std))
        latent = sample_latent(np.full_like(noise, mean), np.exp(log_std), noise)
        found = -weights @ log_prob(latent, noise, log_std) / np.sqrt(2 * np.pi)

        def surprise(u, mean=mean, std=std):
            a = 1 / (1 + np.exp(-u))
            return -norm.pdf(u, mean, std) * (norm.logpdf(u, mean, std) - np.log(a * (1 - a)))

        worst = largest(worst, abs(found - over_latents(surprise, mean, std)))
    return worst


@check("policy", oracle="the twin's density", tolerance=1e-15, because="the noise recovered from a latent")
def drawn_and_replayed_actions_have_their_density():
    """An action drawn by an actor, and the same action replayed, have the twin's latent and log pi."""
    generator = np.random.default_rng(5)
    networks = build_networks(AgentConfig(hidden_sizes=(4, 3), dtype="float64"), 1, 3, 2)
    theta, obs, noise = (generator.standard_normal(n) for n in (networks.actor.num_params, (50, 3), (50, 2)))
    mean, log_std = twins.policy((3, 4, 3, 4), theta, obs, (-5.0, 2.0))
    latent = mean + np.exp(log_std) * noise
    law = Policy(networks, 50).law(theta, twins.as_columns(obs))
    fresh, again = drawn(law, twins.as_columns(noise)), replayed(law, twins.as_columns(latent))
    expected = twins.log_density(latent, mean, log_std)
    return largest(relative_error(fresh.latent.T, latent), relative_error(fresh.action.T, twins.logistic(latent)),
                   relative_error(fresh.log_prob, expected), relative_error(again.log_prob, expected))


@check("policy", oracle="the bounds", tolerance=0, because="no arithmetic")
def log_std_is_clipped_and_blocked_beyond_its_bounds():
    """Wrong entries among mean, log_std and the mask of free ones, on, inside and outside the bounds -5 and 2."""
    raw = np.array([[-6.0, -5.0, 0.0, 2.0, 2.5]]).T
    mean, log_std, free = split_head(np.vstack((3 * raw, raw)), -5.0, 2.0)
    return (np.sum(mean != 3 * raw) + np.sum(log_std[:, 0] != [-5, -5, 0, 2, 2])
            + np.sum(free[:, 0] != [0, 1, 1, 1, 0]))


@check("(9)", "policy", oracle="complex step of the density", tolerance=1e-15, because="rounding of noise / std")
def score_is_the_slope_of_log_pi_at_a_fixed_action():
    """d log pi / d mean and d log std, with the action held."""
    mean, log_std, latent, _ = random_laws(20, 6)
    slope = complex_gradient(
        lambda x: twins.log_density(latent, *x.reshape(2, 20, 3)).sum(), np.stack((mean, log_std)).ravel())
    return relative_error(np.stack(score((latent - mean) / np.exp(log_std), log_std)).ravel(), slope)


@check("(9)", "policy", oracle="Fisher's information of a normal law", tolerance=4e-15, because="the nodes' rounding")
def score_has_mean_zero_and_fishers_information():
    """E[score] = 0 and E[score score'] = diag(1 / s^2, 2), by ten Gauss-Hermite nodes, exact for polynomials."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(10)
    worst = 0.0
    for _, std in LAWS:
        both = np.array(score(nodes, np.full(10, np.log(std))))
        mean = both @ weights / np.sqrt(2 * np.pi)
        information = both * weights @ both.T / np.sqrt(2 * np.pi)
        worst = largest(worst, np.max(np.abs(mean)), relative_error(information, np.diag([std**-2, 2.0])))
    return worst


@check("(9)", "Jacobian", oracle="complex step of the density", tolerance=1e-15, because="rounding of 2a - 1")
def log_prob_moves_with_the_latent_by_2a_minus_1():
    """d log pi / du with the noise held, to |u| = 36."""
    u, noise = np.linspace(-36, 36, 145)[:, None], 0.3
    slope = complex_gradient(lambda x: twins.log_density(x[:, None], x[:, None] - noise, 0.0).sum(), u[:, 0])
    return relative_error(log_prob_latent_gradient(sigmoid(u))[:, 0], slope)


@check("anchor", oracle="quadrature of p log(p / q)", tolerance=3e-15, because="the quadrature's error")
def divergence_is_the_integral_over_actions():
    """KL(pi || anchor) between four laws, with both densities those of the action (R41)."""
    worst = 0.0
    for policy, anchor in pairwise((*LAWS, LAWS[0])):
        def integrand(u, policy=policy, anchor=anchor):
            log_slope = -np.log(2 + np.exp(-u) + np.exp(u))
            log_p, log_q = norm.logpdf(u, *policy) - log_slope, norm.logpdf(u, *anchor) - log_slope
            return np.exp(log_p + log_slope) * (log_p - log_q)

        ours = kl_divergence(*(np.array([[x]]) for mean, std in (policy, anchor) for x in (mean, np.log(std))))[0]
        worst = largest(worst, relative_error(ours, over_latents(integrand, *policy)))
    return worst


@check("anchor", oracle="Gibbs' inequality", tolerance=1e-15, because="rounding of e^2l e^-2l")
def divergence_is_positive_and_zero_at_the_anchor():
    """How many of 1000 random pairs have KL <= 0, and the largest |KL| of a policy from itself."""
    mean, log_std, *anchor = map(twins.as_columns, random_laws(1000, 7))
    itself = kl_divergence(mean, log_std, mean, log_std)
    return np.sum(kl_divergence(mean, log_std, *anchor) <= 0) + np.max(np.abs(itself))


@check("anchor", oracle="complex step of the textbook formula", tolerance=1e-15, because="rounding of e^2l")
def divergence_gradient_is_its_slope():
    """d KL / d mean and d log std of the policy, the anchor held."""
    mean, log_std, *anchor = random_laws(20, 8)
    slope = complex_gradient(
        lambda x: twins.divergence(*x.reshape(2, 20, 3), *anchor).sum(), np.stack((mean, log_std)).ravel())
    return relative_error(np.stack(kl_gradient(mean, log_std, *anchor)).ravel(), slope)
