"""(10): the critic's loss, its targets, their soft fixed point, and the steps of a real learner.

Oracles: complex steps of twins, decimal arithmetic, linear algebra.  The twin of the learner shares with it the
addresses of its random streams alone.
"""

from decimal import Decimal
from fractions import Fraction
from itertools import product

import numpy as np

from tasam_ref.config import AgentConfig, Config
from tasam_ref.config_io import apply_settings
from tasam_ref.marl.agents import Agents
from tasam_ref.marl.learner import Learner
from tasam_ref.marl.losses import CriticLoss, Sum, literal_target, standard_target
from tasam_ref.marl.networks import build_networks
from tasam_ref.nn.passes import TanhWorkspace
from tasam_ref.optim.sam import sam_gradient
from tasam_ref.oran.action import threshold
from tasam_ref.streams import stream

from . import twins
from .checks import check
from .oracles import central_difference, complex_gradient, largest, relative_error

SCOPES, HIDDEN, BOUNDS = ("shared_local", "joint"), (4, 3), (-5.0, 2.0)
AGENTS, OBS, ACTION, STORED, ROWS, GAMMA, BETA = 3, 4, 2, 12, 5, 0.8, 0.2


def regression(scope):
    """A CriticLoss on a random batch, its twin as a function of theta, and parameters."""
    generator = stream(1, "critic_loss")
    agent = AgentConfig(hidden_sizes=HIDDEN, critic_scope=scope, dtype="float64")
    networks = build_networks(agent, AGENTS, OBS, ACTION)
    obs, action, target = (generator.standard_normal((AGENTS, ROWS, n)) for n in (OBS, ACTION, 1))
    x = networks.scope.arrange(twins.as_columns(obs), twins.as_columns(action))
    loss = CriticLoss(TanhWorkspace(networks.critic, x.shape[1], np.float64), x,
                      target.reshape(networks.scope.outputs, -1), target.size)
    theta = generator.standard_normal(networks.critic.num_params)
    return loss, lambda theta: twins.critic_loss(scope, HIDDEN, theta, obs, action, target[..., 0]), theta


def parts_of(loss, cuts):
    """A CriticLoss as several, each on some of its columns."""
    return [CriticLoss(TanhWorkspace(loss.work.net, x.shape[1], np.float64), np.ascontiguousarray(x), y, loss.size)
            for x, y in zip(*(np.split(whole, cuts, axis=1) for whole in (loss.x, loss.target)))]


def decision_process():
    """Three states, two actions: P (3, 2, 3), a policy (3, 2), rewards (3, 2); and P followed by the policy, (6, 6)."""
    generator = np.random.default_rng(2)
    chance, policy = generator.dirichlet(np.ones(3), size=(3, 2)), generator.dirichlet(np.ones(2), size=3)
    return chance, policy, generator.standard_normal((3, 2)), np.einsum("san,nb->sanb", chance, policy).reshape(6, 6)


def iterate(target):
    """Q after 300 exact backups:  Q(s, a) <- E[y] over the next state and action."""
    chance, policy, reward, _ = decision_process()
    q, log_policy = np.zeros((3, 2)), np.log(policy)
    for _ in range(300):
        q = np.array([[sum(chance[s, a, n] * policy[n, b] * target(reward[s, a], q[n, b], log_policy, (s, a), (n, b))
                           for n, b in np.ndindex(3, 2)) for a in range(2)] for s in range(3)])
    return q.ravel()


