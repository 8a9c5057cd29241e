"""Parameters and operations of each method at Table 1's size."""

from dataclasses import dataclass

from ..config_io import load_preset
from ..marl.cost import flops, iteration_products
from ..marl.networks import build_networks, num_critics
from ..methods.registry import METHODS, configure
from ..oran.spaces import spaces


@dataclass(frozen=True)
class Costs:
    """Trained parameters of one actor, of one critic and in all; operations of an iteration's matrix products by part.

    ``least`` and ``most`` map parts to operations while the gate is closed to all actors and open to all.
    """

    actor: int
    critic: int
    trained: int
    least: dict
    most: dict


def costs(config):
    """The Costs of a configuration.  Target networks, anchors and teachers follow and are not trained."""
    networks = build_networks(config.agent, *spaces(config))
    agents, sam, critics = config.num_agents, config.sam, num_critics(config.agent)
    fewest = agents if sam.use_sam_actor and not sam.selective else 0
    actor, critic = networks.actor.num_trained, networks.critic.num_trained
    least, most = ({part: flops(products) for part, products in iteration_products(config, networks, count).items()}
                   for count in (fewest, agents if sam.use_sam_actor else 0))
    return Costs(actor, critic, agents * actor + critics * critic, least, most)


def methods_table(preset="paper"):
    """A line for each method: name, trained parameters, operations of an iteration, description and source."""
    width = max(map(len, METHODS))
    yield f"{'':{width}}  parameters  GFLOP per iteration"
    for name, method in METHODS.items():
        found = costs(configure(name, load_preset(preset)))
        ends = sorted({f"{sum(parts.values()) / 1e9:.2f}" for parts in (found.least, found.most)})
        yield f"{name:{width}}{found.trained:>12,}  {' to '.join(ends):<19}  {method.description} ({method.source})"


def operations(config):
    """Operations of a whole run's matrix products, midway between a gate that never and one that always opens."""
    found = costs(config)
    return config.run.num_iterations * (sum(found.least.values()) + sum(found.most.values())) / 2
