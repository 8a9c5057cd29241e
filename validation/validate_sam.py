"""(11), (12): sharpness-aware minimisation against closed forms on quadratics L = theta' A theta / 2 + b' theta."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
from scipy import optimize

from tasam_ref.optim.optimizers import OPTIMIZERS, SGD, Adam
from tasam_ref.optim.sam import perturbed, sam_gradient, take_step

from .checks import check
from .oracles import complex_gradient, largest, relative_error


def _quadratic(seed, size=20):
    """A (positive definite), b, theta and the loss's gradient function, which reuses one buffer as the losses do."""
    generator = np.random.default_rng(seed)
    root, b, theta = generator.standard_normal((size, size)), *generator.standard_normal((2, size))
    matrix, buffer = root @ root.T / size + 0.1 * np.eye(size), np.empty(size)

    def gradient_of(theta):
        np.add(matrix @ theta, b, out=buffer)
        return theta @ matrix @ theta / 2 + b @ theta, buffer

    return matrix, b, theta, gradient_of


@check("(12)", oracle="the length of the step taken", tolerance=4e-14, because="rounding of theta + step at rho 0.01")
def perturbation_has_length_rho():
    """||theta_adv - theta|| = rho for random gradients of any scale."""
    generator = np.random.default_rng(1)
    worst = 0.0
    for scale in 10.0 ** np.arange(-30, 31, 10):
        theta, gradient = generator.standard_normal(50), scale * generator.standard_normal(50)
        for rho in (0.01, 0.5):
            length = np.linalg.norm(perturbed(theta, gradient, rho) - theta)
            worst = largest(worst, abs(length / rho - 1))
    return worst


@check("(12)", oracle="50-digit decimal arithmetic", tolerance=0, because="the exponents overflow or they do not")
def no_gradient_is_too_small_or_too_large():
    """From theta = 0 the step is rho g / ||g|| to 4 eps, though ||g||^2 under- or overflows; counts those that fail."""
    wrong = 0
    for dtype, exponents in ((np.float32, (-30, -20, 20, 30)), (np.float64, (-300, -200, 200, 300))):
        generator = np.random.default_rng(2)
        for exponent in exponents:
            gradient = (generator.standard_normal(50) * 10.0**exponent).astype(dtype)
            norm = sum(Decimal(float(g)) ** 2 for g in gradient).sqrt()
            expected = [float(Decimal("0.5") * Decimal(float(g)) / norm) for g in gradient]
            step = perturbed(np.zeros(50, dtype), gradient, 0.5)
            wrong += not relative_error(step, expected) <= 4 * np.finfo(dtype).eps
    return wrong


@check("(12)", oracle="sequential quadratic programming", tolerance=4e-8, because="the optimiser's stopping rule")
def step_maximises_the_linearised_loss():
    """theta_adv - theta = argmax of g'd over ||d|| <= rho, as SciPy finds it."""
    worst = 0.0
    for seed in range(5):
        gradient = np.random.default_rng(seed).standard_normal(6)
        ball = {"type": "ineq", "fun": lambda d: 1 - d @ d, "jac": lambda d: -2 * d}
        best = optimize.minimize(lambda d, g=gradient: -g @ d, np.full(6, 0.1), jac=lambda d, g=gradient: -g,
                                 constraints=ball, method="SLSQP", options={"ftol": 1e-15, "maxiter": 500}).x
        worst = largest(worst, relative_error(perturbed(np.zeros(6), gradient, 0.3), 0.3 * best))
    return worst


@check("(12)", oracle="two million random directions", tolerance=0, because="not one may reach further")
def no_random_direction_reaches_further():
    """Counts the directions on a ball in four dimensions along which the linearised loss rises more."""
    generator = np.random.default_rng(3)
    wrong = 0
    for _ in range(4):
        gradient = generator.standard_normal(4)
        directions = generator.standard_normal((500_000, 4))
        rises = directions @ gradient / np.linalg.norm(directions, axis=1)
        wrong += np.count_nonzero(rises > perturbed(np.zeros(4), gradient, 1.0) @ gradient)
    return wrong


