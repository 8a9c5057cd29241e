"""The losses (9) and (10): gradients by complex step, estimators against each other by quadrature, targets by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_twin import actor_loss, complex_gradient, critic_loss, least_q, log_density, logistic, policy
from scipy.integrate import quad
from scipy.stats import norm

from tasam_ref.config import AgentConfig
from tasam_ref.marl.critics import ActionValue
from tasam_ref.marl.losses import POLICY_GRADIENTS, ActorLoss, CriticLoss, L2Loss, Sum, literal_target, standard_target
from tasam_ref.marl.networks import build_networks
from tasam_ref.marl.policy import Policy
from tasam_ref.nn.squashed_gaussian import sigmoid
from tasam_ref.nn.workspace import workspace
from tasam_ref.optim.sam import sam_gradient
from tasam_ref.oran.action import threshold

OBS, ACTION, BATCH, BETA = 3, 2, 5, 0.3
ACTOR, CRITIC = (OBS, 4, 3, 2 * ACTION), (OBS + ACTION, 4, 3, 1)

seeds = st.integers(0, 2**32 - 1)


def bits(latent):
    """What the critic is shown of a replayed action."""
    return threshold(sigmoid(latent))


def lone_actor(networks, thetas_v, obs, noise, estimate, latent, seen):
    """The ActorLoss of a DU whose critic sees its own state and action."""
    columns, dtype = noise.shape[1], networks.dtype
    x = np.concatenate((obs, np.full(noise.shape, np.nan, dtype)))
    works = [workspace(networks.critic, columns, dtype) for _ in thetas_v]
    return ActorLoss(Policy(networks, columns), ActionValue(thetas_v, x, networks.scope.place(0), works), obs, noise,
                     BETA, POLICY_GRADIENTS[estimate], latent, seen)


def actor_case(seed, estimate, critics=1, dtype="float64", **fields):
    """An ActorLoss on a random batch, and parameters to call it at."""
    agent = replace(AgentConfig(), hidden_sizes=(4, 3), dtype=dtype, **fields)
    networks, generator = build_networks(agent, 1, OBS, ACTION), np.random.default_rng(seed)

    def normal(*shape):
        return generator.normal(size=shape).astype(dtype)

    obs, latent, noise = normal(OBS, BATCH), normal(ACTION, BATCH), normal(ACTION, BATCH)
    thetas_v = normal(critics, networks.critic.num_params)
    return (lone_actor(networks, thetas_v, obs, noise, estimate, latent, bits(latent)),
            normal(networks.actor.num_params))


def critic_case(seed, dtype="float64"):
    agent = replace(AgentConfig(), hidden_sizes=(4, 3), dtype=dtype)
    networks, generator = build_networks(agent, 1, OBS, ACTION), np.random.default_rng(seed)
    x, target = generator.normal(size=(OBS + ACTION, BATCH)), 3 * generator.normal(size=(1, BATCH))
    theta = generator.normal(size=networks.critic.num_params)
    work = workspace(networks.critic, BATCH, dtype)
    return CriticLoss(work, x.astype(dtype), target.astype(dtype), BATCH), theta.astype(dtype)


def plain_actor_loss(loss, bounds=(-5.0, 2.0)):
    """The twin's loss of the same batch, a row for each transition."""
    return actor_loss(ACTOR, CRITIC, loss.q.thetas_v, loss.obs.T, loss.noise.T, BETA, bounds)


@pytest.mark.parametrize("critics", [1, 2])
@pytest.mark.parametrize("bounds", [(-5.0, 2.0), (-0.5, 0.5)])
@given(seeds)
def test_the_reparameterised_gradient_is_the_slope_of_the_loss(critics, bounds, seed):
    """Also through the smaller of two critics, and where the clip of log_std holds gradients back."""
    loss, theta = actor_case(seed, "reparameterised", critics, log_std_min=bounds[0], log_std_max=bounds[1])
    expected_value, expected = complex_gradient(plain_actor_loss(loss, bounds), theta)
    value, gradient = loss(theta)
    assert value == pytest.approx(expected_value, rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-11)


