"""The state of Sec. IV-A1, s_t = {Q_l, N_u^l, a_{t-1}}, and what Algorithm 1 puts out: against plain lists.

The scaled Q_l follows again from the frame's rates and delays, with the defaults known by heart.
"""

import tempfile
from pathlib import Path

import numpy as np

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.training import train
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import configure
from tasam_ref.oran.env import OranEnv

from .checks import check
from .oracles import largest, relative_error

SMALL = ("radio.num_dus=3", "radio.num_ues=20", "radio.num_rbs=6", "agent.hidden_sizes=[5]", "agent.batch_size=8",
         "run.num_iterations=3", "run.frames_per_iteration=2", "run.eval_episodes=1", "run.eval_frames=2")


def scaled_quality(s, rates, delay):
    """Q_l of slice s between 0 and 40 Mbit/s, 0 and 80 Mbit/s of the satisfied share, or 10 and 0 ms."""
    share = sum(c >= 2e6 for c in rates) / len(rates)
    return min(1, (sum(rates) / 4e7, sum(rates) * share / 8e7, 1 - delay / 0.01)[s])


@check("state", oracle="a list built user by user", tolerance=1e-15, because="a sum of five rates")
def observation_is_quality_load_last_action_and_identity():
    """s_t of every DU after five random frames: scaled QoS, users per slice over N / M, a_{t-1} as bits, one-hot DU."""
    env = OranEnv(apply_settings(Config(), (*SMALL, "mdp.identity=one_hot")))
    generator, worst = np.random.default_rng(3), 0.0
    env.reset(seed=1)
    for _ in range(5):
        action = generator.random((3, 12))
        obs, _, info = env.step(action)
        for m in range(3):
            users = [[u for u in range(20) if (env.topology.serving[u], env.topology.slice_of[u]) == (m, s)]
                     for s in range(3)]
            quality = [scaled_quality(s, info.radio.rate_bps[group], max(info.radio.latency_s[group]))
                       for s, group in enumerate(users)]
            expected = [*quality, *(len(group) * 3 / 20 for group in users), *(float(a > 0.5) for a in action[m]),
                        *(float(m == other) for other in range(3))]
            worst = largest(worst, relative_error(obs[m], expected))
    return worst


@check("state", oracle="a cell in which nothing was sent", tolerance=0, because="nothing allocated yet is all zeros")
def episodes_open_with_no_quality_and_no_action():
    """Right after a reset Q_l and a_{t-1} are zero, whatever happened before, and the load is there."""
    env = OranEnv(apply_settings(Config(), SMALL))
    first = env.reset(seed=5)
    env.step(np.ones((3, 12)))
    again = env.reset(seed=5)
    return int((first != again).sum() + (again[:, :3] != 0).sum() + (again[:, 6:] != 0).sum()
               + (again[:, 3:6] <= 0).sum())


@check("A1 l.28", oracle="the same training, kept in memory", tolerance=0, because="weights are written bit by bit")
def output_is_the_trained_weights():
    """The checkpoint of a finished run holds theta_p of every actor and theta_v as training left them."""
    config = configure("ta_sam", apply_settings(Config(), SMALL))
    trainer = Trainer(config, OranEnv(config))
    for _ in range(3):
        trainer.iterate()
    with tempfile.TemporaryDirectory() as folder:
        stored = train(RunFolder.create(Path(folder) / "run", "ta_sam", config)).load_checkpoint()
    return int((stored["actors"] != trainer.agents.thetas_p).sum()
               + (stored["critics"] != trainer.agents.thetas_v).sum())
