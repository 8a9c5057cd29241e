"""How many agents there are, and how long what one sees and does is."""

from .action import build_codec
from .topology import build_topology


def spaces(config, codec=None):
    """(num_agents, obs_dim, action_dim) of a configuration; see ``env.OranEnv`` for what they hold (Sec. IV-A1, R27).

    ``codec`` spares building one where it is at hand.
    """
    codec = codec or build_codec(config, build_topology(config.radio, config.slices))
    num_dus = config.radio.num_dus
    dus_of_agent = num_dus // config.num_agents
    identity = num_dus if config.mdp.identity == "one_hot" else 0
    return (config.num_agents, dus_of_agent * (2 * config.num_slices + codec.action_dim + identity),
            dus_of_agent * codec.action_dim)
