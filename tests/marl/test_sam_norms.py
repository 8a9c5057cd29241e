"""Norms of (12) in training: each is taken where it is asked for, over the network that takes the step."""

import numpy as np
import pytest
from trainings import assert_same, differs, run

from tasam_ref.marl import learner as learner_module
from tasam_ref.optim.norms import NORMS, scale_of
from tasam_ref.optim.sam import take_step

OTHERS = [(norm, perturbs) for norm in NORMS for perturbs in ("all", "weights", "hidden")
          if (norm, perturbs) != ("l2", "all")]
SPENT_AND_SHOWN = ("gradient_evaluations", "snapshot/equal_gradients", "sam_actor")


def asking(norm, perturbs):
    return f"sam.norm={norm}", f"sam.perturbs={perturbs}"


@pytest.mark.parametrize("networks", [(), ("agent.layer_norm=true", "agent.crelu=true", "agent.spectral_norm=true")],
                         ids=["plain", "regularised"])
@pytest.mark.parametrize("offset", ["kept", "held"])
@pytest.mark.parametrize(("norm", "perturbs"), [("l2", "all"), *OTHERS])
def test_a_training_with_radius_0_is_one_without_sam(tiny_config, norm, perturbs, offset, networks):
    """To the bit, but for what is spent, for every norm and for (12) as printed."""
    settings = *networks, *asking(norm, perturbs), f"sam.offset={offset}", "sam.rho_init=0.0", "sam.rho_final=0.0"
    assert_same(run(tiny_config, "both_sam", *settings), run(tiny_config, "no_sam", *settings), SPENT_AND_SHOWN)


def test_a_training_takes_the_norm_that_is_asked_for(tiny_config):
    """No two of the nine end in the same actors."""
    ends = [run(tiny_config, "both_sam", *asking(norm, perturbs), "run.num_iterations=2")
            for norm, perturbs in [("l2", "all"), *OTHERS]]
    assert all(differs(one, other) for i, one in enumerate(ends) for other in ends[:i])


@pytest.mark.parametrize("norm", ["l2", "adaptive"])
def test_what_is_held_makes_a_difference_to_sam_on_the_critic_alone(tiny_config, norm):
    settings = f"sam.norm={norm}", "sam.offset=held"
    held, kept = (run(tiny_config, "critic_sam", *chosen)[0].agents.thetas_v for chosen in (settings, settings[:1]))
    assert not np.array_equal(held, kept)
    for method in ("actor_sam", "no_sam"):
        assert_same(run(tiny_config, method, *settings), run(tiny_config, method, settings[0]), SPENT_AND_SHOWN)


@pytest.mark.parametrize("scope", ["shared_local", "joint"])
def test_actors_and_critic_each_have_the_scale_of_their_own_network(tiny_config, monkeypatch, scope):
    asked, taken = [], set()

    def watched_scale(norm, perturbs, net):
        asked.append((norm, perturbs, net.num_params))
        return scale_of(norm, perturbs, net)

    def watched_step(loss, theta, optimizer, rho, scale, held=None):
        taken.add((theta.size, scale(theta).size))
        return take_step(loss, theta, optimizer, rho, scale, held)

    monkeypatch.setattr(learner_module, "scale_of", watched_scale)
    monkeypatch.setattr(learner_module, "take_step", watched_step)
    trainer, _ = run(tiny_config, "both_sam", *asking("layer", "hidden"), f"agent.critic_scope={scope}",
                     "run.num_iterations=1")
    actor, critic = trainer.agents.thetas_p.shape[1], trainer.agents.thetas_v.shape[1]
    assert actor != critic
    assert sorted(asked) == sorted(("layer", "hidden", size) for size in (actor, critic))
    assert taken == {(actor, actor), (critic, critic)}
