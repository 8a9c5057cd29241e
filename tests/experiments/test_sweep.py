"""Sweeps: whole, killed, resumed, failed and retried; on this machine and on a cluster."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from command_line import command, refused
from conftest import TINY_SETTINGS

from tasam_ref.cli import main
from tasam_ref.errors import RunFailure
from tasam_ref.experiments import runner
from tasam_ref.experiments.plan import load_plan
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.runner import LocalProcesses, as_time, run_all
from tasam_ref.experiments.store import read_plan

FILES = ("metrics.csv", "evaluation.json", "checkpoint.npz", "distributions.json")


def write_plan(path, *settings):
    """A plan of five small runs: two methods in two seeds, one of them measured, and one more."""
    listed = ", ".join(f'"{s}"' for s in (*TINY_SETTINGS, "run.num_iterations=30", *settings))
    path.write_text(f'seeds = 2\nsettings = [{listed}]\n[groups.a]\nmethods = ["no_sam", "ta_sam"]\n[groups.b]\n'
                    'methods = ["ta_sam"]\nsettings = ["agent.gamma=0.5"]\nseeds = 1\n'
                    '[measure.distributions]\na = ["ta_sam"]\n', "utf-8")
    return path


def contents(out):
    return {str(file.relative_to(out)): file.read_bytes() for name in FILES for file in sorted(out.rglob(name))}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The plan, and the bytes of a sweep that was left alone."""
    folder = tmp_path_factory.mktemp("sweep")
    plan = write_plan(folder / "plan.toml")
    assert main(["sweep", str(plan), "--out", str(folder / "runs"), "--jobs", "2"]) == 0
    return plan, contents(folder / "runs")


def start(plan, out, *options):
    return subprocess.Popen(command("sweep", plan, "--out", out, *options), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def wait_for_checkpoint(out):
    while not any(out.rglob("checkpoint.npz")):
        time.sleep(0.002)


def test_a_sweep_trains_every_run_of_its_plan(undisturbed):
    plan, files = undisturbed
    assert len(files) == 5 * 3 + 2
    assert "b/ta_sam/seed_0/metrics.csv" in files and "b/ta_sam/seed_1/metrics.csv" not in files
    assert read_plan(plan.parent / "runs") == load_plan(plan)


def test_a_sweep_measures_what_its_plan_names(undisturbed):
    _, files = undisturbed
    assert [path for path in files if path.endswith("distributions.json")] == [
        "a/ta_sam/seed_0/distributions.json", "a/ta_sam/seed_1/distributions.json"]


def test_a_finished_sweep_has_nothing_to_do(undisturbed, tmp_path, capsys):
    plan, files = undisturbed
    out = plan.parent / "runs"
    assert main(["sweep", str(plan), "--out", str(out)]) == 0
    assert capsys.readouterr().out.count("was complete") == 5
    assert contents(out) == files


@pytest.mark.parametrize("victim", ["sweep", "worker"])
def test_after_a_kill_the_same_command_ends_with_the_same_bytes(undisturbed, tmp_path, victim):
    """A killed worker is replaced while the sweep goes on; a killed sweep is started again."""
    plan, files = undisturbed
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
def test_a_run_whose_process_died_is_taken_up_once_more(undisturbed, tmp_path, deaths):
    class Dying(ThreadPoolExecutor):
        left = deaths

        def submit(self, function, /, *arguments):
            if self.left == 0:
                return super().submit(function, *arguments)
            self.left -= 1
            future = Future()
            future.set_exception(BrokenProcessPool("killed"))
            return future

    plan, files = undisturbed
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


def test_ctrl_c_stops_at_checkpoints(undisturbed, tmp_path):
    plan, files = undisturbed
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


def test_a_dry_run_counts_and_estimates_and_writes_nothing(undisturbed, tmp_path, capsys):
    plan, _ = undisturbed
    assert main(["sweep", str(plan), "--out", str(tmp_path / "runs"), "--dry-run"]) == 0
    assert "5 runs, 0 of them complete; the rest takes about " in capsys.readouterr().out
    assert not (tmp_path / "runs").exists()
    assert main(["sweep", str(plan), "--out", str(plan.parent / "runs"), "--dry-run", "--jobs", "2"]) == 0
    assert "5 runs, 5 of them complete; the rest takes about 0 s on this machine with 2 at a time" in (
        capsys.readouterr().out)


def test_progress_says_how_long_the_rest_takes(undisturbed, monkeypatch):
    """Five runs, the second found complete, a clock on which the first and the third take 100 s each."""
    plan, _ = undisturbed
    entries = load_plan(plan).entries(plan.parent)
    clock = iter((0.0, 100.0, 100.0, 200.0, 300.0, 400.0))
    monkeypatch.setattr(runner.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(runner, "operations", lambda config: 7.0)
    left = runner._TimeLeft(entries)
    assert [left.left_after(entry, entry is entries[1]) for entry in entries] == [
        "; about 7 min left", "; about 5 min left", "; about 3 min left", "; about 2 min left", ""]


def test_runs_that_were_complete_say_nothing_of_the_others(undisturbed):
    plan, _ = undisturbed
    said = []
    run_all(load_plan(plan).entries(plan.parent / "runs"), 1, said.append)
    assert [line.split("]")[0] for line in said] == [f"[{n}/5" for n in range(1, 6)]
    assert all(line.endswith("was complete") for line in said)


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"),
                                               (5400, "1.5 h"), (86400, "24.0 h")])
