"""Threads for pieces of work that share nothing: no result depends on which thread takes which."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue


class Workers:
    """``threads`` threads, each with what ``make()`` returns to work in.

    Compiled passes release Python's lock, so that pieces run side by side; BLAS should have one thread, as the command
    line sees to.
    """

    def __init__(self, threads, make):
        self.buffers = [make() for _ in range(threads)]
        self._free = SimpleQueue()
        for buffers in self.buffers:
            self._free.put(buffers)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def map(self, function, items):
        """[function(item, buffers) for item in items]; pieces may run side by side, each with buffers of its own."""
        if self._pool is None:
            return [function(item, self.buffers[0]) for item in items]
        # A context each, so that NumPy's error state is the caller's in every thread.
        return [future.result() for future in
                [self._pool.submit(copy_context().run, self._with_buffers, function, item) for item in items]]

    def _with_buffers(self, function, item):
        buffers = self._free.get()
        try:
            return function(item, buffers)
        finally:
            self._free.put(buffers)
