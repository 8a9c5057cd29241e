"""How batches lie in memory: (..., B, n), rows of n numbers, the batch innermost.

The products of ``passes`` then run faster than with the row innermost.  A leading axis, where there is one, counts
networks of one shape that stand side by side: a stack of them is evaluated by as many calls as one.
"""

import numpy as np


def empty_batch(*shape, dtype):
    """An array (..., B, n) in this order."""
    return transposed(np.empty((*shape[:-2], shape[-1], shape[-2]), dtype))


def as_batch(array):
    """The array (..., B, n) in this order: itself, or a copy."""
    return transposed(np.ascontiguousarray(transposed(array)))


def transposed(batch):
    """The batch (..., B, n) as (..., n, B), a view in C order; and the other way round."""
    return batch.swapaxes(-1, -2)


def for_kernels(batch):
    """The batch (B, n) or (G, B, n) as (G, n, B), a view: what Numba's loops walk; for one network G is 1."""
    walked = transposed(batch)
    return walked if walked.ndim == 3 else walked[None]


def stack(batches):
    """Batches (B, n) of G networks as one (G, B, n)."""
    return as_batch(np.stack(batches))
