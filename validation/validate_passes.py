"""(9), (10): what the networks' passes are made of, piece by piece: tanh at every float32, products, views, sums.

Whole numbers are exact in any order of summation; ``networks`` holds the passes themselves.
"""

from itertools import pairwise

import numpy as np

from tasam_ref.nn import mlp, passes, products
from tasam_ref.nn.mlp import MLP
from tasam_ref.streams import stream

from .checks import check
from .oracles import largest, relative_error
from .validate_networks import DEPTHS, TABLE_1

SIGN, BLOCK = 2**31, 2**20
EINSTEIN = {"nn": "mk,kn->mn", "tn": "km,kn->mn", "nt": "mk,nk->mn"}


def through_activate(x):
    """tanh of float32 numbers (n,) as a hidden layer takes it; x - 0 is x, also for x = -0."""
    z = x[None].copy()
    passes.activate(z, np.float32([-0.0]))
    return z[0]


def tanh_error(step):
    """Largest error over every ``step``-th float32, in units in the last place of tanh x.

    Infinite where tanh(-x) is not -tanh x bit for bit or where NaN is lost.
    """
    worst = 0.0
    for first in range(0, SIGN, BLOCK * step):
        bits = np.arange(first, min(first + BLOCK * step, SIGN), step, dtype=np.uint32)
        x, mirrored = bits.view(np.float32), (bits | np.uint32(SIGN)).view(np.float32)
        value, opposite, none = through_activate(x), through_activate(mirrored), np.isnan(x)
        with np.errstate(invalid="ignore"):                                                       # of signalling NaNs
            exact = np.tanh(x.astype(np.float64))
        unit = np.maximum(2.0**29 * np.spacing(exact), 2.0**-149)                # 24 digits of 53, or the last there is
        error = (np.abs(value - exact) / unit)[~none]
        odd = value.view(np.uint32) | np.uint32(SIGN) == opposite.view(np.uint32)
        kept = np.all(odd | none) and np.array_equal(np.isnan(value), none) and np.array_equal(np.isnan(opposite), none)
        worst = largest(worst, error.max(initial=0.0) if kept else np.inf)
    return worst


@check("(9)", "(10)", oracle="NumPy's tanh in float64", tolerance=6.0, slow=True,
       because="two polynomials and a quotient: 4.9, without fused multiply-add 5.6")
def tanh_of_every_float32():
    """Of all 2^32, in units in the last place; odd bit for bit, and NaN stays NaN."""
    return tanh_error(1)


@check("(9)", "(10)", oracle="NumPy's tanh in float64", tolerance=6.0,
       because="two polynomials and a quotient: 4.9, without fused multiply-add 5.6")
def tanh_of_every_61st_float32():
    """The same, of each 61st bit pattern."""
    return tanh_error(61)


@check("(9)", "(10)", oracle="1 / cosh^2", tolerance=4.0, because="h has one rounding, which 2 h doubles")
def through_tanh_is_the_derivative_of_tanh():
    """delta d tanh(z)/dz = delta / cosh^2 z for z in +-20, in eps of the largest entry; in place."""
    worst = 0.0
    for dtype in (np.float32, np.float64):
        generator = np.random.default_rng(5)
        z, delta = generator.uniform(-20, 20, (40, 25)), generator.standard_normal((40, 25)).astype(dtype)
        expected = delta / np.cosh(z) ** 2
        passes.through_tanh(delta, np.tanh(z).astype(dtype))
        worst = largest(worst, relative_error(delta, expected) / np.finfo(dtype).eps)
    return worst


def products_of_table_1():
    """(kind, shapes of left and right) of what the passes of Table 1's networks multiply, 128 columns."""
    for net in map(MLP, TABLE_1):
        for fan_in, fan_out in net.shapes.tolist():
            yield from (("tn", (fan_in, fan_out), (fan_in, 128)), ("nt", (fan_in, 128), (fan_out, 128)),
                        ("nn", (fan_in, fan_out), (fan_out, 128)))


