"""The multilayer perceptron on one flat vector, against a twin of plain loops over complex numbers."""

import cmath
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.passes import Workspace, backward, forward, input_gradient

COMPLEX_STEP = 1e-30

shapes = st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple)
seeds = st.integers(0, 2**32 - 1)


def plain_forward(sizes, theta, x):
    """One row x through the network, unit by unit, reading theta from its start to its end."""
    numbers, hidden = iter(theta), list(x)
    for j, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        weight = [[next(numbers) for _ in range(fan_out)] for _ in range(fan_in)]
        bias = [next(numbers) for _ in range(fan_out)]
        z = [bias[o] + sum(hidden[i] * weight[i][o] for i in range(fan_in)) for o in range(fan_out)]
        hidden = z if j == len(sizes) - 2 else [cmath.tanh(v) for v in z]
    assert next(numbers, None) is None
    return hidden


def plain_loss(sizes, theta, x, delta):
    """sum of delta * y over rows and outputs: its gradient is the one that ``backward`` returns."""
    return sum(d * y for row, ds in zip(x, delta) for d, y in zip(ds, plain_forward(sizes, row_theta(theta), row)))


def row_theta(theta):
    return [complex(t) for t in theta]


def complex_step(function, point):
    """Gradient of an analytic function of a list of numbers: no cancellation, so exact to rounding."""
    gradient = []
    for k in range(len(point)):
        moved = [complex(p) for p in point]
        moved[k] += 1j * COMPLEX_STEP
        gradient.append(function(moved).imag / COMPLEX_STEP)
    return np.array(gradient)


def random_case(sizes, seed, rows=3):
    generator = np.random.default_rng(seed)
    net = MLP(sizes)
    theta = generator.normal(size=net.num_params)
    x, delta = generator.normal(size=(rows, sizes[0])), generator.normal(size=(rows, sizes[-1]))
    return net, theta, x, delta, Workspace(net, rows, np.float64)


@given(shapes, seeds)
def test_forward_is_the_plain_twin(sizes, seed):
    net, theta, x, _, work = random_case(sizes, seed)
    expected = [[y.real for y in plain_forward(sizes, row_theta(theta), row)] for row in x]
    np.testing.assert_allclose(forward(net, theta, x, work), expected, rtol=1e-13, atol=1e-14)


@given(shapes, seeds)
def test_gradient_is_the_complex_step_in_every_coordinate(sizes, seed):
    net, theta, x, delta, work = random_case(sizes, seed)
    forward(net, theta, x, work)
    expected = complex_step(lambda t: plain_loss(sizes, t, x, delta), theta)
    np.testing.assert_allclose(backward(net, theta, x, delta, work), expected, rtol=1e-13, atol=2e-14)


@given(shapes, seeds, st.data())
def test_input_gradient_is_the_complex_step(sizes, seed, data):
    first = data.draw(st.integers(0, sizes[0] - 1))
    columns = slice(first, data.draw(st.integers(first + 1, sizes[0])))
    net, theta, x, delta, work = random_case(sizes, seed)
    forward(net, theta, x, work)
    expected = complex_step(
        lambda flat: plain_loss(sizes, theta, np.reshape(flat, x.shape), delta), x.ravel()).reshape(x.shape)
    np.testing.assert_allclose(input_gradient(net, theta, delta, work, columns), expected[:, columns],
                               rtol=1e-13, atol=2e-14)


def test_theta_is_read_layer_by_layer_weights_then_biases():
    net = MLP((2, 3, 1))
    (w0, b0), (w1, b1) = net.layers(np.arange(13))
    assert net.num_params == 13
    assert w0.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert b0.tolist() == [6, 7, 8]
    assert w1.tolist() == [[9], [10], [11]]
    assert b1.tolist() == [12]


def test_layers_are_views():
    theta = np.zeros(13)
    (_, _), (weight, bias) = MLP((2, 3, 1)).layers(theta)
    weight[1, 0], bias[0] = 5.0, 7.0
    assert np.flatnonzero(theta).tolist() == [10, 12]


def test_the_papers_sizes_have_the_parameters_counted_by_hand():
    assert MLP((206, 300, 400, 400, 400)).num_params == 206 * 300 + 300 + 300 * 400 + 400 + 2 * (400 * 400 + 400)


def test_hidden_layers_are_tanh_and_the_output_is_linear():
    net, work = MLP((1, 1, 1)), Workspace(MLP((1, 1, 1)), 2, np.float64)
    theta = np.array([2.0, 0.5, 30.0, -1.0])
    y = forward(net, theta, np.array([[0.25], [100.0]]), work)
    np.testing.assert_allclose(y, [[30 * 0.7615941559557649 - 1], [29.0]], rtol=1e-15)      # tanh(1), tanh(200.5) = 1


def test_passes_leave_their_arguments_alone_and_can_be_repeated():
    net, theta, x, delta, work = random_case((3, 4, 2), seed=1)
    copies = theta.copy(), x.copy(), delta.copy()
    forward(net, theta, x, work)
    first = backward(net, theta, x, delta, work).copy()
    first_input = input_gradient(net, theta, delta, work, slice(None))
    forward(net, theta, x, work)
    assert (input_gradient(net, theta, delta, work, slice(None)) == first_input).all()
    assert (backward(net, theta, x, delta, work) == first).all()
    assert all((a == b).all() for a, b in zip((theta, x, delta), copies))


def test_float32_stays_float32_and_close_to_float64():
    net, theta, x, delta, work = random_case((3, 4, 2), seed=2)
    single = Workspace(net, 3, np.float32)
    low = [a.astype(np.float32) for a in (theta, x, delta)]
    high = [a.astype(np.float64) for a in low]
    y32, y64 = forward(net, low[0], low[1], single), forward(net, high[0], high[1], work)
    g32, g64 = backward(net, *low, single), backward(net, *high, work)
    assert y32.dtype == g32.dtype == input_gradient(net, low[0], low[2], single, slice(1, 2)).dtype == np.float32
    np.testing.assert_allclose(y32, y64, rtol=0, atol=1e-5)
    np.testing.assert_allclose(g32, g64, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initial_parameters_fill_each_layers_own_interval(dtype):
    net = MLP((100, 64, 4, 50))
    theta = net.initial(np.random.default_rng(3), dtype)
    assert theta.dtype == dtype
    for (weight, bias), bound in zip(net.layers(theta), (0.1, 0.125, 0.5)):
        assert np.abs(weight).max() <= bound * (1 + 1e-6)
        assert np.abs(bias).max() <= bound * (1 + 1e-6)
        assert weight.max() > 0.95 * bound
        assert weight.min() < -0.95 * bound
        assert abs(weight.mean()) < 4 * bound / np.sqrt(3 * weight.size)
        assert np.abs(bias).max() > 0.3 * bound


def test_initial_parameters_follow_their_generator_alone():
    net = MLP((5, 4, 3))
    one, again, other = (net.initial(np.random.default_rng(s), np.float64) for s in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).all()