def learner_of(sam=(), **agent):
    """A learner with these ``sam`` and ``agent`` settings, random transitions, targets of their own, and its replay
    (M, n, ...)."""
    settings = {"hidden_sizes": list(HIDDEN), "batch_size": 7, "buffer_size": STORED, "dtype": "float64",
                "gamma": GAMMA, "temperature": BETA, "polyak": 0.25, "learning_rate": 1.0} | agent
    config = apply_settings(Config(), ("sam.base_optimizer=sgd", *sam, "run.frames_per_iteration=3",
                                       *(f"agent.{name}={value}" for name, value in settings.items())))
    agents, generator = Agents(config, AGENTS, OBS, ACTION), np.random.default_rng(3)
    stored = [generator.standard_normal((AGENTS, STORED, n)) for n in (OBS, ACTION, 1, OBS)]
    for k in range(STORED):
        obs, latent, reward, next_obs = (array[:, k] for array in stored)
        agents.replay.add(obs, latent, reward[:, 0], next_obs)
    if settings.get("critic_target") != "literal":
        agents.thetas_target += 0.3 * generator.standard_normal(agents.thetas_target.shape)
    return Learner(config, agents, threshold), stored


class TwinCritic:
    """What (10) is for this learner at iteration t, step g: rows drawn, actions seen, targets."""

    def __init__(self, learner, stored, t, g):
        agent, agents = learner.settings, learner.agents
        self.scope, literal = agent.critic_scope, agent.entropy_in_target == "literal"
        seen = twins.bits if agent.critic_sees == "executed" else twins.logistic
        picks = stream(0, "critic_replay", t, g)
        rows = (picks.integers(STORED, size=(AGENTS, 3)) if self.scope == "shared_local"
                else [picks.integers(STORED, size=7)] * AGENTS)
        self.obs, latent, reward, next_obs = (np.array([a[r] for a, r in zip(array, rows)]) for array in stored)
        noise = stream(0, "target", t, g).standard_normal((ACTION, latent[..., 0].size)).T.reshape(latent.shape)
        following, surprise = [], []
        for i, theta in enumerate(agents.thetas_p):
            mean, log_std = self.policy(theta, next_obs[i])
            following.append(mean + np.exp(log_std) * noise[i])
            now = self.policy(theta, self.obs[i])
            surprise.append(twins.log_density(latent[i], *now) if literal
                            else twins.log_density(following[i], mean, log_std))
        q = twins.least_values(self.scope, HIDDEN, agents.thetas_target, next_obs, seen(np.array(following)))
        self.target = reward[..., 0] + GAMMA * q - (1 if literal else GAMMA) * BETA * np.array(surprise)
        self.action = seen(latent)

    @staticmethod
    def policy(theta, obs):
        """Mean and log standard deviation of one actor."""
        return twins.policy((OBS, *HIDDEN, 2 * ACTION), theta, obs, BOUNDS)

    def loss(self, theta):
        """(10) with y held."""
        return twins.critic_loss(self.scope, HIDDEN, theta, self.obs, self.action, self.target)

    def step(self, theta, rho):
        """theta after (11) with a learning rate of 1, or after plain descent where rho is None."""
        g = complex_gradient(self.loss, theta)
        return theta - (g if rho is None else complex_gradient(self.loss, theta + rho * g / np.sqrt(np.sum(g**2))))


@check("(10)", oracle="rational arithmetic, term by term", tolerance=1e-15, because="rounding of 15 terms")
def loss_is_the_mean_square_without_a_half():
    """Sum over DUs and rows of (y - Q)^2, divided by their number."""
    worst = 0.0
    for scope in SCOPES:
        loss, _, theta = regression(scope)
        q = twins.network(loss.work.net.sizes, theta, loss.x.T)
        total = sum((Fraction(y) - Fraction(value)) ** 2 for y, value in zip(loss.target.flat, q.T.flat))
        worst = largest(worst, relative_error(loss(theta)[0], float(total / (AGENTS * ROWS))))
    return worst


@check("(10)", oracle="complex step of a twin", tolerance=3e-15, because="rounding of a small network")
def gradient_is_the_slope_for_both_scopes():
    """Value and gradient, coordinate by coordinate, of one critic for one DU or for all (R39)."""
    worst = 0.0
    for scope in SCOPES:
        loss, twin, theta = regression(scope)
        value, gradient = loss(theta)
        worst = largest(worst, relative_error(value, twin(theta)),
                        relative_error(gradient, complex_gradient(twin, theta)))
    return worst


