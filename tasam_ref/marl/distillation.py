"""Policy distillation with perturbed inputs: PLASTIC as the paper describes it (Sec. V-B, VI-G; R43).

Each actor is a student of an ensemble of teachers, here its own earlier policies.  It is shown perturbed states and is
to act there as the teachers act on the true ones.
"""

from dataclasses import dataclass

import numpy as np

from .policy import Policy


@dataclass(frozen=True)
class DistillationLoss:
    """(1 / K) sum over the K teachers of  w E[KL(pi(.|s + e) || teacher(.|s))],  what is added to (9).

    obs (D, B) holds the perturbed states s + e, ``teachers`` an Anchor of weight w / K on the true ones for each.
    Source: Sec. V-B, R43.
    """

    policy: Policy
    obs: np.ndarray
    teachers: list

    def __call__(self, theta):
        """Return the loss at theta (n_params,) and its gradient (n_params,)."""
        mean, log_std, free = self.policy.law(theta, self.obs)
        values, pulls = zip(*(teacher.pull(mean, log_std) for teacher in self.teachers))
        return np.mean(sum(values)), self.policy.backward(theta, sum(pulls), free)


def renew_teachers(thetas_teacher, thetas_p, iteration, every):
    """Every so many iterations the oldest of the teachers (K, M, n_params) becomes the actors as they are.  R43."""
    if len(thetas_teacher) and iteration % every == 0:
        thetas_teacher[iteration // every % len(thetas_teacher)] = thetas_p
