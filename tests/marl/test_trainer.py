"""Training: equivalences between methods, common random numbers, every reading."""

from dataclasses import fields, replace

import numpy as np
import pytest
from trainings import SPENT, assert_same, differs, mixed_gate, run, start

from tasam_ref.config import AgentConfig, SamConfig
from tasam_ref.config_io import apply_settings
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import METHODS, configure
from tasam_ref.oran import draws
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import stream, training_episode_seed

# Numbers that show at this size what the default hides; every field of the two sections is here or has readings.
OTHER_NUMBERS = {
    "agent": {"hidden_sizes": "[5]", "learning_rate": "3e-3", "batch_size": "5", "buffer_size": "4", "gamma": "0.9",
              "temperature": "0.5", "polyak": "0.9", "log_std_min": "-0.05", "log_std_max": "0.05",
              "gradient_steps": "2", "critic_steps": "2", "target_entropy": "3.0", "temperature_rate": "0.5",
              "l2_weight": "0.01", "anchor_weight": "0.3", "anchor_rate": "0.9",
              "dropout": "0.3", "spectral_norm": "true", "layer_norm": "true", "crelu": "true", "resets": "2",
              "teachers": "1", "teacher_every": "2", "distillation_weight": "0.4", "input_perturbation": "0.7"},
    "sam": {"use_sam_actor": "false", "use_sam_critic": "false", "selective": "false", "td_var_threshold": "inf",
            "td_var_window": "3", "rho_init": "0.2", "rho_final": "0.1", "actor_rho_ratio": "0.5",
            "rho_decay_steps": "2"},
}

