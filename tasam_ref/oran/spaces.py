"""How many agents there are, and how long what one sees and does is."""

from .topology import build_topology


def action_dim(config, topology):
    """Length of a DU's action: two numbers per RB, or L + N bits per RB, N the users of the fullest DU (R20)."""
    if config.mdp.action_codec != "full_binary":
        return 2 * config.radio.num_rbs
    return (config.num_slices + int(topology.counts.sum(axis=1).max())) * config.radio.num_rbs


def spaces(config):
    """(num_agents, obs_dim, action_dim) of a configuration: ``env.OranEnv`` says what they hold (Sec. IV-A1, R27)."""
    num_dus, length = config.radio.num_dus, action_dim(config, build_topology(config.radio, config.slices))
    dus_of_agent = num_dus // config.num_agents
    identity = num_dus if config.mdp.identity == "one_hot" else 0
    return (config.num_agents, dus_of_agent * (2 * config.num_slices + length + identity), dus_of_agent * length)
