"""What an iteration of the trainer does: frames and episodes, radii and gates, steps, the row that it returns."""

import numpy as np
import pytest
from trainings import mixed_gate, run, start

from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import METHODS, configure
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import training_episode_seed


@pytest.mark.parametrize("schedule", ["linear", "static", "td_driven"])
def test_the_actors_radius_is_a_multiple_of_what_it_was(tiny_config, schedule):
    """Equal and non-equal rho of Fig. 5 (R37); the critic keeps its own."""
    trainer = start(tiny_config, "both_sam", f"sam.rho_schedule={schedule}", "sam.actor_rho_ratio=0.25")
    equal = start(tiny_config, "both_sam", f"sam.rho_schedule={schedule}")
    row, equal_row = trainer.iterate(), equal.iterate()
    np.testing.assert_allclose(row["rho_actor"], 0.25 * equal_row["rho_actor"], rtol=1e-15)
    assert (row["rho_critic"] == equal_row["rho_critic"]).all()
    assert (trainer.agents.thetas_p != equal.agents.thetas_p).any()


def test_episodes_start_on_time_and_their_last_frame_keeps_its_own_successor(tiny_config):
    """Episodes of 7 frames: the reset's observation opens the next transition and never closes the last one."""
    seeds, resets = [], []

    class Watched(OranEnv):
        def reset(self, *, seed):
            seeds.append(seed)
            resets.append(super().reset(seed=seed))
            return resets[-1]

    config = configure("no_sam", tiny_config, ("agent.dtype=float64",))
    trainer = Trainer(config, Watched(config))
    for _ in range(6):
        trainer.iterate()
    assert seeds == [training_episode_seed(0, e) for e in range(4)]
    batch = trainer.agents.replay.of_agent(0, np.arange(24))
    obs, next_obs = batch.obs.T, batch.next_obs.T
    for t in range(23):
        continues = np.array_equal(next_obs[t], obs[t + 1])
        assert continues == ((t + 1) % 7 != 0)
    for e, first in enumerate(resets):
        assert (obs[7 * e] == first[0]).all()
    assert next_obs[6, 6:].any()                               # an allocation, where a reset observes none


def test_what_the_critic_is_shown_is_what_the_network_ran(tiny_config):
    """The executed action is also in the next observation, behind QoS and load: 2 x 3 numbers."""
    for codec in ("two_bit", "slice_and_user", "full_binary"):
        trainer, _ = run(tiny_config, "no_sam", f"mdp.action_codec={codec}")
        batch = trainer.agents.replay.newest(10)
        shown = trainer.learner._shown(batch.latent)
        assert (shown == batch.next_obs[6 : 6 + trainer.env.action_dim]).all()
        assert shown.any()


def test_rows_are_means_over_the_iterations_frames(tiny_config):
    trainer = start(tiny_config, "no_sam", "agent.dtype=float64")
    rewards, qualities = [], []
    step = trainer.env.step

    def recorded(action):
        result = step(action)
        rewards.append(result[1])
        qualities.append(result[2].qos)
        return result

    trainer.env.step = recorded
    row = trainer.iterate()
    np.testing.assert_allclose(row["reward"], np.mean(rewards, axis=0), rtol=1e-13)
    for s, name in enumerate(("eMBB", "mMTC", "URLLC")):
        np.testing.assert_allclose(row[f"qos_{name}"], np.mean(qualities, axis=0)[:, s], rtol=1e-13)
    assert trainer.agents.replay.of_agent(1, np.arange(4)).reward.tolist() == [r[1] for r in rewards]


def test_the_radius_reaches_everyone_it_belongs_to(tiny_config):
    """Six iterations from 0.5 to 0.01 in steps of 0.098, on the critic and on the selected actors."""
    trainer, rows = run(tiny_config, "ta_sam", mixed_gate(tiny_config))
    gates = np.array([row["sam_actor"] for row in rows])
    assert 0 < gates.sum() < gates.size
    for t, row in enumerate(rows):
        rho = 0.5 - 0.098 * t
        np.testing.assert_allclose(row["rho_critic"], rho, rtol=1e-12)
        np.testing.assert_allclose(row["rho_actor"], rho * row["sam_actor"], rtol=1e-12)
        assert (row["sam_actor"] == (row["td_error_variance"] >= trainer.config.sam.td_var_threshold)).all()


