"""Sweeps: whole, killed, resumed, failed and retried."""

import os
import random
import signal
import subprocess
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext

import pytest
from command_line import refused
from sweeps import contents, start, wait_for_checkpoint, write_plan

from tasam_ref.cli import main
from tasam_ref.errors import RunFailure
from tasam_ref.experiments import runner
from tasam_ref.experiments.plan import load_plan
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.runner import LocalProcesses, as_time, run_all
from tasam_ref.experiments.store import read_plan


def test_a_sweep_trains_every_run_of_its_plan(undisturbed_sweep):
    plan, files = undisturbed_sweep
    assert len(files) == 5 * 3 + 2
    assert "b/ta_sam/seed_0/metrics.csv" in files and "b/ta_sam/seed_1/metrics.csv" not in files
    assert read_plan(plan.parent / "runs") == load_plan(plan)


def test_a_sweep_measures_what_its_plan_names(undisturbed_sweep):
    _, files = undisturbed_sweep
    assert [path for path in files if path.endswith("distributions.json")] == [
        "a/ta_sam/seed_0/distributions.json", "a/ta_sam/seed_1/distributions.json"]


def test_a_finished_sweep_has_nothing_to_do(undisturbed_sweep, tmp_path, capsys):
    plan, files = undisturbed_sweep
    out = plan.parent / "runs"
    assert main(["sweep", str(plan), "--out", str(out)]) == 0
    assert capsys.readouterr().out.count("was complete") == 5
    assert contents(out) == files