@check("(12)", oracle="Taylor's formula, exact on quadratics", tolerance=2e-13, because="cancellation in L_adv - L")
def loss_rises_by_rho_times_the_gradients_norm():
    """L(theta_adv) - L(theta) = rho ||g|| + rho^2 g'Ag / (2 ||g||^2)."""
    worst = 0.0
    for seed in range(10):
        matrix, b, theta, gradient_of = _quadratic(seed)
        value, gradient = gradient_of(theta)[0], matrix @ theta + b
        norm = np.sqrt(gradient @ gradient)
        for rho in (0.01, 0.1, 0.5):
            rise = gradient_of(perturbed(theta, gradient, rho))[0] - value
            expected = rho * norm + rho**2 * (gradient @ matrix @ gradient) / (2 * norm**2)
            worst = largest(worst, relative_error(rise, expected))
    return worst


@check("(11)", "(12)", oracle="complex step", tolerance=1e-15, because="rounding of products with 20 columns")
def gradient_is_that_of_loss_plus_rho_norm():
    """On quadratics the gradient in (11) is that of L + rho ||grad L||; the value returned is L(theta)."""
    worst = 0.0
    for seed in range(5):
        matrix, b, theta, gradient_of = _quadratic(seed)
        for rho in (0.01, 0.5):
            def surrogate(x, matrix=matrix, b=b, rho=rho):
                gradient = matrix @ x + b
                return x @ matrix @ x / 2 + b @ x + rho * np.sqrt(gradient @ gradient)

            value, gradient = sam_gradient(gradient_of, theta, rho)
            worst = largest(worst, relative_error(gradient, complex_gradient(surrogate, theta)),
                        relative_error(value, theta @ matrix @ theta / 2 + b @ theta))
    return worst


@check("(11)", oracle="the recursion in the eigenbasis of A", tolerance=5e-14, because="rounding over 200 steps")
def descent_is_the_recursion_in_the_eigenbasis():
    """c <- c - eta (lam c + rho lam^2 c / ||lam c||) for theta = theta* + V c, with a radius that falls."""
    matrix, b, theta, gradient_of = _quadratic(7)
    lam, basis = np.linalg.eigh(matrix)
    minimum = -np.linalg.solve(matrix, b)
    c, optimizer, worst = basis.T @ (theta - minimum), SGD(theta, 0.05), 0.0
    for rho in np.linspace(0.5, 0.01, 200):
        take_step(gradient_of, theta, optimizer, rho)
        c = c - 0.05 * (lam * c + rho * lam**2 * c / np.sqrt(np.sum((lam * c) ** 2)))
        worst = largest(worst, relative_error(theta, minimum + basis @ c))
    return worst


@check("(11)", oracle="the geometric series", tolerance=3e-15, because="rounding over 12 steps")
def sphere_is_descended_by_rho_more_each_step():
    """L = lam |theta|^2 / 2:  |theta_t| = (1 - eta lam)^t (|theta_0| + rho) - rho, the direction kept."""
    theta = np.random.default_rng(4).standard_normal(10)
    start, length, rate, lam, rho = theta.copy(), np.linalg.norm(theta), 0.05, 2.0, 0.2
    optimizer, worst = SGD(theta, rate), 0.0
    for t in range(1, 13):
        take_step(lambda x: (lam * x @ x / 2, lam * x), theta, optimizer, rho)
        radius = (1 - rate * lam) ** t * (length + rho) - rho
        worst = largest(worst, relative_error(theta, start / length * radius))
    return worst


@check("(11)", oracle="the fixed point of r -> eta lam rho - (1 - eta lam) r", tolerance=2e-15,
       because="rounding at the fixed point")
def sphere_ends_in_a_cycle_of_two():
    """A constant radius keeps theta moving: |theta| -> eta lam rho / (2 - eta lam), the sign alternating."""
    theta = np.random.default_rng(5).standard_normal(10)
    rate, lam, rho = 0.1, 3.0, 0.5
    optimizer = SGD(theta, rate)
    for _ in range(400):
        before = theta.copy()
        take_step(lambda x: (lam * x @ x / 2, lam * x), theta, optimizer, rho)
    radius = rate * lam * rho / (2 - rate * lam)
    return max(relative_error(theta, -before), relative_error(np.linalg.norm(theta), radius))


