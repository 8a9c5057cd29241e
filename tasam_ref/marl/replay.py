"""Replay: one buffer B_i per actor; their union is the critic's B (Algorithm 1, lines 8, 9 and 21)."""

import numpy as np


class Batch:
    """Transitions ``rows`` of the buffers of ``agents``, copied part by part when asked for, a column for each."""

    def __init__(self, arrays, agents, rows):
        self._arrays, self._at = arrays, (agents, rows)

    @property
    def obs(self):
        """s (D, n)."""
        return self._columns("obs")

    @property
    def latent(self):
        """The action before the sigmoid, (A, n)."""
        return self._columns("latent")

    @property
    def reward(self):
        """r (n,)."""
        return self._arrays["reward"][self._at]

    @property
    def next_obs(self):
        """s' (D, n)."""
        return self._columns("next_obs")

    def _columns(self, name):
        return np.ascontiguousarray(self._arrays[name][self._at].T)


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

    def of_agent(self, agent, rows):
        """The transitions ``rows`` (n,) of B_agent as a Batch."""
        return Batch(self._arrays, agent, rows)

    def of_all(self, rows):
        """From each B_i the transitions ``rows[i]``, (M, n), agent by agent, as one Batch of M n columns."""
        return Batch(self._arrays, np.repeat(np.arange(rows.shape[0]), rows.shape[1]), rows.ravel())

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
