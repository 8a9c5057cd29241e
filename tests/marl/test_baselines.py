"""The baselines of Tables 2 and 3: each tied to a simpler method, each a training of its own otherwise."""

from dataclasses import replace

import numpy as np
import pytest
from trainings import assert_same, differs, mixed_gate, run, start

from tasam_ref.marl.agents import reset_is_due
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import METHODS, configure
from tasam_ref.oran.env import OranEnv


def run_without(config, method, **fields):
    """A run of a method whose own settings are turned off, section by section."""
    config = configure(method, config)
    config = replace(config, **{section: replace(getattr(config, section), **values)
                                for section, values in fields.items()})
    trainer = Trainer(config, OranEnv(config))
    return trainer, [trainer.iterate() for _ in range(config.run.num_iterations)]


@pytest.mark.parametrize(("method", "simpler", "off"), [
    ("dropout", "no_sam", {"agent": {"dropout": 0.0}}),
    ("l2", "no_sam", {"agent": {"l2_weight": 0.0}}),
    ("spectral_norm", "no_sam", {"agent": {"spectral_norm": False}}),
    ("centralised_sac", "no_sam", {"mdp": {"single_agent": False}}),
    ("plastic_as_described", "no_sam", {"agent": {"teachers": 0}}),
    ("policy_anchor", "ta_sam", {"agent": {"forgetting": "none"}}),
    ("plastic_lee2023", "both_sam", {"agent": {"layer_norm": False, "crelu": False, "resets": 0},
                                     "sam": {"rho_schedule": "linear", "rho_init": 0.5, "perturbs": "all"}}),
    ("ta_sam_static_rho", "ta_sam", {"sam": {"rho_schedule": "linear"}}),
])
def test_a_baseline_is_a_simpler_method_once_its_own_part_is_off(tiny_config, method, simpler, off):
    assert_same(run_without(tiny_config, method, **off), run(tiny_config, simpler))
    assert differs(run(tiny_config, method, "sam.td_var_threshold=0.0"), run(tiny_config, simpler))


def test_centralised_sac_with_one_du_is_no_sam(tiny_config):
    one_du = "radio.num_dus=1", "radio.num_ues=6"
    assert_same(run(tiny_config, "centralised_sac", *one_du), run(tiny_config, "no_sam", *one_du))


def test_students_that_are_their_own_teachers_learn_as_if_alone(tiny_config):
    """One teacher, renewed before every step, and unperturbed states: divergence and gradient are zero to the bit."""
    config = replace(tiny_config, agent=replace(tiny_config.agent, dtype="float64"))
    taught = run_without(config, "plastic_as_described", agent={
        "teachers": 1, "teacher_every": 1, "input_perturbation": 0.0, "distillation_weight": 9.0})
    alone = run(config, "no_sam")
    assert np.array_equal(taught[0].agents.thetas_p, alone[0].agents.thetas_p)
    assert np.array_equal(taught[0].agents.thetas_v, alone[0].agents.thetas_v)


def test_teachers_hold_back(tiny_config):
    """The heavier the distillation from the first policies, the less the actors have moved in the end."""
    moved = []
    for weight in (0.0, 1.0, 30.0):
        trainer = start(tiny_config, "no_sam", "agent.teachers=1", "agent.teacher_every=100",
                        f"agent.distillation_weight={weight}", "agent.input_perturbation=0.0")
        first = trainer.agents.thetas_p.copy()
        for _ in range(6):
            trainer.iterate()
        moved.append(np.linalg.norm(trainer.agents.thetas_p - first))
    assert moved[0] > moved[1] > moved[2]


def test_the_students_states_are_perturbed_by_the_given_deviation(tiny_config, monkeypatch):
    config = configure("plastic_as_described", tiny_config, ("agent.input_perturbation=0.25", "agent.batch_size=500"))
    trainer = Trainer(config, OranEnv(config))
    trainer.iterate()
    seen = []

    def no_step(loss, *_):
        alone, distillation = loss.losses
        seen.append(distillation.obs - alone.obs)

    monkeypatch.setattr("tasam_ref.marl.learner.take_step", no_step)
    for step in (0, 1):
        trainer.learner.update_actor(1, 0, step)
    assert abs(seen[0].std() - 0.25) < 0.01
    assert abs(seen[0].mean()) < 0.01
    assert not np.array_equal(*seen)