@given(seeds)
def test_the_reparameterised_gradient_is_a_central_difference_of_the_loss_itself(seed):
    """No twin: along one random direction, the step halved until the difference settles."""
    loss, theta = actor_case(seed, "reparameterised", log_std_min=-50.0, log_std_max=50.0)
    theta *= 0.3
    direction = np.random.default_rng(seed).normal(size=theta.size) / np.sqrt(theta.size)
    slope = loss(theta)[1] @ direction
    differences = [(8 * (loss(theta + h * direction)[0] - loss(theta - h * direction)[0])
                    - loss(theta + 2 * h * direction)[0] + loss(theta - 2 * h * direction)[0]) / (12 * h)
                   for h in (2e-3, 1e-3, 5e-4)]
    assert min(abs(d - slope) for d in differences) < 1e-8 * (1 + abs(slope))


@pytest.mark.parametrize("critics", [1, 2])
@pytest.mark.parametrize("replayed", [False, True])
@given(seeds)
def test_score_function_gradients_are_the_slope_of_log_pi_under_fixed_weights(critics, replayed, seed):
    """grad log pi (beta log pi - Q) with actions and weights held: the estimator (9) as it is printed."""
    loss, theta = actor_case(seed, "score_function_replayed" if replayed else "score_function", critics)
    obs = loss.obs.T
    mean, log_std = policy(ACTOR, theta, obs)
    latent = loss.latent.T if replayed else mean + np.exp(log_std) * loss.noise.T
    seen = (latent > 0).astype(float) if replayed else logistic(latent)
    weight = BETA * log_density(latent, mean, log_std) - least_q(CRITIC, loss.q.thetas_v, obs, seen)
    _, expected = complex_gradient(lambda t: np.mean(weight * log_density(latent, *policy(ACTOR, t, obs))), theta)
    value, gradient = loss(theta)
    assert value == pytest.approx(weight.mean(), rel=1e-11, abs=1e-11)
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-9)


def expected_gradient(estimate, theta, networks, thetas_v, nodes, weights):
    """Expectation over the noise of an estimator's gradient: one row a node of the quadrature."""
    def at(node):
        latent = np.array([[replayed_latent(theta, node)]])
        loss = lone_actor(networks, thetas_v, np.array([[0.7]]), np.array([[node]]), estimate, latent, sigmoid(latent))
        return loss(theta)[1]

    def replayed_latent(theta, node):
        """An action that the current policy itself drew."""
        mean, log_std = policy((1, 2, 2), theta, np.array([[0.7]]))
        return (mean + np.exp(log_std) * node)[0, 0]

    return sum(w * at(node) for node, w in zip(nodes, weights)) / np.sqrt(2 * np.pi)


def objective(theta, thetas_v):
    """E[beta log pi - Q] over the latent by adaptive quadrature: no estimator and no noise."""
    mean, log_std = (v[0, 0] for v in policy((1, 2, 2), theta, np.array([[0.7]])))
    std = np.exp(log_std)

    def integrand(u):
        log_pi = log_density(np.array([[u]]), np.array([[mean]]), np.array([[log_std]]))[0]
        q = least_q((2, 2, 1), thetas_v, np.array([[0.7]]), np.array([[logistic(u)]]))[0]
        return norm.pdf(u, mean, std) * (BETA * log_pi - q)

    return sum(quad(integrand, mean + k * std, mean + (k + 4) * std, epsabs=1e-13)[0] for k in range(-10, 10, 4))


@pytest.fixture(scope="module")
def one_dimensional():
    """One observation, one action, one smooth critic; nodes for the noise."""
    networks = build_networks(replace(AgentConfig(), hidden_sizes=(2,), dtype="float64"), 1, 1, 1)
    generator = np.random.default_rng(11)
    thetas_v = generator.normal(size=(1, networks.critic.num_params))
    theta = 0.5 * generator.normal(size=networks.actor.num_params)
    nodes, weights = np.polynomial.hermite_e.hermegauss(90)
    slope = np.empty(theta.size)
    for k in range(theta.size):
        h = np.zeros(theta.size)
        h[k] = 1e-3
        slope[k] = (8 * (objective(theta + h, thetas_v) - objective(theta - h, thetas_v))
                    - objective(theta + 2 * h, thetas_v) + objective(theta - 2 * h, thetas_v)) / 12e-3
    return networks, thetas_v, theta, nodes, weights, slope


