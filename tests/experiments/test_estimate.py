"""What is left of a run, in frames: counted by hand.  No time is tested."""

import pytest

from tasam_ref.experiments import estimate
from tasam_ref.experiments.evaluation import evaluate_actors
from tasam_ref.experiments.plan import Entry
from tasam_ref.marl.trainer import Trainer
from tasam_ref.oran.env import OranEnv


@pytest.mark.parametrize(("measurements", "expected"), [((), 24 + 2 * 2 * 10), (("distributions",), 24 + 40 + 10)])
def test_frames_of_training_and_of_the_held_out_episodes(tmp_path, tiny_config, measurements, expected):
    """Six iterations of 4 frames; 2 episodes of 5 by each reading, for the end and for equal gradients."""
    entry = Entry("ta_sam", 0, tiny_config, tmp_path / "run", measurements=measurements)
    assert estimate._frames_left(entry) == expected


def test_the_held_out_episodes_take_as_many_frames(tiny_config, monkeypatch):
    """As the environments are seen to step, for two sets of actors."""
    steps, step = [], OranEnv.step
    monkeypatch.setattr(OranEnv, "step", lambda env, action: steps.append(1) or step(env, action))
    thetas = Trainer(tiny_config, OranEnv(tiny_config)).agents.thetas_p
    evaluate_actors(tiny_config, {"end": thetas, "equal gradients": thetas})
    assert len(steps) == 2 * 2 * 10
