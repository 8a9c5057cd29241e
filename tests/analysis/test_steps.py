"""What a step goes along: by hand on linear critics, in closed form on quadratics, and on networks by differences."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasam_ref.analysis import steps
from tasam_ref.analysis.curvature import hessian_product, largest_eigenvalue
from tasam_ref.marl.losses import CriticLoss, L2Loss, Sum
from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.workspace import workspace
from tasam_ref.optim.sam import perturbed

# Q = w x + b on x = 0, 1, 2, 5 with y = 1, 3, 0, 2: at w = 2, b = -1 the errors Q - y are -2, -2, 3, 7.
X, Y, THETA = [0, 1, 2, 5], [1, 3, 0, 2], np.array([2.0, -1.0])


def linear(columns=slice(None), size=4):
    x, y = (np.array([values], float)[:, columns] for values in (X, Y))
    return CriticLoss(workspace(MLP((1, 1)), x.shape[1], np.dtype(float)), x, y, size)


def network(sizes=(3, 5, 2), seed=0, dtype=float):
    generator = np.random.default_rng(seed)
    net, columns = MLP(sizes), 6
    x, y = (generator.standard_normal((n, columns)).astype(dtype) for n in (sizes[0], sizes[-1]))
    loss = CriticLoss(workspace(net, columns, np.dtype(dtype)), x, y, y.size)
    return loss, generator.standard_normal(net.num_params).astype(dtype)


def in_parts(loss):
    """The same loss as a sum over two chunks, with an L2 term."""
    pieces = [CriticLoss(workspace(loss.work.net, 3, loss.x.dtype), np.ascontiguousarray(loss.x[:, part]),
                         loss.target[:, part], loss.size) for part in (slice(3), slice(3, 6))]
    return L2Loss(Sum(pieces), 0.1)


# ---- the two parts of the gradient

def test_a_linear_critic_by_hand():
    """m = (mean x, 1) = (2, 1); g = 2 (mean (Q - y) x, mean (Q - y)) = 2 (39/4, 6/4), the first sum 0 - 2 + 6 + 35."""
    loss = linear()
    assert steps.values(loss, THETA).tolist() == [-1, 1, 3, 9]
    assert steps.targets(loss).tolist() == Y
    offset, gradient = steps.mean_gradient(loss, THETA), loss(THETA)[1].copy()
    assert offset.tolist() == [2, 1]
    assert gradient.tolist() == [19.5, 3]
    assert steps.cosine(gradient, offset) == pytest.approx(42 / (19.5**2 + 9) ** 0.5 / 5**0.5, rel=1e-14)


def test_the_gradient_is_twice_the_mean_error_times_m_and_twice_the_covariance():
    """By differences of mean Q and of each Q_b, on a tanh network."""
    loss, theta = network()

    def difference(function):
        return np.array([(function(theta + 1e-6 * e) - function(theta - 1e-6 * e)) / 2e-6 for e in np.eye(theta.size)])

    slopes = difference(lambda at: steps.values(loss, at))                              # (n_params, B)
    error = steps.values(loss, theta) - steps.targets(loss)
    offset = steps.mean_gradient(loss, theta)
    np.testing.assert_allclose(offset, slopes.mean(axis=1), rtol=1e-8, atol=1e-8)
    covariance = ((error - error.mean()) * (slopes - slopes.mean(axis=1)[:, None])).mean(axis=1)
    np.testing.assert_allclose(loss(theta)[1], 2 * error.mean() * offset + 2 * covariance, rtol=1e-7, atol=1e-8)


def test_parts_and_an_l2_term_change_nothing():
    loss, theta = network()
    np.testing.assert_allclose(steps.mean_gradient(in_parts(loss), theta), steps.mean_gradient(loss, theta), rtol=1e-13)
    whole, parts = (np.sort(steps.values(one, theta)) for one in (loss, in_parts(loss)))
    np.testing.assert_allclose(parts, whole, rtol=1e-13)
    assert sorted(steps.targets(in_parts(loss))) == sorted(steps.targets(loss))


def test_networks_in_single_precision_are_summed_in_double():
    loss, theta = network(dtype=np.float32)
    assert steps.mean_gradient(loss, theta).dtype == steps.values(loss, theta).dtype == np.float64
    assert steps.cosine(theta, theta) == pytest.approx(1, abs=1e-15)


# ---- directions

def test_angles_by_hand():
    assert steps.cosine([3, 4], [4, 3]) == pytest.approx(24 / 25)
    assert steps.cosine([1, 0], [-2, 0]) == -1
    assert steps.cosine([0, 0], [1, 2]) == 0
    assert steps.remainder([3, 4], [2, 0]).tolist() == [0, 4]
    assert steps.remainder([3, 4], [0, 0]).tolist() == [3, 4]


def test_what_is_kept_is_counted_beside_the_offset():
    """Of g = (3, 4) beside m = (1, 0) there is (0, 4)."""
    assert steps.kept([3, 4], [3, 4], [1, 0]) == 1
    assert steps.kept([3, 4], [-90, 4], [1, 0]) == 1
    assert steps.kept([3, 4], [3, 1], [1, 0]) == 0.25
    assert steps.kept([3, 4], [3, 0], [1, 0]) == 0
    assert steps.kept([3, 0], [3, 4], [1, 0]) == 0


@given(arrays(np.float64, 4, elements=st.floats(-10, 10)), arrays(np.float64, 4, elements=st.floats(-10, 10)))
def test_a_remainder_is_at_right_angles(vector, direction):
    rest = steps.remainder(vector, direction)
    assert rest @ direction == pytest.approx(0, abs=1e-9)
    assert rest @ rest <= vector @ vector * (1 + 1e-12)


# ---- changes of Q

def test_shares_of_a_change_by_hand():
    """d = (1, 2, 3): mean 2, mean square 14/3.  e = (0, 2, 1): cov = (1 0 + 2 2 + 3 1) / 3 - 2 1 = 1/3, var = 2/3."""
    change, error = np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0, 1.0])
    assert steps.common_share(change) == pytest.approx(float(Fraction(4) / Fraction(14, 3)), rel=1e-15)
    assert steps.learned_share(change, error) == pytest.approx(1 / 2, rel=1e-15)


@given(st.floats(-2, 2), st.floats(-5, 5), st.floats(-5, 5))
def test_an_offset_is_not_learning(share, offset, missing):
    error = np.array([0.3, -1.0, 2.0, 0.5])
    assert steps.learned_share(offset + share * error, missing + error) == pytest.approx(share, abs=1e-12)


def test_nothing_changed_nothing_missing():
    assert steps.common_share(np.zeros(3)) == 0
    assert steps.learned_share(np.ones(3), np.full(3, 2.0)) == 0


@pytest.mark.parametrize(("taken", "share"), [
    ([1, -1, 1, -1], 1), ([1, 2, 0.1], 0), ([1, 1, -1, -1, -1], 0.25), ([1, 0, -1], 1), ([1], 0), ([], 0), ([0, 0], 0)])
def test_turns_are_changes_of_sign(taken, share):
    assert steps.turns(taken) == share


def test_a_fair_coin_turns_every_other_time():
    taken = np.random.default_rng(0).standard_normal(4000)
    assert steps.turns(taken) == pytest.approx(0.5, abs=4 * 0.5 / 4000**0.5)
    assert steps.turns(taken) == sum(a * b < 0 for a, b in pairwise(taken)) / 3999


# ---- curvature against slope

def quadratic(seed, size=5):
    generator = np.random.default_rng(seed)
    root = generator.standard_normal((size, size))
    return root @ root.T, *generator.standard_normal((2, size)), generator.uniform(0.2, 2.0, size)


@pytest.mark.parametrize("seed", range(4))
def test_the_gradient_at_the_ascent_point_of_a_quadratic(seed):
    """T g_adv = T g + rho (T H T) T g / ||T g||, exactly where the loss is theta' H theta / 2 + b' theta."""
    matrix, b, theta, scale = quadratic(seed)
    product = steps.scaled_product(lambda v: matrix @ v, scale)
    gradient = matrix @ theta + b
    there = matrix @ perturbed(theta, gradient, 0.3, scale) + b
    slope = scale * gradient
    np.testing.assert_allclose(scale * there, slope + 0.3 * product(slope) / np.linalg.norm(slope), rtol=1e-12)


def test_the_scaled_curvature_is_that_of_the_scaled_parameters():
    """With theta = T phi the Hessian by phi is T H T: 2 x 2, by hand."""
    matrix, scale = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([10.0, 0.1])
    product = steps.scaled_product(lambda v: matrix @ v, scale)
    assert np.column_stack([product(e) for e in np.eye(2)]) == pytest.approx(np.array([[200, 1], [1, 0.03]]))
    assert steps.rayleigh(product, np.array([1.0, 0.0])) == pytest.approx(200)
    assert steps.rayleigh(product, np.zeros(2)) == 0


@pytest.mark.parametrize(("rho", "far"), [(1e3, True), (1e-4, False)])
def test_far_beyond_the_slope_the_gradient_points_along_the_top_of_the_hessian(rho, far):
    """One product with H is a power step: of g = (0.05, 1, 1, 1), nearly at right angles to the top, it makes
    (5, 1, 0.5, 0.1)."""
    matrix, gradient = np.diag([100.0, 1.0, 0.5, 0.1]), np.array([0.05, 1.0, 1.0, 1.0])
    there = matrix @ perturbed(np.zeros(4), gradient, rho) + gradient
    reach = steps.ratio(rho * largest_eigenvalue(lambda v: matrix @ v, 4).value, np.linalg.norm(gradient))
    assert reach == pytest.approx(rho * 100 / 3.0025**0.5)
    assert (abs(there[0]) / np.linalg.norm(there) > 0.97) == far == (reach > 1)
    assert (steps.cosine(there, gradient) > 0.999) == (not far)


def test_a_common_input_bends_a_linear_critic_along_its_mean():
    """H = 2 mean z z' with z = (x, 1): where every z is the same, m is the top and the only direction."""
    loss = CriticLoss(workspace(MLP((1, 1)), 3, np.dtype(float)), np.full((1, 3), 2.0), np.array([[1.0, 0.0, 4.0]]), 3)
    product, offset = hessian_product(loss, THETA), steps.mean_gradient(loss, THETA)
    assert offset.tolist() == [2, 1]
    assert steps.rayleigh(product, offset) == pytest.approx(10, rel=1e-14)                # 2 ||m||^2
    assert largest_eigenvalue(product, 2).value == pytest.approx(10, rel=1e-9)


@pytest.mark.parametrize("part", [0.0, -0.0, 3.0])
def test_a_share_of_nothing_is_nothing(part):
    assert steps.ratio(part, 0.0) == 0
    assert steps.ratio(part, 2.0) == part / 2
