"""Runs in processes of their own that are killed, interrupted, damaged or diverge."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from command_line import command, complaints, run_command, tiny_options

from tasam_ref.errors import UsageError
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.training import train

FILES = ("checkpoint.npz", "metrics.csv", "evaluation.json")
ITERATIONS = 60
LONG = tiny_options(f"run.num_iterations={ITERATIONS}", "run.checkpoint_every=5", "run.frames_per_iteration=24")


def contents(path):
    return {name: (path / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Bytes of FILES of the long run, left alone."""
    path = tmp_path_factory.mktemp("undisturbed")
    done = run_command("train", "ta_sam", "--out", "run", *LONG, cwd=path)
    assert (done.returncode, complaints(done)) == (0, "")
    return contents(path / "run")


def saved_iterations(path):
    try:
        return json.loads((path / "manifest.json").read_text("utf-8"))["iterations_done"]
    except FileNotFoundError:
        return 0


def start_and_signal(path, number, after, pause, *arguments, cwd=None):
    """Start the run, send it a signal once ``after`` iterations are saved and a pause has passed; return it ended."""
    process = subprocess.Popen(command(*arguments), cwd=cwd or path.parent, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        while process.poll() is None and saved_iterations(path) < after:
            time.sleep(0.001)
        time.sleep(pause)
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_run_killed_three_times_ends_with_the_bytes_of_one_left_alone(tmp_path, undisturbed):
    moments = random.Random(20240607)
    path = tmp_path / "run"
    options = ("ta_sam", *LONG)
    for low in (1, 15, 29):
        after, pause = moments.randrange(low, low + 10), moments.uniform(0, 0.1)
        killed = start_and_signal(path, signal.SIGKILL, after, pause, "train", *options, "--out", "run")
        assert killed.returncode == -signal.SIGKILL
        assert RunFolder.open(path).status == "running"
        assert 0 < saved_iterations(path) < ITERATIONS
        options = ("--resume",)
    done = run_command("train", "--resume", "--out", "run", cwd=tmp_path)
    assert (done.returncode, complaints(done)) == (0, "")
    assert contents(path) == undisturbed
    assert RunFolder.open(path).status == "complete"


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_cleanly_and_says_how_to_go_on(tmp_path, undisturbed, number):
    path = tmp_path / "run"
    stopped = start_and_signal(path, number, 10, 0.02, "train", "ta_sam", "--out", "run", *LONG)
    assert stopped.returncode == 1
    assert complaints(stopped).count("\n") == 1
    assert complaints(stopped).startswith("tasam-ref: failed: interrupted after iteration ")
    assert re.search(r"go on with: tasam-ref train --out (\S*/)?run --resume\n$", complaints(stopped))
    folder = RunFolder.open(path)
    state = folder.load_checkpoint()
    assert folder.status == "interrupted"
    assert f"after iteration {state['iteration']} of 60" in complaints(stopped)
    assert folder.manifest["iterations_done"] == state["iteration"] >= 10
    assert len(folder.metrics()["iteration"]) == 3 * state["iteration"]
    if number == signal.SIGINT:
        done = run_command("train", "--out", "run", "--resume", cwd=tmp_path)
        assert (done.returncode, complaints(done)) == (0, "")
        assert contents(path) == undisturbed


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_an_interrupted_comparison_saves_what_runs_starts_nothing_more_and_goes_on(tmp_path, undisturbed):
    words = ("compare", "ta_sam", "--seeds", "2", "--jobs", "1", "--out", "out", *LONG)
    first, second = (tmp_path / "out" / "ta_sam" / f"seed_{seed}" for seed in (0, 1))
    process = subprocess.Popen(command(*words), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, start_new_session=True)
    try:
        while process.poll() is None and saved_iterations(first) < 10:
            time.sleep(0.001)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1 and "Traceback" not in err
    assert "tasam-ref: failed: interrupted; the runs under way were stopped at a checkpoint" in err
    assert RunFolder.open(first).status == "interrupted" and not second.exists()
    assert saved_iterations(first) == RunFolder.open(first).load_checkpoint()["iteration"]
    train(RunFolder.open(first))
    assert contents(first) == undisturbed


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_workers_do_not_outlive_a_killed_comparison(tmp_path, undisturbed):
    """The run under way writes a checkpoint and ends; its output closes; a resumed run ends with the usual bytes."""
    words = ("compare", "ta_sam", "--seeds", "1", "--jobs", "1", "--out", "out", *LONG)
    run = tmp_path / "out" / "ta_sam" / "seed_0"
    killed = start_and_signal(run, signal.SIGKILL, 10, 0.02, *words, cwd=tmp_path)
    assert killed.returncode == -signal.SIGKILL
    assert RunFolder.open(run).status == "interrupted"
    assert 10 <= saved_iterations(run) < ITERATIONS
    train(RunFolder.open(run))
    assert contents(run) == undisturbed


def test_a_lost_checkpoint_is_not_silently_begun_anew(tmp_path, tiny_config):
    folder = RunFolder.create(tmp_path / "run", "ta_sam", tiny_config)
    folder.write_manifest(iterations_done=4)
    with pytest.raises(UsageError, match=r"checkpoint\.npz is missing, though iteration 4 was saved"):
        train(folder)


def test_a_run_is_trained_by_one_process_at_a_time(tmp_path, tiny_config):
    folder = RunFolder.create(tmp_path / "run", "ta_sam", tiny_config)
    before = {file: file.read_bytes() for file in folder.path.iterdir()}
    with folder.locked(), pytest.raises(UsageError, match="another process is training"):
        train(RunFolder.open(folder.path))
    assert {file: file.read_bytes() for file in folder.path.iterdir()} == before
    assert train(RunFolder.open(folder.path)).status == "complete"


def test_a_diverging_run_stops_names_the_iteration_and_keeps_a_finite_checkpoint(tmp_path):
    settings = tiny_options("agent.learning_rate=1e12", "sam.base_optimizer=sgd", "agent.dtype=float64",
                            "run.checkpoint_every=1", "run.num_iterations=40")
    failed = run_command("train", "ta_sam", "--out", "run", *settings, cwd=tmp_path)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert complaints(failed).startswith("tasam-ref: failed: the run diverged in iteration ")
    assert complaints(failed).count("\n") == 1
    folder = RunFolder.open(tmp_path / "run")
    state = folder.load_checkpoint()
    assert folder.status == "failed"
    assert 0 < state["iteration"] < 40
    assert f"iteration {state['iteration']}:" in complaints(failed)
    for name, array in state.items():
        assert name == "td_errors" or name.startswith("env/") or np.isfinite(array).all(), name
    again = run_command("train", "--out", "run", "--resume", cwd=tmp_path)
    assert (again.returncode, complaints(again)) == (1, complaints(failed))
    assert folder.load_checkpoint()["iteration"] == state["iteration"]


def test_a_run_that_diverges_at_once_says_so_in_one_line(tmp_path):
    failed = run_command("train", "no_sam", "--out", "run", *tiny_options("agent.learning_rate=1e30"), cwd=tmp_path)
    assert failed.returncode == 1
    assert complaints(failed).startswith("tasam-ref: failed: the run diverged in iteration 0")
    assert complaints(failed).count("\n") == 1
    assert RunFolder.open(tmp_path / "run").status == "failed"
