"""Matrix products by the BLAS that NumPy itself carries, callable from compiled code.

    nn   out <- left right        tn   out <- left^T right        nt   out <- left right^T

All are matrices in C order, float32 or float64.  Numba's own ``np.dot`` enters SciPy's BLAS, which is slower here.  So
NumPy's is entered by the address of its function for 64-bit sizes; where NumPy's library has none, ``np.matmul``
is called back.  The name that compiled code knows is the same either way, so that cached code stays valid.
"""

import ctypes

import llvmlite.binding
import numpy as np
from numba import config, types

from ..compiled import compiled

_ROWS, _AS_IT_IS, _TRANSPOSED = 101, 111, 112                                  # of CBLAS
_core = getattr(np, "_core", None) or np.core


def _address(name):
    """Where NumPy's library has cblas_``name`` for 64-bit sizes, or None."""
    library = ctypes.CDLL(_core._multiarray_umath.__file__)
    for symbol in (f"scipy_cblas_{name}64_", f"cblas_{name}64_"):
        if hasattr(library, symbol):
            return ctypes.cast(getattr(library, symbol), ctypes.c_void_p).value
    return None


def _callback(real):
    """The same function as a call of ``np.matmul``."""
    size, pointer = ctypes.c_int64, ctypes.POINTER(real)
    signature = ctypes.CFUNCTYPE(None, ctypes.c_int32, ctypes.c_int32, ctypes.c_int32, size, size, size, real, pointer,
                                 size, pointer, size, real, pointer, size)

    def multiply(order, of_left, of_right, m, n, k, alpha, left, wide, right, tall, beta, out, across):
        def matrix(start, rows, columns, transposition):
            if transposition == _TRANSPOSED:
                return np.ctypeslib.as_array(start, (columns, rows)).T
            return np.ctypeslib.as_array(start, (rows, columns))

        np.matmul(matrix(left, m, k, of_left), matrix(right, k, n, of_right), out=matrix(out, m, n, _AS_IT_IS))

    return signature(multiply)


_callbacks = []                                                                # alive as long as their addresses


def _external(name, real, number):
    """The function of this name for compiled code."""
    address = _address(name)
    if address is None:
        _callbacks.append(_callback(real))
        address = ctypes.cast(_callbacks[-1], ctypes.c_void_p).value
    llvmlite.binding.add_symbol(f"tasam_ref_{name}", address)
    kind, size, array = types.int32, types.int64, types.voidptr
    return types.ExternalFunction(f"tasam_ref_{name}", types.void(
        kind, kind, kind, size, size, size, number, array, size, array, size, number, array, size))


_sgemm, _dgemm = _external("sgemm", ctypes.c_float, types.float32), _external("dgemm", ctypes.c_double, types.float64)


@compiled
def _multiply(of_left, of_right, inner, left, right, out):
    m, n = out.shape
    wide, tall = left.shape[1], right.shape[1]
    if out.itemsize == 4:
        _sgemm(_ROWS, of_left, of_right, m, n, inner, np.float32(1), left.ctypes, wide, right.ctypes, tall,
               np.float32(0), out.ctypes, n)
    else:
        _dgemm(_ROWS, of_left, of_right, m, n, inner, 1.0, left.ctypes, wide, right.ctypes, tall, 0.0, out.ctypes, n)


@compiled
def nn(left, right, out):
    """out (m, n) <- left (m, k) right (k, n)."""
    _multiply(_AS_IT_IS, _AS_IT_IS, left.shape[1], left, right, out)


@compiled
def tn(left, right, out):
    """out (m, n) <- left^T right, of left (k, m) and right (k, n)."""
    _multiply(_TRANSPOSED, _AS_IT_IS, left.shape[0], left, right, out)


@compiled
def nt(left, right, out):
    """out (m, n) <- left right^T, of left (m, k) and right (n, k)."""
    _multiply(_AS_IT_IS, _TRANSPOSED, left.shape[1], left, right, out)


if config.DISABLE_JIT:
    def _multiply(of_left, of_right, inner, left, right, out):
        np.matmul(left.T if of_left == _TRANSPOSED else left, right.T if of_right == _TRANSPOSED else right, out=out)
