"""Hessians of the losses against central differences of their gradients; Lanczos against dense eigenvalues."""

from dataclasses import FrozenInstanceError, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.analysis.curvature import extreme_eigenvalues
from tasam_ref.analysis.hessian import hessian_product
from tasam_ref.config import AgentConfig
from tasam_ref.errors import RunFailure, UsageError
from tasam_ref.marl.critics import ActionValue
from tasam_ref.marl.distillation import DistillationLoss
from tasam_ref.marl.losses import POLICY_GRADIENTS, ActorLoss, Anchor, CriticLoss, Sum
from tasam_ref.marl.networks import build_networks
from tasam_ref.marl.policy import Policy, drawn
from tasam_ref.nn.workspace import workspace

AGENTS, OBS, ACTION, BATCH = 2, 3, 2, 6

seeds = st.integers(0, 2**32 - 1)
scopes = pytest.mark.parametrize("scope", ["shared_local", "joint"])


def build(seed, scope, dtype, **fields):
    agent = replace(AgentConfig(), hidden_sizes=(4, 3), critic_scope=scope, dtype=dtype, **fields)
    generator = np.random.default_rng(seed)
    return build_networks(agent, AGENTS, OBS, ACTION), lambda *shape: generator.standard_normal(shape).astype(dtype)


def critic_case(seed, scope="shared_local", dtype="float64"):
    """A CriticLoss on random data, and parameters to call it at."""
    networks, normal = build(seed, scope, dtype)
    x, target = normal(networks.scope.inputs, BATCH), 2 * normal(networks.scope.outputs, BATCH)
    return CriticLoss(workspace(networks.critic, BATCH, dtype), x, target, target.size), normal(
        networks.critic.num_params)


def actor_case(seed, scope="shared_local", critics=1, anchored=False, estimate="reparameterised", dtype="float64",
               **fields):
    """An ActorLoss of the second agent on random data, and parameters to call it at."""
    networks, normal = build(seed, scope, dtype, **fields)
    anchor = Anchor(normal(ACTION, BATCH), 0.3 * normal(ACTION, BATCH), 0.4) if anchored else None
    q = ActionValue(normal(critics, networks.critic.num_params), normal(networks.scope.inputs, BATCH),
                    networks.scope.place(1), [workspace(networks.critic, BATCH, dtype) for _ in range(critics)])
    loss = ActorLoss(Policy(networks, BATCH), q, normal(OBS, BATCH), normal(ACTION, BATCH), 0.3,
                     POLICY_GRADIENTS[estimate], anchor=anchor)
    return loss, 0.7 * normal(networks.actor.num_params)


def slope_of_gradient(loss, theta, v):
    """H v by central differences of the loss's gradient, their errors h^2, h^4 and h^6 removed."""
    row = [(loss(theta + h * v)[1].copy() - loss(theta - h * v)[1]) / (2 * h) for h in (8e-3, 4e-3, 2e-3, 1e-3)]
    for power in (4, 16, 64):
        row = [(power * fine - coarse) / (power - 1) for coarse, fine in pairwise(row)]
    return row[0]


def unit(theta, seed):
    v = np.random.default_rng(seed).standard_normal(theta.size)
    return v / np.linalg.norm(v)


def assert_close(value, expected, tolerance):
    np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance * (1 + np.abs(expected).max()))


@scopes
@given(seeds)
def test_the_critics_product_is_the_slope_of_its_gradient(scope, seed):
    loss, theta = critic_case(seed, scope)
    v = unit(theta, seed)
    assert_close(hessian_product(loss, theta)(v), slope_of_gradient(loss, theta, v), 1e-9)


@given(seeds)
def test_the_product_of_a_sum_of_parts_is_that_of_the_whole_batch(seed):
    whole, theta = critic_case(seed)
    v = unit(theta, seed)
    parts = [CriticLoss(workspace(whole.work.net, 3, theta.dtype), whole.x[:, part], whole.target[:, part], whole.size)
             for part in (slice(0, 3), slice(3, BATCH))]
    assert_close(hessian_product(Sum(parts), theta)(v), hessian_product(whole, theta)(v), 1e-13)


