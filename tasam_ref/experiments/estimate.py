"""How long runs will take on this machine: the operations of their updates and the frames of their networks, timed."""

from ..marl.trainer import Trainer
from ..oran.env import OranEnv
from .bench import time_in_turns
from .bench_environment import steps
from .costs import costs, operations
from .evaluation import READINGS
from .measurements import missing
from .run_folder import COMPLETE, RunFolder

ITERATIONS, FRAMES = 2, 20
CURVATURE_UPDATES = 200
"""Updates that a curvature takes as long as: some 45 products in float64, each of a gradient's products twice over."""


def seconds_left(entries):
    """Expected seconds of each entry's run and of what is measured of it: 0 where all of it is there.

    The first entry's iterations are timed, for the seconds of an operation; every network, for those of a frame.
    """
    if not entries:
        return []
    per_operation = _seconds_per_operation(entries[0].config)
    networks = {entry.config.radio: entry.config for entry in entries}
    per_frame = {radio: _seconds_per_frame(config) for radio, config in networks.items()}
    return [_operations_left(entry) * per_operation + _frames_left(entry) * per_frame[entry.config.radio]
            for entry in entries]


def _is_complete(entry):
    return entry.path.exists() and RunFolder.open(entry.path).status == COMPLETE


def _to_measure(entry):
    return missing(RunFolder.open(entry.path), entry.measurements) if _is_complete(entry) else entry.measurements


def _operations_left(entry):
    one_update = sum(costs(entry.config).least.values()) / entry.config.agent.gradient_steps
    return (not _is_complete(entry)) * operations(entry.config) + (
        "curvature" in _to_measure(entry)) * CURVATURE_UPDATES * one_update


def _frames_left(entry):
    """Frames to play: in training; in the held-out episodes by each of ``READINGS``, twice for those at equal
    gradients; once to measure."""
    run = entry.config.run
    held_out = run.eval_episodes * run.eval_frames
    training = run.num_iterations * run.frames_per_iteration
    return (not _is_complete(entry)) * (training + 2 * len(READINGS) * held_out) + (
        "distributions" in _to_measure(entry)) * held_out


def _seconds_per_frame(config):
    return time_in_turns([steps(config)], FRAMES)[0].median


def _seconds_per_operation(config):
    """Of an iteration's products, what lies between them included, the environment's frames left out."""
    trainer = Trainer(config, OranEnv(config))
    seconds = time_in_turns([trainer.iterate], ITERATIONS)[0].median
    frames = config.run.frames_per_iteration * _seconds_per_frame(config)
    return max(seconds - frames, 0.1 * seconds) / sum(costs(config).most.values())
