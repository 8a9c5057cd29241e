"""The actors and the global critic on batches: what policies draw, what critics value, how that moves with an action.

Actors are evaluated alone, on batches (n, ...), or side by side, on (G, n, ...).  What a critic values of n transitions
of each of M DUs comes agent by agent, (M n, ...).
"""

from copy import copy
from dataclasses import dataclass
from functools import reduce

import numpy as np

from ..nn.layout import empty_batch, transposed
from ..nn.passes import Workspace, forward, input_gradient
from ..nn.squashed_gaussian import sample_latent, split_head, squash


class Scratch:
    """Workspaces of actors and critics for ``batch`` rows.

    ``stack`` as in ``Workspace``; ``scratch[:k]`` and ``scratch[0]`` too.
    """

    def __init__(self, networks, batch, num_critics=1, stack=()):
        self.actor = Workspace(networks.actor, batch, networks.dtype, stack)
        self.critics = [Workspace(networks.critic, batch, networks.dtype, stack) for _ in range(num_critics)]

    def __getitem__(self, agents):
        part = copy(self)
        part.actor, part.critics = self.actor[agents], [critic[agents] for critic in self.critics]
        return part


@dataclass(frozen=True)
class PolicySample:
    """Drawn or replayed: latent, action, noise, mean, log_std, std and free (clip not active) (n, A), log_prob (n,)."""

    latent: np.ndarray
    action: np.ndarray
    noise: np.ndarray
    mean: np.ndarray
    log_std: np.ndarray
    std: np.ndarray
    free: np.ndarray
    log_prob: np.ndarray


def policy_of(networks, theta, obs, work):
    """Mean and log_std (n, A) of an actor's latent."""
    return split_head(forward(networks.actor, theta, obs, work), networks.log_std_min, networks.log_std_max)[:2]


def sample_policy(networks, theta, obs, noise, work, masks=None):
    """Draw a ~ pi(. | obs) of an actor with the given standard normal noise (n, A), and dropout masks or none."""
    return drawn(networks, forward(networks.actor, theta, obs, work, masks), noise)


def replayed_policy(networks, theta, obs, latent, work, masks=None):
    """The PolicySample that an actor would call an action ``latent`` (n, A) which it did not itself draw."""
    return replayed(networks, forward(networks.actor, theta, obs, work, masks), latent)


def drawn(networks, output, noise):
    """The PolicySample of the actors' output (n, 2A) with the given standard normal noise (n, A)."""
    mean, log_std, free = split_head(output, networks.log_std_min, networks.log_std_max)
    std = np.exp(log_std)
    latent = sample_latent(mean, std, noise)
    action, log_prob = squash(latent, noise, log_std)
    return PolicySample(latent, action, noise, mean, log_std, std, free, log_prob)


def replayed(networks, output, latent):
    """The PolicySample of the actors' output (n, 2A) for given latents (n, A)."""
    mean, log_std, free = split_head(output, networks.log_std_min, networks.log_std_max)
    std = np.exp(log_std)
    noise = (latent - mean) / std
    action, log_prob = squash(latent, noise, log_std)
    return PolicySample(latent, action, noise, mean, log_std, std, free, log_prob)


def by_agent(batch, num_agents):
    """A batch (M n, k) agent by agent as a stack (M, n, k), a view."""
    return transposed(transposed(batch).reshape(batch.shape[1], num_agents, -1).swapaxes(0, 1))


def in_a_row(stack):
    """A stack (M, n, k) as a batch (M n, k) agent by agent, a copy."""
    batch = empty_batch(stack.shape[0] * stack.shape[1], stack.shape[2], dtype=stack.dtype)
    by_agent(batch, len(stack))[...] = stack
    return batch


def mean_latent(networks, theta, obs, work):
    """The latent of the deterministic policy, (n, A): its mean."""
    return np.split(forward(networks.actor, theta, obs, work), 2, axis=-1)[0]


def q_values(networks, thetas_v, x, works):
    """Outputs of every critic for its inputs x (n, inputs): (num_critics, n, outputs)."""
    return np.stack([forward(networks.critic, theta, x, work) for theta, work in zip(thetas_v, works)])


def smallest_q(networks, thetas_v, obs, action, works):
    """The smallest Q over the critics, (M n,), for obs (M n, D) and action (M n, A) of all DUs."""
    x = networks.scope.arrange(obs, action)
    return networks.scope.values_of(q_values(networks, thetas_v, x, works).min(axis=0))


def smallest_q_gradient(networks, thetas_v, x, place, works):
    """The smallest Q over the critics of one DU, (n,), and its gradient with respect to that DU's action, (n, A).

    x (n, inputs); ``place`` is where the scope keeps the DU's action and its output.
    """
    inputs, output = place
    values = q_values(networks, thetas_v, x, works)
    chosen = values[..., output].argmin(axis=0)
    gradients = []
    for c, (theta, work) in enumerate(zip(thetas_v, works)):
        delta = empty_batch(*values.shape[1:], dtype=x.dtype)
        delta[...] = 0
        delta[..., output] = chosen == c
        gradients.append(input_gradient(networks.critic, theta, delta, work, inputs))
    return values[..., output].min(axis=0), reduce(np.add, gradients)
