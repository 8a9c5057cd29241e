"""One run from its folder to its end: train, checkpoint, evaluate; resumable at any moment."""

import shlex
import signal
import threading
import time
from contextlib import contextmanager
from multiprocessing import parent_process

from ..errors import RunFailure, UsageError
from ..marl.trainer import Trainer, snapshots_in
from ..oran.staged_env import build_env
from .evaluation import evaluate_actors
from .forgetting import evaluate_regimes
from .progress import Progress, say_if_compiling
from .run_folder import COMPLETE, FAILED, INTERRUPTED, RUNNING, RunFolder, metric_header, metric_lines


def open_or_create(path, method, config, resume):
    """Return the run's folder: a new one, or with ``resume`` the existing one if it holds the same run."""
    if not (resume and path.exists()):
        return RunFolder.create(path, method, config)
    folder = RunFolder.open(path)
    if folder.method != method or folder.config != config:
        raise UsageError(f"{path}: holds another run ({folder.method}, config {folder.manifest['config_hash']}) than "
                         f"the one asked for ({method}); choose another folder")
    return folder


def train(folder, threads=1):
    """Bring the run in ``folder`` to its end, its actors' updates shared by so many threads, and return the folder.

    Raises RunFailure when the run diverges or is interrupted; what was reached is kept, and calling again goes on.
    """
    if folder.status == COMPLETE:
        return folder
    say_if_compiling()
    with folder.locked():
        return _train(folder, threads)


def _train(folder, threads):
    state, saved = folder.load_checkpoint(), folder.manifest["iterations_done"]
    if state is None and saved:
        raise UsageError(f"{folder.path}: checkpoint.npz is missing, though iteration {saved} was saved")
    clock = _Clock(folder.manifest["wall_seconds"])
    folder.sweep()
    folder.write_manifest(status=RUNNING, message="")
    try:
        if state is None or "iteration" in state:
            _train_to_end(folder, state, clock, threads)
    except RunFailure as failure:
        status = INTERRUPTED if isinstance(failure, Interrupted) else FAILED
        folder.write_manifest(status=status, message=str(failure), wall_seconds=clock.seconds())
        raise
    store_evaluations(folder)
    folder.write_manifest(status=COMPLETE, wall_seconds=clock.seconds())
    return folder


def store_evaluations(folder):
    """Write evaluation.json, equal_gradients.json if the run has that snapshot, and regimes.json if all of its several
    stages have ended."""
    state = _checkpoint(folder)
    snapshots = snapshots_in(state)
    actors = {"evaluation.json": state["actors"]}
    if "equal_gradients" in snapshots:
        actors["equal_gradients.json"] = snapshots["equal_gradients"]
    for name, evaluation in evaluate_actors(folder.config, actors).items():
        folder.write_evaluation(evaluation, name)
    if len(folder.config.regimes.sequence) > 1 and "iteration" not in state:
        folder.write_regimes(evaluate_regimes(folder.config, snapshots, state["actors"]))


def _checkpoint(folder):
    state = folder.load_checkpoint()
    if state is None:
        raise UsageError(f"{folder.path}: has no checkpoint yet; train it first")
    return state


class Interrupted(RunFailure):
    """Stopped by Ctrl-C or SIGTERM, with a checkpoint."""


class _Clock:
    def __init__(self, already):
        self.already, self.began = already, time.monotonic()

    def seconds(self):
        """Wall time of the run so far, its earlier parts included."""
        return round(self.already + time.monotonic() - self.began, 3)


def _train_to_end(folder, state, clock, threads):
    config = folder.config
    trainer = Trainer(config, build_env(config), threads)
    lines = []
    if state is not None:
        trainer.set_state(state)
        lines = folder.read_metric_lines(trainer.iteration)
    total = config.run.num_iterations
    label = f"{folder.method} seed {config.run.seed}"
    with Progress(label, total, trainer.iteration) as progress, _stop_requests() as stop:
        while trainer.iteration < total and not trainer.converged:
            try:
                columns = trainer.iterate()
            except RunFailure:
                folder.write_metrics(lines)
                raise
            lines = lines or [metric_header(columns)]
            lines += metric_lines(trainer.iteration - 1, columns)
            progress.update(trainer.iteration, f"reward {columns['reward'].mean():.3f}")
            stopping = stop.is_set() or _is_orphan()
            if stopping or trainer.iteration % config.run.checkpoint_every == 0:
                _save(folder, lines, trainer, clock)
            if stopping:
                raise Interrupted(f"interrupted after iteration {trainer.iteration} of {total}; go on with: "
                                  f"tasam-ref train --out {shlex.quote(str(folder.path))} --resume")
    folder.write_metrics(lines)
    folder.write_manifest(iterations_done=trainer.iteration)
    folder.save_checkpoint(trainer.results())


def _save(folder, lines, trainer, clock):
    """Metrics first: rows beyond the checkpoint are dropped on resume, missing ones could not be made up."""
    folder.write_metrics(lines)
    folder.save_checkpoint(trainer.state())
    folder.write_manifest(iterations_done=trainer.iteration, wall_seconds=clock.seconds())


def _is_orphan():
    """Whether this is a worker whose comparison was killed: nobody waits for it, and --resume may start it again."""
    parent = parent_process()
    return parent is not None and not parent.is_alive()


@contextmanager
def _stop_requests():
    """An event that Ctrl-C and SIGTERM set, so that the iteration under way can end; a second Ctrl-C does not wait."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def ask(signum, frame):
        if event.is_set() and signum == signal.SIGINT:
            raise KeyboardInterrupt
        event.set()

    previous = {s: signal.signal(s, ask) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for s, handler in previous.items():
            signal.signal(s, handler)