@check("(10)", oracle="complex step of a twin", tolerance=3e-15, because="rounding of a small network")
def parts_of_a_batch_add_up_to_its_loss():
    """Value and gradient of the sum of two or three parts, of any sizes, are those of the mean over the whole batch."""
    worst = 0.0
    for scope in SCOPES:
        loss, twin, theta = regression(scope)
        columns = loss.x.shape[1]
        for cuts in ([1], [columns // 2], [2, columns - 1]):
            value, gradient = Sum(parts_of(loss, cuts))(theta)
            worst = largest(worst, relative_error(value, twin(theta)),
                            relative_error(gradient, complex_gradient(twin, theta)))
    return worst


@check("(10)", oracle="extrapolated central differences", tolerance=4e-12, because="rounding of the loss over 0.01")
def gradient_is_the_difference_of_the_value():
    """g . d against the package's own values."""
    worst = 0.0
    for scope in SCOPES:
        loss, _, theta = regression(scope)
        direction = 0.1 * stream(4, "direction").standard_normal(theta.size)
        slope = loss(theta)[1] @ direction
        difference = central_difference(lambda x, loss=loss: loss(x)[0], theta, direction)
        worst = largest(worst, relative_error(slope, difference))
    return worst


@check("(10)", "(11)", "A1 l.20-23", oracle="complex step of the twin at its own theta_adv", tolerance=3e-15,
       because="rounding of theta_adv")
def sam_gradient_is_the_slope_at_theta_adv():
    """grad L(theta + rho grad L / ||grad L||) for rho of 0.5 and 0.01."""
    worst = 0.0
    for scope, rho in product(SCOPES, (0.5, 0.01)):
        loss, twin, theta = regression(scope)
        g = complex_gradient(twin, theta)
        expected = complex_gradient(twin, theta + rho * g / np.sqrt(np.sum(g**2)))
        worst = largest(worst, relative_error(sam_gradient(loss, theta, rho)[1], expected))
    return worst


@check("(10)", oracle="decimal arithmetic", tolerance=1e-15, because="rounding of four operations")
def targets_are_exact_by_hand():
    """r + gamma (Q - beta log pi), and as printed r + gamma Q - beta log pi, at decimal fractions."""
    cases = [[Decimal(k) / 8 - 5 for k in row] for row in product(range(0, 90, 11), repeat=3)]
    columns, gamma, beta = np.array(cases, dtype=float).T, Decimal("0.2"), Decimal("0.003")
    standard = np.array([r + gamma * (q - beta * log_pi) for r, q, log_pi in cases], dtype=float)
    literal = np.array([r + gamma * q - beta * log_pi for r, q, log_pi in cases], dtype=float)
    return max(relative_error(standard_target(*columns, 0.2, 0.003), standard),
               relative_error(literal_target(*columns, 0.2, 0.003), literal))


@check("(10)", oracle="linear algebra", tolerance=4e-15, because="rounding of 300 backups that forget")
def standard_target_leads_to_the_soft_fixed_point():
    """Backups converge to Q = r + gamma P (Q - beta log pi), solved as a linear system of 6 unknowns."""
    _, policy, reward, onward = decision_process()
    q = iterate(lambda r, following, log_pi, now, then: standard_target(r, following, log_pi[then], GAMMA, BETA))
    right = reward.ravel() - GAMMA * BETA * onward @ np.log(policy).ravel()
    return relative_error(q, np.linalg.solve(np.eye(6) - GAMMA * onward, right))


@check("(10)", oracle="linear algebra", tolerance=3e-15, because="rounding of 300 backups that forget")
def literal_target_leads_to_its_own_fixed_point():
    """Backups converge to Q = r - beta log pi + gamma P Q: the taken action's surprise, undiscounted (R31)."""
    _, policy, reward, onward = decision_process()
    q = iterate(lambda r, following, log_pi, now, then: literal_target(r, following, log_pi[now], GAMMA, BETA))
    return relative_error(q, np.linalg.solve(np.eye(6) - GAMMA * onward, (reward - BETA * np.log(policy)).ravel()))


@check("(10)", "A1 l.20-23", oracle="a twin of the learner", tolerance=2e-15, because="rounding of two networks")
def learner_steps_on_10_under_every_reading():
    """theta_v after a step at rate 1: 3 critics x 2 entropies x 2 scopes x 2 views of a_t, without SAM and with.

    The twin's y is a constant, also where the critic is its own target (literal) and also at theta_adv.
    """
    worst = 0.0
    readings = {"critic_target": ("single_target", "twin_target", "literal"), "critic_scope": SCOPES,
                "entropy_in_target": ("standard", "literal"), "critic_sees": ("executed", "relaxed")}
    for *chosen, rho in product(*readings.values(), (None, 0.3)):
        learner, stored = learner_of(**dict(zip(readings, chosen)))
        twin = TwinCritic(learner, stored, 5, 1)
        expected = np.array([twin.step(theta, rho) for theta in learner.agents.thetas_v])
        value = np.mean([twin.loss(theta) for theta in learner.agents.thetas_v])
        worst = largest(worst, relative_error(learner.update_critic(5, 1, rho), value),
                        relative_error(learner.agents.thetas_v, expected))
    return worst


@check("(10)", oracle="the average written out", tolerance=4e-16, because="rounding of one product and one sum")
def target_critics_follow_the_new_critics():
    """theta_target <- 3/4 of itself + 1/4 of theta_v after its step, at a Polyak rate of 1/4 (R32)."""
    worst = 0.0
    for target in ("single_target", "twin_target"):
        learner, _ = learner_of(critic_target=target)
        agents, old = learner.agents, learner.agents.thetas_target.copy()
        learner.update_critic(5, 1, 0.3)
        worst = largest(worst, relative_error(agents.thetas_target, 0.75 * old + 0.25 * agents.thetas_v))
    return worst


@check("delta", "V", oracle="a twin of the learner", tolerance=1e-15, because="rounding of two networks")
def fresh_td_errors_are_those_of_q_or_v():
    """r + gamma Q(s', a') - Q(s, a), or r + gamma V(s') - V(s) with V = Q - beta log pi, by the online critics."""
    worst = 0.0
    for scope, reading in product(SCOPES, ("q", "v")):
        learner, stored = learner_of(critic_target="twin_target", critic_scope=scope, td_value=reading)
        agents, (obs, latent, reward, next_obs) = learner.agents, (array[:, -3:] for array in stored)
        noise = stream(0, "td_error", 6).standard_normal((2, ACTION, 3 * AGENTS))
        noise = noise.transpose(0, 2, 1).reshape(2, AGENTS, 3, ACTION)

        def value(obs, u, agents=agents, scope=scope):
            return twins.least_values(scope, HIDDEN, agents.thetas_v, obs, twins.bits(u))

        laws = [[TwinCritic.policy(*pair) for pair in zip(agents.thetas_p, at)] for at in (next_obs, obs)]
        u = np.array([[mean + np.exp(log_std) * e for (mean, log_std), e in zip(*pair)] for pair in zip(laws, noise)])
        surprise = np.array([[twins.log_density(x, *law) for x, law in zip(*pair)] for pair in zip(u, laws)])
        after, now = value(next_obs, u[0]), value(obs, latent if reading == "q" else u[1])
        if reading == "v":
            after, now = after - BETA * surprise[0], now - BETA * surprise[1]
        worst = largest(worst, relative_error(learner.fresh_td_errors(6), reward[..., 0] + GAMMA * after - now))
    return worst
