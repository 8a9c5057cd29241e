"""The environment under a sequence of regimes: when it changes, and how it goes on."""

import numpy as np
import pytest

from tasam_ref.config_io import apply_settings
from tasam_ref.oran.env import OranEnv
from tasam_ref.oran.staged_env import StagedEnv, build_env
from tasam_ref.regimes import regime_config

# 14 iterations of 4 frames are 8 episodes of 7: four in each of two stages.
SETTINGS = ("run.num_iterations=14", "regimes.sequence=['usual','crowd']", "slices.latency_model=fifo_queue")


@pytest.fixture
def config(tiny_config):
    return apply_settings(tiny_config, SETTINGS)


def frame(env):
    obs, reward, info = env.step(np.random.default_rng(2).random((3, env.action_dim)))
    return obs, reward, info.radio.rate_bps


def test_the_network_changes_at_the_reset_that_begins_a_stage(config):
    env = StagedEnv(config)
    networks = {name: OranEnv(regime_config(config, name)) for name in ("usual", "crowd")}
    for episode, name in enumerate(["usual"] * 4 + ["crowd"] * 4):
        alone = networks[name]
        assert (env.reset(seed=episode) == alone.reset(seed=episode)).all()
        for _ in range(2):
            for mine, expected in zip(frame(env), frame(alone)):
                assert (mine == expected).all()
        assert env.current.topology.serving.size == {"usual": 18, "crowd": 27}[name]


@pytest.mark.parametrize("episode", [0, 3, 4, 7])
def test_a_state_goes_on_in_its_own_stage(config, episode):
    env = StagedEnv(config)
    for seed in range(episode + 1):
        env.reset(seed=seed)
    frame(env)
    state = env.state()
    expected = [frame(env), env.reset(seed=9), frame(env)] if episode < 7 else [frame(env)]
    other = StagedEnv(config)
    other.reset(seed=5)
    other.set_state(state)
    found = [frame(other), other.reset(seed=9), frame(other)] if episode < 7 else [frame(other)]
    for mine, wanted in zip(found, expected):
        assert all(np.array_equal(a, b) for a, b in zip(mine, wanted))


def test_it_has_the_interface_of_the_plain_environment(config):
    staged, plain = StagedEnv(config), OranEnv(config)
    for name in ("num_agents", "obs_dim", "action_dim", "slice_names"):
        assert getattr(staged, name) == getattr(plain, name)
    staged.reset(seed=0)
    values = np.arange(6.0).reshape(3, 2)
    assert (staged.per_agent(values) == plain.per_agent(values)).all()
    assert (staged.executed(np.array([0.2, 0.7])) == plain.executed(np.array([0.2, 0.7]))).all()


def test_one_stage_is_the_plain_environment(tiny_config):
    assert type(build_env(tiny_config)) is OranEnv
    assert build_env(tiny_config).topology.serving.size == 18
    assert type(build_env(apply_settings(tiny_config, SETTINGS))) is StagedEnv
