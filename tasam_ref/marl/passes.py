"""The actors and the global critic on batches: what policies draw, what critics value, how that moves with an action.

n transitions of each of M DUs come stacked agent by agent, (M n, ...).
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np

from ..nn.passes import Workspace, forward, input_gradient
from ..nn.squashed_gaussian import sample_latent, split_head, squash


class Scratch:
    """Workspaces of an actor for ``batch`` rows and of the critics for ``critic_rows``, by default as many."""

    def __init__(self, networks, batch, num_critics=1, critic_rows=None):
        self.actor = Workspace(networks.actor, batch, networks.dtype)
        self.critics = [Workspace(networks.critic, critic_rows or batch, networks.dtype) for _ in range(num_critics)]


@dataclass(frozen=True)
class PolicySample:
    """Drawn or replayed: latent, action, noise, mean, log_std, std and free (clip not active) (n, A), log_prob (n,).

    ``mean`` may be a view into the actor's workspace, which its next pass overwrites.
    """

    latent: np.ndarray
    action: np.ndarray
    noise: np.ndarray
    mean: np.ndarray
    log_std: np.ndarray
    std: np.ndarray
    free: np.ndarray
    log_prob: np.ndarray


def policy_of(networks, theta, obs, work):
    """Mean and log_std (n, A) of one actor's latent, as arrays of their own."""
    mean, log_std, _ = split_head(forward(networks.actor, theta, obs, work), networks.log_std_min, networks.log_std_max)
    return mean.copy("F"), log_std


def sample_policy(networks, theta, obs, noise, work, masks=None):
    """Draw a ~ pi(. | obs) of one actor with the given standard normal noise (n, A), and dropout masks or none."""
    return drawn(networks, forward(networks.actor, theta, obs, work, masks), noise)


def replayed_policy(networks, theta, obs, latent, work, masks=None):
    """The PolicySample that one actor would call an action ``latent`` (n, A) which it did not itself draw."""
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


def policy_outputs(networks, thetas_p, obs, each):
    """The output of every actor, (M n, 2A), on obs (M n, D) stacked agent by agent.

    ``each(function, arguments)`` gives function(*one, work) of every agent's arguments, with a Workspace of n rows, as
    ``in_turn`` does.
    """
    parts = each(_output, [(networks.actor, *one) for one in zip(thetas_p, np.split(obs, len(thetas_p)))])
    return np.concatenate(parts)


def _output(net, theta, obs, work):
    return forward(net, theta, obs, work).copy("F")


def in_turn(work):
    """The agents one after the other, in one Workspace."""
    return lambda function, arguments: [function(*one, work) for one in arguments]


def mean_latent(networks, theta, obs, work):
    """The latent of the deterministic policy, (n, A): its mean."""
    return np.split(forward(networks.actor, theta, obs, work), 2, axis=1)[0]


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
    columns, output = place
    outputs = q_values(networks, thetas_v, x, works)
    chosen = outputs[..., output].argmin(axis=0)
    gradients = []
    for c, (theta, work) in enumerate(zip(thetas_v, works)):
        delta = np.zeros(outputs.shape[1:], x.dtype, order="F")
        delta[:, output] = chosen == c
        gradients.append(input_gradient(networks.critic, theta, delta, work, columns))
    return outputs[..., output].min(axis=0), reduce(np.add, gradients)
