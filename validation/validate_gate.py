"""delta, R(t), V, Q, sigma2 and the gate of Algorithm 1, line 11: rationals, quadrature and solved Markov chains."""

import statistics
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
from scipy import stats

from tasam_ref.marl.losses import standard_target
from tasam_ref.marl.td_error import gate, soft_value, td_error_q, td_error_v, td_error_variance

from . import twins
from .checks import check
from .oracles import largest, relative_error
from .validate_algorithm import DETERMINISTIC, HALF_OPEN, start


def _rational(values):
    return [Fraction(float(value)) for value in values]


@check("delta", oracle="rational arithmetic", tolerance=6e-16, because="three roundings")
def td_errors_are_rational_arithmetic():
    """r + gamma next - now, in Q and in V alike, on numbers of different sizes."""
    generator, worst = np.random.default_rng(1), 0.0
    for gamma in (0.0, 0.2, 0.99, 1.0):
        reward, after, now = generator.standard_normal((3, 200)) * 10.0 ** generator.integers(-3, 4, (3, 200))
        expected = [float(r + Fraction(gamma) * a - n) for r, a, n in zip(*map(_rational, (reward, after, now)))]
        for td_error in (td_error_q, td_error_v):
            worst = largest(worst, relative_error(td_error(reward, after, now, gamma), expected))
    return worst


@check("delta", oracle="linear solve of a Markov chain", tolerance=3e-15, because="rounding of the solve, absolute")
def td_errors_vanish_in_the_mean_at_the_true_values():
    """With V = (I - gamma P)^-1 r the mean of delta over successors is 0 in every state; V is of order 1."""
    generator = np.random.default_rng(2)
    worst = 0.0
    for gamma in (0.2, 0.5, 0.9):
        chain, reward = generator.dirichlet(np.ones(12), 12), generator.standard_normal((12, 1))
        values = np.linalg.solve(np.eye(12) - gamma * chain, reward)
        for td_error in (td_error_q, td_error_v):
            worst = largest(worst, np.abs((chain * td_error(reward, values.T, values, gamma)).sum(axis=1)).max())
    return worst


@check("V", oracle="Gauss-Hermite quadrature against a closed form", tolerance=2e-15, because="rounding of 20 nodes")
def soft_value_is_value_plus_weighted_entropy():
    """E[Q - beta log pi] = -(mean^2 + std^2) / 2 + beta (log std + log(2 pi e) / 2) for Q = -a^2 / 2, a Gaussian."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    worst = 0.0
    for mean, std, beta in ((0.3, 0.5, 0.003), (-1.0, 2.0, 0.7), (2.0, 0.1, 5.0)):
        action = mean + std * nodes
        drawn = soft_value(-action**2 / 2, stats.norm.logpdf(action, mean, std), beta)
        expected = -(mean**2 + std**2) / 2 + beta * (np.log(std) + np.log(2 * np.pi * np.e) / 2)
        worst = largest(worst, relative_error(drawn @ weights / weights.sum(), expected))
    return worst


def decision_process(seed, states=2, actions=2):
    """Transitions (S, A, S), rewards (S, A) and a policy (S, A) at random."""
    generator = np.random.default_rng(seed)
    return (generator.dirichlet(np.ones(states), (states, actions)), generator.standard_normal((states, actions)),
            generator.dirichlet(np.ones(actions), states))


@check("V", "delta", oracle="linear solve over the states", tolerance=2e-15, because="rounding of the solve, absolute")
def without_entropy_v_is_the_expected_return():
    """At temperature 0 the policy's mean of soft_value is V = (I - gamma P)^-1 r, where delta_TD has mean 0."""
    worst = 0.0
    for gamma in (0.2, 0.5, 0.9):
        moves, reward, policy = decision_process(7, states=6, actions=4)
        chain = np.einsum("sa,saz->sz", policy, moves)
        v = np.linalg.solve(np.eye(6) - gamma * chain, (policy * reward).sum(axis=1))
        found = (policy * soft_value(reward + gamma * moves @ v, np.log(policy), 0.0)).sum(axis=1)
        delta = td_error_v(reward[:, :, None], found, found[:, None, None], gamma)
        worst = largest(worst, np.abs(found - v).max(),
                        np.abs((policy[:, :, None] * moves * delta).sum(axis=(1, 2))).max())
    return worst


def expected_return(process, gamma, start, steps):
    """E[sum of gamma^i r_i over i < steps | s, a] of ``start``: the mean over every single trajectory."""
    moves, reward, policy = process
    total = 0.0
    for path in product(product(range(2), repeat=2), repeat=steps - 1):
        path = (start, *path)
        chance = np.prod([moves[s, a, z] * policy[z, b] for (s, a), (z, b) in pairwise(path)])
        total += chance * sum(gamma**i * reward[pair] for i, pair in enumerate(path))
    return total


