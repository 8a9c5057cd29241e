"""What training spends, and the actors that it had when it had spent what a run without SAM spends."""

import numpy as np
import pytest
from trainings import mixed_gate, run, start

from tasam_ref.config import AgentConfig
from tasam_ref.marl import buffers
from tasam_ref.marl.budget import gradient_evaluations
from tasam_ref.marl.trainer import snapshots_in
from tasam_ref.nn.passes import TanhWorkspace
from tasam_ref.nn.regularised import RegularisedWorkspace

TWIN = "agent.critic_target=twin_target"


@pytest.mark.parametrize(("steps", "critics", "sam_actors", "sam_critic", "expected"), [
    (1, 1, 0, False, 7), (1, 1, 6, True, 14), (1, 1, 2, True, 10), (10, 1, 0, True, 80), (10, 2, 6, True, 160)])
def test_a_sam_step_costs_two_evaluations(steps, critics, sam_actors, sam_critic, expected):
    """Six actors."""
    assert gradient_evaluations(AgentConfig(gradient_steps=steps), 6, critics, sam_actors, sam_critic) == expected


@pytest.mark.parametrize(("critics", "sam_critic", "expected"), [
    (1, False, 4 * (8 + 3)), (2, True, 4 * (8 + 3 * 2 * 2))])
def test_the_critics_own_steps_count_within_each_step(critics, sam_critic, expected):
    """Six actors of which two take SAM steps, three steps of the critics for each of four."""
    agent = AgentConfig(gradient_steps=4, critic_steps=3)
    assert gradient_evaluations(agent, 6, critics, 2, sam_critic) == expected


@pytest.mark.parametrize("method", ["ta_sam", "both_sam", "plastic_as_described", "plastic_lee2023", "centralised_sac"])
@pytest.mark.parametrize("settings", [(), ("agent.gradient_steps=3", TWIN), ("agent.critic_steps=2",),
                                      ("sam.offset=held", TWIN)])
def test_the_column_counts_the_gradients_that_are_taken(tiny_config, monkeypatch, method, settings):
    """Counted where losses ask for the gradient of all their parameters, cumulative over the run."""
    taken = [0]

    def counting(backward):
        def counted(*arguments):
            taken[0] += 1
            return backward(*arguments)

        return counted

    monkeypatch.setattr(buffers, "CHUNKS", 1)                  # else the critic's gradient is asked for in parts
    for workspace in (TanhWorkspace, RegularisedWorkspace):
        monkeypatch.setattr(workspace, "backward", counting(workspace.backward))
    gate = [mixed_gate(tiny_config)] if method == "ta_sam" else []
    trainer = start(tiny_config, method, *gate, *settings)
    taken[0] = 0
    for _ in range(4):
        row = trainer.iterate()
        assert row["gradient_evaluations"].tolist() == [taken[0]] * trainer.env.num_agents


# Three actors: 4 evaluations an iteration without SAM, 24 in all; 7, 5 and 8 with it on actors, critic, both.
# With two critics, or two steps of the one, 5 and 30; 8, 7 and 10.  With teachers an actor takes two: 7, so that 24
# are spent in the fourth.
@pytest.mark.parametrize(("method", "settings", "iteration"), [
    ("no_sam", (), None), ("actor_sam", (), 4), ("critic_sam", (), 5), ("both_sam", (), 3),
    ("both_sam", ("agent.gradient_steps=3",), 3), ("actor_sam", (TWIN,), 4), ("critic_sam", (TWIN,), 5),
    ("both_sam", (TWIN,), 3), ("actor_sam", ("agent.critic_steps=2",), 4), ("critic_sam", ("agent.critic_steps=2",), 5),
    ("l2", (), None), ("plastic_as_described", (), 4), ("plastic_lee2023", (), 3),
    ("centralised_sac", (), None)])
def test_actors_are_kept_once_a_evaluations_without_sam_would_be_paid_for(tiny_config, method, settings, iteration):
    trainer, _ = run(tiny_config, method, *settings)
    if iteration is None:
        assert trainer.snapshots == {}
        return
    earlier = start(tiny_config, method, *settings)
    for _ in range(iteration):
        assert "equal_gradients" not in earlier.snapshots
        earlier.iterate()
    assert list(trainer.snapshots) == ["equal_gradients"]
    assert (trainer.snapshots["equal_gradients"] == earlier.agents.thetas_p).all()
    assert (trainer.snapshots["equal_gradients"] != trainer.agents.thetas_p).any()


def test_a_run_ends_with_its_networks_and_snapshots(tiny_config):
    trainer, _ = run(tiny_config, "both_sam")
    results = trainer.results()
    assert set(results) == {"actors", "critics", "targets", "snapshot/equal_gradients", "training_rate_bps"}
    assert np.array_equal(snapshots_in(results)["equal_gradients"], trainer.snapshots["equal_gradients"])
    assert set(snapshots_in(trainer.state())) == {"equal_gradients"}
