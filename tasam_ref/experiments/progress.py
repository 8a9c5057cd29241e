"""Progress of a long loop: a tqdm bar where tqdm is installed and somebody watches, else a plain line now and then."""

import multiprocessing
import sys
import time
from pathlib import Path

from ..nn.passes import forward


def say_if_compiling():
    """Tell whoever waits that the functions are compiled first, where no earlier run has left them behind."""
    kept = getattr(forward, "stats", None)                                 # None where nothing is compiled
    if kept and not multiprocessing.parent_process() and not any(Path(kept.cache_path).glob("passes.forward-*.nbi")):
        print("compiling for this machine; later runs find it done", flush=True, file=sys.stderr)


class Progress:
    """``update(done, note)`` after each step; a context manager that closes the bar."""

    def __init__(self, label, total, start=0, every_seconds=10.0):
        self.label, self.total, self.every = label, total, every_seconds
        self.began, self.start, self.last = time.monotonic(), start, time.monotonic()
        self.bar = _tqdm_bar(label, total, start)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.bar is not None:
            self.bar.close()

    def update(self, done, note=""):
        """Say that ``done`` of the steps are done."""
        if self.bar is not None:
            self.bar.set_postfix_str(note, refresh=False)
            self.bar.update(done - self.bar.n)
            return
        now = time.monotonic()
        if now - self.last >= self.every:
            self.last = now
            left = (now - self.began) / max(done - self.start, 1) * (self.total - done)
            print(f"{self.label}: {done}/{self.total} iterations, about {left:.0f} s left  {note}", flush=True,
                  file=sys.stderr)


def _tqdm_bar(label, total, start):
    if not sys.stderr.isatty() or multiprocessing.parent_process() is not None:
        return None  # nobody watches, or several runs would share the line
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(total=total, initial=start, desc=label, unit="it", dynamic_ncols=True)
