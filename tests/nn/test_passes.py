"""Passes of the tanh networks on columns, against a twin of plain loops over complex numbers and by hand."""

import cmath
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.passes import TanhWorkspace, activate, add, neurons, sum_columns, tanh, through_tanh

COMPLEX_STEP = 1e-30
TANH_1 = 0.7615941559557649
DTYPES = [np.float32, np.float64]

shapes = st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple)      # from no hidden layer to two
columns = st.integers(1, 4)
seeds = st.integers(0, 2**32 - 1)
singles = st.floats(width=32)


def plain_forward(sizes, theta, x):
    """One column x through the network, unit by unit, reading theta from its start to its end."""
    numbers, hidden = iter(theta), list(x)
    for j, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        weight = [[next(numbers) for _ in range(fan_out)] for _ in range(fan_in)]
        bias = [next(numbers) for _ in range(fan_out)]
        z = [bias[o] + sum(hidden[i] * weight[i][o] for i in range(fan_in)) for o in range(fan_out)]
        hidden = z if j == len(sizes) - 2 else [cmath.tanh(v) for v in z]
    assert next(numbers, None) is None
    return hidden


def plain_loss(sizes, theta, x, delta):
    """sum of delta * y over columns and outputs: its gradient is the one that ``backward`` returns."""
    return sum(d * y for column, ds in zip(x.T, delta.T) for d, y in zip(ds, plain_forward(sizes, theta, column)))


def complex_step(function, point):
    """Gradient of an analytic function of a vector: no cancellation, so exact to rounding."""
    gradient = []
    for k in range(len(point)):
        moved = [complex(p) for p in point]
        moved[k] += 1j * COMPLEX_STEP
        gradient.append(function(moved).imag / COMPLEX_STEP)
    return np.array(gradient)


def random_case(sizes, count, seed):
    """A network, theta, x, delta = dL/dy, and a workspace whose memory shows what a pass leaves out."""
    generator, net = np.random.default_rng(seed), MLP(sizes)
    work = TanhWorkspace(net, count, np.float64)
    for memory in (work.values, work.deltas, work.gradient):
        memory[...] = np.nan
    return (net, generator.normal(size=net.num_params), generator.normal(size=(sizes[0], count)),
            generator.normal(size=(sizes[-1], count)), work)


@given(shapes, columns, seeds)
def test_forward_is_the_plain_twin(sizes, count, seed):
    _, theta, x, _, work = random_case(sizes, count, seed)
    expected = np.array([[y.real for y in plain_forward(sizes, theta, column)] for column in x.T]).T
    np.testing.assert_allclose(work.forward(theta, x), expected, rtol=1e-13, atol=1e-14)


@given(shapes, columns, seeds)
def test_gradient_is_the_complex_step_in_every_coordinate(sizes, count, seed):
    _, theta, x, delta, work = random_case(sizes, count, seed)
    work.forward(theta, x)
    expected = complex_step(lambda t: plain_loss(sizes, t, x, delta), theta)
    np.testing.assert_allclose(work.backward(theta, delta), expected, rtol=1e-13, atol=2e-14)


@given(shapes, columns, seeds, st.data())
def test_input_gradient_is_the_complex_step(sizes, count, seed, data):
    first = data.draw(st.integers(0, sizes[0] - 1))
    inputs = slice(first, data.draw(st.integers(first + 1, sizes[0])))
    _, theta, x, delta, work = random_case(sizes, count, seed)
    work.forward(theta, x)
    expected = complex_step(lambda flat: plain_loss(sizes, theta, np.reshape(flat, x.shape), delta), x.ravel())
    np.testing.assert_allclose(work.input_gradient(theta, delta, inputs), expected.reshape(x.shape)[inputs],
                               rtol=1e-13, atol=2e-14)


def test_one_neuron_by_hand():
    """y = 30 tanh(2 x + 1/2) - 1 at x = 1/4, and at x = 100, where tanh is 1 and its slope 0; dL/dy = 2 and 3."""
    work, theta, delta = TanhWorkspace(MLP((1, 1, 1)), 2, np.float64), np.array([2.0, 0.5, 30.0, -1.0]), [[2.0, 3.0]]
    slope, delta = 1 - TANH_1**2, np.array(delta)
    np.testing.assert_allclose(work.forward(theta, np.array([[0.25, 100.0]])), [[30 * TANH_1 - 1, 29.0]], rtol=1e-15)
    np.testing.assert_allclose(work.backward(theta, delta), [15 * slope, 60 * slope, 2 * TANH_1 + 3, 5], rtol=2e-15)
    np.testing.assert_allclose(work.input_gradient(theta, delta, slice(0, 1)), [[120 * slope, 0]], rtol=2e-15)


def test_passes_leave_their_arguments_alone_and_can_be_repeated():
    _, theta, x, delta, work = random_case((3, 4, 2), 3, seed=1)
    copies, every = (theta.copy(), x.copy(), delta.copy()), slice(0, 3)
    work.forward(theta, x)
    first = work.backward(theta, delta).copy()
    first_input = work.input_gradient(theta, delta, every)
    work.forward(theta, x)
    assert (work.input_gradient(theta, delta, every) == first_input).all()
    assert (work.backward(theta, delta) == first).all()
    assert all((a == b).all() for a, b in zip((theta, x, delta), copies))


