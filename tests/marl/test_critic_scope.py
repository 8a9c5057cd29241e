"""What the global critic sees: how values of all DUs become its rows and back, and learning with the joint critic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_twin import complex_gradient, log_density, logistic, network, policy
from trainings import assert_same, run

from tasam_ref.config import AgentConfig, Config
from tasam_ref.config_io import apply_settings
from tasam_ref.marl.critic_scope import SCOPES, Joint, SharedLocal
from tasam_ref.marl.learner import Learner
from tasam_ref.oran.action import threshold
from tasam_ref.streams import stream

counts = st.integers(1, 5)
AGENTS, OBS, ACTION = 3, 4, 2
SETTINGS = ("agent.hidden_sizes=[5]", "agent.batch_size=7", "agent.dtype=float64", "run.frames_per_iteration=3",
            "agent.critic_scope=joint", "agent.gamma=0.8", "agent.temperature=0.2")
ACTOR, CRITIC = (OBS, 5, 2 * ACTION), (AGENTS * (OBS + ACTION), 5, AGENTS)


@pytest.fixture
def learner():
    """A learner with a joint critic and a replay of random transitions."""
    learner = Learner(apply_settings(Config(), SETTINGS), AGENTS, OBS, ACTION, threshold)
    generator = np.random.default_rng(4)
    for _ in range(11):
        learner.replay.add(generator.normal(size=(AGENTS, OBS)), generator.normal(size=(AGENTS, ACTION)),
                           generator.normal(size=AGENTS), generator.normal(size=(AGENTS, OBS)))
    return learner


def beside(obs, action):
    """The joint input of one moment, DU by DU."""
    return np.concatenate([np.concatenate((o, a)) for o, a in zip(obs, action)])


def moments(learner, rows):
    """Batches of every DU at the same rows."""
    return [learner.replay.of_agent(i, rows) for i in range(AGENTS)]


def test_the_configuration_offers_every_scope():
    assert set(AgentConfig.__dataclass_fields__["critic_scope"].metadata["choices"]) == set(SCOPES)


@given(counts, counts, counts, counts, st.integers(0, 2**32 - 1))
def test_each_moment_is_one_row_of_the_joint_critic(agents, obs_dim, action_dim, n, seed):
    generator, scope = np.random.default_rng(seed), Joint(agents, obs_dim, action_dim)
    obs, action = generator.normal(size=(agents * n, obs_dim)), generator.normal(size=(agents * n, action_dim))
    x = scope.arrange(obs, action)
    assert x.shape == (scope.rows(n), scope.inputs)
    for t in range(n):
        assert (x[t] == beside(obs[t::n], action[t::n])).all()
    for i in range(agents):
        columns, output = scope.place(i)
        assert (x[:, columns] == action[i * n : (i + 1) * n]).all()
        assert output == i


@given(counts, counts, counts, counts, st.integers(0, 2**32 - 1))
def test_each_transition_is_one_row_of_the_shared_critic(agents, obs_dim, action_dim, n, seed):
    generator, scope = np.random.default_rng(seed), SharedLocal(agents, obs_dim, action_dim)
    obs, action = generator.normal(size=(agents * n, obs_dim)), generator.normal(size=(agents * n, action_dim))
    x = scope.arrange(obs, action)
    assert x.shape == (scope.rows(n), scope.inputs)
    for row in range(agents * n):
        assert x[row].tolist() == [*obs[row], *action[row]]
    assert (x[:, scope.place(agents - 1)[0]] == action).all()


@pytest.mark.parametrize("scope", SCOPES.values())
@given(counts, counts)
def test_values_survive_the_way_through_the_outputs(scope, agents, n):
    values, scope = np.arange(agents * n, dtype=float), scope(agents, 2, 3)
    outputs = scope.outputs_of(values)
    assert outputs.shape == (scope.rows(n), scope.outputs)
    assert (scope.values_of(outputs) == values).all()


def test_the_joint_critic_learns_from_the_same_moments_of_every_du():
    rows = Joint(4, 1, 1).draw(np.random.default_rng(0), 1000, 128)
    assert rows.shape == (4, 128)
    assert (rows == rows[0]).all()
    assert len(set(rows[0])) > 100


def test_the_shared_critic_draws_for_every_du_alone():
    rows = SharedLocal(6, 1, 1).draw(np.random.default_rng(0), 1000, 128)
    assert rows.shape == (6, 22)                                   # 128 / 6, rounded up
    assert len(set(map(tuple, rows))) == 6


@pytest.mark.parametrize("method", ["no_sam", "ta_sam"])
def test_for_one_du_both_scopes_are_the_same_training(tiny_config, method):
    alone = "radio.num_dus=1", "radio.num_ues=6"
    joint, shared = (run(tiny_config, method, *alone, f"agent.critic_scope={scope}") for scope in SCOPES)
    assert_same(joint, shared)


def spy(monkeypatch, learner, name):
    """The loss object that an update makes."""
    seen = []

    def recorded(loss, theta, rho=None):
        seen.append((loss, theta.copy()))
        return loss(theta)

    monkeypatch.setattr("tasam_ref.marl.learner.step_gradient", recorded)
    monkeypatch.setattr("tasam_ref.optim.sam.step_gradient", recorded)
    getattr(learner, name[0])(*name[1:])
    return seen[0]


def test_an_actor_climbs_its_own_value_among_everybodys_replayed_actions(monkeypatch, learner):
    critic = learner.thetas_v[0].copy()
    loss, theta = spy(monkeypatch, learner, ("update_stack", [1], 0, 0))
    rows = stream(0, "replay", 0, 0, 1).integers(11, size=7)
    noise = stream(0, "policy", 0, 0, 1).standard_normal((ACTION, 7)).T
    batches = moments(learner, rows)

    def plain(theta):
        mean, log_std = policy(ACTOR, theta, batches[1].obs)
        u = mean + np.exp(log_std) * noise
        actions = [(b.latent > 0).astype(float) for b in batches]
        actions[1] = logistic(u)
        x = np.hstack([part for b, a in zip(batches, actions) for part in (b.obs, a)])
        return np.mean(0.2 * log_density(u, mean, log_std) - network(CRITIC, critic, x)[:, 1])

    expected_value, expected = complex_gradient(plain, theta[0])
    (value,), (gradient,) = loss(theta)
    assert value == pytest.approx(expected_value, rel=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12)


def test_the_critic_learns_every_dus_target_at_once(monkeypatch, learner):
    learner.thetas_target += 0.3
    target_theta, actors = learner.thetas_target[0].copy(), learner.thetas_p.copy()
    loss, theta = spy(monkeypatch, learner, ("update_critic", 2, 1, None))
    rows = stream(0, "critic_replay", 2, 1).integers(11, size=7)
    noise = np.split(stream(0, "target", 2, 1).standard_normal((ACTION, AGENTS * 7)).T, AGENTS)
    batches = moments(learner, rows)
    policies = [policy(ACTOR, actor, b.next_obs) for actor, b in zip(actors, batches)]
    latents = [mean + np.exp(log_std) * e for (mean, log_std), e in zip(policies, noise)]
    ahead = np.hstack([part for b, u in zip(batches, latents) for part in (b.next_obs, (u > 0).astype(float))])
    q = network(CRITIC, target_theta, ahead)
    expected = np.stack([b.reward + 0.8 * (q[:, i] - 0.2 * log_density(latents[i], *policies[i]))
                         for i, b in enumerate(batches)], axis=1)
    np.testing.assert_allclose(loss.target, expected, rtol=1e-11)
    here = np.hstack([part for b in batches for part in (b.obs, (b.latent > 0).astype(float))])
    expected_value, slope = complex_gradient(
        lambda t: np.mean((expected - network(CRITIC, t, here)) ** 2), theta)
    value, gradient = loss(theta)
    assert value == pytest.approx(expected_value, rel=1e-11)
    np.testing.assert_allclose(gradient, slope, rtol=1e-10, atol=1e-12)


def test_td_errors_are_each_dus_own(learner):
    """delta_i = r_i + gamma Q_i(s', a') - Q_i(s, a), with everybody's fresh actions at s'."""
    errors = learner.fresh_td_errors(5)
    rows = np.array([8, 9, 10])
    batches = moments(learner, rows)
    noise = np.split(stream(0, "td_error", 5).standard_normal((2, AGENTS * 3, ACTION))[0], AGENTS)
    ahead = []
    for actor, b, e in zip(learner.thetas_p, batches, noise):
        mean, log_std = policy(ACTOR, actor, b.next_obs)
        ahead += [b.next_obs, (mean + np.exp(log_std) * e > 0).astype(float)]
    here = np.hstack([part for b in batches for part in (b.obs, (b.latent > 0).astype(float))])
    q, next_q = (network(CRITIC, learner.thetas_v[0], x) for x in (here, np.hstack(ahead)))
    expected = np.stack([b.reward for b in batches]) + 0.8 * next_q.T - q.T
    np.testing.assert_allclose(errors, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("scope", SCOPES.values())
def test_the_critics_inputs_of_a_batch_lie_in_fortran_order(learner, scope):
    scope, rows = scope(AGENTS, learner.networks.scope.obs_dim, ACTION), np.array([3, 1, 4])
    batch = learner.replay.of_all(np.tile(rows, (AGENTS, 1)))
    around = scope.surroundings(learner.replay.of_agent(0, rows).obs, learner.replay, rows, np.tanh)
    assert around.flags.f_contiguous and scope.arrange(batch.obs, batch.latent).flags.f_contiguous
