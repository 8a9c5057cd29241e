"""How all actors and the global critic take their steps: the inner half of Algorithm 1."""

import numpy as np

from ..nn.regularised import dropout_masks, workspace
from ..nn.squashed_gaussian import sigmoid, split_head
from ..optim.optimizers import polyak_average
from ..optim.sam import take_step
from ..streams import stream
from .critics import ActionValue, smallest_q
from .distillation import DistillationLoss
from .losses import POLICY_GRADIENTS, ActorLoss, Anchor, CriticLoss, L2Loss, Sum, literal_target, standard_target
from .policy import Policy, drawn, replayed
from .td_error import soft_value, td_error_q, td_error_v
from .workers import Workers

CHUNKS = 2                              # in which the critic's batch is taken, however many threads there are


class Learner:
    """Lets the ``agents`` act and learn.

    Every random number of iteration t and step g comes from a stream of its own, and every batch is divided alike, so
    that ``threads`` threads may share the work, to the same bits.  ``executed`` maps relaxed actions to executed ones
    (the environment's codec).
    """

    def __init__(self, config, agents, executed, threads=1):
        self.config, self.agents, self.networks = config, agents, agents.networks
        agent, scope = config.agent, agents.networks.scope
        self.seen_action = {"executed": lambda u: executed(sigmoid(u)), "relaxed": sigmoid}[agent.critic_sees]
        transitions, fresh = scope.transitions(agent.batch_size), config.run.frames_per_iteration
        self._workers = Workers(threads, lambda: _Room(self.networks, agent))
        self._fresh, self._target = (_ChunkedCritics(self.networks, scope.columns(n)) for n in (fresh, transitions))
        self._learning = [_ChunkedCritics(self.networks, scope.columns(transitions), agent.dropout > 0)
                          for _ in agents.thetas_v]

    def act(self, obs, noise):
        """Draw every actor's action at obs (M, D) with noise (M, A): latent (M, A) and log_prob (M,)."""
        sample = drawn(self._laws(obs.T), np.ascontiguousarray(noise.T))
        return sample.latent.T, sample.log_prob

    def fresh_td_errors(self, iteration):
        """TD-errors delta (M, Ne) of the iteration's own transitions, by the reading R33."""
        agent, beta, frames = self.config.agent, self.config.temperature, self.config.run.frames_per_iteration
        batch = self.agents.replay.newest(frames)
        noise = self._normal((2, self.agents.action_dim, batch.reward.size), "td_error", iteration)

        def value(obs, latent):
            return self._q(self.agents.thetas_v, obs, latent, self._fresh)

        following = drawn(self._laws(batch.next_obs), noise[0])
        next_q = value(batch.next_obs, following.latent)
        if agent.td_value == "q":
            errors = td_error_q(batch.reward, next_q, value(batch.obs, batch.latent), agent.gamma)
        else:
            now = drawn(self._laws(batch.obs), noise[1])
            v = soft_value(value(batch.obs, now.latent), now.log_prob, beta)
            errors = td_error_v(batch.reward, soft_value(next_q, following.log_prob, beta), v, agent.gamma)
        return errors.reshape(self.agents.count, -1)

    def update_actors(self, iteration, step, radii):
        """``update_actor`` of every actor with its own of the ``radii``.  Returns the losses (M,)."""
        return np.array(self._workers.map(
            lambda i, room: self.update_actor(i, iteration, step, radii[i], room), range(self.agents.count)))

    def update_actor(self, i, iteration, step, rho=None, room=None):
        """One step of actor i on (9), with SAM of radius rho or without (None).  Returns the loss.

        Source: Algorithm 1, lines 11-18, on a batch of its own buffer B_i (R40).
        """
        agents, agent, room = self.agents, self.config.agent, room or self._workers.rooms[0]
        if agent.forgetting != "none":
            polyak_average(agents.thetas_anchor[i], agents.thetas_p[i], self.networks.dtype.type(agent.anchor_rate))
        rows = self._stream("replay", iteration, step, i).integers(agents.replay.size, size=agent.batch_size)
        noise = self._normal((agents.action_dim, rows.size), "policy", iteration, step, i)
        moved = None
        if agent.teachers:
            moved = self._normal((agents.obs_dim, rows.size), "perturbation", iteration, step, i)
        self._draw_masks([room.policy.work], iteration, step, i)
        value = take_step(self.actor_loss(i, rows, noise, moved, room), agents.thetas_p[i], agents.actor_optimizers[i],
                          rho)
        self.networks.actor.advance(agents.thetas_p[i])
        return value

    def actor_loss(self, i, rows, noise, moved=None, room=None):
        """What actor i descends on the transitions ``rows`` (n,) of B_i with noise (A, n), n = ``agent.batch_size``.

        ``moved`` (D, n) are the draws that perturb states, for teachers alone (R43); ``room`` has the buffers.
        """
        agents, agent, room = self.agents, self.config.agent, room or self._workers.rooms[0]
        batch = agents.replay.of_agent(i, rows)
        obs, replayed = batch.obs, {}
        if agent.policy_gradient == "score_function_replayed":
            replayed = {"latent": batch.latent, "seen": self.seen_action(batch.latent)}
        q = ActionValue(agents.thetas_v, self._around(obs, rows), self.networks.scope.place(i), room.critics)
        anchor = None
        if agent.forgetting != "none":
            anchor = self._anchor(agents.thetas_anchor[i], obs, agent.anchor_weight, room)
        loss = ActorLoss(room.policy, q, obs, noise, self.config.temperature, POLICY_GRADIENTS[agent.policy_gradient],
                         anchor=anchor, **replayed)
        if agent.teachers:
            share = agent.distillation_weight / agent.teachers
            teachers = [self._anchor(thetas[i], obs, share, room) for thetas in agents.thetas_teacher]
            student = obs + self.networks.dtype.type(agent.input_perturbation) * moved
            loss = Sum([loss, DistillationLoss(room.evaluating(rows.size), student, teachers)])
        return self._regularised(loss)

    def _around(self, obs, rows):
        """The critic's input around a DU's own obs (D, n) at the moments ``rows``; its own action is left to be filled.

        With all DUs in one column the others' replayed actions are in place (R39).
        """
        scope, agents = self.networks.scope, self.agents
        if scope.together == 1:
            return np.concatenate((obs, np.empty((agents.action_dim, rows.size), obs.dtype)))
        everyone = agents.replay.of_all(np.tile(rows, (agents.count, 1)))
        return scope.arrange(everyone.obs, self.seen_action(everyone.latent))

    def _anchor(self, theta, obs, weight, room):
        """A past policy, as it is at obs, to stay near (R41, R43)."""
        mean, log_std, _ = room.evaluating(obs.shape[1]).law(theta, obs)
        return Anchor(mean.copy(), log_std, weight)

    def _regularised(self, loss):
        """The loss that is descended: with the L2 term of the baseline where there is one (R42)."""
        weight = self.config.agent.l2_weight
        return L2Loss(loss, weight) if weight > 0 else loss

    def update_critic(self, iteration, step, rho=None):
        """One step of the global critic on (10), with SAM of radius rho or without (None).  Returns the loss.

        Source: Algorithm 1, lines 20-23.  The batch takes equally many transitions from every B_i (R40).
        """
        agents, agent, net, dtype = self.agents, self.config.agent, self.networks.critic, self.networks.dtype
        rows = self.networks.scope.draw(self._stream("critic_replay", iteration, step), agents.replay.size,
                                        agent.batch_size)
        noise = self._normal((agents.action_dim, rows.size), "target", iteration, step)
        for c, critics in enumerate(self._learning):
            self._draw_masks(critics.works, iteration, step, agents.count + c)
        values = []
        for loss, theta, optimizer in zip(self.critic_losses(rows, noise), agents.thetas_v, agents.critic_optimizers):
            values.append(take_step(loss, theta, optimizer, rho))
            net.advance(theta)
        if agent.critic_target != "literal":
            for target, theta in zip(agents.thetas_target, agents.thetas_v):
                polyak_average(target, theta, dtype.type(agent.polyak))
        return np.mean(values)

    def critic_losses(self, rows, noise):
        """What each critic descends on the transitions ``rows`` (M, n) of every B_i, with noise (A, M n) for a'."""
        scope, batch = self.networks.scope, self.agents.replay.of_all(rows)
        target = self._targets(batch, noise).reshape(scope.outputs, -1)
        x = scope.arrange(batch.obs, self.seen_action(batch.latent))
        return [self._regularised(Sum(
            [CriticLoss(work, *parts, target.size) for work, *parts in critics.chunks(x, target)], self._each))
            for critics in self._learning]

    def _targets(self, batch, noise):
        """y (M n,) of (10) by the readings R31 and R32."""
        agent, next_obs = self.config.agent, batch.next_obs
        following = drawn(self._laws(next_obs), noise)
        next_q = self._q(self.agents.thetas_target, next_obs, following.latent, self._target)
        if agent.entropy_in_target == "literal":
            taken = replayed(self._laws(batch.obs), batch.latent)
            return literal_target(batch.reward, next_q, taken.log_prob, agent.gamma, self.config.temperature)
        return standard_target(batch.reward, next_q, following.log_prob, agent.gamma, self.config.temperature)

    def _laws(self, obs):
        """Every actor's mean, log_std (A, M n) and where that is not clipped, at its n of the states obs (D, M n)."""
        agents, networks = self.agents, self.networks
        n = obs.shape[1] // agents.count
        outputs = np.empty((2 * agents.action_dim, obs.shape[1]), networks.dtype)

        def evaluate(i, room):
            own = slice(i * n, (i + 1) * n)
            outputs[:, own] = room.evaluating(n).work.forward(agents.thetas_p[i], np.ascontiguousarray(obs[:, own]))

        self._workers.map(evaluate, range(agents.count))
        return split_head(outputs, networks.log_std_min, networks.log_std_max)

    def _q(self, thetas_v, obs, latent, critics):
        """The smallest Q over the critics, (M n,), for obs (D, M n) and latent (A, M n) of all DUs."""
        x = self.networks.scope.arrange(obs, self.seen_action(latent))
        values = self._workers.map(lambda chunk, _: smallest_q(thetas_v, chunk[1], chunk[0]), critics.chunks(x))
        return np.concatenate(values, axis=1).ravel()

    def _each(self, call, losses):
        """[call(loss) for loss in losses], shared by the threads."""
        return self._workers.map(lambda loss, _: call(loss), losses)

    def _draw_masks(self, works, *address):
        """Give these workspaces of one network the dropout masks of one gradient step, if there is dropout (R42)."""
        agent, columns = self.config.agent, [work.columns for work in works]
        if agent.dropout == 0:
            return
        masks = dropout_masks(works[0].net, sum(columns), agent.dropout, self._stream("dropout", *address),
                              self.networks.dtype)
        for work, *parts in zip(works, *(np.split(mask, np.cumsum(columns)[:-1], axis=1) for mask in masks)):
            work.masks = parts

    def _stream(self, name, *index):
        return stream(self.config.run.seed, name, *index)

    def _normal(self, shape, name, *index):
        return self._stream(name, *index).standard_normal(shape, dtype=self.networks.dtype)


class _Room:
    """Workspaces of one worker: an actor that learns, the critics that it asks, and policies that are evaluated."""

    def __init__(self, networks, agent):
        self._networks, self._policies = networks, {}
        self.policy = Policy(networks, agent.batch_size, agent.dropout > 0)
        self.critics = [workspace(networks.critic, agent.batch_size, networks.dtype)
                        for _ in range(1 + (agent.critic_target == "twin_target"))]

    def evaluating(self, columns):
        """A Policy on so many states, always the same one."""
        if columns not in self._policies:
            self._policies[columns] = Policy(self._networks, columns)
        return self._policies[columns]


class _ChunkedCritics:
    """Workspaces of the critic for a batch in ``CHUNKS`` parts."""

    def __init__(self, networks, columns, dropout=False):
        parts = np.array_split(np.arange(columns), min(CHUNKS, columns))
        self._parts = [slice(part[0], part[-1] + 1) for part in parts]
        self.works = [workspace(networks.critic, part.size, networks.dtype, dropout) for part in parts]

    def chunks(self, *batches):
        """[(workspace, its columns of each of the batches), ...]."""
        return [(work, *(np.ascontiguousarray(batch[:, part]) for batch in batches))
                for work, part in zip(self.works, self._parts)]
