"""The update by this package."""

import numpy as np

import tasam_ref
from tasam_ref.optim.sam import sam_gradient

from ..twins import as_columns

VERSION = tasam_ref.__version__


class Update:
    """``gradients`` at the first parameters, and ``step``: one update by Adam on fresh draws."""

    def __init__(self, problem, rho):
        self.learner, self.rho, self.count = problem.learner, rho, 0

    def gradients(self, draws):
        """What the actors (M, n_params) and the critic (1, n_params) step along, with these draws."""
        learner, agents = self.learner, self.learner.agents
        actors = [self._along(learner.actor_loss(i, rows, as_columns(noise)), theta)
                  for i, (rows, noise, theta) in enumerate(zip(draws.rows, draws.noise, agents.thetas_p))]
        (loss,) = learner.critic_losses(draws.critic_rows, as_columns(draws.critic_noise))
        return np.array(actors), self._along(loss, agents.thetas_v[0])[None]

    def _along(self, loss, theta):
        return (loss(theta) if self.rho is None else sam_gradient(loss, theta, self.rho))[1].copy()

    def step(self):
        """One update."""
        self.learner.update_actors(0, self.count, [self.rho] * self.learner.agents.count)
        self.learner.update_critic(0, self.count, self.rho)
        self.count += 1
