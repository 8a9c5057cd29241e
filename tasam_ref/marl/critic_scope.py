"""What the global critic sees: one DU's state and action, or those of all DUs at once (R39).

Values of n transitions of each of M DUs come agent by agent, (M n, ...).  A scope arranges them as the
critic's input rows, and its outputs back:

    shared_local   Q(s_i, a_i)           M n rows of D + A columns, one output
    joint          Q_i(s_1..M, a_1..M)   n rows of M (D + A) columns, one output for each DU
"""

import numpy as np

from ..nn.layout import empty_batch


class SharedLocal:
    """One critic for all DUs, asked about one DU at a time."""

    one_place = True                    # of every DU's action in the critic's input, and of its output

    def __init__(self, num_agents, obs_dim, action_dim):
        self.num_agents, self.obs_dim = num_agents, obs_dim
        self.inputs, self.outputs = obs_dim + action_dim, 1

    def rows(self, transitions):
        """Critic rows for this many transitions of every DU."""
        return self.num_agents * transitions

    def transitions(self, batch):
        """Transitions that the critic's batch takes of every DU: equally many, at least ``batch`` in all (R40)."""
        return -(-batch // self.num_agents)

    def draw(self, generator, size, batch):
        """Rows of the buffers, (M, n), independent for every DU."""
        return generator.integers(size, size=(self.num_agents, self.transitions(batch)))

    def arrange(self, obs, action):
        """Critic inputs (M n, D + A) of obs (M n, D) and action (M n, A)."""
        return np.concatenate((obs, action), axis=1)

    def outputs_of(self, values):
        """Values (M n,) in the shape of the critic's outputs."""
        return values[:, None]

    def values_of(self, outputs):
        """Values (M n,) from the critic's outputs."""
        return outputs[:, 0]

    def place(self, agent):
        """Columns of this DU's action in the critic's input, and its output."""
        return slice(self.obs_dim, self.inputs), 0

    def surroundings(self, obs, replay, rows, seen_action):
        """Critic inputs (n, D + A) around a DU's own obs (n, D), or (G, n, ...); the actions are left to be filled."""
        x = empty_batch(*rows.shape, self.inputs, dtype=obs.dtype)
        x[..., : self.obs_dim] = obs
        return x


class Joint:
    """One critic with everybody's state and action, and a value for each DU."""

    one_place = False

    def __init__(self, num_agents, obs_dim, action_dim):
        self.num_agents, self.obs_dim = num_agents, obs_dim
        self.inputs, self.outputs = num_agents * (obs_dim + action_dim), num_agents

    def rows(self, transitions):
        """Critic rows for this many transitions of every DU."""
        return transitions

    def transitions(self, batch):
        """Transitions that the critic's batch takes of every DU: those of ``batch`` moments."""
        return batch

    def draw(self, generator, size, batch):
        """Rows of the buffers, (M, n): the same moments of every DU, for the buffers are filled in step."""
        return np.tile(generator.integers(size, size=batch), (self.num_agents, 1))

    def arrange(self, obs, action):
        """Critic inputs (n, M (D + A)), DU by DU, of obs (M n, D) and action (M n, A)."""
        return np.concatenate([np.concatenate(pair, axis=1) for pair in zip(
            np.split(obs, self.num_agents), np.split(action, self.num_agents))], axis=1)

    def outputs_of(self, values):
        """Values (M n,) in the shape of the critic's outputs, (n, M)."""
        return values.reshape(self.num_agents, -1).T

    def values_of(self, outputs):
        """Values (M n,) from the critic's outputs (n, M)."""
        return outputs.T.ravel()

    def place(self, agent):
        """Columns of this DU's action in the critic's input, and its output."""
        width = self.inputs // self.num_agents
        return slice(agent * width + self.obs_dim, (agent + 1) * width), agent

    def surroundings(self, obs, replay, rows, seen_action):
        """Critic inputs (n, M (D + A)) at the moments ``rows`` (n,), or (1, n), all DUs' replayed actions in place."""
        everyone = replay.of_all(np.tile(rows.ravel(), (self.num_agents, 1)))
        return self.arrange(everyone.obs, seen_action(everyone.latent)).reshape(*rows.shape, -1)


SCOPES = {"shared_local": SharedLocal, "joint": Joint}