def multiplied(kind, left, right):
    """The package's product, and einsum's own loops in float64."""
    exact = np.einsum(EINSTEIN[kind], left.astype(float), right.astype(float))
    out = np.full(exact.shape, np.nan, left.dtype)
    getattr(products, kind)(left, right, out)
    return out, exact


@check("(9)", "(10)", oracle="sums of whole numbers, exact", tolerance=0, because="every sum is below 2^24")
def products_add_up_what_they_say():
    """Wrong entries of left right, left^T right and left right^T at Table 1's shapes, in both precisions."""
    generator, wrong = stream(1, "whole"), 0
    for kind, *shapes in products_of_table_1():
        operands = [generator.integers(-99, 100, shape) for shape in shapes]
        for dtype in (np.float32, np.float64):
            out, exact = multiplied(kind, *(operand.astype(dtype) for operand in operands))
            wrong += np.count_nonzero(out != exact)
    return wrong


@check("(9)", "(10)", oracle="sums in float64", tolerance=30.0, because="sums of 128 to 406 terms, several at a time")
def products_round_as_float32_does():
    """The same products of normal numbers in float32, in eps of their largest entry."""
    generator, worst = stream(2, "normal"), 0.0
    for kind, *shapes in products_of_table_1():
        out, exact = multiplied(kind, *(generator.standard_normal(shape, np.float32) for shape in shapes))
        worst = largest(worst, relative_error(out, exact) / np.finfo(np.float32).eps)
    return worst


@check("(9)", "(10)", oracle="the sizes added up", tolerance=0, because="whole numbers")
def layers_and_neurons_stand_one_behind_the_other():
    """Wrong entries of ``layer``, compiled or not, and of ``neurons``, in vectors and columns that count upwards."""
    wrong = 0
    for sizes in (*DEPTHS, *TABLE_1):
        net, start, row = MLP(sizes), 0, 0
        theta = np.arange(net.num_params, dtype=float)
        values = np.arange(3.0 * sum(sizes[1:])).reshape(-1, 3)
        for j, (n, m) in enumerate(pairwise(sizes)):
            weight, bias = start + np.arange(n * m), start + n * m + np.arange(m)
            for layer in (mlp.layer, passes.layer):
                found = layer(theta, net.shapes, j)
                wrong += (found[0].shape, found[1].shape) != ((n, m), (m,))
                wrong += np.sum(found[0].ravel() != weight) + np.sum(found[1] != bias)
                wrong += not all(np.shares_memory(theta, part) for part in found)
            found = passes.neurons(values, net.shapes, j)
            wrong += found.shape != (m, 3) or np.sum(found.ravel() != 3 * row + np.arange(3 * m))
            wrong += not np.shares_memory(values, found)
            start, row = start + n * m + m, row + m
    return wrong


@check("(9)", "(10)", oracle="sums of whole numbers, exact", tolerance=0, because="every sum is below 2^24")
def biases_are_added_to_rows_and_their_gradients_summed_over_columns():
    """Wrong entries of ``add`` and ``sum_columns`` for 1 to 130 columns, in both precisions."""
    generator, wrong = stream(3, "whole"), 0
    for columns in (1, 2, 7, 8, 16, 33, 128, 130):
        whole, bias = generator.integers(-999, 1000, (5, columns)), generator.integers(-999, 1000, 5)
        for dtype in (np.float32, np.float64):
            z, total = whole.astype(dtype), np.full(5, 7, dtype)
            passes.add(z, bias.astype(dtype))
            wrong += sum(np.count_nonzero(z[:, k] != whole[:, k] + bias) for k in range(columns))
            passes.sum_columns(z, total)
            wrong += np.count_nonzero(total != [sum(row) + columns * b for row, b in zip(whole.tolist(), bias)])
    return wrong
