"""What the critics value: the smallest Q over them, and Q as a function of one DU's action."""

from dataclasses import dataclass
from functools import reduce

import numpy as np


def smallest_q(thetas_v, x, work):
    """The smallest output over the critics, (outputs, B), for their input x (inputs, B).  Source: (10), R32."""
    return reduce(np.minimum, [work.forward(theta, x).copy() for theta in thetas_v])


@dataclass(frozen=True)
class ActionValue:
    """Q(s, a) as a function of one DU's action a: the smallest over the critics, the rest of their input held.

    ``place`` says where the action stands in x and the value among the outputs (R39); ``works`` are workspaces, one
    for each critic.
    """

    thetas_v: np.ndarray
    x: np.ndarray
    place: tuple
    works: list

    def __call__(self, action):
        """Q (B,) of action (A, B)."""
        return self._values(action).min(axis=0)

    def with_gradient(self, action):
        """Q (B,) and dQ/da (A, B) of action (A, B)."""
        (inputs, output), values = self.place, self._values(action)
        smallest, gradients = values.argmin(axis=0), []
        for c, (theta, work) in enumerate(zip(self.thetas_v, self.works)):
            delta = np.zeros((work.net.sizes[-1], self.x.shape[1]), self.x.dtype)
            delta[output] = smallest == c
            gradients.append(work.input_gradient(theta, delta, inputs))
        return values.min(axis=0), reduce(np.add, gradients)

    def _values(self, action):
        """Q of every critic, (critics, B)."""
        inputs, output = self.place
        self.x[inputs] = action
        return np.stack([work.forward(theta, self.x)[output] for theta, work in zip(self.thetas_v, self.works)])