@pytest.mark.parametrize("estimate", sorted(POLICY_GRADIENTS))
def test_every_estimator_has_the_slope_of_the_expected_loss_as_its_mean(one_dimensional, estimate):
    """Over actions that the current policy drew, all three are unbiased and hence agree with each other."""
    networks, thetas_v, theta, nodes, weights, slope = one_dimensional
    mean = expected_gradient(estimate, theta, networks, thetas_v, nodes, weights)
    assert np.abs(slope).max() > 1e-2
    np.testing.assert_allclose(mean, slope, rtol=0, atol=1e-8)


def test_the_score_function_over_anothers_actions_is_biased(one_dimensional):
    """(9) over a replayed action is another gradient: the reading is not a matter of taste."""
    networks, thetas_v, theta, nodes, _, slope = one_dimensional
    latent = nodes[None] + 2.0
    loss = lone_actor(networks, thetas_v, np.full((1, 90), 0.7), nodes[None], "score_function_replayed", latent,
                      sigmoid(latent))
    assert np.abs(loss(theta)[1] - slope).max() > 0.1


@given(seeds)
def test_the_critics_gradient_is_the_slope_of_the_squared_error_to_a_fixed_target(seed):
    loss, theta = critic_case(seed)
    plain = critic_loss(CRITIC, loss.x[:OBS].T, loss.x[OBS:].T, loss.target[0])
    expected_value, expected = complex_gradient(plain, theta)
    value, gradient = loss(theta)
    assert value == pytest.approx(expected_value, rel=1e-13)
    np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-13)


