"""Workers: each piece has a room to itself, the order is the items', and training has the same bits with any number."""

import threading
import time

import numpy as np
import pytest

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings, load_preset
from tasam_ref.marl.trainer import Trainer
from tasam_ref.marl.workers import Workers
from tasam_ref.methods.registry import METHODS, configure
from tasam_ref.oran.staged_env import build_env

SETTINGS = ("radio.num_dus=4", "radio.num_ues=16", "radio.num_rbs=6", "agent.hidden_sizes=[7, 5]",
            "agent.batch_size=9", "agent.gradient_steps=2", "mdp.episode_frames=5", "run.num_iterations=3",
            "run.frames_per_iteration=4")


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_items(threads):
    def slow_at_first(k, room):
        time.sleep(0.02 * (5 - k))
        return k * k

    assert Workers(threads, list).map(slow_at_first, range(5)) == [0, 1, 4, 9, 16]


def test_no_two_pieces_share_a_room_and_they_do_run_side_by_side():
    """Both first pieces wait for each other: in turn, they would wait for ever."""
    together, busy, shared = threading.Barrier(2, timeout=20), set(), []

    def piece(k, room):
        shared.append(id(room) in busy)
        busy.add(id(room))
        if k < 2:
            together.wait()
        busy.discard(id(room))

    Workers(2, list).map(piece, range(6))
    assert shared == [False] * 6


def test_what_a_piece_raises_reaches_the_caller_and_its_room_is_free_again():
    workers = Workers(2, list)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            workers.map(lambda k, room: 1 // k, [1, 0])
    assert workers.map(lambda k, room: 1 // k, [1, 1, 1]) == [1, 1, 1]


def test_numpys_error_state_is_the_callers():
    with np.errstate(over="raise"):
        for threads in (1, 2):
            with pytest.raises(FloatingPointError):
                Workers(threads, list).map(lambda x, room: np.float32(x) * np.float32(1e38), [1.0, 1e38])


@pytest.mark.parametrize(("method", "reading"), [
    *((method, ()) for method in METHODS), ("ta_sam", ("agent.critic_target=twin_target",)),
    ("ta_sam", ("agent.entropy_in_target=literal",)), ("ta_sam", ("agent.critic_scope=joint",))])
def test_training_has_the_same_bits_with_any_number_of_threads(method, reading):
    config = configure(method, apply_settings(Config(), SETTINGS), reading)
    trainers = [Trainer(config, build_env(config), threads) for threads in (1, 2, 5)]
    for _ in range(config.run.num_iterations):
        alone, *others = [trainer.iterate() for trainer in trainers]
        assert all((other[name] == column).all() for other in others for name, column in alone.items())
    alone, *others = [trainer.state() for trainer in trainers]
    assert all((other[name] == array).all() for other in others for name, array in alone.items())


@pytest.mark.parametrize("method", ["both_sam", "spectral_norm"])
def test_at_the_papers_size_too(method):
    """Six DUs, the networks and the batch of Table 1, in float32; compiled passes and plain ones."""
    short = "agent.buffer_size=128", "run.num_iterations=1", "run.frames_per_iteration=4"
    config = configure(method, load_preset("paper"), short)
    assert (config.num_agents, config.agent.batch_size, config.agent.dtype) == (6, 128, "float32")
    trainers = [Trainer(config, build_env(config), threads) for threads in (1, 2, 4)]
    rows = [trainer.iterate() for trainer in trainers]
    states = [trainer.state() for trainer in trainers]
    for alone, *others in (rows, states):
        assert all((other[name] == array).all() for other in others for name, array in alone.items())
