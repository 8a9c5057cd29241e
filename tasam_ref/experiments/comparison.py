"""Methods against each other: one run per method and seed, in processes of their own."""

import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from multiprocessing import active_children, connection, get_context, parent_process
from pathlib import Path

from ..config import Config
from ..errors import RunFailure, UsageError
from .run_folder import COMPLETE, RunFolder
from .training import open_or_create, train


@dataclass(frozen=True)
class Entry:
    """One run of a comparison: what to run and where.  ``label`` tells entries of one method and seed apart."""

    method: str
    seed: int
    config: Config
    path: Path
    label: str = ""

    @property
    def name(self):
        """How messages call this run."""
        return f"{self.label} {self.method} seed {self.seed}".lstrip()


def plan(configs, seeds, out):
    """Entries for a mapping method -> Config and a number of seeds, in folders out/method/seed_N."""
    return [Entry(method, seed, replace(config, run=replace(config.run, seed=seed)),
                  Path(out) / method / f"seed_{seed}")
            for seed in range(seeds) for method, config in configs.items()]


def prepare(entries, resume):
    """Refuse before anything runs: places that cannot be written, folders that exist (without ``resume``) or hold
    other runs."""
    for entry in entries:
        ground = next(parent for parent in entry.path.absolute().parents if os.path.lexists(parent))
        if not (os.path.isdir(ground) and os.access(ground, os.W_OK | os.X_OK)):
            raise UsageError(f"{entry.path}: cannot be written: {ground} is no folder that can be written to")
        if entry.path.exists():
            if not resume:
                raise UsageError(f"{entry.path}: exists already; continue with --resume, or choose another --out")
            open_or_create(entry.path, entry.method, entry.config, resume=True)


def run_all(entries, jobs, say):
    """Run every entry, ``jobs`` at a time in processes of their own, and return the RunFolders in order.

    Finished runs are kept and unfinished ones go on.  Raises RunFailure when any failed, after the others ended, and
    when interrupted, after those under way have stopped at a checkpoint.
    """
    waiting, running, failures = list(entries), {}, []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start_worker) as pool:
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    entry = waiting.pop(0)
                    running[pool.submit(_run, entry)] = entry
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    entry, failure = running.pop(future), future.exception()
                    done = len(entries) - len(waiting) - len(running)
                    say(f"[{done}/{len(entries)}] {entry.name}: {failure or future.result()}")
                    failures += [entry.name] if failure is not None else []
        except KeyboardInterrupt:
            for worker in active_children():
                worker.terminate()
            raise RunFailure("interrupted; the runs under way were stopped at a checkpoint: the same command with "
                             "--resume goes on") from None
    if failures:
        raise RunFailure(f"{len(failures)} of {len(entries)} runs did not end: {', '.join(failures)}; the same command "
                         "with --resume tries them again")
    return [RunFolder.open(entry.path) for entry in entries]


def _start_worker():
    """Leave Ctrl-C to the process that started this one, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent():
    """Once the parent is gone, let the run under way write its checkpoint, then end."""
    connection.wait([parent_process().sentinel])
    with _at_work:
        os._exit(1)


_at_work = threading.Lock()


def _run(entry):
    with _at_work:
        folder = open_or_create(entry.path, entry.method, entry.config, resume=True)
        if folder.status == COMPLETE:
            return "was complete"
        train(folder)
    return f"done in {folder.manifest['wall_seconds']:.0f} s, held-out reward {folder.evaluation().reward.mean():.3f}"
