"""Losses (9) and (10) as functions ``theta -> (value, gradient)``.

A loss object holds everything but theta: the batch, the noise, the targets.  Calling it again at other parameters,
as SAM does, therefore cannot redraw or recompute any of them.
"""

from dataclasses import dataclass

import numpy as np

from ..kernels.policy import mean_through_clip, reparameterised_gradient
from ..nn.layout import empty_batch, for_kernels
from ..nn.passes import Workspace, backward, forward
from ..nn.squashed_gaussian import kl_divergence, kl_gradient, score
from .networks import Networks
from .passes import Scratch, q_values, replayed_policy, sample_policy, smallest_q_gradient
from .replay import Batch


@dataclass(frozen=True)
class Anchor:
    """A policy to stay near (R41): its mean and log_std (n, A) on the batch, and the divergence's weight."""

    mean: np.ndarray
    log_std: np.ndarray
    weight: float


@dataclass(frozen=True)
class ActorLoss:
    """(9) as a loss to descend:  L(theta_p) = E[beta log pi(a|s) - Q(s, a)],  a ~ pi(.|s).

    An ``anchor`` adds its weight times E[KL(pi(.|s) || anchor(.|s))] (R41).  ``estimate`` is the reading R30 of the
    gradient, one of ``POLICY_GRADIENTS``.  With twin critics Q is the smaller.  x is the critic's input, in which
    ``place`` says where this actor's action stands (R39); seen_action maps latents to what the critic is shown of
    replayed actions (R21).  ``masks`` are the actor's dropout masks, if any (R42).

    A stack of G actors with one place has one such object: theta is (G, n_params), all (n, ...) are (G, n, ...).
    """

    networks: Networks
    thetas_v: np.ndarray
    batch: Batch
    noise: np.ndarray
    temperature: float
    estimate: object
    seen_action: object
    scratch: Scratch
    x: np.ndarray
    place: tuple
    anchor: Anchor | None = None
    masks: list | None = None

    def __call__(self, theta):
        """Return the loss at theta (n_params,) and its gradient (n_params,), which the next call overwrites."""
        value, sample, delta = self.estimate(self, theta)
        if self.anchor is not None:
            policies = sample.mean, sample.log_std, self.anchor.mean, self.anchor.log_std
            value = value + self.anchor.weight * kl_divergence(*policies).mean(axis=-1)
            delta += self.anchor.weight * np.concatenate(kl_gradient(*policies), axis=-1)
        mean_through_clip(for_kernels(delta), for_kernels(sample.free))
        return value, backward(self.networks.actor, theta, self.batch.obs, delta, self.scratch.actor)

    def asked(self, action):
        """The critic's input with this actor's action (n, A) in its place."""
        self.x[..., self.place[0]] = action
        return self.x

    def q(self, action):
        """The smallest Q over the critics at this actor's action (n, A): (n,)."""
        outputs = q_values(self.networks, self.thetas_v, self.asked(action), self.scratch.critics)
        return outputs[..., self.place[1]].min(axis=0)


def reparameterised(loss, theta):
    """Gradient through the action: with u = mean + std noise and a = sigmoid(u),

        dL/dmean = dL/du,  dL/dlog_std = dL/du std noise - beta,  dL/du = beta (2a - 1) - dQ/da a (1 - a)

    for each row, as delta (n, 2A); the mean over rows is taken by the caller.  Source: (9), R30, as soft actor-critic
    does it.
    """
    sample = sample_policy(loss.networks, theta, loss.batch.obs, loss.noise, loss.scratch.actor, loss.masks)
    action, beta = sample.action, loss.temperature
    q, q_gradient = smallest_q_gradient(loss.networks, loss.thetas_v, loss.asked(action), loss.place,
                                        loss.scratch.critics)
    delta = empty_batch(*action.shape[:-1], 2 * action.shape[-1], dtype=action.dtype)
    batches = map(for_kernels, (action, sample.std, loss.noise, q_gradient))
    reparameterised_gradient(*batches, action.dtype.type(beta), for_kernels(delta))
    return np.mean(beta * sample.log_prob - q, axis=-1), sample, delta


def score_function(loss, theta):
    """(9) as printed, over fresh actions:  grad log pi(a|s) (beta log pi(a|s) - Q(s, a)),  a ~ pi(.|s).  R30."""
    sample = sample_policy(loss.networks, theta, loss.batch.obs, loss.noise, loss.scratch.actor, loss.masks)
    return _weighted_score(loss, sample, loss.q(sample.action))


def score_function_replayed(loss, theta):
    """(9) as printed, over the replayed actions a_t, which the current policy did not draw: biased.  R30."""
    latent = loss.batch.latent
    sample = replayed_policy(loss.networks, theta, loss.batch.obs, latent, loss.scratch.actor, loss.masks)
    return _weighted_score(loss, sample, loss.q(loss.seen_action(latent)))


def _weighted_score(loss, sample, q):
    weight = loss.temperature * sample.log_prob - q
    gradient = np.concatenate(score(sample.noise, sample.log_std), axis=-1)
    return np.mean(weight, axis=-1), sample, weight[..., None] * gradient


POLICY_GRADIENTS = {"reparameterised": reparameterised, "score_function": score_function,
                    "score_function_replayed": score_function_replayed}
PARTS = {"reparameterised": ("obs",), "score_function": ("obs",), "score_function_replayed": ("obs", "latent")}
"""What each asks of the replayed transitions."""


@dataclass(frozen=True)
class CriticLoss:
    """(10)  L(theta_v) = E[(y - Q(s, a; theta_v))^2], the target y held fixed.

    x (n, inputs) and target y (n, outputs), as the critic's scope arranges them; dropout masks, if any (R42).
    """

    networks: Networks
    x: np.ndarray
    target: np.ndarray
    work: Workspace
    masks: list | None = None

    def __call__(self, theta):
        """Return the loss at theta (n_params,) and its gradient (n_params,), which the next call overwrites."""
        residual = forward(self.networks.critic, theta, self.x, self.work, self.masks) - self.target
        value = np.mean(residual * residual)
        return value, backward(self.networks.critic, theta, self.x, residual * (2 / residual.size), self.work)


@dataclass(frozen=True)
class L2Loss:
    """A loss plus ``weight`` ||theta||^2: the L2 baseline of Sec. VI-A, in the loss and over all parameters (R42).

    Of a stack of networks (G, n_params) each has its own.
    """

    loss: object
    weight: float

    def __call__(self, theta):
        """Return the loss at theta (n_params,) and its gradient (n_params,), which the next call overwrites."""
        value, gradient = self.loss(theta)
        gradient += theta.dtype.type(2 * self.weight) * theta
        # Summed in float64: where both parts nearly cancel, rounding in float32 would be most of what is left.
        return value + self.weight * np.sum(theta * theta, axis=-1, dtype=np.float64), gradient


def standard_target(reward, next_q, next_log_prob, gamma, temperature):
    """y = r + gamma (Q(s', a') - beta log pi(a'|s')): soft actor-critic's target.  All (n,).  Source: (10), R31."""
    return reward + gamma * (next_q - temperature * next_log_prob)


def literal_target(reward, next_q, taken_log_prob, gamma, temperature):
    """y = r + gamma Q(s', a') - beta log pi(a_t|s_t), as printed.  All (n,).  Source: after (10), R31."""
    return reward + gamma * next_q - temperature * taken_log_prob
