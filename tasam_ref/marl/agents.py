"""What Algorithm 1 learns and what a checkpoint holds: actors, critics, their optimisers and replay."""

import numpy as np

from ..optim.optimizers import OPTIMIZERS
from ..streams import stream
from .distillation import renew_teachers
from .networks import build_networks, num_critics
from .replay import Replay


class Agents:
    """Actors ``thetas_p`` (M, n_params), critics ``thetas_v`` and their targets, anchors and teachers if there are any,
    temperatures, an optimiser for all that is learned, and the replay."""

    def __init__(self, config, num_agents, obs_dim, action_dim):
        self.config, self.count, self.obs_dim, self.action_dim = config, num_agents, obs_dim, action_dim
        agent, critics = config.agent, num_critics(config.agent)
        self.networks = build_networks(agent, num_agents, obs_dim, action_dim)
        self.thetas_p = initial_actors(self.networks, config.run.seed, num_agents)
        self.thetas_anchor = self.thetas_p[:0] if agent.forgetting == "none" else self.thetas_p.copy()
        self.thetas_teacher = np.repeat(self.thetas_p[None], agent.teachers, axis=0)
        self.thetas_v = _initial(self.networks.critic, config.run.seed, "initial_critic", critics, self.networks.dtype)
        self.thetas_target = self.thetas_v if agent.critic_target == "literal" else self.thetas_v.copy()
        base = OPTIMIZERS[config.sam.base_optimizer]
        self.actor_optimizers = [base(theta, agent.learning_rate) for theta in self.thetas_p]
        self.critic_optimizers = [base(theta, agent.learning_rate) for theta in self.thetas_v]
        self._temperatures = np.full(num_agents, config.temperature, self.networks.dtype)
        learned = num_agents if agent.temperature_rule == "learned" else 0
        self.log_temperatures = np.log(self._temperatures[:learned, None])
        self.temperature_optimizers = [base(log_beta, agent.temperature_rate) for log_beta in self.log_temperatures]
        self.replay = Replay(num_agents, agent.buffer_size, obs_dim, action_dim, self.networks.dtype)

    @property
    def temperatures(self):
        """beta of every agent, (M,): as configured, or as learned so far (R57)."""
        return np.exp(self.log_temperatures[:, 0]) if len(self.log_temperatures) else self._temperatures

    def prepare(self, iteration):
        """What some methods do before an iteration: renew teachers, draw the output layers anew (R43)."""
        agent, run = self.config.agent, self.config.run
        renew_teachers(self.thetas_teacher, self.thetas_p, iteration, agent.teacher_every)
        if reset_is_due(iteration, run.num_iterations, agent.resets):
            self._reset(self.networks.actor, "reset_actor", self.thetas_p, self.actor_optimizers, iteration)
            self._reset(self.networks.critic, "reset_critic", self.thetas_v, self.critic_optimizers, iteration)
            self.thetas_target[...] = self.thetas_v

    def _reset(self, net, name, thetas, optimizers, iteration):
        for i, (theta, optimizer) in enumerate(zip(thetas, optimizers)):
            fresh = net.initial(stream(self.config.run.seed, name, iteration, i), self.networks.dtype)
            for part, new in zip(net.parts(theta)[-1], net.parts(fresh)[-1]):
                part[...] = new
            for array in optimizer.state.values():
                array[...] = 0

    def state(self):
        """Parameters, optimiser states and replay as one flat dictionary of arrays."""
        state = self.parameters()
        for name, optimizers in self._optimizers().items():
            for i, optimizer in enumerate(optimizers):
                state |= {f"{name}_optimizer/{i}/{key}": value for key, value in optimizer.state.items()}
        return state | {f"replay/{key}": value for key, value in self.replay.state().items()}

    def _optimizers(self):
        return {"actor": self.actor_optimizers, "critic": self.critic_optimizers,
                "temperature": self.temperature_optimizers}

    def parameters(self):
        """What Algorithm 1 puts out (line 28), actors and critics; with targets, and anchors, teachers and learned
        temperatures, if any."""
        past = {"anchors": self.thetas_anchor, "teachers": self.thetas_teacher,
                "log_temperatures": self.log_temperatures}
        return {"actors": self.thetas_p, "critics": self.thetas_v, "targets": self.thetas_target} | {
            name: thetas for name, thetas in past.items() if len(thetas)}

    def set_parameters(self, state):
        """Restore what ``parameters`` returned, in these networks' dtype."""
        for name, array in self.parameters().items():
            array[...] = state[name]

    def set_state(self, state):
        """Restore what ``state`` returned."""
        self.set_parameters(state)
        for name, optimizers in self._optimizers().items():
            for i, optimizer in enumerate(optimizers):
                for key, array in optimizer.state.items():
                    array[...] = state[f"{name}_optimizer/{i}/{key}"]
        self.replay.set_state({key.removeprefix("replay/"): value for key, value in state.items()
                               if key.startswith("replay/")})


def reset_is_due(iteration, num_iterations, resets):
    """Whether one of ``resets`` resets, which part the run into equal stretches, comes before this iteration.  R43."""
    return iteration > 0 and (resets + 1) * iteration // num_iterations > (
        (resets + 1) * (iteration - 1) // num_iterations)


def initial_actors(networks, seed, num_agents):
    """The actors (M, n_params) that a run of this seed begins with."""
    return _initial(networks.actor, seed, "initial_actor", num_agents, networks.dtype)


def _initial(net, seed, name, count, dtype):
    return np.stack([net.initial(stream(seed, name, i), dtype) for i in range(count)])
