"""Losses (9) and (10) as functions ``theta -> (value, gradient)``.

A loss object holds everything but theta: the batch, the noise, the targets.  Calling it again at other parameters,
as SAM does, therefore cannot redraw or recompute any of them.
"""

from dataclasses import dataclass

import numpy as np

from ..nn.mlp import Workspace, backward, forward
from ..nn.squashed_gaussian import log_prob_latent_gradient, score
from .networks import Networks, Scratch, replayed_policy, sample_policy, smallest_q, smallest_q_gradient
from .replay import Batch


@dataclass(frozen=True)
class ActorLoss:
    """(9) as a loss to descend:  L(theta_p) = E[beta log pi(a|s) - Q(s, a)],  a ~ pi(.|s).

    ``estimate`` is the reading R30 of its gradient, one of ``POLICY_GRADIENTS``.  With twin critics Q is the smaller.
    seen_action maps latents to what the critic is shown of replayed actions (R21).
    """

    networks: Networks
    thetas_v: np.ndarray
    batch: Batch
    noise: np.ndarray
    temperature: float
    estimate: object
    seen_action: object
    scratch: Scratch

    def __call__(self, theta):
        """Return the loss at theta (n_params,) and its gradient (n_params,), which the next call overwrites."""
        value, mean_gradient, log_std_gradient, free = self.estimate(self, theta)
        delta = np.concatenate((mean_gradient, log_std_gradient * free), axis=1) / mean_gradient.shape[0]
        return value, backward(self.networks.actor, theta, self.batch.obs, delta, self.scratch.actor)


def reparameterised(loss, theta):
    """Gradient through the action: with u = mean + std noise and a = sigmoid(u),

        dL/dmean = dL/du,  dL/dlog_std = dL/du std noise - beta,  dL/du = beta (2a - 1) - dQ/da a (1 - a)

    for each row; the mean over rows is taken by the caller.  Source: (9), R30, as soft actor-critic does it.
    """
    sample = sample_policy(loss.networks, theta, loss.batch.obs, loss.noise, loss.scratch.actor)
    q, q_gradient = smallest_q_gradient(loss.networks, loss.thetas_v, loss.batch.obs, sample.action,
                                        loss.scratch.critics)
    action, beta = sample.action, loss.temperature
    latent_gradient = beta * log_prob_latent_gradient(action) - q_gradient * action * (1 - action)
    log_std_gradient = latent_gradient * np.exp(sample.log_std) * loss.noise - beta
    return np.mean(beta * sample.log_prob - q), latent_gradient, log_std_gradient, sample.free


def score_function(loss, theta):
    """(9) as printed, over fresh actions:  grad log pi(a|s) (beta log pi(a|s) - Q(s, a)),  a ~ pi(.|s).  R30."""
    sample = sample_policy(loss.networks, theta, loss.batch.obs, loss.noise, loss.scratch.actor)
    q = smallest_q(loss.networks, loss.thetas_v, loss.batch.obs, sample.action, loss.scratch.critics)
    return _weighted_score(loss, sample, q)


def score_function_replayed(loss, theta):
    """(9) as printed, over the replayed actions a_t, which the current policy did not draw: biased.  R30."""
    networks, batch = loss.networks, loss.batch
    sample = replayed_policy(networks, theta, batch.obs, batch.latent, loss.scratch.actor)
    q = smallest_q(networks, loss.thetas_v, batch.obs, loss.seen_action(batch.latent), loss.scratch.critics)
    return _weighted_score(loss, sample, q)


def _weighted_score(loss, sample, q):
    weight = loss.temperature * sample.log_prob - q
    mean_score, log_std_score = score(sample.noise, sample.log_std)
    return np.mean(weight), weight[:, None] * mean_score, weight[:, None] * log_std_score, sample.free


POLICY_GRADIENTS = {"reparameterised": reparameterised, "score_function": score_function,
                    "score_function_replayed": score_function_replayed}


@dataclass(frozen=True)
class CriticLoss:
    """(10)  L(theta_v) = E[(y - Q(s, a; theta_v))^2], the target y held fixed.

    x (n, D + A) is obs beside action, target y (n,).
    """

    networks: Networks
    x: np.ndarray
    target: np.ndarray
    work: Workspace

    def __call__(self, theta):
        """Return the loss at theta (n_params,) and its gradient (n_params,), which the next call overwrites."""
        residual = forward(self.networks.critic, theta, self.x, self.work) - self.target[:, None]
        value = np.mean(residual * residual)
        return value, backward(self.networks.critic, theta, self.x, residual * (2 / len(residual)), self.work)


def standard_target(reward, next_q, next_log_prob, gamma, temperature):
    """y = r + gamma (Q(s', a') - beta log pi(a'|s')): soft actor-critic's target.  All (n,).  Source: (10), R31."""
    return reward + gamma * (next_q - temperature * next_log_prob)


def literal_target(reward, next_q, taken_log_prob, gamma, temperature):
    """y = r + gamma Q(s', a') - beta log pi(a_t|s_t), as printed.  All (n,).  Source: after (10), R31."""
    return reward + gamma * next_q - temperature * taken_log_prob