def test_the_critics_loss_is_the_mean_square_without_a_half():
    """With output bias b alone: L = mean (b - y)^2, dL/db = 2 mean (b - y).  Here b = 1, y = 3, 0: 5/2 and -1."""
    agent = replace(AgentConfig(), hidden_sizes=(2,), dtype="float64")
    networks = build_networks(agent, 1, 1, 1)
    theta = np.zeros(networks.critic.num_params)
    theta[-1] = 1.0
    loss = CriticLoss(workspace(networks.critic, 2, theta.dtype), np.ones((2, 2)), np.array([[3.0, 0.0]]), 2)
    value, gradient = loss(theta)
    assert value == 2.5
    assert gradient[-1] == -1.0
    assert (gradient[:-1] == 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(seeds)
def test_l2_adds_the_weighted_sum_of_squares_and_its_slope(dtype, seed):
    """Also when the loss gives its gradient in a buffer that it uses again."""
    for loss, theta in losses(seed, dtype):
        value, gradient = loss(theta)
        gradient = gradient.copy()
        for _ in range(2):
            with_l2, slope = L2Loss(loss, 0.25)(theta)
            squares = sum(float(t) ** 2 for t in theta)
            assert with_l2 == pytest.approx(value + 0.25 * squares, rel=1e-5 if dtype == "float32" else 1e-13)
            assert slope.dtype == dtype
            np.testing.assert_allclose(slope, gradient + 0.5 * theta, rtol=1e-5 if dtype == "float32" else 1e-13,
                                       atol=1e-6 if dtype == "float32" else 1e-14)


@given(seeds, st.integers(1, BATCH - 1))
def test_losses_of_the_parts_of_a_batch_sum_to_the_loss_of_the_whole(seed, cut):
    """In whichever order they are called."""
    loss, theta = critic_case(seed)
    value, gradient = loss(theta)
    parts = [CriticLoss(workspace(loss.work.net, stop - start, theta.dtype), loss.x[:, start:stop].copy(),
                        loss.target[:, start:stop], BATCH) for start, stop in ((0, cut), (cut, BATCH))]

    def last_first(call, losses):
        return [call(loss) for loss in losses[::-1]][::-1]

    for each in (map, last_first):
        in_parts, slope = Sum(parts, each)(theta)
        assert in_parts == pytest.approx(value, rel=1e-13)
        np.testing.assert_allclose(slope, gradient, rtol=1e-12, atol=1e-13)


def losses(seed, dtype="float64"):
    yield critic_case(seed, dtype)
    for estimate in POLICY_GRADIENTS:
        yield actor_case(seed, estimate, critics=2, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(seeds)
def test_a_loss_called_again_at_the_same_point_gives_the_same_bits(dtype, seed):
    """Batch, noise and targets belong to the object: a second pass, as SAM makes it, cannot meet others."""
    for loss, theta in losses(seed, dtype):
        value, gradient = loss(theta)
        first = value, gradient.copy()
        loss(theta + theta.dtype.type(0.1))
        value, gradient = loss(theta)
        assert gradient.dtype == theta.dtype
        assert value == first[0]
        assert (gradient == first[1]).all()


@given(seeds)
def test_a_loss_changes_neither_its_arguments_nor_what_it_holds(seed):
    for loss, theta in losses(seed):
        held = [loss.x, loss.target] if isinstance(loss, CriticLoss) else [
            loss.q.thetas_v, loss.q.x[:OBS], loss.obs, loss.noise, loss.latent, loss.seen]
        before = [array.copy() for array in (theta, *held)]
        sam_gradient(loss, theta, 0.5)
        assert all((a == b).all() for a, b in zip(before, (theta, *held)))


@given(seeds, st.floats(0.01, 0.5))
def test_sam_on_the_losses_is_the_plain_gradient_at_the_moved_point(seed, rho):
    loss, theta = actor_case(seed, "reparameterised")
    plain = plain_actor_loss(loss)
    _, g = complex_gradient(plain, theta)
    _, expected = complex_gradient(plain, theta + rho * g / np.sqrt(np.sum(g**2)))
    np.testing.assert_allclose(sam_gradient(loss, theta, rho)[1], expected, rtol=1e-8, atol=1e-8)


def test_float32_losses_follow_float64():
    for (low, theta), (high, _) in zip(losses(4, "float32"), losses(4, "float64")):
        value, gradient = low(theta)
        wide = high(theta.astype(np.float64))
        assert value == pytest.approx(wide[0], rel=1e-4)
        np.testing.assert_allclose(gradient, wide[1], rtol=1e-3, atol=1e-4)


TARGET_CASE = (np.array([1.0, -0.5]), np.array([2.0, 4.0]), np.array([-3.0, 8.0]), 0.5, 0.25)


def test_the_standard_target_by_hand():
    """1 + (2 + 3/4) / 2 and -1/2 + (4 - 2) / 2: the entropy of the next action is discounted like its value."""
    assert standard_target(*TARGET_CASE).tolist() == [2.375, 0.5]


def test_the_literal_target_by_hand():
    """1 + 2/2 + 3/4 and -1/2 + 4/2 - 2: the density of the action taken, undiscounted."""
    assert literal_target(*TARGET_CASE).tolist() == [2.75, -0.5]


@given(st.floats(0.05, 0.95), st.floats(0.05, 2), st.integers(0, 1000))
def test_the_standard_target_has_the_soft_fixed_point_of_a_small_decision_process(gamma, beta, seed):
    """Evaluating a fixed policy: Q solves (1 - gamma P Pi) Q = r - gamma beta P E[log pi], by linear algebra."""
    generator = np.random.default_rng(seed)
    states, actions = 3, 2
    chance = generator.dirichlet(np.ones(states), size=(states, actions))
    pi, reward = generator.dirichlet(np.ones(actions), size=states), generator.normal(size=(states, actions))
    log_pi = np.log(np.maximum(pi, 1e-12))
    to_pairs = np.einsum("iaj,jb->iajb", chance, pi).reshape(states * actions, states * actions)
    q = np.linalg.solve(np.eye(states * actions) - gamma * to_pairs,
                        reward.ravel() - gamma * beta * to_pairs @ log_pi.ravel())
    for s in range(states):
        for a in range(actions):
            backed_up = sum(chance[s, a, n] * pi[n, b] * standard_target(
                reward[s, a], q[n * actions + b], log_pi[n, b], gamma, beta)
                for n in range(states) for b in range(actions))
            assert backed_up == pytest.approx(q[s * actions + a], rel=1e-9, abs=1e-9)
