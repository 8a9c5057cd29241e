"""Losses (9) and (10) as functions ``theta -> (value, gradient)``.

A loss object holds everything but theta: the batch, the noise, the targets.  Calling it again at other parameters,
as SAM does, therefore cannot redraw or recompute any of them.  It borrows workspaces, with their dropout masks if there
are any: every gradient holds until the next call in the same workspace.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..compiled import compiled
from ..nn.passes import TanhWorkspace
from ..nn.regularised import RegularisedWorkspace
from ..nn.squashed_gaussian import kl_divergence, kl_gradient, score
from .critics import ActionValue
from .policy import Policy, drawn, replayed

_ONE, _TWO = np.float32(1), np.float32(2)


@dataclass(frozen=True)
class Anchor:
    """A policy to stay near (R41): its mean and log_std (A, B) on the batch, and the divergence's weight."""

    mean: np.ndarray
    log_std: np.ndarray
    weight: float

    def pull(self, mean, log_std):
        """w KL(pi || anchor), (B,), and its gradient by mean and log_std, (2A, B)."""
        laws = mean, log_std, self.mean, self.log_std
        return self.weight * kl_divergence(*laws), self.weight * np.concatenate(kl_gradient(*laws))


@dataclass(frozen=True)
class ActorLoss:
    """(9) as a loss to descend:  L(theta_p) = E[beta log pi(a|s) - Q(s, a)],  a ~ pi(.|s).

    ``estimate`` is the reading R30 of the gradient, one of ``POLICY_GRADIENTS``.  It draws a with ``noise`` (A, B), or
    it takes replayed ones: their ``latent`` (A, B), and ``seen``, what the critic is shown of them (R21).  An
    ``anchor`` adds its weight times E[KL(pi(.|s) || anchor(.|s))] (R41).

    Q of fresh draws is asked at the relaxed action, also where the critic learned from executed ones; of replayed
    actions at ``seen`` (R21).
    """

    policy: Policy
    q: ActionValue
    obs: np.ndarray
    noise: np.ndarray
    temperature: float
    estimate: Callable
    latent: np.ndarray | None = None
    seen: np.ndarray | None = None
    anchor: Anchor | None = None

    def __call__(self, theta):
        """Return the loss at theta (n_params,) and its gradient (n_params,)."""
        value, sample, delta = self.estimate(self, theta)
        if self.anchor is not None:
            divergence, pull = self.anchor.pull(sample.mean, sample.log_std)
            value, delta = value + divergence, delta + pull
        return value.mean(), self.policy.backward(theta, delta, sample.free)


def reparameterised(loss, theta):
    """beta log pi - Q of each state, (B,), the sample, and each state's gradient (2A, B) through the action:

        d/dmean = beta (2a - 1) - dQ/da a (1 - a),   d/dlog_std = d/dmean std noise - beta

    with u = mean + std noise and a = sigmoid(u); ``Policy.backward`` takes the mean.  Source: (9), R30, as soft
    actor-critic does it.
    """
    sample = drawn(loss.policy.law(theta, loss.obs), loss.noise)
    q, q_gradient = loss.q.with_gradient(sample.action)
    delta = np.empty((2 * len(q_gradient), len(q)), q_gradient.dtype)
    _through_the_action(sample.action, sample.std, sample.noise, q_gradient, delta.dtype.type(loss.temperature), delta)
    return loss.temperature * sample.log_prob - q, sample, delta


@compiled
def _through_the_action(action, std, noise, q_gradient, beta, delta):
    """The gradient of ``reparameterised`` into delta; beta in the dtype of the arrays."""
    for j in range(action.shape[0]):
        for i in range(action.shape[1]):
            a = action[j, i]
            of_mean = beta * (_TWO * a - _ONE) - q_gradient[j, i] * a * (_ONE - a)
            delta[j, i] = of_mean
            delta[action.shape[0] + j, i] = of_mean * std[j, i] * noise[j, i] - beta


def score_function(loss, theta):
    """(9) as printed, over fresh actions:  grad log pi(a|s) (beta log pi(a|s) - Q(s, a)),  a ~ pi(.|s).  R30."""
    sample = drawn(loss.policy.law(theta, loss.obs), loss.noise)
    return _weighted_score(loss, sample, loss.q(sample.action))


def score_function_replayed(loss, theta):
    """(9) as printed, over the replayed actions a_t, which the current policy did not draw: biased.  R30."""
    sample = replayed(loss.policy.law(theta, loss.obs), loss.latent)
    return _weighted_score(loss, sample, loss.q(loss.seen))


def _weighted_score(loss, sample, q):
    weight = loss.temperature * sample.log_prob - q
    return weight, sample, weight * np.concatenate(score(sample.noise, sample.log_std))


POLICY_GRADIENTS = {"reparameterised": reparameterised, "score_function": score_function,
                    "score_function_replayed": score_function_replayed}


@dataclass(frozen=True)
class CriticLoss:
    """(10)  L(theta_v) = E[(y - Q(s, a; theta_v))^2], the target y held fixed.

    x (inputs, B) and target y (outputs, B), as the critic's scope arranges them; ``size``, of how many targets the mean
    is taken, for x may be a part of the batch.
    """

    work: TanhWorkspace | RegularisedWorkspace
    x: np.ndarray
    target: np.ndarray
    size: int

    def __call__(self, theta):
        """Return the loss at theta (n_params,) and its gradient (n_params,)."""
        residual = self.work.forward(theta, self.x) - self.target
        return np.sum(residual * residual) / self.size, self.work.backward(theta, residual * (2 / self.size))


@dataclass(frozen=True)
class WeightedValue:
    """sum of w Q(s, a; theta_v) over x (inputs, B) and weights w (outputs, B): no loss, but what SAM may hold (R58)."""

    work: TanhWorkspace | RegularisedWorkspace
    x: np.ndarray
    weights: np.ndarray

    def __call__(self, theta):
        """Return the value at theta (n_params,) and its gradient (n_params,)."""
        return np.sum(self.weights * self.work.forward(theta, self.x)), self.work.backward(theta, self.weights)


@dataclass(frozen=True)
class Sum:
    """The sum of losses that share nothing; ``each(call, losses)`` may call them side by side."""

    losses: list
    each: Callable = map

    def __call__(self, theta):
        """Return the loss at theta (n_params,) and its gradient (n_params,)."""
        values, (gradient, *others) = zip(*self.each(lambda loss: loss(theta), self.losses))
        for other in others:
            gradient += other
        return sum(values), gradient


@dataclass(frozen=True)
class L2Loss:
    """A loss plus ``weight`` ||theta||^2: the L2 baseline of Sec. VI-A, in the loss and over all parameters (R42)."""

    loss: Callable
    weight: float

    def __call__(self, theta):
        """Return the loss at theta (n_params,) and its gradient (n_params,)."""
        value, gradient = self.loss(theta)
        gradient += theta.dtype.type(2 * self.weight) * theta
        # Summed in float64: where both parts nearly cancel, rounding in float32 would be most of what is left.
        return value + self.weight * np.sum(theta * theta, dtype=np.float64), gradient


def standard_target(reward, next_q, next_log_prob, gamma, temperature):
    """y = r + gamma (Q(s', a') - beta log pi(a'|s')): soft actor-critic's target.  All (n,).  Source: (10), R31."""
    return reward + gamma * (next_q - temperature * next_log_prob)


def literal_target(reward, next_q, taken_log_prob, gamma, temperature):
    """y = r + gamma Q(s', a') - beta log pi(a_t|s_t), as printed.  All (n,).  Source: after (10), R31."""
    return reward + gamma * next_q - temperature * taken_log_prob
