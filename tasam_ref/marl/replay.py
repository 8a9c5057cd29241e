"""Replay: one buffer B_i per actor; their union is the critic's B (Algorithm 1, lines 8, 9 and 21)."""

from dataclasses import dataclass

import numpy as np

from ..nn.layout import as_batch


@dataclass(frozen=True)
class Batch:
    """Transitions: obs (n, D), latent (n, A) before the sigmoid, reward (n,), next_obs (n, D).

    They lie as ``nn.layout`` says; a part that was not asked for is None.  Of G agents all are (G, n, ...).
    """

    obs: np.ndarray
    latent: np.ndarray | None = None
    reward: np.ndarray | None = None
    next_obs: np.ndarray | None = None


class Replay:
    """Ring buffers B_i of equal length for all actors, filled in step (Algorithm 1, lines 8 and 9)."""

    def __init__(self, num_agents, capacity, obs_dim, action_dim, dtype):
        self.capacity, self.count = capacity, 0
        self._arrays = {
            "obs": np.zeros((num_agents, capacity, obs_dim), dtype),
            "latent": np.zeros((num_agents, capacity, action_dim), dtype),
            "reward": np.zeros((num_agents, capacity), dtype),
            "next_obs": np.zeros((num_agents, capacity, obs_dim), dtype),
        }

    @property
    def size(self):
        """Transitions that each buffer holds."""
        return min(self.count, self.capacity)

    def add(self, obs, latent, reward, next_obs):
        """Store one transition of every actor: (M, D), (M, A), (M,), (M, D).  The oldest makes room."""
        at = self.count % self.capacity
        for name, value in (("obs", obs), ("latent", latent), ("reward", reward), ("next_obs", next_obs)):
            self._arrays[name][:, at] = value
        self.count += 1

    def of_agent(self, agent, rows, parts=("obs", "latent", "reward", "next_obs")):
        """The transitions ``rows`` (n,) of B_agent as a Batch, or these parts of them; of agents (G,) rows (G, n)."""
        return Batch(**{name: self._taken(name, np.expand_dims(agent, -1), rows) for name in parts})

    def of_all(self, rows):
        """From each B_i the transitions ``rows[i]``, (M, n), agent by agent, as one Batch of M n rows."""
        agents = np.repeat(np.arange(rows.shape[0]), rows.shape[1])
        return Batch(**{name: self._taken(name, agents, rows.ravel()) for name in self._arrays})

    def _taken(self, name, agents, rows):
        taken = self._arrays[name][agents, rows]
        return taken if name == "reward" else as_batch(taken)

    def newest(self, frames):
        """The last ``frames`` transitions of every actor, as ``of_all``."""
        rows = np.arange(self.count - frames, self.count) % self.capacity
        return self.of_all(np.tile(rows, (self._arrays["reward"].shape[0], 1)))

    def state(self):
        """What is stored so far, as a dictionary of arrays."""
        return {"count": np.array(self.count)} | {name: a[:, : self.size] for name, a in self._arrays.items()}

    def set_state(self, state):
        """Restore what ``state`` returned."""
        self.count = int(state["count"])
        for name, array in self._arrays.items():
            array[:, : self.size] = state[name]
