"""One run from its folder to its end, and its way back from every place where it can be cut off."""

import csv
import os

import numpy as np
import pytest
from command_line import listing

from tasam_ref.config_io import apply_settings
from tasam_ref.errors import RunFailure, UsageError
from tasam_ref.experiments import training
from tasam_ref.experiments.evaluation import deterministic_policy, evaluate_held_out
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.training import open_or_create, store_evaluations, train
from tasam_ref.marl.trainer import Trainer

FILES = ("checkpoint.npz", "metrics.csv", "evaluation.json", "equal_gradients.json")

# Stages of two iterations; checkpoints after the third and the sixth, so that kills fall into every stage.
STAGED = ("run.checkpoint_every=3", "mdp.episode_frames=8", "regimes.sequence=['usual','crowd','usual']",
          "run.eval_episodes=1", "run.eval_frames=2")


class Killed(BaseException):
    """The process ends here and now."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Bytes of FILES of an undisturbed run of ``tiny_config``; filled by the first test that asks."""
    return {}


@pytest.fixture
def undisturbed(finished, tmp_path_factory, tiny_config):
    if not finished:
        path = tmp_path_factory.mktemp("undisturbed") / "run"
        finished |= contents(train(RunFolder.create(path, "ta_sam", tiny_config)))
    return finished


def contents(folder):
    return {name: (folder.path / name).read_bytes() for name in (*FILES, "regimes.json")
            if (folder.path / name).exists()}


def test_a_finished_run_has_every_file_and_says_so(tmp_path, tiny_config):
    folder = train(RunFolder.create(tmp_path / "run", "ta_sam", tiny_config))
    assert listing(tmp_path / "run") == [
        "checkpoint.npz", "config.toml", "equal_gradients.json", "evaluation.json", "manifest.json", "metrics.csv"]
    again = RunFolder.open(folder.path)
    assert again.status == "complete" and again.manifest["iterations_done"] == 6
    assert again.manifest["wall_seconds"] > 0 and again.manifest["message"] == ""


def test_metrics_have_one_row_per_iteration_and_agent_all_finite(tmp_path, tiny_config):
    folder = train(RunFolder.create(tmp_path / "run", "ta_sam", tiny_config))
    with open(folder.path / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["iteration"]), int(row["agent"])) for row in rows] == [(t, m) for t in range(6) for m in range(3)]
    assert {"reward", "entropy", "qos_eMBB", "qos_mMTC", "qos_URLLC", "actor_loss", "critic_loss",
            "td_error_variance", "sam_actor", "rho_actor", "rho_critic", "gradient_evaluations"} <= set(rows[0])
    for row in rows:
        assert np.isfinite([float(value) for value in row.values()]).all()
        assert (row["sam_actor"] == "1") == (float(row["td_error_variance"]) >= tiny_config.sam.td_var_threshold)
        assert float(row["rho_actor"]) == (float(row["rho_critic"]) if row["sam_actor"] == "1" else 0)


def test_a_finished_run_keeps_the_networks_and_its_snapshot_and_nothing_else(tmp_path, tiny_config):
    state = train(RunFolder.create(tmp_path / "run", "ta_sam", tiny_config)).load_checkpoint()
    assert set(state) == {"actors", "critics", "targets", "snapshot/equal_gradients", "training_rate_bps"}
    assert state["actors"].shape[0] == 3
    assert all(np.isfinite(array).all() for array in state.values())


def test_threads_leave_the_same_files(tmp_path, tiny_config, undisturbed):
    assert contents(train(RunFolder.create(tmp_path / "run", "ta_sam", tiny_config), threads=2)) == undisturbed


def test_training_a_finished_run_again_does_nothing(tmp_path, tiny_config, monkeypatch):
    folder = train(RunFolder.create(tmp_path / "run", "ta_sam", tiny_config))
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.path.iterdir()}
    monkeypatch.setattr(training, "Trainer", None)
    monkeypatch.setattr(training, "store_evaluations", None)
    train(RunFolder.open(folder.path))
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.path.iterdir()} == before


def test_two_runs_of_one_seed_are_equal_and_of_two_seeds_are_not(tmp_path, tiny_config, undisturbed):
    again = train(RunFolder.create(tmp_path / "again", "ta_sam", tiny_config))
    assert contents(again) == undisturbed
    other = train(RunFolder.create(tmp_path / "other", "ta_sam", apply_settings(tiny_config, ["run.seed=1"])))
    for name in FILES:
        assert contents(other)[name] != undisturbed[name]


def test_the_stored_evaluation_is_that_of_the_stored_actors(tmp_path, tiny_config):
    folder = train(RunFolder.create(tmp_path / "run", "ta_sam", tiny_config))
    actors = folder.load_checkpoint()["actors"]
    expected = evaluate_held_out(tiny_config, deterministic_policy(tiny_config, actors))
    np.testing.assert_array_equal(folder.evaluation().reward, expected.reward)


def test_a_run_without_a_checkpoint_cannot_be_evaluated(tmp_path, tiny_config):
    folder = RunFolder.create(tmp_path / "run", "ta_sam", tiny_config)
    with pytest.raises(UsageError, match="no checkpoint yet"):
        store_evaluations(folder)


