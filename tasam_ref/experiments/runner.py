"""Runs in processes of their own, on this machine or on a cluster: resumable, and plain about what failed."""

import os
import signal
import threading
import time
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, ProcessPoolExecutor, wait
from multiprocessing import active_children, connection, get_context, parent_process

from ..errors import RunFailure, UsageError
from .costs import operations
from .measurements import measure, missing
from .progress import say_if_compiling
from .run_folder import COMPLETE, FAILED, RunFolder
from .training import open_or_create, train


class LocalProcesses(Executor):
    """A pool of one process for each job: a process that dies takes its own run with it and no other."""

    def __init__(self, jobs):
        self._pools, self._futures = [None] * jobs, [None] * jobs

    def submit(self, function, /, *arguments):
        """Run ``function(*arguments)`` in the first idle process; no more may be under way than there are jobs."""
        slot = next(k for k, future in enumerate(self._futures) if future is None or future.done())
        try:
            if self._pools[slot] is None:
                raise BrokenExecutor
            self._futures[slot] = self._pools[slot].submit(function, *arguments)
        except BrokenExecutor:                  # none yet, or one that died with its last run or since
            self._pools[slot] = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_start_worker)
            self._futures[slot] = self._pools[slot].submit(function, *arguments)
        return self._futures[slot]

    def shutdown(self, wait=True, *, cancel_futures=False):
        """End the processes."""
        for pool in self._pools:
            if pool is not None:
                pool.shutdown(wait, cancel_futures=cancel_futures)


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


def failures_of(entries):
    """A mapping from the entries whose runs failed before to what they said."""
    folders = {entry: RunFolder.open(entry.path) for entry in entries if entry.path.exists()}
    return {entry: folder.manifest["message"] for entry, folder in folders.items() if folder.status == FAILED}


def run_all(entries, jobs, say, executor=None, go_on="the same command with --resume goes on",
            try_again="the same command with --resume tries them again"):
    """Run every entry, ``jobs`` at a time, in processes of this machine or by another executor; return the RunFolders.

    Finished runs are kept and unfinished ones go on; one whose process died is taken up once more.  Raises RunFailure
    when any failed, after the others ended, and when interrupted, after those under way have stopped at a checkpoint;
    ``try_again`` and ``go_on`` tell the user what to do then.
    """
    waiting, running, failed, died = list(entries), {}, [], set()
    clock = _TimeLeft(entries)
    say_if_compiling()
    with executor or LocalProcesses(jobs) as pool:
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    entry = waiting.pop(0)
                    running[pool.submit(run_entry, entry)] = entry
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    entry, failure = running.pop(future), future.exception()
                    if isinstance(failure, BrokenExecutor) and entry not in died:
                        died.add(entry)
                        waiting.insert(0, entry)
                        say(f"{entry.name}: its process died; it goes on from its checkpoint")
                        continue
                    done = len(entries) - len(waiting) - len(running)
                    said = failure or future.result()
                    left = clock.left_after(entry, said == WAS_COMPLETE)
                    say(f"[{done}/{len(entries)}] {entry.name}: {said}{left}")
                    failed += [entry.name] if failure is not None else []
        except KeyboardInterrupt:
            for future in running:
                future.cancel()
            for worker in active_children():
                worker.terminate()
            raise RunFailure(f"interrupted; the runs under way were stopped at a checkpoint: {go_on}") from None
    if failed:
        raise RunFailure(f"{len(failed)} of {len(entries)} runs did not end: {', '.join(failed)}; {try_again}")
    return [RunFolder.open(entry.path) for entry in entries]


class _TimeLeft:
    """How long the rest takes, if every run goes on as fast, by its operations, as those that ended so far."""

    def __init__(self, entries):
        self.work = {entry: operations(entry.config) for entry in entries}
        self.done, self.began = 0.0, time.monotonic()

    def left_after(self, entry, at_once):
        """``; about 12 min left`` once this entry is done; nothing after the last, or while all were done at once."""
        work = self.work.pop(entry)
        self.done += 0 if at_once else work
        if self.done == 0 or not self.work:
            return ""
        return f"; about {as_time((time.monotonic() - self.began) * sum(self.work.values()) / self.done)} left"


def as_time(seconds):
    """Seconds as ``40 s``, ``12 min`` or ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


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
WAS_COMPLETE = "was complete"


def run_entry(entry):
    """Bring one entry's run to its end and measure it, wherever this is called.  Returns what to say of it."""
    with _at_work:
        folder = open_or_create(entry.path, entry.method, entry.config, resume=True)
        if folder.status == COMPLETE and not missing(folder, entry.measurements):
            return WAS_COMPLETE
        train(folder)
        measure(folder, entry.measurements)
    return f"done in {folder.manifest['wall_seconds']:.0f} s, held-out reward {folder.evaluation().reward.mean():.3f}"
