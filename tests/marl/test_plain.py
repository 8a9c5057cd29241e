"""The whole training as plain NumPy and Python, NUMBA_DISABLE_JIT=1, against the same source compiled."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
from trainings import mixed_gate, run

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.methods.registry import METHODS

SETTINGS = (
    "radio.num_dus=3", "radio.num_ues=6", "radio.num_rbs=4", "agent.hidden_sizes=[4, 3]", "agent.batch_size=5",
    "agent.buffer_size=30", "agent.learning_rate=1e-2", "agent.dtype=float64", "mdp.episode_frames=7",
    "run.num_iterations=20", "run.frames_per_iteration=2",
)
READINGS = ("agent.critic_target=twin_target", "agent.critic_scope=joint", "agent.policy_gradient=score_function",
            "agent.policy_gradient=score_function_replayed", "sam.base_optimizer=sgd")


def learned():
    """Parameters, and all numbers of the 20 iterations, by every method and by ta_sam in other readings."""
    config, found = apply_settings(Config(), SETTINGS), {"compiled": np.array(not numba.config.DISABLE_JIT)}
    for method, *reading in [*([method] for method in METHODS), *(["ta_sam", reading] for reading in READINGS)]:
        trainer, rows = run(config, method, mixed_gate(config), *reading)
        found |= {f"{method} {reading} {name}": value for name, value in trainer.results().items()}
        found |= {f"{method} {reading} {name}": np.array([row[name] for row in rows]) for name in rows[0]}
    return found


def read(path):
    with np.load(path) as archive:
        return dict(archive)


def test_plain_training_is_the_compiled_one(tmp_path):
    learning = "import sys, numpy, test_plain; numpy.savez(sys.argv[1], **test_plain.learned())"
    for name, plain in (("compiled", "0"), ("plain", "1")):
        subprocess.run([sys.executable, "-c", learning, tmp_path / name], cwd=Path(__file__).parent, check=True,
                       env=os.environ | {"NUMBA_DISABLE_JIT": plain}, timeout=240)
    compiled, plain = (read(tmp_path / f"{name}.npz") for name in ("compiled", "plain"))
    assert (compiled.pop("compiled"), plain.pop("compiled")) == (True, False)
    assert compiled.keys() == plain.keys()
    for name in plain:
        # Behind a layer normalisation some gradients nearly vanish, and Adam makes steps of what rounding leaves.
        tolerance = 4e-10 if name.startswith("plastic_lee2023") else 4e-13
        np.testing.assert_allclose(plain[name], compiled[name], rtol=0, atol=tolerance * np.abs(compiled[name]).max(),
                                   err_msg=name)
