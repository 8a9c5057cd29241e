"""Methods and settings that must be the same training, to the bit, and those that must not."""

from dataclasses import replace

import numpy as np
import pytest
from trainings import SPENT, assert_same, differs, mixed_gate, run

from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import METHODS, configure
from tasam_ref.oran.env import OranEnv


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
