"""What one column of the global critic's input shows: one DU's state and action, or those of all DUs at once (R39).

    shared_local   Q(s_i, a_i)           M n columns of D + A numbers, one output
    joint          Q_i(s_1..M, a_1..M)   n columns of M (D + A) numbers, one output for each DU

Batches of n transitions of each of M DUs stand agent by agent, (..., M n).  Values (M n,) of them are the critic's
outputs (outputs, columns) in a row.
"""

import numpy as np


class CriticScope:
    """``together`` DUs stand in one column: 1, or all M."""

    def __init__(self, together, num_agents, obs_dim, action_dim):
        self.together, self.num_agents, self.obs_dim = together, num_agents, obs_dim
        self.inputs, self.outputs = together * (obs_dim + action_dim), together

    def columns(self, transitions):
        """Columns for this many transitions of every DU."""
        return self.num_agents * transitions // self.together

    def transitions(self, batch):
        """Transitions of every DU that fill ``batch`` columns: equally many, at least ``batch`` in all (R40)."""
        return -(-batch * self.together // self.num_agents)

    def draw(self, generator, size, batch):
        """Rows of the buffers, (M, n), independent for every column; DUs in one column are shown at one moment."""
        shape = self.num_agents // self.together, self.transitions(batch)
        return np.tile(generator.integers(size, size=shape), (self.together, 1))

    def arrange(self, obs, action):
        """Critic inputs (inputs, columns), DU by DU, of obs (D, M n) and action (A, M n)."""
        own = zip(np.split(obs, self.together, axis=1), np.split(action, self.together, axis=1))
        return np.concatenate([part for pair in own for part in pair])

    def averages(self, transitions):
        """Weights (M, outputs, columns) that make of all values each DU's mean over its ``transitions``.  R58."""
        own = np.repeat(np.eye(self.num_agents), transitions, axis=1) / transitions
        return own.reshape(self.num_agents, self.outputs, -1)

    def place(self, agent):
        """Where this DU's action stands in the critic's input, a slice, and its value among the outputs."""
        output, width = agent % self.together, self.inputs // self.together
        return slice(output * width + self.obs_dim, (output + 1) * width), output
