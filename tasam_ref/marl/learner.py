"""The learning half of Algorithm 1: parameters, optimisers and replay of all actors and the global critic."""

import numpy as np

from ..kernels.update import follow
from ..nn.passes import Workspace, dropout_masks
from ..nn.squashed_gaussian import sigmoid
from ..optim.optimizers import OPTIMIZERS
from ..optim.sam import take_step
from ..streams import stream
from .distillation import DistillationLoss, renew_teachers
from .losses import POLICY_GRADIENTS, ActorLoss, Anchor, CriticLoss, L2Loss, literal_target, standard_target
from .networks import build_networks, num_critics
from .passes import Scratch, drawn, in_turn, policy_of, policy_outputs, replayed, smallest_q
from .replay import Replay
from .td_error import soft_value, td_error_q, td_error_v
from .workers import Workers


class Learner:
    """Actors ``thetas_p`` (M, n_params), critics ``thetas_v`` and their targets, and how each takes a step.

    Every random number of iteration t and step g comes from a stream of its own, so agents are independent of each
    other's order, and ``threads`` of them may learn at a time, to the same bits.  ``executed`` maps relaxed actions to
    executed ones (the environment's codec).
    """

    def __init__(self, config, num_agents, obs_dim, action_dim, executed, threads=1):
        self.config, self.num_agents, self.action_dim = config, num_agents, action_dim
        agent, frames = config.agent, config.run.frames_per_iteration
        self.networks = build_networks(agent, num_agents, obs_dim, action_dim)
        critics = num_critics(agent)
        self.thetas_p = initial_actors(self.networks, config.run.seed, num_agents)
        self.thetas_anchor = self.thetas_p[:0] if agent.forgetting == "none" else self.thetas_p.copy()
        self.thetas_teacher = np.repeat(self.thetas_p[None], agent.teachers, axis=0)
        self.thetas_v = _initial(self.networks.critic, config.run.seed, "initial_critic", critics, self.networks.dtype)
        self.thetas_target = self.thetas_v if agent.critic_target == "literal" else self.thetas_v.copy()
        base = OPTIMIZERS[config.sam.base_optimizer]
        self.actor_optimizers = [base(theta, agent.learning_rate) for theta in self.thetas_p]
        self.critic_optimizers = [base(theta, agent.learning_rate) for theta in self.thetas_v]
        self.replay = Replay(num_agents, agent.buffer_size, obs_dim, action_dim, self.networks.dtype)
        self.seen_action = {"executed": lambda u: executed(sigmoid(u)), "relaxed": sigmoid}[agent.critic_sees]
        scope, transitions = self.networks.scope, self.networks.scope.transitions(agent.batch_size)
        self._single = Workspace(self.networks.actor, 1, self.networks.dtype)
        self._fresh = Scratch(self.networks, frames, critics, scope.rows(frames))
        self._critic_batch = [Workspace(self.networks.critic, scope.rows(transitions), self.networks.dtype)
                              for _ in range(critics)]
        self._workers = Workers(threads, lambda: _Room(self.networks, agent, transitions))

    def prepare(self, iteration):
        """What some methods do before an iteration: renew teachers, draw the layers behind the first anew (R43)."""
        agent, run = self.config.agent, self.config.run
        renew_teachers(self.thetas_teacher, self.thetas_p, iteration, agent.teacher_every)
        if reset_is_due(iteration, run.num_iterations, agent.resets):
            self._reset(self.networks.actor, "reset_actor", self.thetas_p, self.actor_optimizers, iteration)
            self._reset(self.networks.critic, "reset_critic", self.thetas_v, self.critic_optimizers, iteration)
            self.thetas_target[...] = self.thetas_v

    def _reset(self, net, name, thetas, optimizers, iteration):
        for i, (theta, optimizer) in enumerate(zip(thetas, optimizers)):
            fresh = net.initial(stream(self.config.run.seed, name, iteration, i), self.networks.dtype)
            for part, new in zip(net.head(theta), net.head(fresh)):
                part[...] = new
            for array in optimizer.state.values():
                array[...] = 0

    def act(self, obs, noise):
        """Draw every actor's action at obs (M, D) with noise (M, A): latent (M, A) and log_prob (M,)."""
        sample = drawn(self.networks, policy_outputs(self.networks, self.thetas_p, obs, in_turn(self._single)), noise)
        return sample.latent, sample.log_prob

    def fresh_td_errors(self, iteration):
        """TD-errors delta (M, Ne) of the iteration's own transitions, by the reading R33."""
        agent, beta, scratch = self.config.agent, self.config.temperature, self._fresh
        batch = self.replay.newest(self.config.run.frames_per_iteration)
        noise = self._normal((2, len(batch.reward), self.action_dim), "td_error", iteration)

        def value(obs, action):
            return smallest_q(self.networks, self.thetas_v, obs, action, scratch.critics)

        def of_drawn(obs, noise):
            outputs = policy_outputs(self.networks, self.thetas_p, obs, in_turn(scratch.actor))
            sample = drawn(self.networks, outputs, noise)
            return value(obs, self.seen_action(sample.latent)), sample.log_prob

        next_q, next_log_prob = of_drawn(batch.next_obs, noise[0])
        if agent.td_value == "q":
            q = value(batch.obs, self.seen_action(batch.latent))
            errors = td_error_q(batch.reward, next_q, q, agent.gamma)
        else:
            v = soft_value(*of_drawn(batch.obs, noise[1]), beta)
            errors = td_error_v(batch.reward, soft_value(next_q, next_log_prob, beta), v, agent.gamma)
        return errors.reshape(self.num_agents, -1)

    def update_actors(self, iteration, step, radii):
        """``update_actor`` of every actor with its own of the ``radii``.  Returns the losses (M,)."""
        return np.array(self._workers.map(
            lambda i, room: self.update_actor(i, iteration, step, radii[i], room), range(self.num_agents)))

    def update_actor(self, i, iteration, step, rho, room=None):
        """One step of actor i on (9), with SAM of radius rho or without (None).  Returns the loss.

        Source: Algorithm 1, lines 11-18, on a batch of its own buffer B_i (R40).
        """
        agent, address = self.config.agent, (iteration, step, i)
        rows = stream(self.config.run.seed, "replay", *address).integers(self.replay.size, size=agent.batch_size)
        noise = self._normal((self.action_dim, agent.batch_size), "policy", *address).T
        self._advance_anchor(i)
        loss = self.actor_loss(i, rows, noise, self._masks(self.networks.actor, agent.batch_size, *address),
                               lambda shape: self._normal(shape, "perturbation", *address), room)
        value = take_step(loss, self.thetas_p[i], self.actor_optimizers[i], rho)
        self.networks.actor.advance(self.thetas_p[i])
        return value

    def actor_loss(self, i, rows, noise, masks, normal, room=None):
        """What actor i descends on the transitions ``rows`` (n,) of B_i with noise (n, A), n = ``agent.batch_size``.

        ``masks`` are those of dropout or None (R42); ``normal`` maps a shape to the draws that perturb states (R43);
        ``room`` has the buffers, by default the first worker's.
        """
        agent, scope = self.config.agent, self.networks.scope
        batch = self.replay.of_agent(i, rows, ("obs", "latent"))
        room = room or self._workers.rooms[0]
        loss = ActorLoss(self.networks, self.thetas_v, batch, noise, self.config.temperature,
                         POLICY_GRADIENTS[agent.policy_gradient], self.seen_action, room.batch,
                         scope.surroundings(batch.obs, self.replay, rows, self.seen_action), scope.place(i),
                         self._anchor(i, batch.obs, room.batch.actor), masks)
        return self._regularised(self._distilled(loss, i, normal, room.student))

    def _regularised(self, loss):
        """The loss that is descended: with the L2 term of the baseline where there is one (R42)."""
        weight = self.config.agent.l2_weight
        return L2Loss(loss, weight) if weight > 0 else loss

    def _distilled(self, loss, i, normal, work):
        """Actor i's loss with the divergence from its teachers where there are any (R43)."""
        agent, obs = self.config.agent, loss.batch.obs
        if agent.teachers == 0:
            return loss
        teachers = [policy_of(self.networks, theta, obs, work) for theta in self.thetas_teacher[:, i]]
        perturbed = obs + self.networks.dtype.type(agent.input_perturbation) * normal(obs.T.shape).T
        return DistillationLoss(loss, self.networks, perturbed, teachers, agent.distillation_weight, work)

    def _masks(self, net, rows, *address):
        """Dropout masks of one gradient step of one network, or None (R42)."""
        rate = self.config.agent.dropout
        if rate == 0:
            return None
        return dropout_masks(net, rows, rate, stream(self.config.run.seed, "dropout", *address), self.networks.dtype)

    def _advance_anchor(self, i):
        """Let actor i's slow average of its policies follow, where there is one (R41)."""
        agent = self.config.agent
        if agent.forgetting != "none":
            follow(self.thetas_anchor[i], self.thetas_p[i], self.networks.dtype.type(agent.anchor_rate))

    def _anchor(self, i, obs, work):
        """Actor i's slow average on these states, or None (R41)."""
        agent = self.config.agent
        if agent.forgetting == "none":
            return None
        return Anchor(*policy_of(self.networks, self.thetas_anchor[i], obs, work), agent.anchor_weight)

    def update_critic(self, iteration, step, rho):
        """One step of the global critic on (10), with SAM of radius rho or without (None).  Returns the loss.

        Source: Algorithm 1, lines 20-23.  The batch takes equally many transitions from every B_i (R40).
        """
        agent, scope = self.config.agent, self.networks.scope
        rows = scope.draw(stream(self.config.run.seed, "critic_replay", iteration, step), self.replay.size,
                          agent.batch_size)
        noise = self._normal((self.action_dim, rows.size), "target", iteration, step).T
        masks = [self._masks(self.networks.critic, scope.rows(rows.shape[1]), iteration, step, self.num_agents + c)
                 for c in range(len(self.thetas_v))]
        values = []
        for c, loss in enumerate(self.critic_losses(rows, noise, masks)):
            values.append(take_step(loss, self.thetas_v[c], self.critic_optimizers[c], rho))
            self.networks.critic.advance(self.thetas_v[c])
        if agent.critic_target != "literal":
            for target, theta in zip(self.thetas_target, self.thetas_v):
                follow(target, theta, self.networks.dtype.type(agent.polyak))
        return np.mean(values)

    def critic_losses(self, rows, noise, masks):
        """What each critic descends on the transitions ``rows`` (M, n) of every B_i, with noise (M n, A) for a'.

        ``masks`` has each critic's dropout masks, or None (R42).
        """
        scope, batch = self.networks.scope, self.replay.of_all(rows)
        target = scope.outputs_of(self._targets(batch, noise))
        x = scope.arrange(batch.obs, self.seen_action(batch.latent))
        return [self._regularised(CriticLoss(self.networks, x, target, work, own))
                for work, own in zip(self._critic_batch, masks)]

    def _targets(self, batch, noise):
        """y of (10) by the readings R31 and R32."""
        agent = self.config.agent
        sample = drawn(self.networks, self._policy_outputs(batch.next_obs), noise)
        next_q = smallest_q(self.networks, self.thetas_target, batch.next_obs, self.seen_action(sample.latent),
                            self._critic_batch)
        if agent.entropy_in_target == "literal":
            taken = replayed(self.networks, self._policy_outputs(batch.obs), batch.latent).log_prob
            return literal_target(batch.reward, next_q, taken, agent.gamma, self.config.temperature)
        return standard_target(batch.reward, next_q, sample.log_prob, agent.gamma, self.config.temperature)

    def _policy_outputs(self, obs):
        return policy_outputs(self.networks, self.thetas_p, obs, self._side_by_side)

    def _side_by_side(self, function, arguments):
        return self._workers.map(lambda one, room: function(*one, room.transitions), arguments)

    def state(self):
        """Parameters, optimiser states and replay as one flat dictionary of arrays."""
        state = self.parameters()
        for name, optimizers in (("actor", self.actor_optimizers), ("critic", self.critic_optimizers)):
            for i, optimizer in enumerate(optimizers):
                state |= {f"{name}_optimizer/{i}/{key}": value for key, value in optimizer.state.items()}
        return state | {f"replay/{key}": value for key, value in self.replay.state().items()}

    def parameters(self):
        """What Algorithm 1 puts out (line 28), actors and critics; with targets, and anchors and teachers, if any."""
        past = {"anchors": self.thetas_anchor, "teachers": self.thetas_teacher}
        return {"actors": self.thetas_p, "critics": self.thetas_v, "targets": self.thetas_target} | {
            name: thetas for name, thetas in past.items() if len(thetas)}

    def set_parameters(self, state):
        """Restore what ``parameters`` returned, in this learner's dtype."""
        for name, array in self.parameters().items():
            array[...] = state[name]

    def set_state(self, state):
        """Restore what ``state`` returned."""
        self.set_parameters(state)
        for name, optimizers in (("actor", self.actor_optimizers), ("critic", self.critic_optimizers)):
            for i, optimizer in enumerate(optimizers):
                for key, array in optimizer.state.items():
                    array[...] = state[f"{name}_optimizer/{i}/{key}"]
        self.replay.set_state({key[7:]: value for key, value in state.items() if key.startswith("replay/")})

    def _normal(self, shape, name, *index):
        return stream(self.config.run.seed, name, *index).standard_normal(shape, dtype=self.networks.dtype)


class _Room:
    """Buffers of one worker: an actor's batch, its teachers' if it has any, its share of the critic's transitions."""

    def __init__(self, networks, agent, transitions):
        self.batch = Scratch(networks, agent.batch_size, num_critics(agent))
        self.student = Workspace(networks.actor, agent.batch_size, networks.dtype) if agent.teachers else None
        self.transitions = Workspace(networks.actor, transitions, networks.dtype)


def reset_is_due(iteration, num_iterations, resets):
    """Whether one of ``resets`` resets, which part the run into equal stretches, comes before this iteration.  R43."""
    return iteration > 0 and (resets + 1) * iteration // num_iterations > (
        (resets + 1) * (iteration - 1) // num_iterations)


def initial_actors(networks, seed, num_agents):
    """The actors (M, n_params) that a run of this seed begins with."""
    return _initial(networks.actor, seed, "initial_actor", num_agents, networks.dtype)


def _initial(net, seed, name, count, dtype):
    return np.stack([net.initial(stream(seed, name, i), dtype) for i in range(count)])
