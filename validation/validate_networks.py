"""(9), (10): the networks' gradients against complex steps of a plain twin, central differences and SciPy's derivative.

L = sum of c y over the batch, with random weights c, makes a number of the outputs; delta = c starts the backward pass.
"""

import numpy as np
from scipy.differentiate import derivative
from scipy.stats import kstest

from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.passes import TanhWorkspace
from tasam_ref.streams import stream

from . import twins
from .checks import check
from .oracles import (
    as_standard_errors,
    central_difference,
    complex_derivative,
    complex_gradient,
    largest,
    relative_error,
)

DEPTHS = (3, 2), (3, 4, 2), (3, 1, 5, 2), (2, 3, 4, 3, 2), (4, 3, 2, 3, 2, 3, 1)
TABLE_1 = (206, 300, 400, 400, 400), (406, 300, 400, 400, 1)


class Slope:
    """L and its gradient by the package, and L by the twin, at random theta of the size that training starts from."""

    def __init__(self, sizes, rows, scale=1.0):
        generator = stream(1, "networks", *sizes)
        self.net = MLP(sizes)
        self.theta = scale * self.net.initial(generator, np.float64)
        self.x = generator.standard_normal((rows, sizes[0]))
        self.c = generator.standard_normal((rows, sizes[-1]))
        self.work = TanhWorkspace(self.net, rows, np.float64)
        self.direction, self.other = (d / np.linalg.norm(d) for d in generator.standard_normal((2, self.theta.size)))

    def value(self, theta):
        """The package's L."""
        return np.sum(self.c * self.work.forward(theta, twins.as_columns(self.x)).T)

    def gradient(self, theta):
        """The package's gradient."""
        self.work.forward(theta, twins.as_columns(self.x))
        return self.work.backward(theta, twins.as_columns(self.c)).copy()

    def input_gradient(self, inputs):
        """The package's dL/dx[:, inputs] at theta."""
        self.work.forward(self.theta, twins.as_columns(self.x))
        return self.work.input_gradient(self.theta, twins.as_columns(self.c), inputs).T

    def twin(self, theta):
        """The twin's L."""
        return np.sum(self.c * twins.network(self.net.sizes, theta, self.x))


def worst_at_table_1(error):
    """The largest error over the actor and the critic of Table 1, eight rows each."""
    return max(error(Slope(sizes, 8)) for sizes in TABLE_1)


@check("(9)", "(10)", oracle="the output written out", tolerance=5e-16, because="rounding of one sum of 3 terms")
def theta_holds_weight_then_bias_in_c_order():
    """theta = 1..9 / 10 of sizes 2-2-1:  y = .7 tanh(.1 x1 + .3 x2 + .5) + .8 tanh(.2 x1 + .4 x2 + .6) + .9."""
    net, theta = MLP((2, 2, 1)), np.arange(1, 10) / 10
    x = np.random.default_rng(2).standard_normal((20, 2))
    by_hand = 0.7 * np.tanh(0.1 * x[:, 0] + 0.3 * x[:, 1] + 0.5) + 0.8 * np.tanh(0.2 * x[:, 0] + 0.4 * x[:, 1] + 0.6)
    return relative_error(TanhWorkspace(net, 20, np.float64).forward(theta, twins.as_columns(x))[0], by_hand + 0.9)


@check("(9)", "(10)", oracle="the sizes added up", tolerance=0, because="whole numbers")
def actor_and_critic_have_as_many_weights_as_table_1():
    """206-300-400-400-400 has 62100 + 120400 + 160400 + 160400 numbers, 406-300-400-400-1 122100 + ... + 401."""
    counts = [MLP(sizes).num_params for sizes in TABLE_1]
    return np.abs(np.subtract(counts, [503300, 403301])).sum()


@check("A1 l.2", oracle="Kolmogorov-Smirnov of the uniform law", tolerance=4, because="4 standard errors, 16 laws")
def networks_start_uniform_within_one_over_root_fan_in():
    """sqrt(fan-in) times the initial weights, and times the biases, of every layer are uniform in (-1, 1)."""
    nets = [MLP((*sizes[:-1], 400)) for sizes in TABLE_1]
    layers = [layer for net in nets for layer in net.layers(net.initial(stream(3, "start", net.sizes[0]), np.float64))]
    laws = [kstest(np.sqrt(len(w)) * part.ravel(), "uniform", args=(-1, 2)) for w, b in layers for part in (w, b)]
    return max(as_standard_errors(law.pvalue) for law in laws)


@check("(9)", "(10)", oracle="complex step of a plain twin", tolerance=2e-15, because="rounding of sums over the batch")
def backward_is_the_gradient_at_any_depth():
    """dL/dtheta, coordinate by coordinate, of nets with none to five hidden layers."""
    slopes = [Slope(sizes, 6, scale=2.0) for sizes in DEPTHS]
    return max(relative_error(s.gradient(s.theta), complex_gradient(s.twin, s.theta)) for s in slopes)


