"""The learner: how it starts, what it draws, whom a step touches, how the target follows, what it saves."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_twin import least_q, log_density, network, policy, rows_of

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.marl import buffers
from tasam_ref.marl import learner as learner_module
from tasam_ref.marl.agents import Agents
from tasam_ref.marl.learner import Learner
from tasam_ref.marl.losses import CriticLoss
from tasam_ref.oran.action import threshold
from tasam_ref.streams import stream

AGENTS, OBS, ACTION, FRAMES, STORED = 3, 5, 4, 3, 12
SMALL = ("agent.hidden_sizes=[4, 3]", "agent.batch_size=7", "agent.buffer_size=50", "agent.dtype=float64",
         "agent.learning_rate=1e-2", "run.frames_per_iteration=3")
ACTOR, CRITIC = (OBS, 4, 3, 2 * ACTION), (OBS + ACTION, 4, 3, 1)


def make_learner(*settings, stored=STORED, threads=1):
    """A learner whose replay holds random transitions."""
    config = apply_settings(Config(), SMALL + settings)
    agents, normal = Agents(config, AGENTS, OBS, ACTION), np.random.default_rng(1).standard_normal
    for _ in range(stored):
        agents.replay.add(normal((AGENTS, OBS)), normal((AGENTS, ACTION)), normal(AGENTS), normal((AGENTS, OBS)))
    return Learner(config, agents, threshold, threads)


def saved(learner):
    """A copy of everything that is learned and stored."""
    return {name: value.copy() for name, value in learner.agents.state().items()}


def changed(before, after):
    """Names of what is no longer bit for bit the same."""
    return {name for name in before if not np.array_equal(before[name], after[name])}


@pytest.mark.parametrize(("target", "critics"), [("single_target", 1), ("twin_target", 2), ("literal", 1)])
def test_targets_start_as_the_online_networks(target, critics):
    agents = make_learner(f"agent.critic_target={target}").agents
    assert agents.thetas_v.shape[0] == critics
    assert (agents.thetas_target == agents.thetas_v).all()
    assert (agents.thetas_target is agents.thetas_v) == (target == "literal")
    assert np.shares_memory(agents.thetas_target, agents.thetas_v) == (target == "literal")


def test_twin_critics_and_actors_start_apart_from_each_other():
    agents = make_learner("agent.critic_target=twin_target").agents
    assert (agents.thetas_v[0] != agents.thetas_v[1]).mean() > 0.99
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert (agents.thetas_p[i] != agents.thetas_p[j]).mean() > 0.99


def test_the_first_of_twin_critics_is_the_single_critic():
    """Readings of the target are compared from the same start."""
    twin, single = make_learner("agent.critic_target=twin_target").agents, make_learner().agents
    assert (twin.thetas_v[0] == single.thetas_v[0]).all()


@pytest.mark.parametrize("target", ["single_target", "twin_target"])
def test_the_target_follows_by_polyak_averaging(target):
    """new = 3/4 old + 1/4 online, with the online network as it is after its step."""
    learner = make_learner(f"agent.critic_target={target}", "agent.polyak=0.25")
    agents = learner.agents
    for iteration in range(3):
        old = agents.thetas_target.copy()
        learner.update_critic(iteration, 0, rho=0.1)
        np.testing.assert_allclose(agents.thetas_target, 0.75 * old + 0.25 * agents.thetas_v, rtol=1e-14, atol=1e-16)
        assert (agents.thetas_target != agents.thetas_v).any()


def test_a_rate_of_one_makes_the_target_the_online_network():
    learner = make_learner("agent.polyak=1.0")
    learner.update_critic(0, 0, None)
    np.testing.assert_allclose(learner.agents.thetas_target, learner.agents.thetas_v, rtol=1e-15)


@pytest.mark.parametrize("rho", [None, 0.2])
def test_an_actors_step_touches_that_actor_alone(rho):
    learner = make_learner()
    before = saved(learner)
    learner.update_actor(1, 0, 0, rho)
    after = saved(learner)
    assert changed(before, after) == {"actors", *(f"actor_optimizer/1/{k}" for k in ("mean", "square", "count"))}
    assert (before["actors"][[0, 2]] == after["actors"][[0, 2]]).all()
    assert (before["actors"][1] != after["actors"][1]).any()
    assert after["actor_optimizer/1/count"] == 1


@pytest.mark.parametrize("rho", [None, 0.2])
@pytest.mark.parametrize(("target", "critics"), [("single_target", 1), ("twin_target", 2), ("literal", 1)])
def test_a_critics_step_touches_critics_and_targets_alone(target, critics, rho):
    learner = make_learner(f"agent.critic_target={target}")
    before = saved(learner)
    learner.update_critic(0, 0, rho)
    after = saved(learner)
    own = {f"critic_optimizer/{c}/{k}" for c in range(critics) for k in ("mean", "square", "count")}
    assert changed(before, after) == {"critics", "targets"} | own
    assert all(after[f"critic_optimizer/{c}/count"] == 1 for c in range(critics))


@pytest.mark.parametrize("rho", [None, 0.3])
@given(order=st.permutations(range(AGENTS)))
def test_the_order_of_the_agents_does_not_matter(rho, order):
    one, other = make_learner(), make_learner()
    losses = {i: one.update_actor(i, 4, 1, rho) for i in range(AGENTS)}
    assert {i: other.update_actor(i, 4, 1, rho) for i in order} == losses
    assert (one.agents.thetas_p == other.agents.thetas_p).all()


@pytest.mark.parametrize("radii", [[None] * 3, [0.3, None, 0.1]])
@pytest.mark.parametrize("readings", [
    (), ("agent.critic_target=twin_target", "agent.forgetting=policy_anchor"),
    ("agent.dropout=0.2", "agent.l2_weight=0.1"), ("agent.policy_gradient=score_function",),
    ("agent.policy_gradient=score_function_replayed",), ("agent.spectral_norm=true",),
    ("agent.teachers=2", "agent.crelu=true", "agent.layer_norm=true")])
def test_actors_side_by_side_are_each_alone(readings, radii):
    """Each with its batch, noise, masks, teachers, anchor and radius, on two threads and the last first."""
    alone, together = make_learner(*readings), make_learner(*readings, threads=2)
    losses = [alone.update_actor(i, 4, 1, radii[i]) for i in reversed(range(AGENTS))]
    assert together.update_actors(4, 1, radii).tolist() == losses[::-1]
    assert changed(saved(alone), saved(together)) == set()


@pytest.fixture
def drawn(monkeypatch):
    """Counts the addresses at which the learner opens a stream."""
    addresses = Counter()

    def counted(seed, name, *index):
        addresses[(seed, name, *index)] += 1
        return stream(seed, name, *index)

    monkeypatch.setattr(learner_module, "stream", counted)
    return addresses


@pytest.mark.parametrize("rho", [None, 0.0, 0.4])
@pytest.mark.parametrize("readings", [(), ("agent.policy_gradient=score_function_replayed",),
                                      ("agent.entropy_in_target=literal", "agent.critic_target=literal")])
def test_both_passes_of_a_step_share_one_batch_and_one_noise(drawn, rho, readings):
    learner = make_learner("run.seed=9", *readings)
    drawn.clear()
    learner.update_actor(2, 5, 1, rho)
    assert drawn == {(9, "replay", 5, 1, 2): 1, (9, "policy", 5, 1, 2): 1}
    drawn.clear()
    learner.update_critic(5, 1, rho)
    assert drawn == {(9, "critic_replay", 5, 1): 1, (9, "target", 5, 1): 1}


class RecordingLoss(CriticLoss):
    """Remembers target, inputs and parameters of every call."""

    calls = ()

    def __call__(self, theta):
        RecordingLoss.calls += ((self.x.copy(), self.target.copy(), self.size, theta.copy()),)
        return super().__call__(theta)


@pytest.fixture
def calls(monkeypatch):
    """A function that gives x, target and theta of every pass, its chunks side by side."""
    monkeypatch.setattr(learner_module, "CriticLoss", RecordingLoss)
    monkeypatch.setattr(RecordingLoss, "calls", ())

    def passes():
        recorded = RecordingLoss.calls
        assert len(recorded) % buffers.CHUNKS == 0
        for k in range(0, len(recorded), buffers.CHUNKS):
            x, target, sizes, thetas = zip(*recorded[k : k + buffers.CHUNKS])
            x, target = np.concatenate(x, axis=1), np.concatenate(target, axis=1)
            assert set(sizes) == {target.size}
            assert all((theta == thetas[0]).all() for theta in thetas)
            yield x, target, thetas[0]

    return lambda: list(passes())


@pytest.mark.parametrize("reading", ["single_target", "twin_target", "literal"])
def test_both_passes_of_the_critic_meet_the_same_target(calls, reading):
    """Also where the critic is its own target: y is held while SAM moves theta."""
    learner = make_learner(f"agent.critic_target={reading}")
    start = learner.agents.thetas_v.copy()
    learner.update_critic(0, 0, rho=0.7)
    seen = calls()
    assert len(seen) == 2 * len(start)
    for c, theta in enumerate(start):
        (x, target, here), (x_adv, target_adv, there) = seen[2 * c : 2 * c + 2]
        assert (x == x_adv).all()
        assert (target == target_adv).all()
        assert (here == theta).all()
        assert np.linalg.norm(there - theta) == pytest.approx(0.7, rel=1e-12)


@pytest.mark.parametrize("reading", ["single_target", "twin_target", "literal"])
@pytest.mark.parametrize("entropy", ["standard", "literal"])
@pytest.mark.parametrize("seen", ["executed", "relaxed"])
def test_the_critics_targets_are_the_plain_twins(calls, reading, entropy, seen):
    """With targets that differ from the online networks, so that it shows which of them is asked."""
    learner = make_learner(f"agent.critic_target={reading}", f"agent.entropy_in_target={entropy}",
                           f"agent.critic_sees={seen}", "agent.gamma=0.8", "agent.temperature=0.2")
    if reading != "literal":
        learner.agents.thetas_target[...] += 0.3
    targets, actors = learner.agents.thetas_target.copy(), learner.agents.thetas_p.copy()
    learner.update_critic(2, 1, None)
    x, target, _ = calls()[0]
    rows = stream(0, "critic_replay", 2, 1).integers(STORED, size=(AGENTS, 3))
    noise = stream(0, "target", 2, 1).standard_normal((ACTION, AGENTS * 3)).T

    def shown(latent):
        return (latent > 0).astype(float) if seen == "executed" else 1 / (1 + np.exp(-latent))

    expected_x, expected = [], []
    for i in range(AGENTS):
        batch = rows_of(learner.agents.replay.of_agent(i, rows[i]))
        mean, log_std = policy(ACTOR, actors[i], batch.next_obs)
        u = mean + np.exp(log_std) * noise[3 * i : 3 * i + 3]
        q = least_q(CRITIC, targets, batch.next_obs, shown(u))
        if entropy == "standard":
            expected.append(batch.reward + 0.8 * (q - 0.2 * log_density(u, mean, log_std)))
        else:
            taken = log_density(batch.latent, *policy(ACTOR, actors[i], batch.obs))
            expected.append(batch.reward + 0.8 * q - 0.2 * taken)
        expected_x.append(np.hstack((batch.obs, shown(batch.latent))))
    np.testing.assert_allclose(x.T, np.vstack(expected_x), rtol=1e-14)
    np.testing.assert_allclose(target[0], np.concatenate(expected), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("reading", ["q", "v"])
@pytest.mark.parametrize("target", ["single_target", "twin_target"])
def test_fresh_td_errors_are_the_plain_twins(reading, target):
    learner = make_learner(f"agent.td_value={reading}", f"agent.critic_target={target}", "agent.gamma=0.8",
                           "agent.temperature=0.2")
    learner.agents.thetas_target[...] += 1.0           # TD-errors ask the online critics (Sec. IV-C)
    noise = stream(0, "td_error", 6).standard_normal((2, ACTION, AGENTS * FRAMES)).swapaxes(1, 2)
    expected = []
    for i in range(AGENTS):
        batch = rows_of(learner.agents.replay.of_agent(i, np.arange(STORED - FRAMES, STORED)))
        mine = slice(i * FRAMES, (i + 1) * FRAMES)

        def drawn(obs, eps, actor=learner.agents.thetas_p[i]):
            mean, log_std = policy(ACTOR, actor, obs)
            u = mean + np.exp(log_std) * eps
            return least_q(CRITIC, learner.agents.thetas_v, obs, (u > 0).astype(float)), log_density(u, mean, log_std)

        after, log_after = drawn(batch.next_obs, noise[0, mine])
        if reading == "q":
            now = least_q(CRITIC, learner.agents.thetas_v, batch.obs, (batch.latent > 0).astype(float))
            expected.append(batch.reward + 0.8 * after - now)
        else:
            now, log_now = drawn(batch.obs, noise[1, mine])
            expected.append(batch.reward + 0.8 * (after - 0.2 * log_after) - (now - 0.2 * log_now))
    before = saved(learner)
    np.testing.assert_allclose(learner.fresh_td_errors(6), expected, rtol=1e-11, atol=1e-12)
    assert not changed(before, saved(learner))


@pytest.mark.parametrize(("batch_size", "rows_each"), [(1, 1), (3, 1), (4, 2), (128, 43)])
def test_the_critics_batch_takes_equally_many_rows_of_every_buffer(calls, batch_size, rows_each):
    """The paper's 128 among six agents is 22 each: rounded up, never down."""
    learner = make_learner(f"agent.batch_size={batch_size}", "agent.buffer_size=200")
    learner.update_critic(0, 0, None)
    x = calls()[0][0].T
    assert len(x) == AGENTS * rows_each
    for i in range(AGENTS):
        own = learner.agents.replay.of_agent(i, np.arange(STORED)).obs.T
        for row in x[i * rows_each : (i + 1) * rows_each, :OBS]:
            assert (own == row).all(axis=1).any()


