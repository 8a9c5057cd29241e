"""A (mixed-integer) linear programme that is put together piece by piece and solved by SciPy's HiGHS."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from ..errors import RunFailure


class LinearModel:
    """Maximise a sum of columns under rows sum(coefficient * column) <= limit."""

    def __init__(self):
        self._columns = []
        self._rows = []
        self._limits = []
        self._count = 0

    def columns(self, count, low=0.0, high=np.inf, whole=False, gain=0.0):
        """Add ``count`` columns and return their numbers.  ``gain`` is what one unit adds to the objective."""
        self._columns.append(np.column_stack([np.broadcast_to(value, count) for value in (low, high, whole, gain)]))
        self._count += count
        return np.arange(self._count - count, self._count)

    def at_most(self, limit, *terms):
        """Add the row  sum over terms (columns, coefficients) of coefficients . columns <= limit."""
        columns, coefficients = zip(*((np.atleast_1d(c), np.broadcast_to(a, np.size(c))) for c, a in terms))
        self._rows.append((np.concatenate(columns), np.concatenate(coefficients)))
        self._limits.append(limit)

    def sums_to_one(self, columns):
        """Add the two rows that make these columns add up to 1."""
        self.at_most(1.0, (columns, 1.0))
        self.at_most(-1.0, (columns, -1.0))

    def solve(self):
        """Return the largest objective and the columns (n,) that reach it.  Raises RunFailure where HiGHS gives up."""
        low, high, whole, gain = np.concatenate(self._columns).T
        row = np.repeat(np.arange(len(self._rows)), [columns.size for columns, _ in self._rows])
        column, coefficient = (np.concatenate(part) for part in zip(*self._rows))
        matrix = coo_array((coefficient, (row, column)), shape=(len(self._rows), self._count)).tocsc()
        found = milp(-gain, integrality=whole, bounds=Bounds(low, high), options={"mip_rel_gap": 0.0},
                     constraints=LinearConstraint(matrix, -np.inf, self._limits))
        if found.x is None or found.status != 0:
            raise RunFailure(f"the linear programme was not solved: {found.message}")
        return -found.fun, found.x