def choices(loss, theta):
    """Where the clip of log_std lets through, (A, B), and which critic values each action least, (B,)."""
    sample = drawn(loss.policy.law(theta, loss.obs), loss.noise)
    alone = [replace(loss.q, thetas_v=loss.q.thetas_v[c : c + 1], works=[work]) for c, work in enumerate(loss.q.works)]
    return sample.free, np.argmin([q(sample.action) for q in alone], axis=0)


def holds_its_choices(loss, theta, v, reach=1e-2):
    """Whether no clip and no smallest critic changes over anywhere near, so that differences are of one branch."""
    return all((there == here).all() for s in np.linspace(-reach, reach, 9)
               for there, here in zip(choices(loss, theta + s * v), choices(loss, theta)))


@scopes
@pytest.mark.parametrize("critics", [1, 2])
@pytest.mark.parametrize("anchored", [False, True])
@pytest.mark.parametrize("bounds", [(-5.0, 2.0), (-0.5, 0.5)])
@given(seeds)
def test_the_actors_product_is_the_slope_of_its_gradient(scope, critics, anchored, bounds, seed):
    """Through one critic or the smaller of two, beside an anchor, and where the clip of log_std is active.

    What stood in the action's place of the critic's input before does not matter.
    """
    loss, theta = actor_case(seed, scope, critics, anchored, log_std_min=bounds[0], log_std_max=bounds[1])
    v = unit(theta, seed)
    if holds_its_choices(loss, theta, v):
        loss.q.x[loss.q.place[0]] = 7.0
        assert_close(hessian_product(loss, theta)(v), slope_of_gradient(loss, theta, v), 1e-8)


@given(seeds)
def test_the_product_of_a_distilled_actor_is_the_slope_of_its_gradient(seed):
    """Two teachers, on other states than the actor's own."""
    alone, theta = actor_case(seed)
    networks, normal = build(seed, "shared_local", "float64")
    teachers = [Anchor(0.5 * normal(ACTION, BATCH), 0.5 * normal(ACTION, BATCH), 0.2) for _ in range(2)]
    distillation = DistillationLoss(Policy(networks, BATCH), normal(OBS, BATCH), teachers)
    loss, v = Sum([alone, distillation]), unit(theta, seed)
    if holds_its_choices(alone, theta, v) and holds_its_choices(replace(alone, obs=distillation.obs), theta, v):
        assert_close(hessian_product(loss, theta)(v), slope_of_gradient(loss, theta, v), 1e-8)


def test_the_cases_above_meet_active_clips_and_both_critics():
    """The comparison is not empty: over some seeds every branch is taken, and most cases are compared."""
    compared, clipped, second = 0, 0, 0
    for seed in range(40):
        loss, theta = actor_case(seed, critics=2, log_std_min=-0.5, log_std_max=0.5)
        free, smallest = choices(loss, theta)
        compared += holds_its_choices(loss, theta, unit(theta, seed))
        clipped += not free.all()
        second += set(smallest) == {0, 1}
    assert compared > 20
    assert clipped > 20
    assert second > 10


def cases(seed):
    for scope in ("shared_local", "joint"):
        yield critic_case(seed, scope)
        yield actor_case(seed, scope, critics=2, anchored=True, log_std_min=-0.5, log_std_max=0.5)


@given(seeds, st.floats(-3, 3))
def test_the_product_is_linear_symmetric_and_zero_at_zero(seed, factor):
    for loss, theta in cases(seed):
        hvp = hessian_product(loss, theta)
        u, v = unit(theta, seed), unit(theta, seed + 1)
        assert_close(hvp(u + factor * v), hvp(u) + factor * hvp(v), 1e-12)
        assert_close(u @ hvp(v), v @ hvp(u), 1e-12)
        assert (hvp(0 * v) == 0).all()


def held(loss):
    """The arrays that a loss holds."""
    if isinstance(loss, CriticLoss):
        return [loss.x, loss.target]
    return [loss.q.thetas_v, loss.q.x, loss.obs, loss.noise, loss.anchor.mean, loss.anchor.log_std]