@check("(9)", oracle="complex step of a plain twin", tolerance=4e-15, because="rounding of sums over a layer")
def input_gradient_is_the_slope_in_the_inputs():
    """dL/dx, of all inputs and some, coordinate by coordinate at any depth."""
    worst = 0.0
    for sizes in DEPTHS:
        s = Slope(sizes, 6, scale=2.0)

        def of_inputs(x, s=s):
            return np.sum(s.c * twins.network(s.net.sizes, s.theta, x.reshape(s.x.shape)))

        expected = complex_gradient(of_inputs, s.x.ravel()).reshape(s.x.shape)
        for inputs in (slice(0, sizes[0]), slice(1, sizes[0]), slice(0, 1), slice(1, 2)):
            worst = largest(worst, relative_error(s.input_gradient(inputs), expected[:, inputs]))
    return worst


@check("(9)", "(10)", oracle="complex step along directions", tolerance=1e-14, because="rounding of 500000 terms")
def backward_is_the_slope_at_table_1_size():
    """g . d of the actor's and the critic's size, for ten random directions d."""
    def error(s):
        directions = stream(4, "directions").standard_normal((10, s.theta.size))
        expected = [complex_derivative(s.twin, s.theta, direction) for direction in directions]
        return relative_error(directions @ s.gradient(s.theta), expected)

    return worst_at_table_1(error)


@check("(9)", oracle="complex step along directions", tolerance=8e-15, because="rounding of sums over 400 neurons")
def input_gradient_is_the_slope_at_table_1_size():
    """dQ/da of the critic in each of eight rows, along a random direction of the 200 action inputs."""
    s = Slope(TABLE_1[1], 8)
    direction = np.zeros_like(s.x)
    direction[:, 206:] = stream(4, "action").standard_normal((8, 200))
    slopes = np.sum(s.input_gradient(slice(206, 406)) * direction[:, 206:], axis=1)
    expected = complex_derivative(lambda x: s.c[:, 0] * twins.network(s.net.sizes, s.theta, x)[:, 0], s.x, direction)
    return relative_error(slopes, expected)


@check("(9)", "(10)", oracle="extrapolated central differences", tolerance=1e-11, because="rounding of L over 0.01")
def backward_is_the_difference_of_forward():
    """g . d against differences of the package's own L: nothing of a twin."""
    return worst_at_table_1(lambda s: relative_error(
        s.gradient(s.theta) @ s.direction, central_difference(s.value, s.theta, s.direction)))


@check("(9)", "(10)", oracle="scipy.differentiate.derivative", tolerance=3e-12, because="rounding of L over 0.5")
def backward_is_scipys_derivative():
    """g . d against SciPy's derivative of t -> L(theta + t d) at 0, by eighth-order differences."""
    def error(s):
        along = np.vectorize(lambda t: s.value(s.theta + t * s.direction))
        return relative_error(s.gradient(s.theta) @ s.direction, derivative(along, 0.0, initial_step=0.5).df)

    return worst_at_table_1(error)


@check("(11)", oracle="differences of complex steps", tolerance=5e-12, because="rounding over a step of 0.01")
def gradient_moves_as_the_second_derivative():
    """e . H d: how the package's gradient moves along d, against the twin's d/dt Im L(theta + t d + i h e) / h."""
    def error(s):
        moved = central_difference(lambda theta: s.gradient(theta) @ s.other, s.theta, s.direction)
        return relative_error(moved, central_difference(
            lambda theta: complex_derivative(s.twin, theta, s.other), s.theta, s.direction))

    return max(error(Slope(sizes, 6, scale=2.0)) for sizes in DEPTHS[1:])


@check("(11)", oracle="Schwarz: second derivatives commute", tolerance=7e-13, because="rounding over a step of 1")
def second_derivative_is_symmetric():
    """e . H d = d . H e, which holds of gradients alone, for the critic of Table 1."""
    s = Slope(TABLE_1[1], 8)

    def moved(along, seen):
        return central_difference(lambda theta: s.gradient(theta) @ seen, s.theta, along, steps=(1.0,))

    return relative_error(moved(s.direction, s.other), moved(s.other, s.direction))


@check("(9)", "(10)", oracle="the same in float64", tolerance=3e-6, because="float32 rounds at 6e-8, over 400 terms")
def float32_follows_float64():
    """Outputs and gradient in float32 at Table 1's size, 128 rows."""
    worst = 0.0
    for sizes in TABLE_1:
        s = Slope(sizes, 128)
        arrays = [array.astype(np.float32) for array in (s.theta, twins.as_columns(s.x), twins.as_columns(s.c))]
        results = []
        for theta, x, c in (arrays, [array.astype(np.float64) for array in arrays]):
            work = TanhWorkspace(s.net, 128, theta.dtype)
            results.append((work.forward(theta, x), work.backward(theta, c)))
        worst = largest(worst, *map(relative_error, *results))
    return worst
