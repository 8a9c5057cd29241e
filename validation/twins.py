"""Plain twins of networks, policy and losses, written from the formulas and analytic in theta for the complex step.

Nothing is shared with the package.  Choices between branches (clips, minima) look at the real part.  Batches have a row
for each transition, (n, ...), and everybody's values come as (M, n, ...); ``as_columns`` turns both into the package's.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np


def as_columns(batch):
    """A batch (n, k), or everybody's (M, n, k), as the package has it: (k, n), or (k, M n) DU by DU, in C order."""
    return np.ascontiguousarray(batch.reshape(-1, batch.shape[-1]).T)


def network(sizes, theta, x):
    """A multilayer perceptron with tanh inside: theta holds weight, bias, weight, bias..."""
    at = 0
    for n, m in pairwise(sizes):
        if at:
            x = np.tanh(x)
        x = x @ theta[at : at + n * m].reshape(n, m) + theta[at + n * m : at + n * m + m]
        at += n * m + m
    return x


def num_params(sizes):
    """Length of theta."""
    return sum(n * m + m for n, m in pairwise(sizes))


def logistic(u):
    """1 / (1 + e^-u)."""
    return 1 / (1 + np.exp(-u))


def bits(u):
    """The executed action: 1 where logistic(u) > 0.5."""
    return np.where(u > 0, 1.0, 0.0)


