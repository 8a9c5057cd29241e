"""A network of 3 DUs, 18 users and 8 RBs and actions for it, which the tests of the environment share."""

import numpy as np

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.oran.env import OranEnv

TINY = apply_settings(Config(), [
    "radio.num_dus=3", "radio.num_ues=18", "radio.num_rbs=8", "slices.latency_max_s=10e-3",
    "slices.shares=[[0.4, 0.4, 0.2], [0.25, 0.45, 0.3], [0.3, 0.5, 0.2]]", "slices.rate_threshold_bps=[1e6, 2e6, 5e5]",
    "reward.q_min=[10e6, 50e6, 2e-3]", "reward.q_worst=[0, 0, 10e-3]", "reward.q_best=[40e6, 80e6, 0]",
    "reward.kpi_weights=[[0, 1, 0, 0], [0, 0.5, 0, 0.5], [1, 0, 0, 0]]", "reward.kpi_best_rate_bps=[4e6, 8e6, 4e6]",
    "reward.priorities=[1, 0.5, 2]", "reward.steepness=4.0", "reward.penalty=1.0"])
WITH_EMPTY_SLICES = ("radio.num_ues=17", "slices.shares=[[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [0.2, 0.4, 0.4]]")
EVERYBODY_SATISFIED = "slices.rate_threshold_bps=[1.0, 1.0, 1.0]"


def build(*settings):
    return OranEnv(apply_settings(TINY, settings))


def random_bits(seed, env):
    return np.random.default_rng(seed).integers(0, 2, (env.num_agents, env.action_dim)).astype(float)


def codes(env, code):
    """The same two-bit code on every RB of every DU."""
    return np.tile(np.repeat([float(code // 2), float(code % 2)], env.config.radio.num_rbs), (env.num_agents, 1))


def arrays_of(info):
    """Every array of a StepInfo."""
    return [*vars(info.radio).values(), *(v for name, v in vars(info).items() if name != "radio")]