@check("(11)", "(12)", oracle="bytes", tolerance=0, because="no rounding where nothing is added")
def zero_gradient_gives_no_perturbation():
    """Reading R45: theta_adv is a copy of theta and descent stays there, without NaN, for +0 and -0."""
    wrong = 0
    for dtype in (np.float32, np.float64):
        for zero in (0.0, -0.0):
            theta, gradient = np.arange(-3, 4).astype(dtype), np.full(7, zero, dtype)
            theta_adv, start = perturbed(theta, gradient, 0.5), theta.tobytes()
            wrong += theta_adv.tobytes() != start or np.shares_memory(theta_adv, theta)
            for base in OPTIMIZERS.values():
                take_step(lambda x, g=gradient: (1.0, g), theta, base(theta, 0.1), 0.5)
                wrong += theta.tobytes() != start
    return wrong


@check("(11)", oracle="bytes", tolerance=0, because="theta either moved or did not")
def theta_is_untouched_between_the_passes():
    """Pass one is at theta, pass two in memory of its own while theta holds its bytes; one pass without SAM."""
    wrong = 0
    for base in OPTIMIZERS.values():
        for rho, passes in ((0.3, 2), (0.0, 2), (None, 1)):
            _, _, theta, gradient_of = _quadratic(8)
            start, seen = theta.tobytes(), []

            def watched(x, theta=theta, gradient_of=gradient_of, seen=seen):
                seen.append((theta.tobytes(), x.tobytes(), np.shares_memory(x, theta)))
                return gradient_of(x)

            take_step(watched, theta, base(theta, 0.1), rho)
            wrong += len(seen) != passes
            wrong += sum(now != start for now, _, _ in seen)
            wrong += seen[0][1] != start
            wrong += sum(shared or (at == start) != (rho == 0) for _, at, shared in seen[1:])
            wrong += theta.tobytes() == start
    return wrong


@check("(11)", "Adam", oracle="bytes", tolerance=0, because="theta + 0 is theta")
def radius_zero_is_the_base_optimiser():
    """30 steps with rho = 0 end in the same bits as 30 without SAM, in Adam and SGD; counts those that do not."""
    wrong = 0
    for base in OPTIMIZERS.values():
        ends = []
        for rho in (0.0, None):
            _, _, theta, gradient_of = _quadratic(9)
            optimizer = base(theta, 0.05)
            for _ in range(30):
                take_step(gradient_of, theta, optimizer, rho)
            ends.append(theta.tobytes() + b"".join(a.tobytes() for a in optimizer.state.values()))
        wrong += ends[0] != ends[1]
    return wrong


@check("(11)", "Adam", oracle="closed form of Adam's first step", tolerance=6e-15, because="rounding of theta")
def adam_steps_along_the_perturbed_gradient():
    """theta <- theta - eta g_adv / (|g_adv| + eps) with g_adv = A (theta + rho g / ||g||) + b."""
    matrix, b, theta, gradient_of = _quadratic(10)
    gradient = matrix @ theta + b
    adv = matrix @ (theta + 0.5 * gradient / np.linalg.norm(gradient)) + b
    start = theta.copy()
    take_step(gradient_of, theta, Adam(theta, 0.1), 0.5)
    return relative_error(theta - start, -0.1 * adv / (np.abs(adv) + 1e-8))


@check("(12)", oracle="the formula in float64", tolerance=1.0, because="theta + step rounds by at most one float32 eps")
def single_precision_costs_one_rounding():
    """Largest deviation of theta_adv in float32, in units of its eps, from theta + rho g / ||g||."""
    worst = 0.0
    for seed in range(20):
        theta, gradient = np.random.default_rng(seed).standard_normal((2, 1000)).astype(np.float32)
        for rho in (0.01, 0.5):
            exact = theta + rho * gradient.astype(float) / np.linalg.norm(gradient.astype(float))
            worst = largest(worst, relative_error(perturbed(theta, gradient, rho), exact) / np.finfo(np.float32).eps)
    return worst


@check("(12)", oracle="rational arithmetic", tolerance=1.0, because="roundings of norm, quotient, product and sum")
def step_along_whole_numbers_is_rational_arithmetic():
    """theta + rho g / ||g|| for the gradient 1, ..., 24, whose length is 70, in eps of the largest entry."""
    worst = 0.0
    for dtype in (np.float32, np.float64):
        theta, gradient = np.random.default_rng(11).standard_normal(24).astype(dtype), np.arange(1, 25).astype(dtype)
        rho = dtype(0.3)
        expected = [float(Fraction(float(t)) + Fraction(float(rho)) * g / 70) for t, g in zip(theta, range(1, 25))]
        worst = largest(worst, relative_error(perturbed(theta, gradient, rho), expected) / np.finfo(dtype).eps)
    return worst
