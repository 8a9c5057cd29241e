"""How the networks' loops are compiled: cached, without Python's lock, a product and a sum rounded once where possible.

The same source runs as plain NumPy under NUMBA_DISABLE_JIT=1.
"""

from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
