"""Shared settings of the tests: reproducible properties, and a network small enough to train in a second."""

import os
import signal
import sys
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import pytest
from hypothesis import settings

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings

signal.signal(signal.SIGINT, signal.default_int_handler)   # a shell's background job ignores Ctrl-C; tests send it
sys.path.append(str(Path(__file__).resolve().parents[1]))                # validation/ is not installed

settings.register_profile("tasam_ref", deadline=None, derandomize=bool(os.environ.get("CI")), max_examples=50)
settings.load_profile("tasam_ref")

TINY_SETTINGS = (
    "radio.num_dus=3", "radio.num_ues=18", "radio.num_rbs=8", "agent.hidden_sizes=[8, 6]", "agent.batch_size=12",
    "agent.buffer_size=200", "agent.learning_rate=1e-3", "mdp.episode_frames=7", "run.num_iterations=6",
    "run.frames_per_iteration=4", "run.checkpoint_every=2", "run.eval_episodes=2", "run.eval_frames=5",
)


@pytest.fixture
def tiny_config():
    """A complete configuration of 3 DUs, 18 users and 8 RBs with small networks and 6 iterations."""
    return apply_settings(Config(), TINY_SETTINGS)


@pytest.fixture(scope="session")
def small_sweep(tmp_path_factory):
    """A finished sweep of ``small_sweep.PLAN``; copy it to change it."""
    from small_sweep import finish, write_small_plan

    folder = tmp_path_factory.mktemp("small_sweep")
    return finish(write_small_plan(folder), folder / "runs")


@pytest.fixture(scope="session")
def small_collected(small_sweep):
    """The Results of that sweep's run folders."""
    from tasam_ref.experiments.store import collect

    return collect(small_sweep)


@pytest.fixture(scope="session")
def small_results(small_collected, tmp_path_factory):
    """A folder with these results; copy it to change it."""
    folder = tmp_path_factory.mktemp("small_results") / "results"
    small_collected.write(folder)
    return folder


@pytest.fixture(scope="session")
def undisturbed_sweep(tmp_path_factory):
    """The plan of ``sweeps``, and the bytes of a sweep that was left alone."""
    from sweeps import contents, write_plan

    from tasam_ref.cli import main

    folder = tmp_path_factory.mktemp("sweep")
    plan = write_plan(folder / "plan.toml")
    assert main(["sweep", str(plan), "--out", str(folder / "runs"), "--jobs", "2"]) == 0
    return plan, contents(folder / "runs")
