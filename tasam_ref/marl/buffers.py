"""Memory that the learner computes in, taken once: workspaces of each thread, and of the critics' chunks."""

import numpy as np

from ..nn.workspace import workspace
from .networks import num_critics
from .policy import Policy

CHUNKS = 2                              # in which the critic's batch is taken, however many threads there are


class Buffers:
    """Workspaces of one thread: an actor that learns, the critics that it asks, and policies that are evaluated."""

    def __init__(self, networks, settings):
        self._networks, self._policies = networks, {}
        self.policy = Policy(networks, settings.batch_size, settings.dropout > 0)
        self.critics = [workspace(networks.critic, settings.batch_size, networks.dtype)
                        for _ in range(num_critics(settings))]

    def evaluating(self, columns):
        """A Policy on so many states, always the same one."""
        if columns not in self._policies:
            self._policies[columns] = Policy(self._networks, columns)
        return self._policies[columns]


class ChunkedCritic:
    """Workspaces of one critic for a batch in ``CHUNKS`` parts."""

    def __init__(self, networks, columns, dropout=False):
        parts = np.array_split(np.arange(columns), min(CHUNKS, columns))
        self._parts = [slice(part[0], part[-1] + 1) for part in parts]
        self.works = [workspace(networks.critic, part.size, networks.dtype, dropout) for part in parts]

    def chunks(self, *batches):
        """[(workspace, its columns of each of the batches), ...]."""
        return [(work, *(np.ascontiguousarray(batch[:, part]) for batch in batches))
                for work, part in zip(self.works, self._parts)]