@check("return", oracle="the mean over all trajectories", tolerance=5e-15, because="rounding of 4096 products")
def repeated_targets_add_up_the_discounted_rewards():
    """n targets r + gamma Q(s', a'), from Q = 0, are E[R(t)] cut off after n rewards, for n of 1 to 6 (Sec. IV-A3)."""
    worst = 0.0
    for gamma in (0.2, 0.9):
        process = moves, reward, policy = decision_process(8)
        q = np.zeros((2, 2))
        for steps in range(1, 7):
            targets = standard_target(reward[:, :, None, None], q, np.log(policy), gamma, 0.0)
            q = (moves[..., None] * policy * targets).sum(axis=(2, 3))
            expected = [[expected_return(process, gamma, (s, a), steps) for a in range(2)] for s in range(2)]
            worst = largest(worst, relative_error(q, expected))
    return worst


@check("return", "delta", oracle="linear solve, and the geometric series' bound", tolerance=1e-14,
       because="rounding of the solve, absolute")
def cut_off_returns_approach_q_within_the_geometric_bound():
    """After n targets Q - Q_n = gamma^n P^n Q, at most gamma^n max|r| / (1 - gamma); delta has mean 0 at Q itself."""
    worst = 0.0
    for gamma in (0.2, 0.9):
        moves, reward, policy = decision_process(9, states=5, actions=3)
        reward, chain = reward.reshape(15, 1), np.einsum("saz,zb->sazb", moves, policy).reshape(15, 15)
        q = np.linalg.solve(np.eye(15) - gamma * chain, reward[:, 0])
        reached, rest = np.zeros(15), q
        for n in range(20):
            bound = gamma**n * np.abs(reward).max() / (1 - gamma)
            beyond = np.inf if np.abs(q - reached).max() > bound else 0.0
            worst = largest(worst, np.abs(q - reached - rest).max(), beyond)
            reached = (chain * standard_target(reward, reached, 0.0, gamma, 0.0)).sum(axis=1)
            rest = gamma * chain @ rest
        worst = largest(worst, np.abs((chain * td_error_q(reward, q, q[:, None], gamma)).sum(axis=1)).max())
    return worst


@check("sigma2", oracle="statistics.pvariance of fractions", tolerance=1e-15, because="rounding of a mean of squares")
def variance_is_the_population_variance():
    """For 1 to 30 errors of each of 6 agents; ddof = 1 would differ by n / (n - 1)."""
    generator, worst = np.random.default_rng(3), 0.0
    for n in range(1, 31):
        errors = generator.standard_normal((6, n)) + generator.standard_normal((6, 1))
        expected = [float(statistics.pvariance(_rational(row))) for row in errors]
        found = td_error_variance(errors)
        worst = largest(worst, relative_error(found, expected) if n > 1 else np.abs(found).max())
    return worst


@check("sigma2", oracle="statistics.pvariance of fractions", tolerance=8e-16, because="float64 holds float32")
def variance_of_single_precision_is_taken_in_double():
    """Errors in float32 of mean 100 and deviation 0.1: float32 arithmetic would be off by 1e-4."""
    errors = (100 + 0.1 * np.random.default_rng(4).standard_normal((6, 50))).astype(np.float32)
    return relative_error(td_error_variance(errors), [float(statistics.pvariance(_rational(row))) for row in errors])


@check("sigma2", oracle="algebra on whole numbers, exact in floating point", tolerance=0, because="nothing is rounded")
def variance_ignores_a_shift_and_scales_by_the_square():
    """sigma^2(c delta + d) = c^2 sigma^2(delta) for each agent on its own; counts the mismatches."""
    errors = np.random.default_rng(5).integers(-100, 100, (6, 16)).astype(float)
    plain, wrong = td_error_variance(errors), 0
    for c in (-3.0, 0.0, 0.5, 8.0):
        for d in (-1000.0, 0.0, 7.0):
            wrong += np.count_nonzero(td_error_variance(c * errors + d) != c**2 * plain)
    return wrong + np.count_nonzero(td_error_variance(errors[::-1, ::-1]) != plain[::-1])


@check("gate", "A1 l.11-15", oracle="the neighbouring floats", tolerance=0, because="an exact comparison")
def tie_opens_the_gate_and_the_number_below_does_not():
    """sigma^2 = lambda_TD opens it, the next smaller number does not, the next larger does."""
    wrong = 0
    for threshold in (1e-300, 0.1, 0.5, 3.0, 1e300):
        around = np.array([np.nextafter(threshold, 0), threshold, np.nextafter(threshold, np.inf)])
        wrong += np.count_nonzero(gate(around, threshold, "absolute") != [False, True, True])
    return wrong