def test_times_are_told_in_the_unit_that_suits(seconds, text):
    assert as_time(seconds) == text


def test_what_cannot_be_swept_is_refused_in_one_line(undisturbed, tmp_path, capsys):
    plan, _ = undisturbed
    out = ("--out", tmp_path / "runs")
    assert "--jobs = 0: must be at least 1" in refused(capsys, "sweep", plan, *out, "--jobs", "0")
    assert "nowhere.toml: cannot be read" in refused(capsys, "sweep", tmp_path / "nowhere.toml", *out)
    assert "--scheduler ADDRESS: must be given" in refused(capsys, "sweep", plan, *out, "--executor", "dask")
    assert "--scheduler ADDRESS: must be given" in refused(capsys, "sweep", plan, *out, "--scheduler", "tcp://a:1")
    RunFolder.create(tmp_path / "runs" / "b" / "ta_sam" / "seed_0", "no_sam", load_plan(plan).entries(".")[0].config)
    assert "holds another run (no_sam" in refused(capsys, "sweep", plan, *out)


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler and two workers in processes of their own: its address, and the workers."""
    pytest.importorskip("distributed")
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    file, processes = tmp_path / "scheduler.json", []

    def begin(module, *words):
        words = [sys.executable, "-m", f"distributed.cli.{module}", *words, "--scheduler-file", file, "--no-dashboard"]
        processes.append(subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                          start_new_session=True))
        return processes[-1]

    begin("dask_scheduler", "--port", "0", "--host", "127.0.0.1")
    workers = [begin("dask_worker", "--nthreads", "1", "--no-nanny") for _ in range(2)]
    from distributed import Client

    while not file.exists():
        time.sleep(0.05)
    with Client(scheduler_file=str(file), timeout=60) as client:
        client.wait_for_workers(2, timeout=60)
        yield client.scheduler.address, workers
    for process in processes:
        process.kill()
        process.wait()


def test_a_cluster_runs_the_same_plan_and_survives_the_loss_of_a_worker(undisturbed, cluster, tmp_path):
    plan, files = undisturbed
    address, workers = cluster
    process = start(plan, tmp_path / "runs", "--executor", "dask", "--scheduler", address)
    wait_for_checkpoint(tmp_path / "runs")
    workers[0].kill()
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, out + err
    assert contents(tmp_path / "runs") == files


def test_a_scheduler_that_does_not_answer_is_refused(undisturbed, tmp_path, capsys, monkeypatch):
    pytest.importorskip("distributed")
    from tasam_ref.experiments import cluster

    monkeypatch.setattr(cluster.dask_executor.__wrapped__, "__defaults__", (1,))
    plan, _ = undisturbed
    line = refused(capsys, "sweep", plan, "--out", tmp_path / "runs", "--executor", "dask", "--scheduler",
                   "tcp://127.0.0.1:9")
    assert "--scheduler tcp://127.0.0.1:9: cannot be reached: " in line
    assert not (tmp_path / "runs").exists()


def test_a_port_where_something_else_answers_is_refused(undisturbed, tmp_path, capsys):
    """Like that of the scheduler's own web page."""
    pytest.importorskip("distributed")
    plan, _ = undisturbed
    guests = []

    def answer(server):
        with suppress(OSError):                                         # until the server is shut down
            while True:
                guests.append(server.accept()[0])
                guests[-1].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        host = threading.Thread(target=answer, args=(server,))
        host.start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        line = refused(capsys, "sweep", plan, "--out", tmp_path / "runs", "--executor", "dask", "--scheduler", address)
        server.shutdown(socket.SHUT_RDWR)
        host.join()
    for guest in guests:
        guest.close()
    assert f"--scheduler {address}: cannot be reached: what answers there is no Dask scheduler" in line


def test_without_dask_the_extra_is_named(undisturbed, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    plan, _ = undisturbed
    assert "pip install 'tasam_ref[cluster]'" in refused(
        capsys, "sweep", plan, "--out", tmp_path / "runs", "--executor", "dask", "--scheduler", "tcp://127.0.0.1:9")


def test_any_executor_will_do(undisturbed, tmp_path):
    plan, files = undisturbed
    with ThreadPoolExecutor(1) as pool:
        run_all(load_plan(plan).entries(tmp_path), 1, lambda line: None, nullcontext(pool))
    assert contents(tmp_path) == files