def test_what_is_frozen_stays_frozen():
    """Training goes on in the same arrays: the product is still that of the moment when it was asked for."""
    for loss, theta in cases(3):
        v = unit(theta, 3)
        hvp = hessian_product(loss, theta)
        before = hvp(v)
        for array in (theta, *held(loss)):
            array += 1.0
        assert (hvp(v) == before).all()


def test_asking_for_a_product_changes_nothing_that_the_loss_holds():
    for loss, theta in cases(4):
        arrays = [theta, *held(loss)]
        before = [array.copy() for array in arrays]
        hessian_product(loss, theta)(unit(theta, 4))
        assert all((a == b).all() for a, b in zip(before, arrays))


@pytest.mark.parametrize("make", [critic_case, actor_case])
def test_networks_of_float32_are_measured_in_float64(make):
    """Casting every number of a float32 loss up, by hand, gives the same product to the last bit."""
    low, theta = make(5, dtype="float32")
    v = unit(theta, 5)
    product = hessian_product(low, theta)(v)
    high, _ = make(5)

    def cast(part, other, *names):
        return replace(part, **{name: getattr(other, name).astype(np.float64) for name in names})

    if isinstance(low, ActorLoss):
        high = replace(cast(high, low, "obs", "noise"), q=cast(high.q, low.q, "thetas_v", "x"))
    else:
        high = cast(high, low, "x", "target")
    assert product.dtype == np.float64
    assert (product == hessian_product(high, theta.astype(np.float64))(v)).all()


@pytest.mark.parametrize("estimate", ["score_function", "score_function_replayed"])
def test_a_score_function_is_refused(estimate):
    loss, theta = actor_case(1, estimate=estimate)
    with pytest.raises(UsageError, match=rf"^agent\.policy_gradient={estimate}: .* allowed: reparameterised$"):
        hessian_product(loss, theta)


def test_vectors_of_another_length_are_refused():
    for loss, theta in cases(2):
        size = theta.size
        with pytest.raises(UsageError, match=rf"^theta of shape \({size - 1},\): .*allowed is \({size},\)$"):
            hessian_product(loss, theta[1:])
        with pytest.raises(UsageError, match=rf"^v of shape \({size}, 1\): .*allowed is \({size},\)$"):
            hessian_product(loss, theta)(theta[:, None])


def random_symmetric(seed, spectrum):
    """A symmetric matrix with these eigenvalues in random directions."""
    basis, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(spectrum), len(spectrum))))
    return (basis * spectrum) @ basis.T


@given(seeds, st.lists(st.integers(-1000, 1000), min_size=2, max_size=40), st.integers(-14, 12))
def test_both_ends_of_any_spectrum(seed, spectrum, exponent):
    """Of all sizes, clustered, definite or not, on all scales: the error is below the tolerance times the norm."""
    spectrum = np.array(spectrum) * 10.0**exponent
    matrix, norm = random_symmetric(seed, spectrum), np.abs(spectrum).max()
    ends = extreme_eigenvalues(lambda v: matrix @ v, len(spectrum))
    assert abs(ends.largest.value - spectrum.max()) <= 4e-6 * norm
    assert abs(ends.smallest.value - spectrum.min()) <= 4e-6 * norm
    assert max(ends.largest.residual, ends.smallest.residual) <= 4e-6 * norm


def test_the_largest_eigenvalue_is_not_the_largest_in_magnitude():
    """Spectrum -100, -3, ..., 2: lambda_max is 2."""
    matrix = random_symmetric(0, np.array([-100.0, *np.linspace(-3, 1, 40), 2.0]))
    ends = extreme_eigenvalues(lambda v: matrix @ v, 42)
    assert ends.largest.value == pytest.approx(2, rel=1e-6)
    assert ends.smallest.value == pytest.approx(-100, rel=1e-6)


@pytest.mark.parametrize("rank", [1, 34, 60, 99])
def test_a_smallest_eigenvalue_of_zero_is_found(rank):
    """A least-squares Hessian with fewer rows than parameters, of which SciPy's Lanczos alone misses some."""
    root = np.random.default_rng(100 + rank).standard_normal((rank, 100))
    ends = extreme_eigenvalues(lambda v: root.T @ (root @ v), 100)
    largest = np.linalg.norm(root, 2) ** 2
    assert ends.largest.value == pytest.approx(largest, rel=1e-6)
    assert abs(ends.smallest.value) < 1e-6 * largest


