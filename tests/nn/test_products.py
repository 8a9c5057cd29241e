"""Matrix products against NumPy in extended precision; and where NumPy's library has no function of the name sought."""

import ctypes
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.nn import products
from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.passes import TanhWorkspace

DTYPES = [np.float32, np.float64]
TRANSPOSED = {"nn": (False, False), "tn": (True, False), "nt": (False, True)}
SIZE = {np.float32: ctypes.c_float, np.float64: ctypes.c_double}
WITHOUT_A_FUNCTION = """
import ctypes, sys
import numba
found, ctypes.CDLL = ctypes.CDLL, lambda path: None
from tasam_ref.nn import products
ctypes.CDLL = found
import numpy as np, test_products
assert len(products._callbacks) == 2
np.savez(sys.argv[1], *test_products.answers())
"""

sizes = st.integers(1, 20)


def called_back(kind, left, right, out):
    """The product as ``_callback`` takes it, called like a function of C."""
    real, transposed = SIZE[out.dtype.type], TRANSPOSED[kind]

    def at(array):
        return array.ctypes.data_as(ctypes.POINTER(real))

    products._callback(real)(101, *(112 if t else 111 for t in transposed), *out.shape, left.shape[not transposed[0]],
                             1.0, at(left), left.shape[1], at(right), right.shape[1], 0.0, at(out), out.shape[1])


def assert_product(kind, take, m, inner, n, dtype, seed=0):
    """The product of random matrices, the left one cut from a larger one, into memory that held no numbers."""
    generator, (of_left, of_right) = np.random.default_rng(seed), TRANSPOSED[kind]
    left = generator.normal(size=(inner, m) if of_left else (m, inner)).astype(dtype)
    left = np.vstack((left[:1], left, left))[1 : len(left) + 1]
    right = generator.normal(size=(n, inner) if of_right else (inner, n)).astype(dtype)
    out, before = np.full((m, n), np.nan, dtype), (left.copy(), right.copy())
    take(left, right, out)
    factors = [a.T if t else a for a, t in zip(before, TRANSPOSED[kind])]
    expected, scale = np.matmul(*(f.astype(np.longdouble) for f in factors)), np.matmul(*map(np.abs, factors))
    assert (np.abs(out - expected) <= np.finfo(dtype).eps * (1 + inner / 2) * scale).all()
    assert all(np.array_equal(a, b) for a, b in zip((left, right), before))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", TRANSPOSED)
@given(sizes, sizes, sizes, st.integers(0, 2**32 - 1))
def test_products_are_numpys_for_any_shape(kind, dtype, m, inner, n, seed):
    assert_product(kind, getattr(products, kind), m, inner, n, dtype, seed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", TRANSPOSED)
@given(sizes, sizes, sizes, st.integers(0, 2**32 - 1))
def test_so_are_products_that_are_called_back(kind, dtype, m, inner, n, seed):
    assert_product(kind, lambda *arrays: called_back(kind, *arrays), m, inner, n, dtype, seed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", TRANSPOSED)
def test_products_of_the_size_of_table_1(kind, dtype):
    """Large enough that BLAS divides them."""
    assert_product(kind, getattr(products, kind), 400, 300, 128, dtype)


def test_products_by_hand():
    left, right, out = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]]), np.empty((2, 2))
    for take, expected in ((products.nn, [[19, 22], [43, 50]]), (products.tn, [[26, 30], [38, 44]]),
                           (products.nt, [[17, 23], [39, 53]])):
        take(left, right, out)
        assert out.tolist() == expected


def answers():
    """What a small network gives in either dtype, and in two threads: y, dL/dtheta, dL/dx."""
    net, generator, found = MLP((3, 4, 5, 2)), np.random.default_rng(1), []

    def passes(dtype):
        theta, x, delta = (a.astype(dtype) for a in arguments)
        work = TanhWorkspace(net, 7, dtype)
        return work.forward(theta, x), work.backward(theta, delta), work.input_gradient(theta, delta, slice(1, 3))

    arguments = [generator.normal(size=shape) for shape in (net.num_params, (3, 7), (2, 7))]
    with ThreadPoolExecutor(2) as threads:
        for parts in threads.map(passes, DTYPES * 20):
            found += parts
    return found


def test_without_a_function_in_numpys_library_the_same_compiled_code_gives_the_same(tmp_path):
    """In a process that finds none: what other processes compiled and kept calls NumPy back there."""
    subprocess.run([sys.executable, "-c", WITHOUT_A_FUNCTION, tmp_path / "found.npz"], cwd=Path(__file__).parent,
                   check=True, timeout=120)
    with np.load(tmp_path / "found.npz") as found:
        for one, other in zip(found.values(), answers(), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=0, atol=8 * np.finfo(one.dtype).eps)
