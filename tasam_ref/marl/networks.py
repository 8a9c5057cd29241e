"""The actors and the global critic as shapes, and how they are evaluated on batches.

An actor maps obs (n, D) to mean and log_std of its latent, (n, 2A).  The global critic maps one DU's obs and
action, (n, D + A), to a value; one critic serves all DUs (Sec. IV-B, R39).  ``thetas_p`` is (M, n_params), a row per
actor; ``thetas_v`` is (1, n_params), or (2, n_params) for twin critics (R32).
"""

from dataclasses import dataclass

import numpy as np

from ..nn.mlp import MLP, Workspace, forward, input_gradient
from ..nn.squashed_gaussian import log_prob, sample_latent, sigmoid, split_head


@dataclass(frozen=True)
class Networks:
    """Shapes of actor and critic, where an observation ends in the critic's input, the clip of log_std, the dtype."""

    actor: MLP
    critic: MLP
    obs_dim: int
    log_std_min: float
    log_std_max: float
    dtype: np.dtype


def build_networks(agent, obs_dim, action_dim):
    """Return the Networks of a configuration's ``agent`` section."""
    hidden = agent.hidden_sizes
    return Networks(
        actor=MLP((obs_dim, *hidden, 2 * action_dim)), critic=MLP((obs_dim + action_dim, *hidden, 1)),
        obs_dim=obs_dim, log_std_min=agent.log_std_min, log_std_max=agent.log_std_max, dtype=np.dtype(agent.dtype),
    )


class Scratch:
    """Workspaces of actor and critics for one batch size."""

    def __init__(self, networks, batch, num_critics=1):
        self.actor = Workspace(networks.actor, batch, networks.dtype)
        self.critics = [Workspace(networks.critic, batch, networks.dtype) for _ in range(num_critics)]


@dataclass(frozen=True)
class PolicySample:
    """Actions drawn from a policy: latent, action, noise, log_std (n, A), log_prob (n,), free: clip not active."""

    latent: np.ndarray
    action: np.ndarray
    noise: np.ndarray
    log_std: np.ndarray
    free: np.ndarray
    log_prob: np.ndarray


def sample_policy(networks, theta, obs, noise, work):
    """Draw a ~ pi(. | obs) of one actor with the given standard normal noise (n, A)."""
    output = forward(networks.actor, theta, obs, work)
    mean, log_std, free = split_head(output, networks.log_std_min, networks.log_std_max)
    latent = sample_latent(mean, log_std, noise)
    return PolicySample(latent, sigmoid(latent), noise, log_std, free, log_prob(latent, noise, log_std))


def replayed_policy(networks, theta, obs, latent, work):
    """The PolicySample that one actor would call an action ``latent`` (n, A) which it did not itself draw."""
    output = forward(networks.actor, theta, obs, work)
    mean, log_std, free = split_head(output, networks.log_std_min, networks.log_std_max)
    noise = (latent - mean) * np.exp(-log_std)
    return PolicySample(latent, sigmoid(latent), noise, log_std, free, log_prob(latent, noise, log_std))


def sample_policies(networks, thetas_p, obs, noise, work):
    """``sample_policy`` of every actor: obs (M n, D) and noise (M n, A) stacked agent by agent; ``work`` fits n rows.

    Returns latent (M n, A) and log_prob (M n,).
    """
    parts = _each_actor(sample_policy, networks, thetas_p, obs, noise, work)
    return np.concatenate([p.latent for p in parts]), np.concatenate([p.log_prob for p in parts])


def replayed_log_probs(networks, thetas_p, obs, latent, work):
    """log pi_i(a|s) of replayed actions under every actor, stacked as in ``sample_policies``.  Returns (M n,)."""
    return np.concatenate([p.log_prob for p in _each_actor(replayed_policy, networks, thetas_p, obs, latent, work)])


def _each_actor(function, networks, thetas_p, obs, other, work):
    count = len(thetas_p)
    return [function(networks, *one, work) for one in zip(thetas_p, np.split(obs, count), np.split(other, count))]


def mean_latent(networks, theta, obs, work):
    """The latent of the deterministic policy, (n, A): its mean."""
    return np.split(forward(networks.actor, theta, obs, work), 2, axis=1)[0]


def q_values(networks, thetas_v, obs, action, works):
    """Q(s, a) of every critic, (num_critics, n)."""
    x = np.concatenate((obs, action), axis=1)
    return np.stack([forward(networks.critic, theta, x, work)[:, 0] for theta, work in zip(thetas_v, works)])


def smallest_q(networks, thetas_v, obs, action, works):
    """The smallest Q(s, a) over the critics, (n,)."""
    return q_values(networks, thetas_v, obs, action, works).min(axis=0)


def smallest_q_gradient(networks, thetas_v, obs, action, works):
    """``smallest_q`` (n,) and its gradient with respect to the action, (n, A)."""
    q = q_values(networks, thetas_v, obs, action, works)
    chosen = q.argmin(axis=0)
    gradient = np.zeros_like(action)
    for c, (theta, work) in enumerate(zip(thetas_v, works)):
        delta = (chosen == c).astype(theta.dtype)[:, None]
        gradient += input_gradient(networks.critic, theta, delta, work, networks.obs_dim)
    return q.min(axis=0), gradient
