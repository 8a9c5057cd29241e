"""The update by this package."""

import numpy as np

import tasam_ref
from tasam_ref.optim.sam import step_gradient

VERSION = tasam_ref.__version__


class Update:
    """``gradients`` at the first parameters, and ``step``: one update by Adam on fresh draws."""

    def __init__(self, problem, rho):
        self.learner, self.rho, self.count = problem.learner, rho, 0

    def gradients(self, draws):
        """What the actors (M, n_params) and the critic (1, n_params) step along, with these draws."""
        learner = self.learner
        every = np.arange(learner.num_agents)
        loss = learner.actor_loss(every, draws.rows, draws.noise, None, None)
        actors = step_gradient(loss, learner.thetas_p, self.rho and np.full(every.size, self.rho))[1].copy()
        (loss,) = learner.critic_losses(draws.critic_rows, draws.critic_noise, [None])
        return actors, step_gradient(loss, learner.thetas_v[0], self.rho)[1][None]

    def step(self):
        """One update."""
        self.learner.update_actors(0, self.count, [self.rho] * self.learner.num_agents)
        self.learner.update_critic(0, self.count, self.rho)
        self.count += 1
