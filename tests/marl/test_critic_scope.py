"""What the global critic sees: how transitions of all DUs become its columns, and learning with the joint critic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_twin import complex_gradient, log_density, logistic, network, policy, rows_of
from trainings import assert_same, run

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.marl.agents import Agents
from tasam_ref.marl.critic_scope import CriticScope
from tasam_ref.marl.learner import Learner
from tasam_ref.oran.action import threshold
from tasam_ref.streams import stream

counts, seeds = st.integers(1, 5), st.integers(0, 2**32 - 1)
AGENTS, OBS, ACTION = 3, 4, 2
SETTINGS = ("agent.hidden_sizes=[5]", "agent.batch_size=7", "agent.dtype=float64", "run.frames_per_iteration=3",
            "agent.critic_scope=joint", "agent.gamma=0.8", "agent.temperature=0.2")
ACTOR, CRITIC = (OBS, 5, 2 * ACTION), (AGENTS * (OBS + ACTION), 5, AGENTS)


@pytest.fixture
def learner():
    """A learner with a joint critic and a replay of random transitions."""
    config = apply_settings(Config(), SETTINGS)
    agents, normal = Agents(config, AGENTS, OBS, ACTION), np.random.default_rng(4).standard_normal
    for _ in range(11):
        agents.replay.add(normal((AGENTS, OBS)), normal((AGENTS, ACTION)), normal(AGENTS), normal((AGENTS, OBS)))
    return Learner(config, agents, threshold)


def beside(obs, action):
    """The joint input of one moment, DU by DU."""
    return np.concatenate([np.concatenate((o, a)) for o, a in zip(obs, action)])


def moments(learner, rows):
    """Batches of every DU at the same rows of its buffer."""
    return [rows_of(learner.agents.replay.of_agent(i, rows)) for i in range(AGENTS)]


@given(counts, counts, counts, counts, seeds)
def test_each_moment_is_one_column_of_the_joint_critic(agents, obs_dim, action_dim, n, seed):
    """And one of its outputs: values stand agent by agent, as transitions do."""
    normal, scope = np.random.default_rng(seed).standard_normal, CriticScope(agents, agents, obs_dim, action_dim)
    obs, action, values = normal((obs_dim, agents * n)), normal((action_dim, agents * n)), normal(agents * n)
    x, outputs = scope.arrange(obs, action), values.reshape(scope.outputs, -1)
    assert x.shape == (scope.inputs, scope.columns(n)) and outputs.shape == (scope.outputs, scope.columns(n))
    for t in range(n):
        assert (x[:, t] == beside(obs[:, t::n].T, action[:, t::n].T)).all()
    for i in range(agents):
        place, output = scope.place(i)
        assert (x[place] == action[:, i * n : (i + 1) * n]).all()
        assert (outputs[output] == values[i * n : (i + 1) * n]).all()


@given(counts, counts, counts, counts, seeds)
def test_each_transition_is_one_column_of_the_shared_critic(agents, obs_dim, action_dim, n, seed):
    normal, scope = np.random.default_rng(seed).standard_normal, CriticScope(1, agents, obs_dim, action_dim)
    obs, action = normal((obs_dim, agents * n)), normal((action_dim, agents * n))
    x = scope.arrange(obs, action)
    assert x.shape == (scope.inputs, scope.columns(n)) and scope.outputs == 1
    for column in range(agents * n):
        assert x[:, column].tolist() == [*obs[:, column], *action[:, column]]
    place, output = scope.place(agents - 1)
    assert (x[place] == action).all() and output == 0


def test_the_joint_critic_learns_from_the_same_moments_of_every_du():
    rows = CriticScope(4, 4, 1, 1).draw(np.random.default_rng(0), 1000, 128)
    assert rows.shape == (4, 128)
    assert (rows == rows[0]).all()
    assert len(set(rows[0])) > 100


def test_the_shared_critic_draws_for_every_du_alone():
    rows = CriticScope(1, 6, 1, 1).draw(np.random.default_rng(0), 1000, 128)
    assert rows.shape == (6, 22)                                   # 128 / 6, rounded up
    assert len(set(map(tuple, rows))) == 6


@pytest.mark.parametrize("method", ["no_sam", "ta_sam"])
def test_for_one_du_both_scopes_are_the_same_training(tiny_config, method):
    alone = "radio.num_dus=1", "radio.num_ues=6"
    joint, shared = (run(tiny_config, method, *alone, f"agent.critic_scope={scope}")
                     for scope in ("joint", "shared_local"))
    assert_same(joint, shared)


def spy(monkeypatch, update, *where):
    """The loss object that an update descends, and where it begins."""
    seen = []
    monkeypatch.setattr("tasam_ref.marl.learner.take_step",
                        lambda loss, theta, *_: seen.append((loss, theta.copy())) or 0.0)
    update(*where)
    return seen[0]


def test_an_actor_climbs_its_own_value_among_everybodys_replayed_actions(monkeypatch, learner):
    critic = learner.agents.thetas_v[0].copy()
    loss, theta = spy(monkeypatch, learner.update_actor, 1, 0, 0)
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

    expected_value, expected = complex_gradient(plain, theta)
    value, gradient = loss(theta)
    assert value == pytest.approx(expected_value, rel=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12)


def test_the_critic_learns_every_dus_target_at_once(monkeypatch, learner):
    learner.agents.thetas_target += 0.3
    target_theta, actors = learner.agents.thetas_target[0].copy(), learner.agents.thetas_p.copy()
    loss, theta = spy(monkeypatch, learner.update_critic, 2, 1)
    rows = stream(0, "critic_replay", 2, 1).integers(11, size=7)
    noise = np.split(stream(0, "target", 2, 1).standard_normal((ACTION, AGENTS * 7)).T, AGENTS)
    batches = moments(learner, rows)
    policies = [policy(ACTOR, actor, b.next_obs) for actor, b in zip(actors, batches)]
    latents = [mean + np.exp(log_std) * e for (mean, log_std), e in zip(policies, noise)]
    ahead = np.hstack([part for b, u in zip(batches, latents) for part in (b.next_obs, (u > 0).astype(float))])
    q = network(CRITIC, target_theta, ahead)
    expected = np.stack([b.reward + 0.8 * (q[:, i] - 0.2 * log_density(latents[i], *policies[i]))
                         for i, b in enumerate(batches)], axis=1)
    np.testing.assert_allclose(np.hstack([part.target for part in loss.losses]).T, expected, rtol=1e-11)
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
    noise = np.split(stream(0, "td_error", 5).standard_normal((2, ACTION, AGENTS * 3))[0].T, AGENTS)
    ahead = []
    for actor, b, e in zip(learner.agents.thetas_p, batches, noise):
        mean, log_std = policy(ACTOR, actor, b.next_obs)
        ahead += [b.next_obs, (mean + np.exp(log_std) * e > 0).astype(float)]
    here = np.hstack([part for b in batches for part in (b.obs, (b.latent > 0).astype(float))])
    q, next_q = (network(CRITIC, learner.agents.thetas_v[0], x) for x in (here, np.hstack(ahead)))
    expected = np.stack([b.reward for b in batches]) + 0.8 * next_q.T - q.T
    np.testing.assert_allclose(errors, expected, rtol=1e-11, atol=1e-12)
