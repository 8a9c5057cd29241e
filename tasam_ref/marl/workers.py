"""Threads for work that agents do independently: each piece has buffers to itself, and no result depends on which."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue


class Workers:
    """``threads`` workers, each with what ``make()`` returns to work in.

    Matrix products and Numba's loops release Python's lock, so that agents run side by side, one BLAS thread each.
    """

    def __init__(self, threads, make):
        self.threads, self.rooms = threads, [make() for _ in range(threads)]
        self._free = SimpleQueue()
        for room in self.rooms:
            self._free.put(room)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def map(self, function, items):
        """[function(item, room) for item in items]; pieces may run side by side, each in a room of its own."""
        if self._pool is None:
            return [function(item, self.rooms[0]) for item in items]
        # A context each, so that NumPy's error state is the caller's in every thread.
        return [future.result() for future in
                [self._pool.submit(copy_context().run, self._in_a_room, function, item) for item in items]]

    def _in_a_room(self, function, item):
        room = self._free.get()
        try:
            return function(item, room)
        finally:
            self._free.put(room)
