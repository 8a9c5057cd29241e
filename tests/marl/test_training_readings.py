"""Every reading and every number that steers learning: it runs, and it makes a difference."""

from dataclasses import fields

import numpy as np
import pytest
from trainings import differs, mixed_gate

from tasam_ref.config import AgentConfig, SamConfig
from tasam_ref.config_io import apply_settings
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import configure
from tasam_ref.oran.env import OranEnv

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