@pytest.mark.parametrize("readings", [
    (), ("agent.critic_target=twin_target", "agent.l2_weight=0.1"), ("agent.critic_scope=joint",),
    ("agent.dropout=0.3",), ("agent.spectral_norm=true", "agent.crelu=true", "agent.layer_norm=true")])
def test_the_critics_batch_in_parts_is_the_batch_up_to_rounding(monkeypatch, readings):
    """Loss and gradient, which a step of plain descent shows, with SAM; and the TD-errors."""
    found = []
    for chunks in (1, 2, 5):
        monkeypatch.setattr(buffers, "CHUNKS", chunks)
        learner = make_learner("sam.base_optimizer=sgd", "agent.learning_rate=1.0", *readings)
        found.append((learner.fresh_td_errors(3), learner.update_critic(3, 0, 0.2), learner.agents.thetas_v))
    for parts in found[1:]:
        for values, whole in zip(parts, found[0]):
            np.testing.assert_allclose(values, whole, rtol=1e-14, atol=1e-14)


def test_acting_is_drawing_from_each_actors_policy():
    learner = make_learner()
    obs, noise = np.random.default_rng(2).normal(size=(2, AGENTS, 5))
    latent, log_prob = learner.act(obs, noise[:, :ACTION])
    for i in range(AGENTS):
        mean, log_std = policy(ACTOR, learner.agents.thetas_p[i], obs[[i]])
        u = mean + np.exp(log_std) * noise[[i], :ACTION]
        np.testing.assert_allclose(latent[[i]], u, rtol=1e-13)
        np.testing.assert_allclose(log_prob[[i]], log_density(u, mean, log_std), rtol=1e-12)


