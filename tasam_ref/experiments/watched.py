"""A training run once more, from its configuration, with its critics watched: the same run to the bit."""

import numpy as np

from ..analysis import steps
from ..marl.learner import Learner
from ..marl.trainer import Trainer
from ..oran.staged_env import build_env


def watched_trainer(config):
    """A Trainer at its start whose ``learner`` is a WatchedLearner.  It trains to the same bits as any other."""
    trainer = Trainer(config, build_env(config))
    trainer.learner = WatchedLearner(config, trainer.agents, trainer.env.executed)
    return trainer


class WatchedLearner(Learner):
    """A Learner that describes every step of its critics: ``seen`` has the list of ``describe`` of each critic.

    It looks at the batch, targets and masks of the step itself, and at the gradient that the optimiser is given,
    however that came about.  Looking draws nothing and moves nothing.
    """

    def __init__(self, config, agents, executed):
        super().__init__(config, agents, executed)
        agents.critic_optimizers = [_Noted(optimizer) for optimizer in agents.critic_optimizers]
        self.seen, self._losses = [[] for _ in agents.thetas_v], []

    def critic_losses(self, rows, noise):
        """As ``Learner.critic_losses``."""
        self._losses = super().critic_losses(rows, noise)
        return self._losses

    def update_critic(self, iteration, step, rho=None):
        """As ``Learner.update_critic``; then each critic's step is described."""
        before = self.agents.thetas_v.copy()
        value = super().update_critic(iteration, step, rho)
        for seen, loss, start, end, noted in zip(self.seen, self._losses, before, self.agents.thetas_v,
                                                 self.agents.critic_optimizers):
            seen.append({"iteration": iteration} | describe(loss, start, end, noted.gradient))
        return value


class _Noted:
    """A base optimiser that remembers the gradient that it was given last."""

    def __init__(self, optimizer):
        self._optimizer, self.gradient = optimizer, None

    @property
    def state(self):
        return self._optimizer.state

    def step(self, theta, gradient):
        self.gradient = gradient.copy()
        self._optimizer.step(theta, gradient)


def describe(loss, before, after, descended):
    """One step of a critic from ``before`` to ``after``, (n_params,), along the gradient that it ``descended``.

    cos, cos_adv: of the loss's own gradient g, and of the descended one, with the gradient m of mean Q.
    length, length_adv: ||g|| and that of the descended gradient.
    kept: share of what g has beside m that the descended gradient holds.
    moved: length of the step; toward: its cosine with descent along that remainder.
    common: share of the step's change of Q that all values have in common.
    learned: share of the differences between targets and values, offset aside, that the step takes away.
    along, along_adv: products of the step, and of descent along the gradient, with m: changes of mean Q to first order.
    """
    offset, gradient = steps.mean_gradient(loss, before), loss(before)[1].astype(float)
    old, moved = steps.values(loss, before), after.astype(float) - before
    change = steps.values(loss, after) - old
    return {
        "cos": steps.cosine(gradient, offset), "cos_adv": steps.cosine(descended, offset),
        "length": float(np.linalg.norm(gradient)), "length_adv": float(np.linalg.norm(descended.astype(float))),
        "kept": steps.kept(gradient, descended, offset),
        "moved": float(np.linalg.norm(moved)), "toward": steps.cosine(-moved, steps.remainder(gradient, offset)),
        "common": steps.common_share(change), "learned": steps.learned_share(change, steps.targets(loss) - old),
        "along": float(moved @ offset), "along_adv": float(-descended.astype(float) @ offset),
    }


def summary(seen):
    """What consecutive steps of one critic have on average, of cosines with m the sizes; and how often the steps, and
    the gradients that they descend (``turns_adv``), change their sign along m."""
    def mean(name):
        return float(np.mean([step[name] for step in seen]))

    return {
        "steps": len(seen), "cos": float(np.mean([abs(step["cos"]) for step in seen])),
        "cos_adv": float(np.mean([abs(step["cos_adv"]) for step in seen])),
        "turns": steps.turns([step["along"] for step in seen]),
        "turns_adv": steps.turns([step["along_adv"] for step in seen]),
        **{name: mean(name) for name in ("length", "length_adv", "kept", "moved", "toward", "common", "learned")},
    }
