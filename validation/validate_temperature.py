"""The learned temperature (R57): its gradient, its fixed point, and where beta enters the targets of (10)."""

from unittest import mock

import numpy as np

from tasam_ref.marl.temperature import temperature_gradient

from . import twins
from .checks import check
from .oracles import largest, relative_error
from .validate_algorithm import start

LEARNED = ("agent.temperature_rule=learned", "agent.temperature_rate=0.25", "sam.base_optimizer=sgd",
           "agent.target_entropy=0.4")
STEP = 1e-30


@check("temperature", oracle="complex step of J over log beta", tolerance=1.5e-15, because="rounding of a mean")
def gradient_is_that_of_the_objective():
    """J = E[-beta (log pi + H)] as a function of x = log beta, at entropies below, at and above H."""
    generator, worst = np.random.default_rng(7), []
    for x, wanted in ((-3.0, 2.0), (0.5, -1.0), (1.5, 0.0)):
        log_prob = generator.standard_normal(40)
        objective = np.mean(-np.exp(x + 1j * STEP) * (log_prob + wanted))
        worst.append(relative_error(temperature_gradient(log_prob, np.exp(x), wanted), objective.imag / STEP))
    return largest(*worst)


@check("temperature", "A1 l.16-17", oracle="plain networks and gradient descent by hand", tolerance=2.5e-15,
       because="rounding of three layers and six dimensions")
def every_agent_learns_its_own_from_its_stepped_policy():
    """log beta - 0.25 dJ/d log beta on the batch and noise of the actor's step, the policy being the stepped one."""
    trainer, worst, batches = start("no_sam", *LEARNED), [], []
    trainer.iterate()
    agents, loss_of = trainer.agents, trainer.learner.actor_loss

    def watched(i, rows, noise, *others):
        batches.append((agents.replay.of_agent(i, rows).obs.T, noise.T))
        return loss_of(i, rows, noise, *others)

    with mock.patch.object(trainer.learner, "actor_loss", watched):
        for i in range(agents.count):
            before = agents.temperatures[i]
            trainer.learner.update_actor(i, 9, 0)
            obs, noise = batches[i]
            mean, log_std = twins.policy(agents.networks.actor.sizes, agents.thetas_p[i], obs, (-5, 2))
            surprise = np.mean(twins.log_density(mean + np.exp(log_std) * noise, mean, log_std)) + 0.4 * noise.shape[1]
            worst.append(relative_error(agents.temperatures[i], before * np.exp(0.25 * before * surprise)))
    return largest(*worst)


@check("temperature", "(10)", oracle="targets at two sets of temperatures", tolerance=5e-14,
       because="rounding of a difference")
def targets_weigh_each_agents_entropy_by_its_own_beta():
    """y falls by gamma times the change of an agent's own beta times log pi(a'|s'), and only in its own columns."""
    trainer = start("no_sam", *LEARNED)
    trainer.iterate()
    agents, learner = trainer.agents, trainer.learner
    transitions = agents.networks.scope.transitions(trainer.config.agent.batch_size)
    batch = agents.replay.of_all(np.arange(agents.count * transitions).reshape(agents.count, -1) % agents.replay.size)
    noise = np.random.default_rng(3).standard_normal((agents.action_dim, batch.reward.size))
    before, changes = learner._targets(batch, noise), np.array([0.5, 0.0, -0.3])
    betas = agents.temperatures.copy()
    agents.log_temperatures[:, 0] = np.log(betas * (1 + changes))
    moved = learner._targets(batch, noise) - before
    laws = [twins.policy(agents.networks.actor.sizes, theta, obs, (-5, 2))
            for theta, obs in zip(agents.thetas_p, np.split(batch.next_obs.T, agents.count))]
    own = [twins.log_density(mean + np.exp(log_std) * z, mean, log_std)
           for (mean, log_std), z in zip(laws, np.split(noise.T, agents.count))]
    expected = [-trainer.config.agent.gamma * b * c * log_prob for b, c, log_prob in zip(betas, changes, own)]
    return relative_error(moved, np.concatenate(expected))
