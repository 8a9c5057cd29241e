"""Dropout in training (R42): which neurons are left out, of whom and when.  A mask's law is in ``test_regularised``."""

import numpy as np
import pytest
from trainings import start

from tasam_ref.marl import learner
from tasam_ref.nn.regularised import RegularisedWorkspace

SETTINGS = ("agent.critic_target=twin_target", "agent.gradient_steps=2", "agent.critic_steps=2", "agent.batch_size=240")
STEPS = 2 * (2 * 3 + 4 * 2)                             # two iterations: two of each actor, four of each critic


@pytest.fixture
def masks_of_steps(monkeypatch):
    """A function that trains for two iterations: for every step of every network its passes' masks, (14, 240) each.

    The two hidden layers stand one above the other; the critic's batch comes in ``CHUNKS`` parts, here joined.
    """
    take_step, forward, met = learner.take_step, RegularisedWorkspace.forward, []

    def watched_step(*arguments):
        met.append([])
        return take_step(*arguments)

    def watched_forward(work, theta, x):
        met[-1].append(np.vstack(work.masks))
        return forward(work, theta, x)

    monkeypatch.setattr(learner, "take_step", watched_step)
    monkeypatch.setattr(RegularisedWorkspace, "forward", watched_forward)

    def train(config, method, *settings):
        met.clear()
        trainer = start(config, method, *SETTINGS, *settings)
        for _ in range(2):
            trainer.iterate()
        assert len(met) == STEPS
        return [np.split(np.hstack(masks), sum(mask.shape[1] for mask in masks) // 240, axis=1) for masks in met]

    return train


@pytest.mark.parametrize("scope", ["shared_local", "joint"])
def test_both_passes_of_sam_leave_out_the_same_neurons(tiny_config, masks_of_steps, scope):
    for first, second in masks_of_steps(tiny_config, "both_sam", "agent.dropout=0.5", f"agent.critic_scope={scope}"):
        assert np.array_equal(first, second)
        assert set(np.unique(first)) == {0, 2}


@pytest.mark.parametrize("scope", ["shared_local", "joint"])
def test_the_masks_of_every_network_step_iteration_and_seed_are_independent(tiny_config, masks_of_steps, scope):
    """Halves of every batch's masks, 1680 coins each: correlations of all pairs within six standard errors."""
    found = [masks for seed in (0, 1) for masks, *_ in masks_of_steps(
        tiny_config, "both_sam", "agent.dropout=0.5", f"agent.critic_scope={scope}", f"run.seed={seed}")]
    halves = np.array([half.ravel() for masks in found for half in np.split(masks, 2, axis=1)])
    assert halves.shape == (2 * 2 * STEPS, 7 * 240)
    assert np.abs(np.corrcoef(halves)[np.triu_indices(len(halves), 1)]).max() < 6 / np.sqrt(halves.shape[1])
