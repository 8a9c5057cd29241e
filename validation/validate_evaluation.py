"""Who is judged (R56), and the critic's own steps (R28): draws of an evaluation, batches of the critic."""

from unittest import mock

import numpy as np

from tasam_ref.experiments.evaluation import stochastic_policy
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import stream

from . import twins
from .checks import check
from .oracles import relative_error, standard_errors
from .validate_algorithm import start

EPISODES, BOUNDS = 5, (-5, 2)


def _situation():
    """A trainer of three actors, its stochastic policy, envs at the beginning of five episodes, random states."""
    trainer = start("no_sam", f"run.eval_episodes={EPISODES}")
    envs = [OranEnv(trainer.config) for _ in range(EPISODES)]
    for seed, env in enumerate(envs):
        env.reset(seed=seed)
    states = np.random.default_rng(5).standard_normal((EPISODES, 3, trainer.env.obs_dim))
    return trainer, stochastic_policy(trainer.config, trainer.agents.thetas_p), envs, states


def _laws(trainer, states):
    """Mean and log_std (M, E, A) of plain networks."""
    agents = trainer.agents
    laws = [twins.policy(agents.networks.actor.sizes, theta, states[:, i], BOUNDS)
            for i, theta in enumerate(agents.thetas_p)]
    return map(np.array, zip(*laws))


@check("A1 l.28", "policy", oracle="plain networks and the addresses of the noise", tolerance=1e-15,
       because="rounding of three layers")
def draws_are_mean_plus_deviation_times_noise():
    """Actions of two frames: sigmoid(mean + e^log_std noise), the noise of (episode, frame) for all actors together."""
    trainer, policy, envs, states = _situation()
    mean, log_std = _laws(trainer, states)
    found, expected = [], []
    for frame in (0, 7):
        noise = np.array([stream(seed, "evaluation_noise", frame).standard_normal((3, mean.shape[2]))
                          for seed in range(EPISODES)]).swapaxes(0, 1)
        expected.append(twins.logistic(mean + np.exp(log_std) * noise))
        found.append(policy(envs, states, frame).swapaxes(0, 1))
    return relative_error(found, expected)


@check("A1 l.28", "policy", oracle="Gauss-Hermite quadrature", tolerance=5.0, because="standard errors of 4000 frames, "
       "the largest of all actors, episodes and dimensions")
def mean_action_of_many_draws_is_the_laws():
    """E[sigmoid(mean + std noise)] over the frames, every state held."""
    trainer, policy, envs, states = _situation()
    mean, log_std = _laws(trainer, states)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    expected = sum(w * twins.logistic(mean + np.exp(log_std) * x) for x, w in zip(nodes, weights / weights.sum()))
    draws = np.array([policy(envs, states, frame).swapaxes(0, 1) for frame in range(4000)])
    return standard_errors(draws, expected)


@check("A1 l.20-23", oracle="the batches that the critic is shown", tolerance=0, because="a count of batches")
def steps_of_the_critic_have_batches_of_their_own():
    """Two steps of everyone with three of the critic each: six different batches, and a count of Adam's of six."""
    trainer, batches = start("ta_sam", "agent.gradient_steps=2", "agent.critic_steps=3"), []
    losses = trainer.learner.critic_losses

    def watched(rows, noise):
        batches.append((rows.tobytes(), noise.tobytes()))
        return losses(rows, noise)

    with mock.patch.object(trainer.learner, "critic_losses", watched):
        trainer.iterate()
    return abs(len(set(batches)) - 6) + abs(int(trainer.agents.critic_optimizers[0].state["count"]) - 6)
