"""A watched training: the same bits as an unwatched one, each step beside the loss and the gradient that made it."""

import numpy as np
import pytest

from tasam_ref.experiments import watched
from tasam_ref.experiments.watched import describe, summary, watched_trainer
from tasam_ref.marl.losses import CriticLoss
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import configure
from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.workspace import workspace
from tasam_ref.optim.norms import scale_of
from tasam_ref.optim.sam import sam_gradient
from tasam_ref.oran.env import OranEnv


def end_of(trainer):
    """All rows, and the whole state, optimisers and replay included."""
    rows = [trainer.iterate() for _ in range(trainer.config.run.num_iterations)]
    return [{name: column.tolist() for name, column in row.items()} for row in rows], trainer.state()


@pytest.mark.parametrize(("method", "settings"), [
    ("ta_sam", ()), ("ta_sam", ("sam.norm=adaptive", "agent.critic_steps=3")), ("l2", ("agent.critic_scope=joint",)),
    ("dropout", ("agent.critic_target=twin_target",)), ("both_sam", ("agent.critic_target=literal",)),
    ("plastic_lee2023", ()), ("spectral_norm", ("sam.base_optimizer=sgd",))])
def test_watching_moves_no_bit(tiny_config, method, settings):
    config = configure(method, tiny_config, settings)
    (rows, state), (seen_rows, seen_state) = end_of(Trainer(config, OranEnv(config))), end_of(watched_trainer(config))
    assert rows == seen_rows
    assert state.keys() == seen_state.keys()
    assert all(np.array_equal(state[name], seen_state[name]) for name in state)


@pytest.mark.parametrize(("method", "settings"), [
    ("critic_sam", ("agent.critic_target=twin_target",)), ("critic_sam", ("sam.norm=adaptive", "sam.perturbs=weights")),
    ("critic_sam", ("agent.critic_scope=joint", "agent.gradient_steps=2")), ("dropout", ())])
def test_a_step_is_seen_with_its_own_loss_and_gradient(tiny_config, monkeypatch, method, settings):
    """Descent along what was noted leads to the bit from before to after; and it is SAM's gradient of that loss."""
    config, seen = configure(method, tiny_config, (*settings, "sam.base_optimizer=sgd", "sam.rho_schedule=static")), []
    def looked(loss, before, after, descended):
        seen.append((before, after.copy(), descended))
        gradient = loss(before)[1].copy()
        if config.sam.use_sam_critic:
            gradient = sam_gradient(loss, before, 0.5, scale)[1].copy()
        assert (descended == gradient).all()
        return describe(loss, before, after, descended)

    trainer = watched_trainer(config)
    scale = scale_of(config.sam.norm, config.sam.perturbs, trainer.agents.networks.critic)
    monkeypatch.setattr(watched, "describe", looked)
    for _ in range(2):
        trainer.iterate()
    critics, steps = len(trainer.agents.thetas_v), 2 * config.agent.gradient_steps
    assert len(seen) == critics * steps
    rate = np.float32(config.agent.learning_rate)
    for before, after, descended in seen:
        assert (after == before - rate * descended).all() and (after != before).any()
    assert [[step["iteration"] for step in of] for of in trainer.learner.seen] == [
        sorted([0, 1] * config.agent.gradient_steps)] * critics


def test_a_step_of_a_linear_critic_by_hand():
    """Q = 2x - 1 on x = 0, 1, 2, 5 with y = 1, 3, 0, 2 has g = (19.5, 3) and m = (2, 1): see test_steps.

    A step to Q = x - 1 changes Q by 0, -1, -2, -5.  y - Q is 2, 2, -3, -7, about its mean -1.5: 3.5, 3.5, -1.5, -5.5.
    Beside m there is of g (19.5, 3) - 42/5 (2, 1) = (2.7, -5.4).
    """
    x, y = np.array([[0.0, 1.0, 2.0, 5.0]]), np.array([[1.0, 3.0, 0.0, 2.0]])
    loss = CriticLoss(workspace(MLP((1, 1)), 4, np.dtype(float)), x, y, 4)
    found = describe(loss, np.array([2.0, -1.0]), np.array([1.0, -1.0]), np.array([3.0, 4.0]))
    assert found == pytest.approx({
        "cos": 42 / (389.25 * 5) ** 0.5, "cos_adv": 10 / (5 * 5**0.5), "length": 389.25**0.5, "length_adv": 5,
        "kept": (3 * 2.7 - 4 * 5.4) / (2.7**2 + 5.4**2), "moved": 1, "toward": 2.7 / (2.7**2 + 5.4**2) ** 0.5,
        "common": 4 / 7.5, "learned": (-3.5 + 3 + 27.5) / (3.5**2 + 3.5**2 + 1.5**2 + 5.5**2), "along": -2,
        "along_adv": -10})


def test_a_summary_is_of_sizes_means_and_turns():
    names = ("length", "length_adv", "kept", "moved", "toward", "common", "learned")
    seen = [{"cos": cos, "cos_adv": -cos / 2, "along": along, "along_adv": along_adv} | dict.fromkeys(names, value)
            for cos, along, along_adv, value in ((0.5, 1, 1, 0.0), (-0.7, 2, -1, 3.0), (-0.9, -1, 1, 6.0))]
    assert summary(seen) == pytest.approx({
        "steps": 3, "cos": 0.7, "cos_adv": 0.35, "turns": 0.5, "turns_adv": 1} | dict.fromkeys(names, 3.0))
