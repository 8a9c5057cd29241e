"""Seeds and states of the decision process: common random numbers, reseeding, going on bit for bit."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.oran import draws as draws_module
from tasam_ref.oran.draws import draw_frame
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import evaluation_episode_seed, training_episode_seed

SEEDS = st.integers(0, 2**62)
TINY = apply_settings(Config(), ["radio.num_dus=3", "radio.num_ues=18", "radio.num_rbs=8"])
WITH_MEMORY = ("slices.latency_model=fifo_queue", "reward.normalisation=running")


def build(*settings):
    return OranEnv(apply_settings(TINY, settings))


def greedy(env, t):
    return np.ones((env.num_agents, env.action_dim))


def idle(env, t):
    return np.zeros((env.num_agents, env.action_dim))


def erratic(env, t):
    return np.random.default_rng(1000 + t).random((env.num_agents, env.action_dim))


def frames(env, policy, start, stop):
    """Everything that the frames from start to stop produce, as one list of arrays."""
    produced = []
    for t in range(start, stop):
        obs, value, info = env.step(policy(env, t))
        produced += [obs, value, *vars(info.radio).values()]
        produced += [v for name, v in vars(info).items() if name != "radio"]
        produced += list(env.state().values())
    return produced


def assert_same(one, other):
    assert len(one) == len(other) > 0
    for a, b in zip(one, other):
        np.testing.assert_array_equal(a, b)


class TestCommonRandomNumbers:
    def test_positions_fading_and_traffic_do_not_depend_on_the_actions(self, monkeypatch):
        """Record what is drawn and where users stand in each frame under three very different policies."""
        records = []

        def recorded(*address, **options):
            draws = draw_frame(*address, **options)
            records[-1] += [draws.direction, draws.speed, draws.fading.copy(), draws.arrivals]
            return draws

        monkeypatch.setattr(draws_module, "draw_frame", recorded)
        for policy in (greedy, idle, erratic):
            records.append([])
            env = build(*WITH_MEMORY)
            env.reset(seed=42)
            for t in range(6):
                env.step(policy(env, t))
                records[-1] += [env.state()["position"], env.state()["heading"]]
        assert_same(records[0], records[1])
        assert_same(records[0], records[2])
        assert not np.array_equal(records[0][2], records[0][8])

    def test_without_neighbours_the_whole_channel_is_the_same(self):
        """One DU: SINR of every user on every RB, frame by frame, under opposite policies."""
        sinr = []
        for policy in (greedy, idle):
            env = build("radio.num_dus=1")
            env.reset(seed=3)
            sinr.append([env.step(policy(env, t))[2].radio.sinr for t in range(5)])
        np.testing.assert_array_equal(*sinr)

    def test_readings_of_the_reward_and_the_schedule_do_not_move_users(self):
        positions = []
        for setting in ("radio.scheduler=round_robin", "reward.sigmoid=literal", "slices.latency_model=fifo_queue"):
            env = build(setting)
            env.reset(seed=4)
            for t in range(4):
                env.step(erratic(env, t))
            positions.append(env.state()["position"])
        np.testing.assert_array_equal(positions[0], positions[1])
        np.testing.assert_array_equal(positions[0], positions[2])

    def test_another_environment_or_the_global_generator_does_not_interfere(self):
        alone, disturbed, other = build(), build(), build()
        for env, seed in ((alone, 5), (disturbed, 5), (other, 6)):
            env.reset(seed=seed)
        expected = frames(alone, erratic, 0, 3)
        before, produced = np.random.get_state()[1].copy(), []  # noqa: NPY002
        for t in range(3):
            frames(other, greedy, t, t + 1)
            produced += frames(disturbed, erratic, t, t + 1)
        assert_same(produced, expected)
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


class TestReset:
    @given(seed=SEEDS)
    def test_reseeds_completely_whatever_came_before(self, seed):
        """A used environment, reset, is a new one: users, channels, queues, averages, running bounds."""
        fresh, used = build(*WITH_MEMORY), build(*WITH_MEMORY)
        used.reset(seed=seed + 1)
        frames(used, greedy, 0, 2)
        np.testing.assert_array_equal(fresh.reset(seed=seed), used.reset(seed=seed))
        assert_same(frames(fresh, erratic, 0, 2), frames(used, erratic, 0, 2))

    @given(seed=SEEDS)
    def test_other_seeds_are_other_episodes(self, seed):
        env, states = build(), []
        for s in (seed, seed + 1):
            env.reset(seed=s)
            sinr = env.step(erratic(env, 0))[2].radio.sinr
            states.append((env.state()["position"], env.state()["heading"], sinr))
        for one, other in zip(*states):
            assert not np.any(one == other)

    def test_starts_with_empty_memory(self):
        env = build(*WITH_MEMORY)
        env.reset(seed=7)
        frames(env, idle, 0, 3)
        assert env.state()["backlog"].any()
        env.reset(seed=7)
        state = env.state()
        assert state["frame"] == 0 and state["seed"] == 7
        assert not any(state[name].any() for name in ("backlog", "mean_rate", "pointer", "satisfied_frames"))

    def test_needs_a_seed_by_name(self):
        with pytest.raises(TypeError):
            build().reset(3)
        with pytest.raises(TypeError):
            build().reset()

    @given(st.integers(0, 2**31), st.integers(0, 10**6))
    def test_episode_seeds_of_training_and_evaluation_never_meet(self, run_seed, episode):
        """Training seeds are even, evaluation seeds odd, and both start an episode."""
        train, evaluate = training_episode_seed(run_seed, episode), evaluation_episode_seed(episode)
        assert (train % 2, evaluate % 2) == (0, 1)
        env = build()
        for seed in (train, evaluate):
            env.reset(seed=seed)
            assert int(env.state()["seed"]) == seed


CONFIGURATIONS = [(), WITH_MEMORY, ("radio.scheduler=round_robin", "radio.mobility=heading"),
                  ("mdp.action_codec=full_binary", "radio.interference=literal", "reward.normalisation=running")]


@pytest.mark.parametrize("settings", CONFIGURATIONS)
class TestState:
    def test_goes_on_bit_for_bit_in_a_new_environment(self, settings):
        env = build(*settings)
        env.reset(seed=8)
        frames(env, erratic, 0, 3)
        saved = env.state()
        expected = frames(env, erratic, 3, 6)
        other = build(*settings)
        other.set_state(saved)
        assert_same(frames(other, erratic, 3, 6), expected)

    def test_goes_on_after_a_file_without_pickles(self, settings):
        env = build(*settings)
        env.reset(seed=training_episode_seed(1, 2))
        frames(env, erratic, 0, 2)
        file = io.BytesIO()
        np.savez(file, **env.state())
        file.seek(0)
        expected = frames(env, erratic, 2, 4)
        with np.load(file, allow_pickle=False) as arrays:
            other = build(*settings)
            other.reset(seed=0)
            other.set_state(dict(arrays))
        assert_same(frames(other, erratic, 2, 4), expected)

    def test_is_a_copy_and_setting_it_twice_gives_the_same_twice(self, settings):
        """Neither going on, nor writing into another copy, nor setting it reaches what was saved."""
        env = build(*settings)
        env.reset(seed=9)
        frames(env, erratic, 0, 2)
        saved = env.state()
        kept = {name: value.copy() for name, value in saved.items()}
        for value in env.state().values():
            value += 1
        expected = frames(env, erratic, 2, 4)
        for _ in range(2):
            env.set_state(saved)
            assert_same(frames(env, erratic, 2, 4), expected)
        assert_same(list(saved.values()), list(kept.values()))
