"""Sharpness-aware minimisation: the radius is kept, rho = 0 is the base optimiser, quadratics have closed forms."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasam_ref.optim.optimizers import OPTIMIZERS
from tasam_ref.optim.sam import perturbed, sam_gradient, take_step

vectors = arrays(np.float64, st.integers(1, 6), elements=st.floats(-10, 10, allow_subnormal=False))
radii = st.floats(0, 10)


def quadratic(hessian):
    """L = x^T H x / 2 as a gradient function."""
    return lambda x: (0.5 * x @ hessian @ x, hessian @ x)


class Recorded:
    """A gradient function that remembers where it was called and reuses one buffer, as the losses do."""

    def __init__(self, gradient_of):
        self.gradient_of, self.points, self.buffer = gradient_of, [], None

    def __call__(self, theta):
        self.points.append(theta.copy())
        value, gradient = self.gradient_of(theta)
        self.buffer = gradient.copy() if self.buffer is None else self.buffer
        self.buffer[...] = gradient
        return value, self.buffer


def exact_norm(vector):
    return np.sqrt(np.sum(np.asarray(vector, np.longdouble) ** 2))


@given(vectors, st.integers(-290, 290), st.floats(1e-3, 10))
def test_the_perturbation_has_length_rho_along_the_gradient(direction, exponent, rho):
    assume(np.abs(direction).max() > 1e-3)
    gradient = direction * 10.0**exponent
    step = perturbed(np.zeros_like(gradient), gradient, rho)
    assert float(exact_norm(step)) == pytest.approx(rho, rel=1e-14)
    np.testing.assert_allclose(step, rho * np.float64(direction / exact_norm(direction)), rtol=1e-13, atol=1e-13 * rho)


@given(arrays(np.float32, 5, elements=st.floats(-1, 1, width=32)), st.integers(-33, 34), st.floats(0.01, 1))
def test_the_perturbation_has_length_rho_in_float32(direction, exponent, rho):
    assume(np.abs(direction).max() > 0.01)
    gradient = direction * np.float32(10.0**exponent)
    step = perturbed(np.zeros_like(gradient), gradient, rho)
    assert step.dtype == np.float32
    assert float(exact_norm(step)) == pytest.approx(rho, rel=1e-6)


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e-42), (np.float64, 1e-320)])
def test_a_gradient_next_to_zero_gives_no_infinity(dtype, size):
    gradient = np.array([size, 0.0, -size], dtype)
    assert gradient[0] > 0
    step = perturbed(np.zeros(3, dtype), gradient, 0.5)
    assert np.isfinite(step).all()
    assert float(exact_norm(step)) == pytest.approx(0.5, rel=1e-2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_a_zero_gradient_perturbs_nothing(dtype, rho):
    theta = np.array([1.0, -2.0], dtype)
    result = perturbed(theta, np.zeros(2, dtype), rho)
    assert result is not theta
    assert result.dtype == dtype
    assert result.tolist() == [1.0, -2.0]


def test_the_perturbation_by_hand():
    """||(3, 4)|| = 5."""
    assert perturbed(np.array([1.0, 1.0]), np.array([3.0, 4.0]), 10.0).tolist() == [7.0, 9.0]


@given(vectors, st.floats(0.01, 5))
def test_no_point_of_the_ball_is_worse_for_a_linear_loss(gradient, rho):
    """max over ||e|| <= rho of g.e is rho ||g||, and the perturbation attains it (Cauchy-Schwarz)."""
    assume(np.abs(gradient).max() > 1e-3)
    gain = np.asarray(gradient, np.longdouble) @ perturbed(np.zeros_like(gradient), gradient, rho)
    assert float(gain) == pytest.approx(float(rho * exact_norm(gradient)), rel=1e-13)


def test_sam_on_a_quadratic_by_hand():
    """H = diag(2, 1), x = (3/2, 4): g = (3, 4), x_adv = x + 5 g / 5 = (9/2, 8), g_adv = (9, 8), L = 2.25 + 8."""
    theta = np.array([1.5, 4.0])
    value, gradient = sam_gradient(quadratic(np.diag([2.0, 1.0])), theta, 5.0)
    assert value == 10.25
    assert gradient.tolist() == [9.0, 8.0]
    assert theta.tolist() == [1.5, 4.0]


@given(st.floats(0.1, 10), st.floats(-10, 10).filter(lambda x: abs(x) > 1e-3), radii)
def test_sam_on_a_parabola(h, x, rho):
    """L = h x^2 / 2: the gradient at the perturbed point is h (x + rho sign x)."""
    _, gradient = sam_gradient(quadratic(np.array([[h]])), np.array([x]), rho)
    assert gradient[0] == pytest.approx(h * (x + np.copysign(rho, x)), rel=1e-13)


@given(st.integers(0, 10_000), st.floats(0.01, 3))
def test_sam_on_a_quadratic_adds_rho_h_g_over_g(seed, rho):
    """g_adv = H x + rho H H x / ||H x||, in extended precision."""
    generator = np.random.default_rng(seed)
    root, theta = generator.normal(size=(4, 4)), generator.normal(size=4)
    hessian = root @ root.T
    _, gradient = sam_gradient(quadratic(hessian), theta, rho)
    wide = hessian.astype(np.longdouble)
    plain = wide @ theta
    np.testing.assert_allclose(gradient, (plain + rho * (wide @ plain) / exact_norm(plain)).astype(float),
                               rtol=1e-11, atol=1e-12)


@given(vectors, radii)
def test_both_passes_are_taken_once_and_theta_is_not_touched(theta, rho):
    before = theta.copy()
    loss = Recorded(quadratic(np.eye(theta.size) * 3))
    value, _ = sam_gradient(loss, theta, rho)
    assert len(loss.points) == 2
    assert (loss.points[0] == before).all()
    assert (theta == before).all()
    assert value == pytest.approx(1.5 * before @ before)
    assert float(exact_norm(loss.points[1] - before)) == pytest.approx(rho if before.any() else 0.0, abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_rho_zero_is_the_base_optimiser_bit_for_bit(name, dtype):
    generator = np.random.default_rng(5)
    root = generator.normal(size=(6, 6))
    loss = quadratic((root @ root.T).astype(dtype))
    plain = generator.normal(size=6).astype(dtype)
    sharp = plain.copy()
    optimizers = [OPTIMIZERS[name](plain, 1e-2) for _ in range(2)]
    for _ in range(20):
        values = take_step(loss, plain, optimizers[0]), take_step(loss, sharp, optimizers[1], rho=0.0)
        assert values[0] == values[1]
        assert (plain == sharp).all()
    assert np.isfinite(plain).all()


def test_a_sam_step_of_plain_descent_is_11_as_printed():
    """x - eta g_adv with the g_adv by hand above: (3/2, 4) - (9, 8) / 4.  The step starts at theta."""
    theta = np.array([1.5, 4.0])
    value = take_step(quadratic(np.diag([2.0, 1.0])), theta, OPTIMIZERS["sgd"](theta, 0.25), rho=5.0)
    assert value == 10.25
    assert theta.tolist() == [-0.75, 2.0]


def test_a_step_without_sam_takes_one_pass():
    theta = np.array([1.0, 2.0])
    loss = Recorded(quadratic(np.eye(2)))
    take_step(loss, theta, OPTIMIZERS["sgd"](theta, 0.5))
    assert len(loss.points) == 1
    assert theta.tolist() == [0.5, 1.0]


@pytest.mark.parametrize("rho", [None, 0.3])
def test_a_step_advances_adams_counter_once(rho):
    theta = np.array([1.0, 2.0])
    optimizer = OPTIMIZERS["adam"](theta, 0.5)
    take_step(quadratic(np.eye(2)), theta, optimizer, rho)
    assert optimizer.state["count"] == 1


@given(st.floats(0, 5), st.floats(1e-3, 1))
def test_sam_at_a_stationary_point_stays(rho, learning_rate):
    theta = np.zeros(3)
    for name in OPTIMIZERS:
        take_step(quadratic(np.eye(3)), theta, OPTIMIZERS[name](theta, learning_rate), rho)
        assert theta.tolist() == [0.0, 0.0, 0.0]