@check("gate", "A1 l.11-15", oracle="rational arithmetic", tolerance=0, because="dyadic multiples are exact")
def relative_gate_compares_with_multiples_of_the_median():
    """sigma_i^2 >= threshold median_j sigma_j^2 for 1 to 7 agents, ties included, and after scaling all by 2^k."""
    generator, wrong = np.random.default_rng(6), 0
    for agents in range(1, 8):
        for threshold in (0.0, 0.5, 1.0, 1.5, 2.0):
            variances = generator.integers(1, 9, agents).astype(float)
            exact = _rational(variances)
            expected = [v >= Fraction(threshold) * statistics.median(exact) for v in exact]
            for scale in (1.0, 2.0**-30, 2.0**30):
                wrong += np.count_nonzero(gate(scale * variances, threshold, "relative") != expected)
    return wrong


@check("gate", "A1 l.11-15", oracle="all and none", tolerance=0, because="the ends of the threshold's range")
def zero_always_opens_and_infinity_never_does():
    """For variances from 0 to infinity and both scales."""
    wrong = 0
    variances = np.array([0.0, 5e-324, 1.0, 1e308])
    for scale in ("absolute", "relative"):
        wrong += np.count_nonzero(~gate(variances, 0.0, scale))
        wrong += np.count_nonzero(gate(np.append(variances, np.inf), np.inf, scale))
        wrong += np.count_nonzero(gate(np.zeros(3), np.inf, scale))
    return wrong


@check("delta", "sigma2", oracle="plain networks", tolerance=2e-14, because="rounding of three layers beside the mean")
def runs_measure_the_variance_of_their_fresh_transitions():
    """Column td_error_variance over 4 iterations of 4 frames, with a' = sigmoid(mean) as there is no noise to speak of.

    Seen as executed bits or relaxed; pvariance of r + gamma Q(s', a') - Q(s, a) under the weights before the updates.
    """
    worst = 0.0
    for name, seen in (("executed", twins.bits), ("relaxed", twins.logistic)):
        trainer = start("ta_sam", f"agent.critic_sees={name}", "agent.learning_rate=0.05", *DETERMINISTIC, *HALF_OPEN)
        agents, hidden = trainer.agents, trainer.config.agent.hidden_sizes
        sizes = agents.networks.actor.sizes
        for _ in range(4):
            actors, critics = agents.thetas_p.copy(), agents.thetas_v.copy()
            found = trainer.iterate()["td_error_variance"]
            fresh = agents.replay.newest(4)
            obs, latent, after = (part.T.reshape(3, 4, -1) for part in (fresh.obs, fresh.latent, fresh.next_obs))
            drawn = np.array([twins.policy(sizes, *pair, (-40, -39))[0] for pair in zip(actors, after)])
            now, then = (twins.least_values("shared_local", hidden, critics, states, seen(latents))
                         for states, latents in ((obs, latent), (after, drawn)))
            deltas = fresh.reward.reshape(3, 4) + trainer.config.agent.gamma * then - now
            worst = largest(worst, relative_error(found, [float(statistics.pvariance(_rational(d))) for d in deltas]))
    return worst


@check("sigma2", oracle="statistics.pvariance of the errors seen", tolerance=8e-16, because="rounding of squares")
def window_holds_the_last_iterations():
    """With a window of 3 iterations the variance of iteration t is that of iterations t - 2 to t, fewer at first."""
    trainer, fresh, worst = start("no_sam", "sam.td_var_window=3"), [], 0.0
    draw = trainer.learner.fresh_td_errors
    trainer.learner.fresh_td_errors = lambda t: fresh.append(draw(t)) or fresh[-1]
    for t in range(6):
        found = trainer.iterate()["td_error_variance"]
        window = np.hstack(fresh[max(t - 2, 0) :])
        worst = largest(worst, relative_error(found, [float(statistics.pvariance(_rational(row))) for row in window]))
    return worst


@check("gate", "A1 l.11-15", oracle="the logged variances", tolerance=0, because="an exact comparison")
def runs_select_the_actors_at_or_above_the_threshold():
    """Column sam_actor where lambda_TD is the median actor's variance, a tie, or the next larger number."""
    first = start("ta_sam").iterate()["td_error_variance"]
    middle = float(sorted(first)[1])
    wrong = 0
    for threshold in (middle, float(np.nextafter(middle, 1))):
        row = start("ta_sam", f"sam.td_var_threshold={threshold!r}").iterate()
        wrong += np.count_nonzero(row["sam_actor"] != (first >= threshold))
        wrong += np.count_nonzero((row["rho_actor"] > 0) != (first >= threshold))
    return wrong
