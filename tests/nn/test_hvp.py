"""The R-operator against derivatives by hand and central differences of the gradients that ``passes`` gives."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.nn.hvp import (
    input_gradient,
    r_backward,
    r_forward,
    r_gradient,
    r_input_gradient,
    record_backward,
    record_forward,
)
from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.passes import TanhWorkspace

ROWS = 3

shapes = st.lists(st.integers(1, 4), min_size=2, max_size=5).map(tuple)
seeds = st.integers(0, 2**32 - 1)


class Case:
    """A network at random theta and x, with L = sum of weight (y + y^2 / 2): dL/dy = weight (1 + y)."""

    def __init__(self, sizes, seed):
        self.generator, self.net = np.random.default_rng(seed), MLP(sizes)
        self.theta, self.v = 0.7 * self.normal(self.net.num_params), self.normal(self.net.num_params)
        self.v /= np.linalg.norm(self.v)
        self.x, self.r_x = self.normal(ROWS, sizes[0]), 0.3 * self.normal(ROWS, sizes[0])
        self.weight = self.normal(ROWS, sizes[-1])
        self.tape = record_forward(self.net, self.theta, self.x)
        self.back = record_backward(self.tape, self.weight * (1 + self.tape.output))

    def normal(self, *shape):
        return self.generator.standard_normal(shape)

    def plain(self, theta, x):
        """y, dL/dtheta and dL/dx as ``passes`` computes them, which has a column for each row here, in one vector."""
        work = TanhWorkspace(self.net, ROWS, np.float64)
        y = work.forward(theta, np.ascontiguousarray(x.T))
        delta = np.ascontiguousarray(self.weight.T) * (1 + y)
        by_x = work.input_gradient(theta, delta, slice(0, len(x.T)))
        return np.concatenate((y.T.ravel(), work.backward(theta, delta), by_x.T.ravel()))

    def r(self, v, r_x):
        """R y, R dL/dtheta and R dL/dx in one vector."""
        r_hidden = r_forward(self.tape, v, r_x)
        r_deltas = r_backward(self.tape, self.back, v, r_hidden, self.weight * r_hidden[-1])
        parts = (r_hidden[-1], r_gradient(self.tape, self.back, r_hidden, r_deltas),
                 r_input_gradient(self.tape, self.back, v, r_deltas, slice(None)))
        return np.concatenate([part.ravel() for part in parts])

    def hv(self, v):
        return self.r(v, None)[ROWS * self.net.sizes[-1] :][: self.net.num_params]


def slope(function):
    """Derivative at 0 of a smooth function of one variable: central differences, errors h^2, h^4 and h^6 removed."""
    row = [(function(h) - function(-h)) / (2 * h) for h in (1.6e-2, 8e-3, 4e-3, 2e-3)]
    for power in (4, 16, 64):
        row = [(power * fine - coarse) / (power - 1) for coarse, fine in pairwise(row)]
    return row[0]


def assert_close(value, expected, tolerance):
    np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance * (1 + np.abs(expected).max()))


@pytest.mark.parametrize(("theta_moves", "x_moves"), [(True, False), (False, True), (True, True)])
@given(shapes, seeds)
def test_r_is_the_slope_of_every_pass_along_its_direction(theta_moves, x_moves, sizes, seed):
    case = Case(sizes, seed)
    v, r_x = case.v if theta_moves else None, case.r_x if x_moves else None
    expected = slope(lambda e: case.plain(case.theta + e * case.v * theta_moves, case.x + e * case.r_x * x_moves))
    assert_close(case.r(v, r_x), expected, 1e-8)


@given(shapes, seeds)
def test_nothing_moving_is_zero_moving(sizes, seed):
    case = Case(sizes, seed)
    zero, still = np.zeros(case.net.num_params), np.zeros(case.x.shape)
    assert_close(case.r(case.v, still), case.r(case.v, None), 1e-14)
    assert_close(case.r(zero, case.r_x), case.r(None, case.r_x), 1e-14)
    assert (case.r(zero, None) == 0).all()


@given(shapes, seeds)
def test_the_recorded_passes_are_those_of_mlp(sizes, seed):
    case = Case(sizes, seed)
    y, size = case.tape.output.ravel(), case.net.num_params
    plain = case.plain(case.theta, case.x)
    assert_close(y, plain[: y.size], 1e-13)
    assert_close(input_gradient(case.tape, case.back, slice(None)).ravel(), plain[y.size + size :], 1e-13)


@given(shapes, seeds, st.floats(-3, 3))
def test_the_product_is_linear_in_its_direction(sizes, seed, factor):
    case = Case(sizes, seed)
    u, v = case.normal(case.net.num_params), case.v
    assert_close(case.hv(u + factor * v), case.hv(u) + factor * case.hv(v), 1e-12)


@given(shapes, seeds)
def test_the_hessian_is_symmetric(sizes, seed):
    case = Case(sizes, seed)
    u = case.normal(case.net.num_params)
    assert_close(u @ case.hv(case.v), case.v @ case.hv(u), 1e-12)


@given(shapes, seeds, st.data())
def test_columns_of_the_inputs_gradient_are_columns_of_all_of_it(sizes, seed, data):
    case = Case(sizes, seed)
    start = data.draw(st.integers(0, sizes[0] - 1))
    columns = slice(start, data.draw(st.integers(start + 1, sizes[0])))
    r_deltas = r_backward(case.tape, case.back, case.v, r_forward(case.tape, case.v), case.weight)
    every = r_input_gradient(case.tape, case.back, case.v, r_deltas, slice(None))
    assert_close(r_input_gradient(case.tape, case.back, case.v, r_deltas, columns), every[:, columns], 1e-14)
    assert_close(input_gradient(case.tape, case.back, columns),
                 input_gradient(case.tape, case.back, slice(None))[:, columns], 1e-14)


def test_one_neuron_by_hand():
    """L = y = w2 tanh(z) + b2, z = w1 x + b1, with t = tanh z and D = 1 - t^2: the Hessian in (w1, b1, w2, b2) is

        [-2 t D w2 (x^2  x; x  1)   D (x; 1)]
        [        D (x  1)               0   ]     and zero for b2.
    """
    w1, b1, w2, x = 0.5, -0.3, 2.0, 1.5
    t = np.tanh(w1 * x + b1)
    d = 1 - t * t
    bend = -2 * t * d * w2
    expected = np.array([[bend * x * x, bend * x, d * x, 0], [bend * x, bend, d, 0], [d * x, d, 0, 0], [0, 0, 0, 0]])
    tape = record_forward(MLP((1, 1, 1)), np.array([w1, b1, w2, 7.0]), np.array([[x]]))
    back = record_backward(tape, np.ones((1, 1)))
    columns = []
    for v in np.eye(4):
        r_hidden = r_forward(tape, v)
        columns.append(r_gradient(tape, back, r_hidden, r_backward(tape, back, v, r_hidden, np.zeros((1, 1)))))
    np.testing.assert_allclose(np.array(columns).T, expected, rtol=1e-14, atol=1e-15)


@given(seeds)
def test_a_saturated_neuron_has_no_curvature_and_no_nan(seed):
    """tanh(+-400) is +-1 to the last bit: D = 0, and whatever lies before it moves nothing."""
    case = Case((2, 3, 1), seed)
    theta = case.theta.copy()
    theta[6:9] = [400.0, -400.0, 400.0]
    case.tape = record_forward(case.net, theta, case.x)
    case.back = record_backward(case.tape, case.weight)
    assert (case.hv(case.v)[:9] == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_number_format_is_kept(dtype):
    net = MLP((2, 3, 1))
    theta, x, delta = (np.ones(shape, dtype) for shape in (net.num_params, (4, 2), (4, 1)))
    tape = record_forward(net, theta, x)
    back, r_hidden = record_backward(tape, delta), r_forward(tape, theta)
    r_deltas = r_backward(tape, back, theta, r_hidden, delta)
    assert r_gradient(tape, back, r_hidden, r_deltas).dtype == dtype
    assert r_input_gradient(tape, back, theta, r_deltas, slice(None)).dtype == dtype


@given(shapes, seeds)
def test_no_argument_is_changed(sizes, seed):
    case = Case(sizes, seed)
    held = [case.theta, case.v, case.x, case.r_x, case.weight, *case.tape.hidden, *case.tape.slopes,
            *case.back.deltas, *case.back.bends]
    before = [array.copy() for array in held]
    case.r(case.v, case.r_x)
    assert all((a == b).all() for a, b in zip(before, held))