def test_the_losses_returned_are_those_before_the_step():
    learner = make_learner("agent.temperature=0.0")
    rows, actor = stream(0, "replay", 0, 0, 1).integers(STORED, size=7), learner.agents.thetas_p[1].copy()
    noise = stream(0, "policy", 0, 0, 1).standard_normal((ACTION, 7)).T
    obs = learner.agents.replay.of_agent(1, rows).obs.T
    mean, log_std = policy(ACTOR, actor, obs)
    action = 1 / (1 + np.exp(-mean - np.exp(log_std) * noise))
    expected = -network(CRITIC, learner.agents.thetas_v[0], np.hstack((obs, action))).mean()
    assert learner.update_actor(1, 0, 0, 0.4) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("base", ["adam", "sgd"])
@pytest.mark.parametrize("target", ["single_target", "twin_target", "literal"])
def test_a_saved_learner_goes_on_bit_for_bit(base, target):
    settings = f"sam.base_optimizer={base}", f"agent.critic_target={target}"
    one, other = make_learner(*settings), make_learner(*settings, "run.seed=0", stored=0)

    def go_on(learner, iteration):
        for i in range(AGENTS):
            learner.update_actor(i, iteration, 0, 0.1)
        learner.update_critic(iteration, 0, 0.1)

    go_on(one, 0)
    state = saved(one)
    other.agents.set_state(state)
    go_on(one, 1)
    go_on(other, 1)
    assert not changed(saved(one), saved(other))
    assert {value.dtype.kind for value in state.values()} <= {"f", "i"}
    assert (other.agents.thetas_target is other.agents.thetas_v) == (target == "literal")


def test_every_seed_has_its_own_start():
    one, again, other = (make_learner(f"run.seed={s}") for s in (3, 3, 4))
    assert not changed(saved(one), saved(again))
    assert {"actors", "critics", "targets"} <= changed(saved(one), saved(other))


def test_parameters_are_in_the_asked_number_format():
    config = apply_settings(Config(), SMALL)
    for dtype in ("float32", "float64"):
        agents = Agents(replace(config, agent=replace(config.agent, dtype=dtype)), AGENTS, OBS, ACTION)
        assert {a.dtype for a in agents.parameters().values()} == {np.dtype(dtype)}