@pytest.mark.parametrize("method", ["dropout", "spectral_norm", "plastic_as_described", "plastic_lee2023",
                                    "centralised_sac", "policy_anchor"])
def test_a_baseline_under_sam_and_the_anchor_still_trains(tiny_config, method):
    """Every part can stand beside SAM on everyone, the anchor, twin critics and a critic of everybody."""
    own = configure(method, tiny_config)
    config = replace(own, sam=configure("both_sam", tiny_config).sam,
                     agent=replace(own.agent, forgetting="policy_anchor", critic_scope="joint",
                                   critic_target="twin_target"))
    trainer = Trainer(config, OranEnv(config))
    for _ in range(3):
        columns = trainer.iterate()
    assert columns["sam_actor"].all()
    assert all(np.isfinite(values).all() for values in columns.values())


def test_spectral_directions_are_held_by_sam_and_turned_by_the_step(tiny_config):
    trainer = start(tiny_config, "spectral_norm")
    agents, net = trainer.agents, trainer.agents.networks.actor
    before = agents.thetas_p[0].copy()
    trainer.iterate()
    weight, u = net.layers(agents.thetas_p[0])[0][0], net.directions(before)[0]
    expected = weight @ (weight.T @ u)
    np.testing.assert_allclose(net.directions(agents.thetas_p[0])[0], expected / np.linalg.norm(expected), rtol=1e-5)


def test_acting_and_evaluation_know_no_dropout(tiny_config):
    """A rate near one leaves next to nothing of a gradient, and the same first actions."""
    first = [start(tiny_config, "no_sam", f"agent.dropout={rate}").iterate() for rate in (0.0, 0.9)]
    for name in ("reward", "entropy", "td_error_variance"):
        assert np.array_equal(first[0][name], first[1][name])
    assert not np.array_equal(first[0]["actor_loss"], first[1]["actor_loss"])


@pytest.mark.parametrize(("num_iterations", "resets", "expected"), [
    (10, 0, []), (10, 1, [5]), (10, 4, [2, 4, 6, 8]), (6, 4, [2, 3, 4, 5]), (3, 9, [1, 2]),
    (1000, 4, [200, 400, 600, 800]),
])
def test_resets_part_the_run_evenly(num_iterations, resets, expected):
    assert [t for t in range(num_iterations) if reset_is_due(t, num_iterations, resets)] == expected


def test_a_reset_draws_the_output_layer_anew_and_forgets_the_optimiser(tiny_config):
    trainer = start(tiny_config, "no_sam", "agent.resets=1")
    for _ in range(3):
        trainer.iterate()
    agents = trainer.agents
    kept, old = agents.networks.actor.layers(agents.thetas_p[1].copy()), agents.thetas_p[1].copy()
    agents.prepare(3)
    now = agents.networks.actor.layers(agents.thetas_p[1])
    assert all(np.array_equal(a, b) for old, new in zip(kept[:-1], now[:-1]) for a, b in zip(old, new))
    head = slice(-sum(part.size for part in now[-1]), None)
    assert not np.any(agents.thetas_p[1][head] == old[head])
    assert not np.array_equal(agents.thetas_p[0][head], agents.thetas_p[1][head])
    assert all(not np.any(value) for value in agents.actor_optimizers[1].state.values())
    assert np.array_equal(agents.thetas_v, agents.thetas_target)
    fresh = agents.thetas_p.copy()
    agents.prepare(4)
    assert np.array_equal(agents.thetas_p, fresh)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_goes_on_after_a_break_as_if_there_was_none(tiny_config, method):
    settings = (mixed_gate(tiny_config),)
    undisturbed, rows = run(tiny_config, method, *settings)
    broken = start(tiny_config, method, *settings)
    for _ in range(3):
        broken.iterate()
    saved = {name: np.array(value) for name, value in broken.state().items()}
    resumed = start(tiny_config, method, *settings)
    resumed.set_state(saved)
    tail = [resumed.iterate() for _ in range(3)]
    assert_same((resumed, tail), (undisturbed, rows[3:]))
