"""The actors and the global critic as shapes.

An actor maps obs (D, B) to mean and log_std of its latent, (2A, B).  The global critic maps the input x that its
scope arranges (R39, ``critic_scope``) to one value or one for each DU.  ``thetas_p`` is (M, n_params), a row per actor;
``thetas_v`` is (1, n_params), or (2, n_params) for twin critics (R32).
"""

from dataclasses import dataclass

import numpy as np

from ..nn.mlp import MLP
from .critic_scope import CriticScope


@dataclass(frozen=True)
class Networks:
    """Shapes of actor and critic, what the critic sees, the clip of log_std, the dtype."""

    actor: MLP
    critic: MLP
    scope: CriticScope
    log_std_min: float
    log_std_max: float
    dtype: np.dtype


def build_networks(agent, num_agents, obs_dim, action_dim):
    """Return the Networks of a configuration's ``agent`` section."""
    together = {"shared_local": 1, "joint": num_agents}[agent.critic_scope]
    scope = CriticScope(together, num_agents, obs_dim, action_dim)

    def network(inputs, outputs):
        return MLP((inputs, *agent.hidden_sizes, outputs), "crelu" if agent.crelu else "tanh", agent.layer_norm,
                   agent.spectral_norm)

    return Networks(
        actor=network(obs_dim, 2 * action_dim), critic=network(scope.inputs, scope.outputs), scope=scope,
        log_std_min=agent.log_std_min, log_std_max=agent.log_std_max, dtype=np.dtype(agent.dtype),
    )


def num_critics(agent):
    """Critics that the reading R32 of the target trains."""
    return 2 if agent.critic_target == "twin_target" else 1
