"""The stochastic policy pi(a|s) of one actor on a batch of B states (Sec. IV-A2)."""

from dataclasses import dataclass

import numpy as np

from ..nn.squashed_gaussian import sample_latent, split_head, squash
from ..nn.workspace import workspace


@dataclass(frozen=True)
class PolicySample:
    """Drawn or replayed: latent, action, noise, mean, log_std, std and free (clip not active) (A, B), log_prob (B,)."""

    latent: np.ndarray
    action: np.ndarray
    noise: np.ndarray
    mean: np.ndarray
    log_std: np.ndarray
    std: np.ndarray
    free: np.ndarray
    log_prob: np.ndarray


class Policy:
    """Evaluates any actor in its ``work``; means are views there, which the next evaluation overwrites."""

    def __init__(self, networks, columns, dropout=False):
        self.bounds = networks.log_std_min, networks.log_std_max
        self.work = workspace(networks.actor, columns, networks.dtype, dropout)

    def law(self, theta, obs):
        """Mean and log_std (A, B) of the latent at obs (D, B), and where the clip of log_std is not active."""
        return split_head(self.work.forward(theta, obs), *self.bounds)

    def backward(self, theta, delta, free):
        """dL/dtheta, L being the mean over the states, given for each state the gradient (2A, B) by mean and log_std.

        Where log_std is clipped its gradient is 0.  Overwrites delta.
        """
        delta *= delta.dtype.type(1 / delta.shape[1])
        delta[len(free) :] *= free
        return self.work.backward(theta, delta)


def drawn(law, noise):
    """The PolicySample a ~ pi(.|s) of a ``law``, mean, log_std and free, with standard normal noise (A, B)."""
    mean, log_std, free = law
    std = np.exp(log_std)
    latent = sample_latent(mean, std, noise)
    action, log_prob = squash(latent, noise, log_std)
    return PolicySample(latent, action, noise, mean, log_std, std, free, log_prob)


def replayed(law, latent):
    """The PolicySample that a ``law`` would call ``latent`` (A, B), which it did not itself draw."""
    mean, log_std, free = law
    std = np.exp(log_std)
    noise = (latent - mean) / std
    action, log_prob = squash(latent, noise, log_std)
    return PolicySample(latent, action, noise, mean, log_std, std, free, log_prob)