def test_eigenvalues_that_crowd_at_an_end_do_not_stall():
    """k^8 for k from 0 to 1: among the smallest, many lie within the tolerance of each other."""
    spectrum = np.linspace(0, 1, 100) ** 8
    ends = extreme_eigenvalues(lambda v: spectrum * v, 100)
    assert ends.largest.value == pytest.approx(1, rel=1e-6)
    assert abs(ends.smallest.value) < 1e-6


@pytest.mark.parametrize("size", [2, 3, 50])
@pytest.mark.parametrize("value", [0.0, 3.0, -3.0])
def test_a_multiple_of_the_identity(size, value):
    ends = extreme_eigenvalues(lambda v: value * v, size)
    assert ends.largest.value == pytest.approx(value, rel=1e-14)
    assert ends.smallest.value == pytest.approx(value, rel=1e-14)


def test_the_residual_is_a_length_and_products_are_counted():
    """Recomputed from outside: the last product is of the unit eigenvector."""
    matrix, seen = random_symmetric(1, np.linspace(-1, 4, 60)), []

    def hvp(v):
        seen.append(v.copy())
        return matrix @ v

    ends = extreme_eigenvalues(hvp, 60)
    vector = seen[-1]
    assert np.linalg.norm(vector) == pytest.approx(1, rel=1e-14)
    assert ends.smallest.value == pytest.approx(vector @ matrix @ vector, rel=1e-14)
    expected = np.linalg.norm(matrix @ vector - ends.smallest.value * vector)
    assert ends.smallest.residual == pytest.approx(expected, rel=1e-6, abs=1e-15)
    assert 0 < ends.largest.products + ends.smallest.products <= len(seen)
    with pytest.raises(FrozenInstanceError):
        ends.largest.value = 0.0


def test_the_same_question_has_the_same_answer():
    matrix = random_symmetric(2, np.linspace(-1, 4, 60))
    answers = [extreme_eigenvalues(lambda v: matrix @ v, 60, seed=seed) for seed in (0, 0, 1)]
    assert answers[0] == answers[1]
    assert answers[2] != answers[0]
    assert answers[2].largest.value == pytest.approx(answers[0].largest.value, rel=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_product_that_is_not_finite_is_a_failure(value):
    with pytest.raises(RunFailure, match=r"^a product with the Hessian is not finite$"):
        extreme_eigenvalues(lambda v: np.full(5, value), 5)


def test_lanczos_that_does_not_converge_is_a_failure():
    matrix = random_symmetric(3, np.linspace(0, 1, 400) ** 4)
    with pytest.raises(RunFailure, match=r"^Lanczos \(LA\) has no relative residual below 1e-12 after 1 restarts, \d+"):
        extreme_eigenvalues(lambda v: matrix @ v, 400, tolerance=1e-12, max_restarts=1)


@pytest.mark.parametrize(("size", "tolerance", "message"), [
    (1, 1e-6, r"^size=1: allowed are matrices of 2 or more rows$"),
    (3, 0.0, r"^tolerance=0.0: allowed is above 0 and below 1$"),
    (3, 1.0, r"^tolerance=1.0: "), (3, float("nan"), r"^tolerance=nan: "),
])
def test_bad_questions_are_refused(size, tolerance, message):
    with pytest.raises(UsageError, match=message):
        extreme_eigenvalues(lambda v: v, size, tolerance)


@pytest.mark.parametrize("part", [{"activation": "crelu"}, {"layer_norm": True}, {"spectral": True}])
def test_networks_that_are_not_the_papers_have_no_hessian_here(part):
    loss, theta = critic_case(0)
    other = workspace(replace(loss.work.net, **part), BATCH, theta.dtype)
    with pytest.raises(UsageError, match="tanh networks alone"):
        hessian_product(replace(loss, work=other), theta)
    with pytest.raises(UsageError, match="dropout masks"):
        hessian_product(replace(loss, work=workspace(loss.work.net, BATCH, theta.dtype, dropout=True)), theta)