def test_batches_may_lie_in_any_order_of_memory():
    _, theta, x, delta, work = random_case((3, 4, 2), 5, seed=3)

    def passes(lay):
        return np.concatenate((work.forward(theta, lay(x)).ravel(), work.backward(theta, lay(delta)),
                               work.input_gradient(theta, lay(delta), slice(0, 3)).ravel()))

    expected = passes(np.ascontiguousarray)
    assert np.array_equal(passes(np.asfortranarray), expected)
    assert np.array_equal(passes(lambda batch: np.repeat(batch, 2, axis=1)[:, ::2]), expected)


@pytest.mark.parametrize("shape", [(3, 4), (4, 5), (5, 3)])
def test_a_batch_of_another_size_is_refused(shape):
    _, theta, _, _, work = random_case((3, 4, 2), 5, seed=3)
    with pytest.raises(ValueError, match=r"must be \(3, 5\)"):
        work.forward(theta, np.ones(shape))


def test_float32_stays_float32_and_close_to_float64():
    net, *arguments, _ = random_case((3, 4, 2), 3, seed=2)
    results = []
    for dtype in DTYPES:
        theta, x, delta = (a.astype(np.float32).astype(dtype) for a in arguments)
        work = TanhWorkspace(net, 3, dtype)
        results.append((work.forward(theta, x), work.backward(theta, delta),
                        work.input_gradient(theta, delta, slice(1, 3))))
        assert all(result.dtype == dtype for result in results[-1])
    for low, high in zip(*results):
        np.testing.assert_allclose(low, high, rtol=0, atol=1e-5)


@given(singles)
def test_tanh_of_float32_is_odd_bounded_and_within_6_units_in_the_last_place(x):
    x = np.float32(x)
    h = tanh(x)
    assert np.array_equal(tanh(-x), -h, equal_nan=True)
    assert np.isnan(h) == np.isnan(x)
    if not np.isnan(x):
        exact = math.tanh(x)
        assert abs(h) <= 1
        assert np.signbit(h) == np.signbit(x)
        assert abs(float(h) - exact) <= 6 * float(np.spacing(np.float32(abs(exact))))


def test_tanh_of_infinity_is_one():
    assert [tanh(np.float32(x)) for x in (np.inf, -np.inf, 9.0, -9.0, 0.0)] == [1, -1, 1, -1, 0]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 6e-7), (np.float64, 1e-15)])
@given(columns, columns, seeds)
def test_activate_is_tanh_of_the_sum_in_place(dtype, tolerance, rows, count, seed):
    generator = np.random.default_rng(seed)
    z, bias = generator.normal(0, 2, (rows, count)).astype(dtype), generator.normal(0, 2, rows).astype(dtype)
    total = z + bias[:, None]
    activate(z, bias)
    np.testing.assert_allclose(z, [[math.tanh(v) for v in row] for row in total], rtol=tolerance)


def test_a_bias_is_added_to_its_row():
    z = np.array([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]])
    add(z, np.array([10.0, 20.0]))
    assert z.tolist() == [[11, 13, 15], [22, 24, 26]]


@given(seeds)
def test_through_tanh_is_the_derivative_by_complex_step(seed):
    generator = np.random.default_rng(seed)
    z, behind = generator.normal(0, 2, (4, 3)), generator.normal(size=(4, 3))
    delta = behind.copy()
    through_tanh(delta, np.tanh(z))
    np.testing.assert_allclose(delta, behind * np.imag(np.tanh(z + 1e-30j)) / 1e-30, rtol=1e-12, atol=1e-15)


@given(seeds)
def test_through_tanh_never_enlarges_a_gradient(seed):
    generator = np.random.default_rng(seed)
    behind, h = generator.normal(size=(3, 5)), generator.uniform(-1, 1, (3, 5))
    delta = behind.copy()
    through_tanh(delta, h)
    assert np.all(np.abs(delta) <= np.abs(behind))
    assert np.all(delta * behind >= 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_through_tanh_by_hand(dtype):
    delta = np.array([[2.0, 4.0]], dtype)
    through_tanh(delta, np.array([[0.5, -1.0]], dtype))
    assert delta.tolist() == [[1.5, 0]]


@pytest.mark.parametrize("dtype", DTYPES)
@given(st.data())
def test_columns_are_summed_to_rounding(dtype, data):
    shape = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 40))
    delta = data.draw(arrays(dtype, shape, elements=st.floats(-100, 100, width=32)))
    out = np.full(shape[0], np.nan, dtype)
    sum_columns(delta, out)
    for total, row in zip(out, delta.astype(float)):
        assert abs(total - math.fsum(row)) <= np.finfo(dtype).eps * shape[1] / 2 * math.fsum(abs(row))


def test_columns_are_summed_by_hand():
    out = np.empty(2)
    sum_columns(np.array([[1.0, 2.0, 4.0], [-1.0, 0.0, np.inf]]), out)
    assert out.tolist() == [7, np.inf]


def test_the_neurons_of_a_layer_are_a_view_of_its_rows():
    net = MLP((5, 2, 3, 1))
    values = np.arange(12.0).reshape(6, 2)
    assert [neurons(values, net.shapes, j)[:, 0].tolist() for j in range(3)] == [[0, 2], [4, 6, 8], [10]]
    assert all(np.shares_memory(neurons(values, net.shapes, j), values) for j in range(3))
