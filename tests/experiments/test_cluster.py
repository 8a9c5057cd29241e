"""Sweeps on a Dask cluster: a real scheduler and workers, one of them lost, and who does not answer."""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from command_line import refused
from sweeps import contents, start, wait_for_checkpoint


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


def test_a_cluster_runs_the_same_plan_and_survives_the_loss_of_a_worker(undisturbed_sweep, cluster, tmp_path):
    plan, files = undisturbed_sweep
    address, workers = cluster
    process = start(plan, tmp_path / "runs", "--executor", "dask", "--scheduler", address)
    wait_for_checkpoint(tmp_path / "runs")
    workers[0].kill()
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, out + err
    assert contents(tmp_path / "runs") == files


def test_a_scheduler_that_does_not_answer_is_refused(undisturbed_sweep, tmp_path, capsys, monkeypatch):
    pytest.importorskip("distributed")
    from tasam_ref.experiments import cluster

    monkeypatch.setattr(cluster.dask_executor.__wrapped__, "__defaults__", (1,))
    plan, _ = undisturbed_sweep
    line = refused(capsys, "sweep", plan, "--out", tmp_path / "runs", "--executor", "dask", "--scheduler",
                   "tcp://127.0.0.1:9")
    assert "--scheduler tcp://127.0.0.1:9: cannot be reached: " in line
    assert not (tmp_path / "runs").exists()


def test_a_port_where_something_else_answers_is_refused(undisturbed_sweep, tmp_path, capsys):
    """Like that of the scheduler's own web page."""
    pytest.importorskip("distributed")
    plan, _ = undisturbed_sweep
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


def test_without_dask_the_extra_is_named(undisturbed_sweep, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    plan, _ = undisturbed_sweep
    assert "pip install 'tasam_ref[cluster]'" in refused(
        capsys, "sweep", plan, "--out", tmp_path / "runs", "--executor", "dask", "--scheduler", "tcp://127.0.0.1:9")
