"""An episode follows from its seed and the actions taken in it: nothing that was played before shows."""

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_network import TINY, arrays_of, build

from tasam_ref.config_io import apply_settings
from tasam_ref.oran.env import OranEnv
from tasam_ref.oran.latency import LATENCY_MODELS
from tasam_ref.oran.radio import SCHEDULERS
from tasam_ref.oran.staged_env import StagedEnv
from tasam_ref.regimes import regime_config

READINGS = [tuple(f"{field}={value}" for field, value in zip(
    ("radio.scheduler", "slices.latency_model", "radio.mobility"), chosen)) for chosen in product(
        SCHEDULERS, LATENCY_MODELS, ("turn", "heading"))]
OTHERS = st.tuples(st.sampled_from(("reward.normalisation=fixed_bounds", "reward.normalisation=running")),
                   st.sampled_from(("mdp.action_codec=two_bit", "mdp.action_codec=full_binary")))
SEEDS = st.integers(0, 5)                                       # so few that a seed often comes again
EPISODES = st.lists(st.tuples(SEEDS, st.integers(0, 4)), min_size=1, max_size=3)

# Two stages of four episodes each.
STAGED = apply_settings(TINY, ["mdp.episode_frames=7", "run.num_iterations=14", "run.frames_per_iteration=4",
                               "regimes.sequence=['usual','crowd']"])


def play(env, seed, frames, chance=0):
    """Observation after the reset, then observation, reward and everything else of every frame, in one list."""
    generator, met = np.random.default_rng((seed, chance)), [env.reset(seed=seed)]
    for _ in range(frames):
        obs, reward, info = env.step(generator.random((env.num_agents, env.action_dim)))
        met += [obs, reward, *arrays_of(info)]
    return met


def assert_same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("readings", READINGS)
@settings(max_examples=10)
@given(EPISODES, SEEDS, OTHERS)
@example([(0, 4)], 0, ("reward.normalisation=running", "mdp.action_codec=two_bit"))
def test_an_episode_after_others_is_that_of_a_new_environment(readings, earlier, seed, others):
    """Averages, turns, queues, satisfied frames and the running extremes (R25) all end with their episode."""
    used, fresh = build(*readings, *others), build(*readings, *others)
    for number, (before, frames) in enumerate(earlier):
        play(used, before, frames, chance=1 + number)
    assert_same(play(used, seed, 4), play(fresh, seed, 4))


@pytest.mark.parametrize("readings", READINGS)
@settings(max_examples=5)
@given(st.lists(st.tuples(SEEDS, st.integers(0, 3)), min_size=8, max_size=8))
def test_every_episode_of_a_stage_is_that_of_its_network_alone(readings, episodes):
    """Of a run through two regimes nothing goes on but the count of its episodes, which says what stage it is."""
    config = apply_settings(STAGED, (*readings, "reward.normalisation=running"))
    staged = StagedEnv(config)
    for name, (seed, frames) in zip(["usual"] * 4 + ["crowd"] * 4, episodes):
        assert_same(play(staged, seed, frames), play(OranEnv(regime_config(config, name)), seed, frames))
