"""The update that every library takes, on made-up transitions and from the same parameters.

All readings are the defaults but R21: the critic is shown relaxed actions, so that no library needs the environment.
"""

from dataclasses import dataclass

import numpy as np

from tasam_ref.config_io import apply_settings
from tasam_ref.experiments.bench_update import filled_learner
from tasam_ref.streams import stream

SETTINGS = ("agent.critic_sees=relaxed",)


@dataclass(frozen=True)
class Draws:
    """What chance decides in one update: rows (M, B) and noise (M, B, A) of the actors, (M, n) and (M n, A) of the
    critic."""

    rows: np.ndarray
    noise: np.ndarray
    critic_rows: np.ndarray
    critic_noise: np.ndarray


class Problem:
    """A learner at its first parameters and its ``transitions`` by name, (M, n, ...) each."""

    def __init__(self, config, threads):
        self.config, self.threads = apply_settings(config, SETTINGS), threads
        self.learner = filled_learner(self.config, threads)
        stored = self.learner.agents.replay.state()
        self.transitions = {name: stored[name] for name in ("obs", "latent", "reward", "next_obs")}

    def draws(self):
        """Draws that are the same in every process."""
        generator, agents, batch = stream(0, "speed"), self.learner.agents, self.config.agent.batch_size
        rows = generator.integers(agents.replay.size, size=(agents.count, batch))
        critic_rows = agents.networks.scope.draw(generator, agents.replay.size, batch)
        noise, critic_noise = (generator.standard_normal((*shape, agents.action_dim), agents.networks.dtype)
                               for shape in (rows.shape, (critic_rows.size,)))
        return Draws(rows, noise, critic_rows, critic_noise)