def test_the_td_driven_radius_gives_the_restless_agents_more(tiny_config):
    _, rows = run(tiny_config, "both_sam", "sam.rho_schedule=td_driven")
    for row in rows:
        order = np.argsort(row["td_error_variance"])
        assert (np.diff(row["rho_actor"][order]) >= 0).all()
        assert row["rho_actor"].min() >= 0.01
        assert row["rho_actor"].max() <= 0.5
    assert any(len(set(row["rho_actor"])) == 3 for row in rows)


def test_the_variances_window_holds_the_last_iterations(tiny_config):
    trainer = start(tiny_config, "no_sam", "sam.td_var_window=2")
    fresh = []
    draw = trainer.learner.fresh_td_errors
    trainer.learner.fresh_td_errors = lambda t: fresh.append(draw(t)) or fresh[-1]
    for t in range(4):
        row = trainer.iterate()
        window = np.hstack(fresh[max(t - 1, 0) : t + 1]).astype(float)
        np.testing.assert_allclose(row["td_error_variance"], np.mean((window - window.mean(axis=1)[:, None]) ** 2, 1),
                                   rtol=1e-12)


@pytest.mark.parametrize("steps", [1, 3])
def test_gradient_steps_are_steps_of_everyone(tiny_config, steps):
    trainer, rows = run(tiny_config, "ta_sam", f"agent.gradient_steps={steps}")
    agents = trainer.agents
    assert [int(o.state["count"]) for o in agents.actor_optimizers] == [6 * steps] * 3
    assert [int(o.state["count"]) for o in agents.critic_optimizers] == [6 * steps]
    assert len(rows) == trainer.iteration == 6


def test_steps_of_an_iteration_draw_batches_of_their_own(tiny_config):
    """Three steps are not one batch three times: the critic's losses would then all but repeat."""
    trainer = start(tiny_config, "no_sam", "agent.gradient_steps=3", "agent.learning_rate=1e-9")
    losses = []
    update = trainer.learner.update_critic
    trainer.learner.update_critic = lambda *a: losses.append(update(*a)) or losses[-1]
    trainer.iterate()
    trainer.iterate()
    assert np.abs(np.diff(np.sort(losses))).min() > 1e-6


def test_the_critic_takes_steps_of_its_own_behind_each_of_the_actors(tiny_config, monkeypatch):
    """Two steps with three of the critic each, every one with a batch at an address that no other has."""
    trainer, order = start(tiny_config, "ta_sam", "agent.gradient_steps=2", "agent.critic_steps=3"), []
    actors, critic = trainer.learner.update_actors, trainer.learner.update_critic
    monkeypatch.setattr(trainer.learner, "update_actors", lambda t, k, rho: order.append(("actors", t, k)) or actors(
        t, k, rho))
    monkeypatch.setattr(trainer.learner, "update_critic", lambda t, k, rho: order.append(("critic", t, k)) or critic(
        t, k, rho))
    for _ in range(2):
        trainer.iterate()
    assert order == [step for t in range(2) for step in (
        ("actors", t, 0), ("critic", t, 0), ("critic", t, 1), ("critic", t, 2),
        ("actors", t, 1), ("critic", t, 3), ("critic", t, 4), ("critic", t, 5))]
    assert [int(o.state["count"]) for o in trainer.agents.critic_optimizers] == [12]
    assert [int(o.state["count"]) for o in trainer.agents.actor_optimizers] == [4] * 3


@pytest.mark.parametrize("method", sorted(METHODS))
def test_one_du_is_a_single_agent_with_a_critic_of_its_own(tiny_config, method):
    """Its critic's batch is then drawn from the one buffer and as large as the actor's."""
    trainer, rows = run(tiny_config, method, "radio.num_dus=1", "radio.num_ues=6", "sam.td_var_scale=relative",
                        "sam.td_var_threshold=1.0")
    assert trainer.learner.networks.scope.transitions(12) == 12
    for row in rows:
        assert {values.shape for values in row.values()} == {(1,)}
        assert all(np.isfinite(values).all() for values in row.values())
        assert row["sam_actor"] == trainer.config.sam.use_sam_actor     # one agent is its own median: a tie
