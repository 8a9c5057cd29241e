"""The base optimisers (R35) and the average of R32 and R41, against decimal and rational arithmetic."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np

from tasam_ref.optim.optimizers import OPTIMIZERS, SGD, Adam, polyak_average

from .checks import check
from .oracles import largest, relative_error

RATE = 1e-2


def _gradients(steps=12):
    """Gradients (steps, 60) of sizes 1e-12 to 1e6, one size a column, whose signs and values vary from step to step."""
    return np.random.default_rng(1).standard_normal((steps, 60)) * np.logspace(-12, 6, 60)


def _decimal_adam(gradients):
    """theta after each step of Adam from 0 (steps, n) in 50 digits, from Algorithm 1 of Kingma and Ba."""
    beta1, beta2, epsilon, rate = (Decimal(text) for text in ("0.9", "0.999", "1e-8", repr(RATE)))
    columns = []
    with localcontext(prec=50):
        for column in gradients.T.tolist():
            theta = m = v = Decimal(0)
            path = []
            for t, g in enumerate(map(Decimal, column), start=1):
                m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
                theta -= rate * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + epsilon)
                path.append(float(theta))
            columns.append(path)
    return np.array(columns).T


def _path(base, gradients, dtype=np.float64):
    """theta after each step from 0 (steps, n)."""
    theta = np.zeros(gradients.shape[1], dtype)
    optimizer, path = base(theta, RATE), []
    for gradient in gradients.astype(dtype):
        optimizer.step(theta, gradient)
        path.append(theta.copy())
    return np.array(path)


def _worst_column(path, expected):
    return max(map(relative_error, path.T, expected.T))


@check("Adam", oracle="decimal arithmetic with 50 digits", tolerance=3e-14,
       because="1 - 0.999^t keeps 13 digits at t = 1")
def adam_is_fifty_digit_arithmetic():
    """12 steps on gradients of 60 sizes, 1e-12 to 1e6: largest error of a path over its largest entry."""
    gradients = _gradients()
    return _worst_column(_path(Adam, gradients), _decimal_adam(gradients))


@check("Adam", oracle="decimal arithmetic with 50 digits", tolerance=2e-6,
       because="a few roundings in each of 12 steps")
def adam_in_single_precision_stays_close():
    """The same in float32, the gradients rounded to it first; columns above 1e-9, where g^2 is a normal number."""
    gradients = _gradients()[:, 40:].astype(np.float32).astype(float)
    return _worst_column(_path(Adam, gradients, np.float32), _decimal_adam(gradients))


@check("Adam", oracle="closed form -eta g / (|g| + eps)", tolerance=2e-15, because="rounding")
def first_step_shows_where_epsilon_stands():
    """Outside the bias correction: at |g| = 1e-8 the step is eta / 2; inside it would be eta / 32.6."""
    gradients = np.logspace(-14, 4, 37)[None] * np.where(np.arange(37) % 2, 1.0, -1.0)
    expected = -RATE * gradients / (np.abs(gradients) + 1e-8)
    return np.max(np.abs(_path(Adam, gradients) / expected - 1))


@check("Adam", oracle="closed form, m^ = g and v^ = g^2 at every t", tolerance=3e-14,
       because="rounding over 300 steps")
def constant_gradient_gives_equal_steps():
    """theta_t = -t eta g / (|g| + eps) for 300 steps along one gradient: the count advances once a step."""
    gradient = np.array([-3.0, 1e-7, 2e-8, 50.0])
    steps = np.arange(1, 301)[:, None]
    expected = -steps * RATE * gradient / (np.abs(gradient) + 1e-8)
    return np.max(np.abs(_path(Adam, np.tile(gradient, (300, 1))) / expected - 1))


@check("Adam", oracle="counting", tolerance=0, because="integers and bytes")
def state_counts_steps_and_gradient_is_kept():
    """After k steps the count is k, the gradient's bytes are the same and two optimisers share no state."""
    wrong = 0
    theta, gradient = np.ones(5), np.linspace(-1, 1, 5)
    one, other, before = Adam(theta, RATE), Adam(theta, RATE), gradient.tobytes()
    for k in range(1, 8):
        one.step(theta, gradient)
        wrong += int(one.state["count"]) != k or gradient.tobytes() != before
    wrong += int(other.state["count"]) != 0 or any(np.any(a) for a in other.state.values())
    return wrong


@check("Adam", "(11)", oracle="matrix power of I - eta A", tolerance=1e-13, because="rounding over 500 steps")
def sgd_on_a_quadratic_is_a_matrix_power():
    """theta_t - theta* = (I - eta A)^t (theta_0 - theta*)."""
    generator = np.random.default_rng(2)
    root, minimum, theta = generator.standard_normal((8, 8)), *generator.standard_normal((2, 8))
    matrix, start, optimizer = root @ root.T / 8, theta - minimum, SGD(theta, RATE)
    for _ in range(500):
        optimizer.step(theta, matrix @ (theta - minimum))
    return relative_error(theta - minimum, np.linalg.matrix_power(np.eye(8) - RATE * matrix, 500) @ start)


@check("Adam", "(11)", oracle="rational arithmetic", tolerance=1.0, because="a rounding of the product and of the sum")
def sgd_step_is_rational_arithmetic():
    """theta - eta g, in eps of its largest entry; for float32 eta is rounded first."""
    worst = 0.0
    for dtype in (np.float32, np.float64):
        theta, gradient = np.random.default_rng(3).standard_normal((2, 500)).astype(dtype)
        rate = Fraction(float(dtype(RATE)))
        expected = [float(Fraction(float(t)) - rate * Fraction(float(g))) for t, g in zip(theta, gradient)]
        SGD(theta, RATE).step(theta, gradient)
        worst = largest(worst, relative_error(theta, expected) / np.finfo(dtype).eps)
    return worst


@check("(10)", "anchor", oracle="rational arithmetic", tolerance=1.0, because="difference, product and sum are rounded")
def average_is_rational_arithmetic():
    """slow + rate (theta - slow), in eps of its largest entry; in place, and theta is kept."""
    worst = 0.0
    for dtype in (np.float32, np.float64):
        slow, theta = np.random.default_rng(4).standard_normal((2, 500)).astype(dtype)
        rate, kept = dtype(0.3), theta.copy()
        share = Fraction(float(rate))
        expected = [float((1 - share) * Fraction(float(s)) + share * Fraction(float(t))) for s, t in zip(slow, theta)]
        polyak_average(slow, theta, rate)
        worst = largest(worst, relative_error(slow, expected) / np.finfo(dtype).eps,
                        0.0 if np.array_equal(theta, kept) else np.inf)
    return worst


@check("Adam", "(11)", oracle="numpy.dtype", tolerance=0, because="dtypes are the same or they are not")
def steps_keep_the_dtype():
    """Counts the optimisers whose theta or moments leave float32."""
    wrong = 0
    for base in OPTIMIZERS.values():
        theta = np.ones(3, np.float32)
        optimizer = base(theta, RATE)
        optimizer.step(theta, theta.copy())
        wrong += theta.dtype != np.float32
        wrong += any(a.dtype != np.float32 for a in optimizer.state.values() if a.ndim)
    return wrong
