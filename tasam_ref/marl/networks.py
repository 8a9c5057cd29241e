"""The actors and the global critic as shapes, and how they are evaluated on batches.

An actor maps obs (n, D) to mean and log_std of its latent, (n, 2A).  The global critic maps the input x that its
scope arranges (R39, ``critic_scope``) to one value or one for each DU.  ``thetas_p`` is (M, n_params), a row per actor;
``thetas_v`` is (1, n_params), or (2, n_params) for twin critics (R32).
"""

from dataclasses import dataclass

import numpy as np

from ..nn.mlp import MLP, Workspace, forward, input_gradient
from ..nn.squashed_gaussian import log_prob, sample_latent, sigmoid, split_head
from .critic_scope import SCOPES, Joint, SharedLocal


@dataclass(frozen=True)
class Networks:
    """Shapes of actor and critic, what the critic sees, the clip of log_std, the dtype."""

    actor: MLP
    critic: MLP
    scope: SharedLocal | Joint
    log_std_min: float
    log_std_max: float
    dtype: np.dtype


def build_networks(agent, num_agents, obs_dim, action_dim):
    """Return the Networks of a configuration's ``agent`` section."""
    scope = SCOPES[agent.critic_scope](num_agents, obs_dim, action_dim)

    def network(inputs, outputs):
        return MLP((inputs, *agent.hidden_sizes, outputs), "crelu" if agent.crelu else "tanh", agent.layer_norm,
                   agent.spectral_norm)

    return Networks(
        actor=network(obs_dim, 2 * action_dim), critic=network(scope.inputs, scope.outputs), scope=scope,
        log_std_min=agent.log_std_min, log_std_max=agent.log_std_max, dtype=np.dtype(agent.dtype),
    )


def num_critics(agent):
    """Critics that the reading R32 of the target trains."""
    return 2 if agent.critic_target == "twin_target" else 1


class Scratch:
    """Workspaces of an actor for ``batch`` rows and of the critics for ``critic_rows``, by default as many."""

    def __init__(self, networks, batch, num_critics=1, critic_rows=None):
        self.actor = Workspace(networks.actor, batch, networks.dtype)
        self.critics = [Workspace(networks.critic, critic_rows or batch, networks.dtype) for _ in range(num_critics)]


@dataclass(frozen=True)
class PolicySample:
    """Drawn actions: latent, action, noise, mean, log_std (n, A), log_prob (n,), free: clip not active."""

    latent: np.ndarray
    action: np.ndarray
    noise: np.ndarray
    mean: np.ndarray
    log_std: np.ndarray
    free: np.ndarray
    log_prob: np.ndarray


def policy_of(networks, theta, obs, work):
    """Mean and log_std (n, A) of one actor's latent, as arrays of their own."""
    mean, log_std, _ = split_head(forward(networks.actor, theta, obs, work), networks.log_std_min, networks.log_std_max)
    return mean.copy(), log_std


def sample_policy(networks, theta, obs, noise, work, masks=None):
    """Draw a ~ pi(. | obs) of one actor with the given standard normal noise (n, A), and dropout masks or none."""
    output = forward(networks.actor, theta, obs, work, masks)
    mean, log_std, free = split_head(output, networks.log_std_min, networks.log_std_max)
    latent = sample_latent(mean, log_std, noise)
    return PolicySample(latent, sigmoid(latent), noise, mean, log_std, free, log_prob(latent, noise, log_std))


def replayed_policy(networks, theta, obs, latent, work, masks=None):
    """The PolicySample that one actor would call an action ``latent`` (n, A) which it did not itself draw."""
    output = forward(networks.actor, theta, obs, work, masks)
    mean, log_std, free = split_head(output, networks.log_std_min, networks.log_std_max)
    noise = (latent - mean) * np.exp(-log_std)
    return PolicySample(latent, sigmoid(latent), noise, mean, log_std, free, log_prob(latent, noise, log_std))


def sample_policies(networks, thetas_p, obs, noise, each):
    """``sample_policy`` of every actor: obs (M n, D) and noise (M n, A) stacked agent by agent.

    ``each(function, arguments)`` gives function(*one, work) of every agent's arguments, with a Workspace of n rows, as
    ``in_turn`` does.  Returns latent (M n, A) and log_prob (M n,).
    """
    parts = _of_each_actor(sample_policy, networks, thetas_p, obs, noise, each)
    return np.concatenate([p.latent for p in parts]), np.concatenate([p.log_prob for p in parts])


def replayed_log_probs(networks, thetas_p, obs, latent, each):
    """log pi_i(a|s) of replayed actions under every actor, stacked as in ``sample_policies``.  Returns (M n,)."""
    return np.concatenate([p.log_prob for p in _of_each_actor(replayed_policy, networks, thetas_p, obs, latent, each)])


def in_turn(work):
    """The agents one after the other, in one Workspace."""
    return lambda function, arguments: [function(*one, work) for one in arguments]


def _of_each_actor(function, networks, thetas_p, obs, other, each):
    count = len(thetas_p)
    return each(function, [(networks, *one) for one in zip(thetas_p, np.split(obs, count), np.split(other, count))])


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
    gradient = np.zeros(x[:, columns].shape, x.dtype)
    for c, (theta, work) in enumerate(zip(thetas_v, works)):
        delta = np.zeros(outputs.shape[1:], x.dtype)
        delta[chosen == c, output] = 1
        gradient += input_gradient(networks.critic, theta, delta, work, columns)
    return outputs[..., output].min(axis=0), gradient
