"""What Algorithm 1 multiplies: the matrix products of an iteration, by their shapes (Sec. V-B).

A product is (rows, inner, columns, kind), where nn, tn or nt tells which factor is transposed (``nn.products``).  It
takes 2 rows inner columns operations.  Products with a vector, as spectral normalisation has, are left out.
"""

from .budget import num_held
from .networks import num_critics


def flops(products):
    """Floating-point operations: two for each multiply-add."""
    return sum(2 * m * k * n for m, k, n, _ in products)


def forward_products(net, batch):
    """Products of one forward pass on ``batch`` columns."""
    return [(m, n, batch, "tn") for n, m in net.shapes.tolist()]


def backward_products(net, batch):
    """Products of dL/dtheta: one for the weights of each layer, one for each hidden layer's gradient."""
    return [(n, batch, m, "nt") for n, m in net.shapes.tolist()] + _down_to_the_first(net, batch)


def input_gradient_products(net, batch, inputs):
    """Products of dL/dx for so many of the inputs."""
    return [*_down_to_the_first(net, batch), (inputs, int(net.shapes[0, 1]), batch, "nn")]


def iteration_products(config, networks, sam_actors):
    """Products of one iteration by part, when so many actors take SAM steps: acting, TD-errors, and the updates."""
    agent, scope, frames = config.agent, networks.scope, config.run.frames_per_iteration
    update = update_products(agent, networks, scope.transitions(agent.batch_size), sam_actors,
                             config.sam.use_sam_critic, num_held(config.sam, scope.num_agents))
    return {
        "acting": forward_products(networks.actor, 1) * (scope.num_agents * frames),
        "TD-errors": _td_error_products(agent, networks, frames),
    } | {part: products * agent.gradient_steps for part, products in update.items()}


def update_products(agent, networks, transitions, sam_actors, sam_critic, held=0):
    """Matrix products of one update by part: a step of all actors and ``critic_steps`` of the critic.

    SAM takes a gradient twice, and that of what it holds, ``held`` quantities (R58).  The critic's batch has
    ``transitions`` of every DU; ``sam_actors`` actors take SAM steps, and with ``sam_critic`` the critic.
    """
    scope, critics, columns = networks.scope, num_critics(agent), networks.scope.columns(transitions)
    policies = forward_products(networks.actor, transitions) * scope.num_agents
    further = agent.teachers + (agent.forgetting != "none") + (agent.temperature_rule == "learned")
    return {
        "actors' gradients": _actor_gradient_products(agent, networks) * (scope.num_agents + sam_actors),
        "further policies": forward_products(networks.actor, agent.batch_size) * (scope.num_agents * further),
        "critic's target": (policies * (2 if agent.entropy_in_target == "literal" else 1)
                            + forward_products(networks.critic, columns) * critics) * agent.critic_steps,
        "critic's gradient": (forward_products(networks.critic, columns) + backward_products(networks.critic, columns))
        * (agent.critic_steps * critics * (2 + held if sam_critic else 1)),
    }


def _actor_gradient_products(agent, networks):
    """Of (9) for one actor: through the critics to the action where it is reparameterised; once more for teachers."""
    batch, action_dim = agent.batch_size, networks.actor.sizes[-1] // 2
    own = forward_products(networks.actor, batch) + backward_products(networks.actor, batch)
    asked = forward_products(networks.critic, batch)
    if agent.policy_gradient == "reparameterised":
        asked += input_gradient_products(networks.critic, batch, action_dim)
    return own * (2 if agent.teachers else 1) + asked * num_critics(agent)


def _td_error_products(agent, networks, frames):
    """a' ~ pi(s'), Q(s', a') and Q(s, a); or, where V is compared, a ~ pi(s) too (R33)."""
    policies = forward_products(networks.actor, frames) * networks.scope.num_agents
    values = forward_products(networks.critic, networks.scope.columns(frames)) * num_critics(agent)
    return policies * (2 if agent.td_value == "v" else 1) + values * 2


def _down_to_the_first(net, batch):
    return [(n, m, batch, "nn") for n, m in net.shapes.tolist()[1:]]