@pytest.mark.parametrize("victim", ["sweep", "worker"])
def test_after_a_kill_the_same_command_ends_with_the_same_bytes(undisturbed_sweep, tmp_path, victim):
    """A killed worker is replaced while the sweep goes on; a killed sweep is started again."""
    plan, files = undisturbed_sweep
    process = start(plan, tmp_path / "runs", "--jobs", "2")
    wait_for_checkpoint(tmp_path / "runs")
    time.sleep(random.uniform(0, 0.3))
    if victim == "sweep":
        process.kill()
    else:
        workers = subprocess.run(["pgrep", "-P", str(process.pid), "-f", "spawn_main"], capture_output=True, text=True)
        os.kill(int(random.choice(workers.stdout.split())), signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    if victim == "worker":
        assert process.returncode == 0, out + err
    else:
        time.sleep(1)                                                   # its workers end with it
        assert main(["sweep", str(plan), "--out", str(tmp_path / "runs"), "--jobs", "2"]) == 0
    assert contents(tmp_path / "runs") == files


@pytest.mark.parametrize("deaths", [1, 2])
def test_a_run_whose_process_died_is_taken_up_once_more(undisturbed_sweep, tmp_path, deaths):
    class Dying(ThreadPoolExecutor):
        left = deaths

        def submit(self, function, /, *arguments):
            if self.left == 0:
                return super().submit(function, *arguments)
            self.left -= 1
            future = Future()
            future.set_exception(BrokenProcessPool("killed"))
            return future

    plan, files = undisturbed_sweep
    said, entries = [], load_plan(plan).entries(tmp_path)
    if deaths == 2:
        with pytest.raises(RunFailure, match="1 of 5 runs did not end: a no_sam seed 0"):
            run_all(entries, 1, said.append, Dying(1))
    else:
        run_all(entries, 1, said.append, Dying(1))
        assert contents(tmp_path) == files
    assert said[0] == "a no_sam seed 0: its process died; it goes on from its checkpoint"


def test_a_process_that_dies_between_two_runs_is_replaced():
    with LocalProcesses(1) as pool:
        first = pool.submit(os.getpid).result(timeout=60)
        os.kill(first, signal.SIGKILL)
        time.sleep(0.5)
        assert pool.submit(os.getpid).result(timeout=60) != first


def test_ctrl_c_stops_at_checkpoints(undisturbed_sweep, tmp_path):
    plan, files = undisturbed_sweep
    process = start(plan, tmp_path / "runs", "--jobs", "2")
    wait_for_checkpoint(tmp_path / "runs")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert err.splitlines()[-1].endswith("stopped at a checkpoint: the same command goes on")
    assert main(["sweep", str(plan), "--out", str(tmp_path / "runs"), "--jobs", "2"]) == 0
    assert contents(tmp_path / "runs") == files


def test_failed_runs_are_listed_left_alone_and_tried_again_on_demand(tmp_path, capsys):
    plan = write_plan(tmp_path / "plan.toml", "run.num_iterations=2")
    plan.write_text(plan.read_text("utf-8").replace("agent.gamma=0.5", "agent.learning_rate=1e300"), "utf-8")
    arguments = ["sweep", str(plan), "--out", str(tmp_path / "runs"), "--jobs", "2"]
    assert main(arguments) == 1
    assert "1 of 5 runs did not end: b ta_sam seed 0; --retry tries them again\n" in capsys.readouterr().err
    failed = tmp_path / "runs" / "b" / "ta_sam" / "seed_0"
    before = (failed / "manifest.json").read_bytes()
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert "failed before: b ta_sam seed 0: the run diverged in iteration 0" in said.out
    assert said.out.count("was complete") == 4
    assert "1 of 5 runs failed before; --retry tries them again" in said.err
    assert (failed / "manifest.json").read_bytes() == before
    assert main([*arguments, "--retry"]) == 1
    assert "b ta_sam seed 0: the run diverged in iteration 0" in capsys.readouterr().out


def test_a_dry_run_counts_and_estimates_and_writes_nothing(undisturbed_sweep, tmp_path, capsys):
    plan, _ = undisturbed_sweep
    assert main(["sweep", str(plan), "--out", str(tmp_path / "runs"), "--dry-run"]) == 0
    assert "5 runs, 0 of them complete; the rest takes about " in capsys.readouterr().out
    assert not (tmp_path / "runs").exists()
    assert main(["sweep", str(plan), "--out", str(plan.parent / "runs"), "--dry-run", "--jobs", "2"]) == 0
    assert "5 runs, 5 of them complete; the rest takes about 0 s on this machine with 2 at a time" in (
        capsys.readouterr().out)


def test_progress_says_how_long_the_rest_takes(undisturbed_sweep, monkeypatch):
    """Five runs, the second found complete, a clock on which the first and the third take 100 s each."""
    plan, _ = undisturbed_sweep
    entries = load_plan(plan).entries(plan.parent)
    clock = iter((0.0, 100.0, 100.0, 200.0, 300.0, 400.0))
    monkeypatch.setattr(runner.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(runner, "operations", lambda config: 7.0)
    left = runner._TimeLeft(entries)
    assert [left.left_after(entry, entry is entries[1]) for entry in entries] == [
        "; about 7 min left", "; about 5 min left", "; about 3 min left", "; about 2 min left", ""]


def test_runs_that_were_complete_say_nothing_of_the_others(undisturbed_sweep):
    plan, _ = undisturbed_sweep
    said = []
    run_all(load_plan(plan).entries(plan.parent / "runs"), 1, said.append)
    assert [line.split("]")[0] for line in said] == [f"[{n}/5" for n in range(1, 6)]
    assert all(line.endswith("was complete") for line in said)


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"),
                                               (5400, "1.5 h"), (86400, "24.0 h")])
def test_times_are_told_in_the_unit_that_suits(seconds, text):
    assert as_time(seconds) == text


def test_what_cannot_be_swept_is_refused_in_one_line(undisturbed_sweep, tmp_path, capsys):
    plan, _ = undisturbed_sweep
    out = ("--out", tmp_path / "runs")
    assert "--jobs = 0: must be at least 1" in refused(capsys, "sweep", plan, *out, "--jobs", "0")
    assert "nowhere.toml: cannot be read" in refused(capsys, "sweep", tmp_path / "nowhere.toml", *out)
    assert "--scheduler ADDRESS: must be given" in refused(capsys, "sweep", plan, *out, "--executor", "dask")
    assert "--scheduler ADDRESS: must be given" in refused(capsys, "sweep", plan, *out, "--scheduler", "tcp://a:1")
    RunFolder.create(tmp_path / "runs" / "b" / "ta_sam" / "seed_0", "no_sam", load_plan(plan).entries(".")[0].config)
    assert "holds another run (no_sam" in refused(capsys, "sweep", plan, *out)


def test_any_executor_will_do(undisturbed_sweep, tmp_path):
    plan, files = undisturbed_sweep
    with ThreadPoolExecutor(1) as pool:
        run_all(load_plan(plan).entries(tmp_path), 1, lambda line: None, nullcontext(pool))
    assert contents(tmp_path) == files
