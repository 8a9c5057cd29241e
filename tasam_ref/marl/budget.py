"""What training spends, in gradient evaluations, so that methods can be compared at equal cost.

A SAM step evaluates its gradient twice (11), any other step once; an actor with teachers takes one gradient more each
time, that of the divergence (R43).  Evaluations of actors and critics count alike.
"""

from dataclasses import replace


def gradient_evaluations(agent, num_agents, num_critics, sam_actors, sam_critic, held=0):
    """Gradient evaluations of one iteration, a whole number:

        gradient_steps ((num_agents + sam_actors) (1 + [teachers > 0])
                        + critic_steps num_critics (1 + sam_critic (1 + held)))

    agent: the AgentConfig; sam_actors: how many actors take SAM steps; sam_critic: whether the critics do; held: of
    how many quantities SAM on the critic takes the gradient too, to hold them (R58).
    Source: Algorithm 1, lines 11-23.
    """
    actors = (num_agents + int(sam_actors)) * (1 + (agent.teachers > 0))
    return agent.gradient_steps * (actors + agent.critic_steps * num_critics * (1 + int(sam_critic) * (1 + held)))


def num_held(sam, num_agents):
    """How many quantities SAM on the critic holds: every DU's mean Q, or none (R58).  sam: the SamConfig."""
    return {"kept": 0, "held": num_agents}[sam.offset]


def evaluations_without_sam(config, num_critics):
    """Gradient evaluations that a run with an agent per DU would spend without SAM and teachers: what methods are
    compared at.  A single agent, which takes fewer and larger gradients, never spends as many."""
    plain = replace(config.agent, teachers=0)
    return config.run.num_iterations * gradient_evaluations(plain, config.radio.num_dus, num_critics, 0, False)
