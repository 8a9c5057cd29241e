"""Training through several regimes: the same training in each stage, its snapshots, and its breaks."""

import numpy as np
import pytest
from trainings import assert_same, differs, run, run_with_a_break, start, through_a_file

from tasam_ref.config_io import apply_settings

# Episodes of 7 frames, 4 frames an iteration: stages of 7 iterations, four episodes each.
THREE = ("run.num_iterations=21", "regimes.sequence=['usual','crowd','shifted']")


@pytest.fixture
def staged(tiny_config):
    return apply_settings(tiny_config, THREE)


def test_the_first_stage_is_the_training_without_stages(tiny_config, staged):
    plain, rows = run(apply_settings(tiny_config, ["run.num_iterations=7"]), "no_sam")
    trainer = start(staged, "no_sam")
    for row in rows:
        mine = trainer.iterate()
        assert all((mine[name] == row[name]).all() for name in row)
    assert (trainer.snapshots["stage_1"] == plain.agents.thetas_p).all()


def test_stages_of_one_regime_are_the_training_without_stages(tiny_config):
    plain = run(apply_settings(tiny_config, ["run.num_iterations=14"]), "ta_sam")
    staged = run(apply_settings(tiny_config, ["run.num_iterations=14", "regimes.sequence=['usual','usual']"]), "ta_sam")
    assert not differs(plain, staged)
    assert set(staged[0].snapshots) == {"stage_1", "equal_gradients"} == set(plain[0].snapshots) | {"stage_1"}


def test_another_regime_makes_a_difference_from_its_first_frame_on(tiny_config, staged):
    crowd = start(staged, "no_sam")
    usual = start(apply_settings(staged, ["regimes.sequence=['usual','usual','usual']"]), "no_sam")
    same = [(crowd.iterate()["reward"] == usual.iterate()["reward"]).all() for _ in range(9)]
    assert same[:7] == [True] * 7 and not any(same[7:])


def test_every_stage_but_the_last_leaves_its_actors(staged):
    trainer = start(staged, "no_sam")
    ends = {}
    for t in range(1, 22):
        trainer.iterate()
        ends[t] = trainer.agents.thetas_p.copy()
    assert set(trainer.snapshots) == {"stage_1", "stage_2"}
    assert (trainer.snapshots["stage_1"] == ends[7]).all() and (trainer.snapshots["stage_2"] == ends[14]).all()


@pytest.mark.parametrize("broken_at", [0, 6, 7, 8, 13, 14, 20])
def test_a_staged_run_that_was_broken_off_ends_with_the_same_bits(staged, broken_at):
    """On both sides of each change of regime; ta_sam's budget is spent on the way."""
    config = apply_settings(staged, ["slices.latency_model=fifo_queue", "agent.buffer_size=30"])
    whole, rows = run(config)
    resumed, rows_again = run_with_a_break(lambda: start(config), broken_at, 21, through_a_file)
    assert_same((whole, rows), (resumed, rows_again))
    assert set(resumed.snapshots) == {"stage_1", "stage_2", "equal_gradients"}
    assert all(np.array_equal(resumed.snapshots[name], whole.snapshots[name]) for name in whole.snapshots)