def policy(sizes, theta, obs, bounds):
    """Mean and clipped log standard deviation, (n, A) each."""
    y = network(sizes, theta, obs)
    mean, raw = y[:, : sizes[-1] // 2], y[:, sizes[-1] // 2 :]
    return mean, np.where(raw.real < bounds[0], bounds[0], np.where(raw.real > bounds[1], bounds[1], raw))


def log_density(u, mean, log_std):
    """log of the density of a = logistic(u), (n,): normal law of u over the slope a (1 - a); -log a = log(1 + e^-u)."""
    normal = -((u - mean) ** 2) / (2 * np.exp(2 * log_std)) - log_std - 0.5 * np.log(2 * np.pi)
    return (normal + np.log1p(np.exp(-u)) + np.log1p(np.exp(u))).sum(axis=1)


def divergence(mean, log_std, other_mean, other_log_std):
    """KL of two normal laws:  log(s'/s) + (s^2 + (m - m')^2) / (2 s'^2) - 1/2, summed over dimensions, (n,)."""
    std, other_std = np.exp(log_std), np.exp(other_log_std)
    return (np.log(other_std / std) + (std**2 + (mean - other_mean) ** 2) / (2 * other_std**2) - 0.5).sum(axis=1)


def critic_sizes(scope, hidden, agents, width):
    """Shape of the critic, where ``width`` is the length of one DU's state and action together."""
    return (width, *hidden, 1) if scope == "shared_local" else (agents * width, *hidden, agents)


def values(scope, hidden, theta, obs, action):
    """Q of every DU, (M, n): of its own state and action, or of everybody's."""
    sizes = critic_sizes(scope, hidden, len(obs), obs.shape[2] + action.shape[2])
    if scope == "shared_local":
        return np.array([network(sizes, theta, np.hstack(pair))[:, 0] for pair in zip(obs, action)])
    return network(sizes, theta, np.hstack([part for pair in zip(obs, action) for part in pair])).T


def least_values(scope, hidden, critics, obs, action):
    """The smallest value over the critics, (M, n)."""
    each = np.array([values(scope, hidden, theta, obs, action) for theta in critics])
    return np.take_along_axis(each, each.real.argmin(axis=0)[None], axis=0)[0]


def critic_loss(scope, hidden, theta, obs, action, target):
    """(10)  the mean over DUs and transitions of (y - Q)^2."""
    return np.mean((target - values(scope, hidden, theta, obs, action)) ** 2)


@dataclass(frozen=True)
class Situation:
    """What (9) of one DU is taken over: critics, everybody's obs (M, n, D) and latent (M, n, A), noise (n, A).

    ``anchor`` is (parameters, weight) of a policy to stay near, or None.
    """

    scope: str
    hidden: tuple
    bounds: tuple
    beta: float
    agent: int
    critics: np.ndarray
    obs: np.ndarray
    latent: np.ndarray
    noise: np.ndarray
    anchor: tuple | None

    @property
    def sizes(self):
        """Shape of the actor."""
        return self.obs.shape[2], *self.hidden, 2 * self.latent.shape[2]

    def policy(self, theta):
        """Mean and log standard deviation of this DU's actor on its states."""
        return policy(self.sizes, theta, self.obs[self.agent], self.bounds)

    def drawn(self, theta):
        """u = mean + std noise."""
        mean, log_std = self.policy(theta)
        return mean + np.exp(log_std) * self.noise

    def log_prob(self, theta, latent):
        """log pi(a|s) of given latents, (n,)."""
        return log_density(latent, *self.policy(theta))

    def q(self, action):
        """The smallest Q of this DU, (n,), while the others keep their executed actions."""
        everybody = [action if i == self.agent else bits(u) for i, u in enumerate(self.latent)]
        return least_values(self.scope, self.hidden, self.critics, self.obs, np.array(everybody))[self.agent]

    def pull(self, theta):
        """The anchor's term: weight E[KL]."""
        if self.anchor is None:
            return 0.0
        other, weight = self.anchor
        return weight * np.mean(divergence(*self.policy(theta), *self.policy(other)))

    def loss(self, theta):
        """E[beta log pi(a|s) - Q(s, a)] with a = logistic(mean + std noise), and the anchor's term."""
        u = self.drawn(theta)
        return np.mean(self.beta * self.log_prob(theta, u) - self.q(logistic(u))) + self.pull(theta)

    def weights(self, theta, replayed):
        """Latents and weights beta log pi - Q of (9) as printed: over fresh actions, or over replayed bits."""
        u = self.latent[self.agent] if replayed else self.drawn(theta)
        return u, self.beta * self.log_prob(theta, u) - self.q(bits(u) if replayed else logistic(u))

    def printed(self, at, replayed):
        """(9) as a function of theta whose slope at ``at`` is  E[grad log pi (beta log pi - Q)]."""
        u, weight = self.weights(at, replayed)
        return lambda theta: np.mean(weight * self.log_prob(theta, u)) + self.pull(theta)


def dressed_network(net, theta, x, held, masks):
    """The perceptron with everything that ``net`` names: layer normalisation, concatenated rectifiers, masks (or None).

    Hidden weights are divided by |W^T u| where ``held`` gives a direction u for each of them.
    """
    hidden, wide, at = net.sizes[1:-1], 2 if net.activation == "crelu" else 1, 0
    after = sum((n * (wide if j else 1) + 1) * m for j, (n, m) in enumerate(pairwise(net.sizes)))
    for j, (n, m) in enumerate(pairwise(net.sizes)):
        n = n * wide if j else n
        weight, bias = theta[at : at + n * m].reshape(n, m), theta[at + n * m : at + n * m + m]
        at += n * m + m
        if j < len(hidden) and held:
            projected = [sum(weight[i, o] * held[j][i] for i in range(n)) for o in range(m)]
            weight = weight / np.sqrt(sum(p * p for p in projected))
        x = x @ weight + bias
        if j == len(hidden):
            return x
        if net.layer_norm:
            centred = x - (x.sum(axis=1) / m)[:, None]
            x = centred / np.sqrt((centred**2).sum(axis=1) / m + 1e-5)[:, None]
            x, after = x * theta[after : after + m] + theta[after + m : after + 2 * m], after + 2 * m
        x = np.tanh(x) if wide == 1 else np.hstack((np.where(x.real > 0, x, 0), np.where(x.real < 0, -x, 0)))
        if masks is not None:
            x = x * masks[j]
