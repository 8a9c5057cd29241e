"""Progress of a long loop: plain lines now and then, or a bar where one is installed and somebody watches."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tasam_ref.experiments import progress as module
from tasam_ref.experiments.progress import Progress, say_if_compiling
from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.passes import TanhWorkspace


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves: ``clock[0] += 3``."""
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def no_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)


@pytest.fixture(params=[Terminal, io.StringIO])
def listen(request, monkeypatch):
    """A function that puts a new stream in the place of stderr and returns it."""

    def start():
        monkeypatch.setattr(sys, "stderr", request.param())
        return sys.stderr

    return start


def test_without_tqdm_a_plain_line_appears_every_ten_seconds_at_most(clock, no_tqdm, listen):
    stderr = listen()
    with Progress("ta_sam seed 0", 100) as progress:
        for done in range(1, 101):
            clock[0] += 1
            progress.update(done, "reward 0.5")
    lines = stderr.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0] == "ta_sam seed 0: 10/100 iterations, about 90 s left  reward 0.5"
    assert all(line.startswith(f"ta_sam seed 0: {10 * (n + 1)}/100 ") for n, line in enumerate(lines))


def test_a_short_loop_says_nothing(clock, no_tqdm, listen):
    stderr = listen()
    with Progress("ta_sam", 5) as progress:
        for done in range(1, 6):
            clock[0] += 1
            progress.update(done)
    assert stderr.getvalue() == ""


def test_a_slow_loop_says_something_every_time(clock, no_tqdm, listen):
    stderr = listen()
    with Progress("ta_sam", 3) as progress:
        for done in range(1, 4):
            clock[0] += 60
            progress.update(done)
    assert len(stderr.getvalue().splitlines()) == 3


def test_the_time_left_counts_from_where_a_resumed_run_went_on(clock, no_tqdm, listen):
    stderr = listen()
    with Progress("ta_sam", 100, start=50) as progress:
        clock[0] += 20
        progress.update(60)
    assert "60/100 iterations, about 80 s left" in stderr.getvalue()


def test_with_tqdm_and_a_terminal_there_is_a_bar(monkeypatch):
    pytest.importorskip("tqdm")
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress("ta_sam seed 0", 8, start=4) as progress:
        for done in range(5, 9):
            progress.update(done, "reward 0.5")
    assert "8/8" in stream.getvalue() and "ta_sam seed 0" in stream.getvalue()
    assert "iterations, about" not in stream.getvalue()


def test_nobody_watching_means_no_bar(clock, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress("ta_sam", 8) as progress:
        progress.update(1)
    assert stream.getvalue() == ""


def test_compiling_is_announced_where_no_run_has_left_what_it_compiled(monkeypatch, tmp_path, capsys):
    net = MLP((1, 1))
    TanhWorkspace(net, 1, np.float32).forward(np.zeros(net.num_params, np.float32), np.zeros((1, 1), np.float32))
    say_if_compiling()                                                     # this process has just left it
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(module, "forward", SimpleNamespace(stats=SimpleNamespace(cache_path=str(tmp_path))))
    say_if_compiling()
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("compiling for this machine") and said.err.count("\n") == 1
    monkeypatch.setattr(module, "forward", lambda: None)                   # as where nothing is compiled
    say_if_compiling()
    assert capsys.readouterr().err == ""