# What must be on for a number to matter.
ANCHOR, TEACHER = ("agent.forgetting=policy_anchor",), ("agent.teachers=1",)
LEARNED = ("agent.temperature_rule=learned",)
NEEDED = {"agent.anchor_weight": ANCHOR, "agent.anchor_rate": ANCHOR, "agent.teacher_every": TEACHER,
          "agent.distillation_weight": TEACHER, "agent.input_perturbation": TEACHER,
          "agent.target_entropy": LEARNED, "agent.temperature_rate": LEARNED}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gate_that_never_opens_is_sam_on_the_critic(tiny_config, dtype):
    settings = f"agent.dtype={dtype}", "agent.gradient_steps=2"
    ta_sam, critic_sam = (run(tiny_config, m, *settings, "sam.td_var_threshold=inf") for m in ("ta_sam", "critic_sam"))
    assert_same(ta_sam, critic_sam)
    assert all(row["sam_actor"].sum() == 0 for row in ta_sam[1])
    assert all((row["rho_critic"] > 0).all() for row in ta_sam[1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", ["absolute", "relative"])
def test_a_gate_that_is_always_open_is_sam_on_everyone(tiny_config, dtype, scale):
    settings = f"agent.dtype={dtype}", "agent.gradient_steps=2", f"sam.td_var_scale={scale}"
    ta_sam, both_sam = (run(tiny_config, m, *settings, "sam.td_var_threshold=0.0") for m in ("ta_sam", "both_sam"))
    assert_same(ta_sam, both_sam)
    assert all(row["sam_actor"].all() for row in ta_sam[1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("schedule", ["linear", "static", "cosine", "td_driven", "entropy_annealed"])
@pytest.mark.parametrize("base", ["adam", "sgd"])
def test_a_radius_of_zero_is_the_base_optimiser(tiny_config, dtype, schedule, base):
    settings = (f"agent.dtype={dtype}", f"sam.rho_schedule={schedule}", f"sam.base_optimizer={base}",
                "sam.rho_init=0.0", "sam.rho_final=0.0")
    both_sam, no_sam = (run(tiny_config, m, *settings) for m in ("both_sam", "no_sam"))
    assert_same(both_sam, no_sam, but=("sam_actor", *SPENT))
    assert all(row["sam_actor"].all() for row in both_sam[1])


def test_a_gate_that_is_shut_without_sam_on_the_critic_is_no_sam(tiny_config):
    shut = run(replace(tiny_config, sam=replace(tiny_config.sam, td_var_threshold=np.inf)), "actor_sam")
    assert differs(shut, run(tiny_config, "no_sam"))                # actor_sam asks no gate
    config = configure("ta_sam", tiny_config, ("sam.td_var_threshold=inf",))
    config = replace(config, sam=replace(config.sam, use_sam_critic=False))
    trainer = Trainer(config, OranEnv(config))
    assert_same((trainer, [trainer.iterate() for _ in range(6)]), run(tiny_config, "no_sam"))


def test_the_methods_are_different_trainings(tiny_config):
    """All but one pair: both_sam is what Table 2 calls TA-SAM without its selection."""
    runs = {method: run(tiny_config, method, mixed_gate(tiny_config)) for method in METHODS}
    same = {"both_sam", "ta_sam_unselective"}
    for one in runs:
        for other in runs:
            assert differs(runs[one], runs[other]) == (one != other and {one, other} != same), (one, other)


def test_ta_sam_without_selection_is_both_sam(tiny_config):
    assert_same(run(tiny_config, "ta_sam_unselective"), run(tiny_config, "both_sam"))


def test_a_static_radius_that_has_nowhere_to_go_is_the_schedule(tiny_config):
    settings = "run.num_iterations=5", "sam.rho_init=0.5", "sam.rho_final=0.5", mixed_gate(tiny_config)
    assert_same(run(tiny_config, "ta_sam_static_rho", *settings), run(tiny_config, "ta_sam", *settings))


@pytest.mark.parametrize("schedule", ["linear", "static", "td_driven"])
def test_the_actors_radius_is_a_multiple_of_what_it_was(tiny_config, schedule):
    """Equal and non-equal rho of Fig. 5 (R37); the critic keeps its own."""
    trainer = start(tiny_config, "both_sam", f"sam.rho_schedule={schedule}", "sam.actor_rho_ratio=0.25")
    equal = start(tiny_config, "both_sam", f"sam.rho_schedule={schedule}")
    row, equal_row = trainer.iterate(), equal.iterate()
    np.testing.assert_allclose(row["rho_actor"], 0.25 * equal_row["rho_actor"], rtol=1e-15)
    assert (row["rho_critic"] == equal_row["rho_critic"]).all()
    assert (trainer.agents.thetas_p != equal.agents.thetas_p).any()


def test_actors_with_no_radius_are_sam_on_the_critic(tiny_config):
    still = run(tiny_config, "both_sam", "sam.actor_rho_ratio=0.0")
    assert_same(still, run(tiny_config, "critic_sam", "sam.actor_rho_ratio=0.0"), but=("sam_actor", *SPENT))


@pytest.mark.parametrize("method", ["no_sam", "ta_sam"])
def test_an_l2_weight_of_zero_is_the_loss_alone_and_a_heavy_one_shrinks_everything(tiny_config, method):
    plain, zero = run(tiny_config, method), run(tiny_config, method, "agent.l2_weight=0.0")
    assert_same(plain, zero)
    heavy = run(tiny_config, method, "agent.l2_weight=10.0")
    for name in ("thetas_p", "thetas_v"):
        assert np.linalg.norm(getattr(heavy[0].agents, name)) < np.linalg.norm(getattr(plain[0].agents, name))


@pytest.mark.parametrize("method", ["no_sam", "ta_sam"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(tiny_config, method):
    one = run(tiny_config, method, "run.seed=5")
    assert_same(one, run(tiny_config, method, "run.seed=5"))
    other = run(tiny_config, method, "run.seed=6")
    for name in ("reward", "entropy", "actor_loss", "td_error_variance"):
        assert (one[1][0][name] != other[1][0][name]).any()


@pytest.fixture
def weather(monkeypatch):
    """Records what the network meets in every frame: positions, fading and traffic."""
    met = []

    class Watched(OranEnv):
        def step(self, action):
            result = super().step(action)
            met[-1]["position"] = self.network.state["position"].copy()
            met[-1]["bits"] = self.executed(np.asarray(action)).ravel()
            return result

    draw = draws.draw_frame

    def recorded(*arguments):
        frame = draw(*arguments)
        met.append({name: value.copy() for name, value in vars(frame).items()})
        return frame

    monkeypatch.setattr(draws, "draw_frame", recorded)

    def meets(config, method, *settings):
        met.clear()
        config = configure(method, config, settings)
        trainer = Trainer(config, Watched(config))
        for _ in range(config.run.num_iterations):
            trainer.iterate()
        return list(met)

    return meets


def test_all_methods_meet_the_same_users_channels_and_traffic(tiny_config, weather):
    settings = "agent.learning_rate=0.05", "slices.latency_model=fifo_queue"
    runs = {method: weather(tiny_config, method, *settings) for method in METHODS}
    reference = runs.pop("no_sam")
    assert len(reference) == 24
    for met in runs.values():
        assert any((a["bits"] != b["bits"]).any() for a, b in zip(met, reference))
        for frame, expected in zip(met, reference, strict=True):
            for name in ("position", "direction", "speed", "fading", "arrivals"):
                assert (frame[name] == expected[name]).all(), name


def test_frames_differ_from_each_other_and_seeds_from_seeds(tiny_config, weather):
    one, other = (weather(tiny_config, "no_sam", f"run.seed={s}") for s in (1, 2))
    assert len({frame["fading"].tobytes() for frame in one + other}) == 48
    assert len({frame["position"].tobytes() for frame in one + other}) == 48


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


def test_every_field_that_steers_learning_has_another_value_to_try():
    for section, cls in (("agent", AgentConfig), ("sam", SamConfig)):
        named = {f.name for f in fields(cls) if not f.metadata["choices"]}
        assert named == set(OTHER_NUMBERS[section])


def readings():
    for section, cls in (("agent", AgentConfig), ("sam", SamConfig)):
        for f in fields(cls):
            others = [c for c in f.metadata["choices"] if c != f.default] or [OTHER_NUMBERS[section].get(f.name)]
            yield from (pytest.param(f"{section}.{f.name}={other}", id=f"{f.name}={other}") for other in others)


@pytest.mark.parametrize("setting", list(readings()))
def test_every_reading_and_number_runs_and_makes_a_difference(tiny_config, setting):
    needed = NEEDED.get(setting.partition("=")[0], ())
    config = configure("ta_sam", tiny_config, (mixed_gate(tiny_config), *needed))
    changed = apply_settings(config, (setting,))
    runs = []
    for each in (config, changed):
        trainer = Trainer(each, OranEnv(each))
        runs.append((trainer, [trainer.iterate() for _ in range(6)]))
    trainer, rows = runs[1]
    assert all(np.isfinite(values).all() for row in rows for values in row.values())
    assert all(np.isfinite(a).all() for a in trainer.agents.parameters().values())
    assert differs(*runs)


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


def test_exploration_noise_is_keyed_by_iteration(tiny_config):
    """The first frame's latent minus the policy's mean, over its deviation, is the stream's first row."""
    trainer = start(tiny_config, "no_sam", "agent.dtype=float64")
    obs = trainer.obs.copy()
    mean, _ = trainer.learner.act(obs, np.zeros((3, 16)))
    moved, _ = trainer.learner.act(obs, np.ones((3, 16)))
    trainer.iterate()
    latent = np.stack([trainer.agents.replay.of_agent(i, [0]).latent[:, 0] for i in range(3)])
    noise = stream(0, "exploration", 0).standard_normal((4, 3, 16))[0]
    np.testing.assert_allclose((latent - mean) / (moved - mean), noise, rtol=1e-9, atol=1e-10)
