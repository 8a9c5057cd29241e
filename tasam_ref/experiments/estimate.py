"""How long runs will take on this machine: the operations of their updates and the frames of their networks, timed."""

from ..marl.trainer import Trainer
from ..oran.env import OranEnv
from .bench import bench_environment, median_seconds
from .costs import costs, operations
from .run_folder import COMPLETE, RunFolder

ITERATIONS, FRAMES = 2, 20


def seconds_left(entries):
    """Expected seconds of each entry's run: 0 where it is complete.

    The first entry's iterations are timed, for the seconds of an operation; every network, for those of a frame.
    """
    if not entries:
        return []
    per_operation = _seconds_per_operation(entries[0].config)
    networks = {entry.config.radio: entry.config for entry in entries}
    per_frame = {radio: _seconds_per_frame(config) for radio, config in networks.items()}
    return [0.0 if _is_complete(entry) else operations(entry.config) * per_operation
            + _frames(entry.config.run) * per_frame[entry.config.radio] for entry in entries]


def _is_complete(entry):
    return entry.path.exists() and RunFolder.open(entry.path).status == COMPLETE


def _frames(run):
    """Frames that a run plays: in training, and twice the held-out episodes, for those at equal gradients."""
    return run.num_iterations * run.frames_per_iteration + 2 * run.eval_episodes * run.eval_frames


def _seconds_per_frame(config):
    return 1 / bench_environment(config, FRAMES)


def _seconds_per_operation(config):
    """Of an iteration's products, what lies between them included, the environment's frames left out."""
    trainer = Trainer(config, OranEnv(config))
    seconds = median_seconds([trainer.iterate], ITERATIONS)[0]
    frames = config.run.frames_per_iteration * _seconds_per_frame(config)
    return max(seconds - frames, 0.1 * seconds) / sum(costs(config).most.values())
