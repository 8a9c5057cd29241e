"""Helpers of the tests that train: start, run to the end, compare."""

import numpy as np

from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import configure
from tasam_ref.oran.env import OranEnv


def start(config, method="ta_sam", *settings):
    config = configure(method, config, settings)
    return Trainer(config, OranEnv(config))


def mixed_gate(config):
    """A setting of the threshold that the first iteration's variances lie on both sides of."""
    low, high, _ = sorted(start(config, "no_sam").iterate()["td_error_variance"])
    return f"sam.td_var_threshold={float(np.sqrt(low * high))!r}"


def run(config, method="ta_sam", *settings):
    """The trainer at the end of its run, and the rows of all its iterations."""
    trainer = start(config, method, *settings)
    return trainer, [trainer.iterate() for _ in range(config.run.num_iterations)]


def assert_same(one, other, but=()):
    """Two runs ended with the same bits in every parameter, optimiser, buffer and metric."""
    (trainer, rows), (trainer2, rows2) = one, other
    state, state2 = trainer.state(), trainer2.state()
    assert state.keys() == state2.keys()
    for name in state:
        assert np.array_equal(state[name], state2[name]), name
    assert len(rows) == len(rows2)
    for row, row2 in zip(rows, rows2):
        assert list(row) == list(row2)
        for name in set(row) - set(but):
            assert np.array_equal(row[name], row2[name]), name


def differs(one, other):
    (trainer, rows), (trainer2, rows2) = one, other
    return any(not np.array_equal(r[name], r2[name]) for r, r2 in zip(rows, rows2) for name in r) or not (
        np.array_equal(trainer.learner.thetas_p, trainer2.learner.thetas_p))
