"""The learning half of Algorithm 1: how all actors and the global critic take their steps."""

import numpy as np

from ..kernels.update import follow
from ..nn.layout import as_batch, empty_batch, stack, transposed
from ..nn.passes import Workspace, dropout_masks, forward
from ..nn.squashed_gaussian import sigmoid
from ..optim.sam import step_gradient, take_step
from ..streams import stream
from .agents import Agents
from .distillation import DistillationLoss
from .losses import PARTS, POLICY_GRADIENTS, ActorLoss, Anchor, CriticLoss, L2Loss, literal_target, standard_target
from .networks import num_critics
from .passes import Scratch, by_agent, drawn, in_a_row, policy_of, replayed, sample_policy, smallest_q
from .td_error import soft_value, td_error_q, td_error_v
from .workers import Workers


class Learner(Agents):
    """The agents, and how they act and learn.

    Actors of one shape are evaluated side by side, as stacks (G, ...).  Every random number of iteration t and step g
    comes from a stream of its own, so that no result depends on how actors are stacked: ``threads`` threads may share
    them, to the same bits.  ``executed`` maps relaxed actions to executed ones (the environment's codec).
    """

    def __init__(self, config, num_agents, obs_dim, action_dim, executed, threads=1):
        super().__init__(config, num_agents, obs_dim, action_dim)
        agent, frames, critics = config.agent, config.run.frames_per_iteration, len(self.thetas_v)
        self.seen_action = {"executed": lambda u: executed(sigmoid(u)), "relaxed": sigmoid}[agent.critic_sees]
        scope, transitions = self.networks.scope, self.networks.scope.transitions(agent.batch_size)
        self._single, self._fresh = (Workspace(self.networks.actor, rows, self.networks.dtype, (num_agents,))
                                     for rows in (1, frames))
        self._fresh_critic, self._critic_batch = (
            [Workspace(self.networks.critic, scope.rows(n), self.networks.dtype) for _ in range(critics)]
            for n in (frames, transitions))
        self._workers = Workers(threads, lambda: _Room(self.networks, agent, transitions, -(-num_agents // threads)))

    def act(self, obs, noise):
        """Draw every actor's action at obs (M, D) with noise (M, A): latent (M, A) and log_prob (M,)."""
        sample = sample_policy(self.networks, self.thetas_p, obs[:, None], noise[:, None], self._single)
        return sample.latent[:, 0], sample.log_prob[:, 0]

    def fresh_td_errors(self, iteration):
        """TD-errors delta (M, Ne) of the iteration's own transitions, by the reading R33."""
        agent, beta = self.config.agent, self.config.temperature
        batch = self.replay.newest(self.config.run.frames_per_iteration)
        noise = as_batch(self._normal((2, len(batch.reward), self.action_dim), "td_error", iteration))

        def value(obs, action):
            return smallest_q(self.networks, self.thetas_v, obs, action, self._fresh_critic)

        def of_drawn(obs, noise):
            outputs = forward(self.networks.actor, self.thetas_p, by_agent(obs, self.num_agents), self._fresh)
            sample = drawn(self.networks, in_a_row(outputs), noise)
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
        """``update_stack`` of every actor with its own of the ``radii``.  Returns the losses (M,)."""
        losses = np.empty(self.num_agents, self.networks.dtype)

        def update(agents, room):
            own = None if radii[agents[0]] is None else [radii[i] for i in agents]
            losses[agents] = self.update_stack(agents, iteration, step, own, room)

        self._workers.map(update, self._stacks(radii))
        return losses

    def _stacks(self, radii):
        """The actors that learn side by side: those with SAM, and those without, divided among the threads.

        An actor with a place of its own in the critic's input goes alone (R39).
        """
        with_sam = np.array([rho is not None for rho in radii])
        stacks = []
        for kind in np.flatnonzero(with_sam), np.flatnonzero(~with_sam):
            stacks += self._shares(kind) if self.networks.scope.one_place else list(kind[:, None])
        return stacks

    def _shares(self, agents):
        """The agents divided among the threads."""
        return [share for share in np.array_split(agents, self._workers.threads) if share.size]

    def update_stack(self, agents, iteration, step, radii=None, room=None):
        """One step of these actors (G,) on (9), with SAM of their ``radii`` (G,) or without (None).

        A joint critic takes them one at a time (R39).  Returns the losses (G,).  Source: Algorithm 1, lines 11-18, each
        on a batch of its own buffer B_i (R40).
        """
        agents = np.asarray(agents)
        for i in agents:
            self._advance_anchor(i)
        loss = self.actor_loss(agents, *self._draws(agents, iteration, step), room)
        values, gradients = step_gradient(loss, _rows(self.thetas_p, agents), radii)
        for i, gradient in zip(agents, gradients):
            self.actor_optimizers[i].step(self.thetas_p[i], gradient)
            self.networks.actor.advance(self.thetas_p[i])
        return values

    def _draws(self, agents, iteration, step):
        """What chance decides in one step of these actors, and ``actor_loss`` takes; each has streams of its own."""
        agent, size, addresses = self.config.agent, self.config.agent.batch_size, [(iteration, step, i) for i in agents]
        rows = np.stack([stream(self.config.run.seed, "replay", *address).integers(self.replay.size, size=size)
                         for address in addresses])
        noise = self._normals((self.action_dim, size), "policy", addresses)
        masks = [self._masks(self.networks.actor, size, *address) for address in addresses]
        masks = None if masks[0] is None else [stack(layer) for layer in zip(*masks)]
        moved = self._normals((self.obs_dim, size), "perturbation", addresses) if agent.teachers else None
        return rows, noise, masks, moved

    def actor_loss(self, agents, rows, noise, masks, moved, room=None):
        """What actor i descends on the transitions ``rows`` (n,) of B_i with noise (n, A), n = ``agent.batch_size``.

        ``agents`` is i, or (G,) actors with one place in the critic's input, and all others then (G, n, ...).
        ``masks`` are those of dropout or None (R42); ``moved`` (n, D) the draws that perturb states, or None without
        teachers (R43); ``room`` has the buffers, by default the first worker's.
        """
        agent, scope, agents = self.config.agent, self.networks.scope, np.asarray(agents)
        room, part = room or self._workers.rooms[0], slice(agents.size) if agents.ndim else 0
        scratch, student = room.batch[part], room.student and room.student[part]
        batch = self.replay.of_agent(agents, rows, PARTS[agent.policy_gradient])
        x = scope.surroundings(batch.obs, self.replay, rows, self.seen_action)
        loss = ActorLoss(self.networks, self.thetas_v, batch, noise, self.config.temperature,
                         POLICY_GRADIENTS[agent.policy_gradient], self.seen_action, scratch, x,
                         scope.place(agents.flat[0]), self._anchor(agents, batch.obs, scratch.actor), masks)
        return self._regularised(self._distilled(loss, agents, moved, student))

    def _regularised(self, loss):
        """The loss that is descended: with the L2 term of the baseline where there is one (R42)."""
        weight = self.config.agent.l2_weight
        return L2Loss(loss, weight) if weight > 0 else loss

    def _distilled(self, loss, agents, moved, work):
        """The actors' loss with the divergence from their teachers where there are any (R43)."""
        agent, obs = self.config.agent, loss.batch.obs
        if agent.teachers == 0:
            return loss
        teachers = [policy_of(self.networks, _rows(thetas, agents), obs, work) for thetas in self.thetas_teacher]
        perturbed = obs + self.networks.dtype.type(agent.input_perturbation) * moved
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

    def _anchor(self, agents, obs, work):
        """The actors' slow averages on these states, or None (R41)."""
        agent = self.config.agent
        if agent.forgetting == "none":
            return None
        return Anchor(*policy_of(self.networks, _rows(self.thetas_anchor, agents), obs, work), agent.anchor_weight)

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
        """The output of every actor, (M n, 2A), on obs (M n, D) agent by agent."""
        outputs = empty_batch(len(obs), 2 * self.action_dim, dtype=obs.dtype)
        own, out = by_agent(obs, self.num_agents), by_agent(outputs, self.num_agents)

        def evaluate(agents, room):
            part = slice(agents[0], agents[-1] + 1)
            out[part] = forward(self.networks.actor, self.thetas_p[part], own[part], room.transitions[: agents.size])

        self._workers.map(evaluate, self._shares(np.arange(self.num_agents)))
        return outputs

    def _normal(self, shape, name, *index):
        return stream(self.config.run.seed, name, *index).standard_normal(shape, dtype=self.networks.dtype)

    def _normals(self, shape, name, addresses):
        """Batches (G, n, k) of normal numbers, ``shape`` = (k, n), each from the stream at its address."""
        normal = np.empty((len(addresses), *shape), self.networks.dtype)
        for out, address in zip(normal, addresses):
            stream(self.config.run.seed, name, *address).standard_normal(out=out, dtype=normal.dtype)
        return transposed(normal)


class _Room:
    """Buffers of one worker for up to ``count`` agents: actors' batches, for their teachers' if they have any, and for
    their shares of the critic's transitions."""

    def __init__(self, networks, agent, transitions, count):
        actor, dtype = networks.actor, networks.dtype
        self.batch = Scratch(networks, agent.batch_size, num_critics(agent), (count,))
        self.student = Workspace(actor, agent.batch_size, dtype, (count,)) if agent.teachers else None
        self.transitions = Workspace(actor, transitions, dtype, (count,))


def _rows(thetas, agents):
    """The rows of agents i or (G,) of thetas (M, n_params): where they stand in a row, a view."""
    if agents.ndim and (np.diff(agents) == 1).all():
        return thetas[agents[0] : agents[-1] + 1]
    return thetas[agents]
