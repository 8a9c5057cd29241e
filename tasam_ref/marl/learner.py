"""How all actors and the global critic take their steps: the inner half of Algorithm 1.

``actor_loss`` and ``critic_losses`` say what is descended, ``update_actor`` and ``update_critic`` descend it.
"""

import numpy as np

from ..nn.regularised import dropout_masks
from ..nn.squashed_gaussian import sigmoid, split_head
from ..optim.norms import scale_of
from ..optim.optimizers import polyak_average
from ..optim.sam import take_step
from ..streams import stream
from .buffers import Buffers, ChunkedCritic
from .critics import ActionValue, smallest_q
from .distillation import DistillationLoss
from .losses import (
    POLICY_GRADIENTS,
    ActorLoss,
    Anchor,
    CriticLoss,
    L2Loss,
    Sum,
    WeightedValue,
    literal_target,
    standard_target,
)
from .policy import drawn, replayed
from .td_error import soft_value, td_error_q, td_error_v
from .temperature import temperature_gradient
from .workers import Workers


class Learner:
    """Lets the ``agents`` act and learn.

    Random numbers of iteration t and step g have streams of their own, and batches are divided alike for any number of
    ``threads``: no result depends on it, to the bit.  ``executed`` maps relaxed actions to executed ones (the codec).
    """

    def __init__(self, config, agents, executed, threads=1):
        self.agents, self.networks, self.settings = agents, agents.networks, config.agent
        self.seed, self.frames = config.run.seed, config.run.frames_per_iteration
        self._as_shown = {"executed": executed, "relaxed": lambda action: action}[self.settings.critic_sees]
        self._actor_scale, self._critic_scale = (scale_of(config.sam.norm, config.sam.perturbs, net)
                                                 for net in (self.networks.actor, self.networks.critic))
        scope, dropout = self.networks.scope, self.settings.dropout > 0
        batch, fresh = (scope.columns(n) for n in (scope.transitions(self.settings.batch_size), self.frames))
        self._workers = Workers(threads, lambda: Buffers(self.networks, self.settings))
        self._fresh, self._of_targets = (ChunkedCritic(self.networks, columns) for columns in (fresh, batch))
        self._learning = [ChunkedCritic(self.networks, batch, dropout) for _ in agents.thetas_v]

    def act(self, obs, noise):
        """Draw every actor's action at obs (M, D) with noise (M, A): latent (M, A) and log_prob (M,)."""
        sample = drawn(self._laws(obs.T), np.ascontiguousarray(noise.T))
        return sample.latent.T, sample.log_prob

    def fresh_td_errors(self, iteration):
        """TD-errors delta (M, Ne) of the iteration's own transitions, by the reading R33."""
        batch, beta = self.agents.replay.newest(self.frames), np.repeat(self.agents.temperatures, self.frames)
        gamma = self.settings.gamma
        noise = self._normal((2, self.agents.action_dim, batch.reward.size), "td_error", iteration)

        def value(obs, latent):
            return self._q(self.agents.thetas_v, obs, latent, self._fresh)

        following = drawn(self._laws(batch.next_obs), noise[0])
        next_q = value(batch.next_obs, following.latent)
        if self.settings.td_value == "q":
            errors = td_error_q(batch.reward, next_q, value(batch.obs, batch.latent), gamma)
        else:
            now = drawn(self._laws(batch.obs), noise[1])
            v = soft_value(value(batch.obs, now.latent), now.log_prob, beta)
            errors = td_error_v(batch.reward, soft_value(next_q, following.log_prob, beta), v, gamma)
        return errors.reshape(self.agents.count, -1)

    def update_actors(self, iteration, step, radii):
        """``update_actor`` of every actor with its own of the ``radii``.  Returns the losses (M,)."""
        return np.array(self._workers.map(
            lambda i, buffers: self.update_actor(i, iteration, step, radii[i], buffers), range(self.agents.count)))

    def update_actor(self, i, iteration, step, rho=None, buffers=None):
        """One step of actor i on (9), with SAM of radius rho or without (None).  Returns the loss.

        Source: Algorithm 1, lines 12-18, on a batch of its own buffer B_i (R40).
        """
        agents, settings, buffers = self.agents, self.settings, buffers or self._workers.buffers[0]
        theta, address = agents.thetas_p[i], (iteration, step, i)
        if settings.forgetting != "none":
            polyak_average(agents.thetas_anchor[i], theta, theta.dtype.type(settings.anchor_rate))
        rows = self._stream("replay", *address).integers(agents.replay.size, size=settings.batch_size)
        noise, moved = self._normal((agents.action_dim, rows.size), "policy", *address), None
        if settings.teachers:
            moved = self._normal((agents.obs_dim, rows.size), "perturbation", *address)
        self._draw_masks([buffers.policy.work], *address)
        loss = self.actor_loss(i, rows, noise, moved, buffers)
        value = take_step(loss, theta, agents.actor_optimizers[i], rho, self._actor_scale)
        self.networks.actor.advance(theta)
        if settings.temperature_rule == "learned":
            self._learn_temperature(i, agents.replay.of_agent(i, rows).obs, noise, buffers)
        return value

    def _learn_temperature(self, i, obs, noise, buffers):
        """One step of agent i's log beta, by the entropy of its policy at obs (D, n) with noise (A, n).  R57."""
        agents = self.agents
        sample = drawn(buffers.evaluating(obs.shape[1]).law(agents.thetas_p[i], obs), noise)
        wanted = self.settings.target_entropy * agents.action_dim
        gradient = temperature_gradient(sample.log_prob, agents.temperatures[i], wanted)
        agents.temperature_optimizers[i].step(agents.log_temperatures[i], np.array([gradient], obs.dtype))

    def actor_loss(self, i, rows, noise, moved=None, buffers=None):
        """What actor i descends on the transitions ``rows`` (n,) of B_i with noise (A, n), n = ``agent.batch_size``.

        ``moved`` (D, n) are the draws that perturb states, for teachers alone (R43).
        """
        agents, settings, buffers = self.agents, self.settings, buffers or self._workers.buffers[0]
        batch = agents.replay.of_agent(i, rows)
        obs, taken, anchor = batch.obs, {}, None
        if settings.policy_gradient == "score_function_replayed":
            taken = {"latent": batch.latent, "seen": self._shown(batch.latent)}
        if settings.forgetting != "none":
            anchor = self._anchor(agents.thetas_anchor[i], obs, settings.anchor_weight, buffers)
        q = ActionValue(agents.thetas_v, self._around(obs, rows), self.networks.scope.place(i), buffers.critics)
        loss = ActorLoss(buffers.policy, q, obs, noise, agents.temperatures[i],
                         POLICY_GRADIENTS[settings.policy_gradient], anchor=anchor, **taken)
        if settings.teachers:
            share = settings.distillation_weight / settings.teachers
            teachers = [self._anchor(thetas[i], obs, share, buffers) for thetas in agents.thetas_teacher]
            perturbed = obs + obs.dtype.type(settings.input_perturbation) * moved
            loss = Sum([loss, DistillationLoss(buffers.evaluating(rows.size), perturbed, teachers)])
        return self._regularised(loss)

    def _around(self, obs, rows):
        """The critic's input around a DU's own obs (D, n) at the moments ``rows``; its own action is left to be filled.

        With all DUs in one column the others' replayed actions are in place (R39).
        """
        scope, agents = self.networks.scope, self.agents
        if scope.together == 1:
            return np.concatenate((obs, np.empty((agents.action_dim, rows.size), obs.dtype)))
        everyone = agents.replay.of_all(np.tile(rows, (agents.count, 1)))
        return scope.arrange(everyone.obs, self._shown(everyone.latent))

    def _anchor(self, theta, obs, weight, buffers):
        """A past policy, as it is at obs, to stay near (R41, R43)."""
        mean, log_std, _ = buffers.evaluating(obs.shape[1]).law(theta, obs)
        return Anchor(mean.copy(), log_std, weight)

    def _regularised(self, loss):
        """The loss that is descended: with the L2 term of the baseline where there is one (R42)."""
        weight = self.settings.l2_weight
        return L2Loss(loss, weight) if weight > 0 else loss

    def update_critic(self, iteration, step, rho=None):
        """One step of the global critic on (10), with SAM of radius rho or without (None).  Returns the loss.

        Source: Algorithm 1, lines 20-23.  The batch takes equally many transitions from every B_i (R40).
        """
        agents, settings = self.agents, self.settings
        rows = self.networks.scope.draw(self._stream("critic_replay", iteration, step), agents.replay.size,
                                        settings.batch_size)
        noise, values = self._normal((agents.action_dim, rows.size), "target", iteration, step), []
        for c, critic in enumerate(self._learning):
            self._draw_masks(critic.works, iteration, step, agents.count + c)
        for loss, theta, optimizer, held in zip(self.critic_losses(rows, noise), agents.thetas_v,
                                                agents.critic_optimizers, self._held_values(rows)):
            values.append(take_step(loss, theta, optimizer, rho, self._critic_scale, held))
            self.networks.critic.advance(theta)
        if settings.critic_target != "literal":
            for target, theta in zip(agents.thetas_target, agents.thetas_v):
                polyak_average(target, theta, theta.dtype.type(settings.polyak))
        return np.mean(values)

    def critic_losses(self, rows, noise):
        """What each critic descends on the transitions ``rows`` (M, n) of every B_i, with noise (A, M n) for a'."""
        scope, batch = self.networks.scope, self.agents.replay.of_all(rows)
        target = self._targets(batch, noise).reshape(scope.outputs, -1)
        x = scope.arrange(batch.obs, self._shown(batch.latent))
        return [self._regularised(Sum(
            [CriticLoss(work, *parts, target.size) for work, *parts in critic.chunks(x, target)], self._each))
            for critic in self._learning]

    def _held_values(self, rows):
        """For each critic what SAM holds: the function theta -> gradients (M, n_params) of every DU's mean Q on the
        transitions ``rows`` (M, n); None where it holds nothing (R58)."""
        if self.agents.config.sam.offset == "kept":
            return [None] * len(self._learning)
        batch, scope = self.agents.replay.of_all(rows), self.networks.scope
        x = scope.arrange(batch.obs, self._shown(batch.latent))
        weights = scope.averages(rows.shape[1]).astype(x.dtype)

        def held_by(critic):
            means = [Sum([WeightedValue(*chunk) for chunk in critic.chunks(x, own)], self._each) for own in weights]
            return lambda theta: np.stack([mean(theta)[1].copy() for mean in means])

        return [held_by(critic) for critic in self._learning]

    def _targets(self, batch, noise):
        """y (M n,) of (10) by the readings R31 and R32."""
        gamma, next_obs = self.settings.gamma, batch.next_obs
        beta = np.repeat(self.agents.temperatures, batch.reward.size // self.agents.count)
        following = drawn(self._laws(next_obs), noise)
        next_q = self._q(self.agents.thetas_target, next_obs, following.latent, self._of_targets)
        if self.settings.entropy_in_target == "literal":
            taken = replayed(self._laws(batch.obs), batch.latent)
            return literal_target(batch.reward, next_q, taken.log_prob, gamma, beta)
        return standard_target(batch.reward, next_q, following.log_prob, gamma, beta)

    def _laws(self, obs):
        """Every actor's mean, log_std (A, M n) and where that is not clipped, at its n of the states obs (D, M n)."""
        agents, networks = self.agents, self.networks
        n = obs.shape[1] // agents.count
        outputs = np.empty((2 * agents.action_dim, obs.shape[1]), networks.dtype)

        def evaluate(i, buffers):
            own = slice(i * n, (i + 1) * n)
            work = buffers.evaluating(n).work
            outputs[:, own] = work.forward(agents.thetas_p[i], np.ascontiguousarray(obs[:, own]))

        self._workers.map(evaluate, range(agents.count))
        return split_head(outputs, networks.log_std_min, networks.log_std_max)

    def _q(self, thetas_v, obs, latent, critic):
        """The smallest Q over the critics, (M n,), for obs (D, M n) and latent (A, M n) of all DUs."""
        x = self.networks.scope.arrange(obs, self._shown(latent))
        values = self._each(lambda chunk: smallest_q(thetas_v, chunk[1], chunk[0]), critic.chunks(x))
        return np.concatenate(values, axis=1).ravel()

    def _shown(self, latent):
        """The action that the critic is shown of a latent, executed or relaxed (R21)."""
        return self._as_shown(sigmoid(latent))

    def _each(self, call, parts):
        """[call(part) for part in parts], shared by the threads; parts have memory of their own."""
        return self._workers.map(lambda part, _: call(part), parts)

    def _draw_masks(self, works, *address):
        """Give these workspaces of one network the dropout masks of one gradient step, if there is dropout (R42)."""
        rate, columns = self.settings.dropout, [work.columns for work in works]
        if rate == 0:
            return
        masks = dropout_masks(works[0].net, sum(columns), rate, self._stream("dropout", *address), self.networks.dtype)
        for work, *parts in zip(works, *(np.split(mask, np.cumsum(columns)[:-1], axis=1) for mask in masks)):
            work.masks = parts

    def _stream(self, name, *index):
        return stream(self.seed, name, *index)

    def _normal(self, shape, name, *index):
        return self._stream(name, *index).standard_normal(shape, dtype=self.networks.dtype)
