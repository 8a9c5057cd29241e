"""Policy distillation with perturbed inputs: PLASTIC as the paper describes it (Sec. V-B, VI-G; R43).

Each actor is a student of an ensemble of teachers, here its own earlier policies.  It is shown perturbed states and is
to act there as the teachers act on the true ones.
"""

from dataclasses import dataclass

import numpy as np

from ..kernels.policy import mean_through_clip
from ..nn.layout import for_kernels
from ..nn.passes import Workspace, backward, forward
from ..nn.squashed_gaussian import kl_divergence, kl_gradient, split_head
from .networks import Networks


@dataclass(frozen=True)
class DistillationLoss:
    """A loss plus  weight / K  sum over the K teachers of  E[KL(pi(.|s + e) || teacher(.|s))].

    obs (n, D) holds the perturbed states s + e, ``teachers`` each teacher's mean and log_std (n, A) on the true ones.
    ``work`` must be another workspace than that of the loss.  For a stack of actors all are (G, n, ...), as in
    ``ActorLoss``.  Source: Sec. V-B, R43.
    """

    loss: object
    networks: Networks
    obs: np.ndarray
    teachers: tuple
    weight: float
    work: Workspace

    def __call__(self, theta):
        """Return the loss at theta (n_params,) and its gradient (n_params,), which the next call overwrites."""
        value, gradient = self.loss(theta)
        output = forward(self.networks.actor, theta, self.obs, self.work)
        mean, log_std, free = split_head(output, self.networks.log_std_min, self.networks.log_std_max)
        delta, share = np.zeros_like(output), self.weight / len(self.teachers)
        for teacher in self.teachers:
            value = value + share * kl_divergence(mean, log_std, *teacher).mean(axis=-1)
            delta += share * np.concatenate(kl_gradient(mean, log_std, *teacher), axis=-1)
        mean_through_clip(for_kernels(delta), for_kernels(free))
        gradient += backward(self.networks.actor, theta, self.obs, delta, self.work)
        return value, gradient


def renew_teachers(thetas_teacher, thetas_p, iteration, every):
    """Every so many iterations the oldest of the teachers (K, M, n_params) becomes the actors as they are.  R43."""
    if len(thetas_teacher) and iteration % every == 0:
        thetas_teacher[iteration // every % len(thetas_teacher)] = thetas_p
