"""Helpers of the tests that train: start, run to the end, compare."""

import io

import numpy as np

from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import configure
from tasam_ref.oran.staged_env import build_env

# What tells a method that spends more apart from one that does the same for less.
SPENT = ("gradient_evaluations", "snapshot/equal_gradients")


def start(config, method="ta_sam", *settings):
    config = configure(method, config, settings)
    return Trainer(config, build_env(config))


def mixed_gate(config):
    """A setting of the threshold that the first iteration's variances lie on both sides of."""
    low, high, _ = sorted(start(config, "no_sam").iterate()["td_error_variance"])
    return f"sam.td_var_threshold={float(np.sqrt(low * high))!r}"


def run(config, method="ta_sam", *settings):
    """The trainer at the end of its run, and the rows of all its iterations."""
    trainer = start(config, method, *settings)
    return trainer, [trainer.iterate() for _ in range(config.run.num_iterations)]


def through_a_file(state):
    """The state as a file keeps it: plain arrays, no pickle."""
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def assert_same(one, other, but=()):
    """Two runs ended with the same bits in every parameter, optimiser, buffer and metric, ``but`` for some."""
    (trainer, rows), (trainer2, rows2) = one, other
    state, state2 = trainer.state(), trainer2.state()
    assert state.keys() - set(but) == state2.keys() - set(but)
    for name in state.keys() - set(but):
        assert np.array_equal(state[name], state2[name], equal_nan=True), name
    assert len(rows) == len(rows2)
    for row, row2 in zip(rows, rows2):
        assert list(row) == list(row2)
        for name in set(row) - set(but):
            assert np.array_equal(row[name], row2[name]), name


def run_with_a_break(start_anew, broken_at, iterations, through):
    """A run broken off after some iterations and gone on with from its saved state: the trainer, and all rows.

    ``through`` maps a state to what is read back of it.
    """
    first = start_anew()
    done = [first.iterate() for _ in range(broken_at)]
    state = through(first.state())
    resumed = start_anew()
    if broken_at % 2:
        resumed.iterate()                                        # whatever it was doing before is forgotten
    resumed.set_state(state)
    assert resumed.iteration == broken_at
    return resumed, done + [resumed.iterate() for _ in range(iterations - broken_at)]


def differs(one, other):
    (trainer, rows), (trainer2, rows2) = one, other
    return any(not np.array_equal(r[name], r2[name]) for r, r2 in zip(rows, rows2) for name in r) or not (
        np.array_equal(trainer.agents.thetas_p, trainer2.agents.thetas_p))
