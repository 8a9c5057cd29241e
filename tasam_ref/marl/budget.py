"""What training spends, in gradient evaluations, so that methods can be compared at equal cost.

A SAM step evaluates its gradient twice (11), any other step once.  Evaluations of actors and critics count alike.
"""


def gradient_evaluations(agent, num_agents, num_critics, sam_actors, sam_critic):
    """Gradient evaluations of one iteration, a whole number:

        gradient_steps (num_agents + sam_actors + num_critics (1 + sam_critic))

    agent: the AgentConfig; sam_actors: how many actors take SAM steps; sam_critic: whether the critics do.
    Source: Algorithm 1, lines 11-23.
    """
    return agent.gradient_steps * (num_agents + int(sam_actors) + num_critics * (1 + int(sam_critic)))


def run_without_sam(config, num_agents, num_critics):
    """Gradient evaluations that the whole run would spend without SAM: what methods are compared at."""
    return config.run.num_iterations * gradient_evaluations(config.agent, num_agents, num_critics, 0, False)