def renames_until_done(monkeypatch, call, killed_at=None, when="after"):
    """Do ``call`` and return how many files it put in place; be killed before or after the one numbered."""
    replace, count = os.replace, 0

    def counting(source, target):
        nonlocal count
        if count == killed_at and when == "before":
            raise Killed
        replace(source, target)
        count += 1
        if count - 1 == killed_at and when == "after":
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", counting)
        call()
    return count


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("settings", [("run.checkpoint_every=4",), STAGED], ids=["one network", "three regimes"])
def test_a_run_cut_off_around_any_file_resumes_to_the_same_bytes(tmp_path, tiny_config, monkeypatch, settings, when):
    config = apply_settings(tiny_config, settings)

    def run(name):
        return lambda: train(open_or_create(tmp_path / name, "ta_sam", config, resume=True))

    total = renames_until_done(monkeypatch, run("counted"))
    assert total > 9
    undisturbed = contents(RunFolder.open(tmp_path / "counted"))
    assert ("regimes.json" in undisturbed) == (settings is STAGED)
    for killed_at in range(2, total):
        name = f"killed_{killed_at}"
        with pytest.raises(Killed):
            renames_until_done(monkeypatch, run(name), killed_at, when)
        run(name)()
        folder = RunFolder.open(tmp_path / name)
        assert contents(folder) == undisturbed
        assert folder.status == "complete" and folder.manifest["iterations_done"] == 6


def test_a_run_cut_off_inside_an_iteration_resumes_to_the_same_bytes(tmp_path, tiny_config, monkeypatch, undisturbed):
    iterate = Trainer.iterate
    for last in range(6):
        path = tmp_path / f"killed_{last}"

        def stop(trainer, last=last):
            columns = iterate(trainer)
            if trainer.iteration > last:
                raise Killed
            return columns

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(Trainer, "iterate", stop)
            train(RunFolder.create(path, "ta_sam", tiny_config))
        assert RunFolder.open(path).status == "running"
        assert contents(train(RunFolder.open(path))) == undisturbed


def test_how_often_a_run_is_saved_changes_nothing_but_that(tmp_path, tiny_config, undisturbed):
    often = train(RunFolder.create(tmp_path / "run", "ta_sam", apply_settings(tiny_config, ["run.checkpoint_every=1"])))
    for name in ("metrics.csv", "evaluation.json"):
        assert contents(often)[name] == undisturbed[name]


def interrupted(tmp_path, tiny_config, monkeypatch):
    """A run that was cut off after its fourth iteration, with a checkpoint of that iteration."""
    iterate = Trainer.iterate

    def stop(trainer):
        if trainer.iteration == 4:
            raise Killed
        return iterate(trainer)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Trainer, "iterate", stop)
        train(RunFolder.create(tmp_path / "run", "ta_sam", tiny_config))
    return RunFolder.open(tmp_path / "run")


def test_a_damaged_checkpoint_stops_a_resume_before_anything_is_written(tmp_path, tiny_config, monkeypatch):
    folder = interrupted(tmp_path, tiny_config, monkeypatch)
    whole = (folder.path / "checkpoint.npz").read_bytes()
    (folder.path / "checkpoint.npz").write_bytes(whole[: len(whole) // 2])
    before = {path: path.read_bytes() for path in folder.path.iterdir()}
    with pytest.raises(UsageError, match=r"checkpoint\.npz"):
        train(folder)
    assert {path: path.read_bytes() for path in folder.path.iterdir()} == before


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_metrics_that_lack_rows_before_the_checkpoint_stop_a_resume(tmp_path, tiny_config, monkeypatch, damage):
    folder = interrupted(tmp_path, tiny_config, monkeypatch)
    path = folder.path / "metrics.csv"
    if damage == "missing":
        path.unlink()
    else:
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:4]))
    with pytest.raises(UsageError, match=r"metrics\.csv"):
        train(folder)


def test_a_diverging_iteration_keeps_the_last_checkpoint_and_the_metrics_so_far(tmp_path, tiny_config, monkeypatch):
    iterate = Trainer.iterate

    def diverge(trainer):
        if trainer.iteration == 5:
            raise RunFailure("the run diverged in iteration 5: by hand")
        return iterate(trainer)

    with monkeypatch.context() as patch, pytest.raises(RunFailure, match="iteration 5"):
        patch.setattr(Trainer, "iterate", diverge)
        train(RunFolder.create(tmp_path / "run", "ta_sam", tiny_config))
    folder = RunFolder.open(tmp_path / "run")
    assert folder.status == "failed" and "iteration 5" in folder.manifest["message"]
    assert folder.load_checkpoint()["iteration"] == 4
    assert folder.metrics()["iteration"] == [t for t in range(5) for _ in range(3)]


def test_a_run_that_fails_is_complete_once_a_second_try_succeeds(tmp_path, tiny_config, monkeypatch, undisturbed):
    test_a_diverging_iteration_keeps_the_last_checkpoint_and_the_metrics_so_far(tmp_path, tiny_config, monkeypatch)
    folder = train(RunFolder.open(tmp_path / "run"))
    assert folder.status == "complete" and folder.manifest["message"] == ""
    assert contents(folder) == undisturbed


def test_a_converged_run_stops_early_and_is_complete(tmp_path, tiny_config):
    config = apply_settings(tiny_config, ["run.convergence_tolerance=1e6"])
    folder = train(RunFolder.create(tmp_path / "run", "ta_sam", config))
    assert folder.status == "complete" and folder.manifest["iterations_done"] == 1
    assert folder.metrics()["iteration"] == [0, 0, 0]
