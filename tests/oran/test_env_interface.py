"""What the environment shows and what it accepts: observations after reset and step, actions that it refuses."""

import numpy as np
import pytest
from small_network import build

from tasam_ref.errors import UsageError


class TestObservation:
    def test_after_reset_by_hand(self):
        """No QoS yet, users per slice over the 6 of an average cell, nothing allocated."""
        env = build("mdp.identity=one_hot")
        obs = env.reset(seed=0)
        assert obs.shape == (3, env.obs_dim) == (3, 3 + 3 + 16 + 3)
        assert not obs[:, :3].any() and not obs[:, 6:22].any()
        # quotas of 6 by shares: 2.4 2.4 1.2 | 1.5 2.7 1.8 | 1.8 3 1.2
        np.testing.assert_allclose(obs[:, 3:6], np.array([[3, 2, 1], [1, 3, 2], [2, 3, 1]]) / 6, rtol=1e-15)
        np.testing.assert_array_equal(obs[:, 22:], np.eye(3))

    def test_after_a_step_it_shows_scaled_qos_and_the_bits_that_ran(self):
        env = build()
        env.reset(seed=1)
        action = np.random.default_rng(1).random((3, 16))
        obs, _, info = env.step(action)
        np.testing.assert_array_equal(obs[:, :3], info.qos_scaled)
        np.testing.assert_array_equal(obs[:, 6:], np.round(action))

    @pytest.mark.parametrize(("setting", "shown"), [("mdp.executed=soft", lambda a: a),
                                                    ("mdp.action_codec=slice_and_user", lambda a: a),
                                                    ("mdp.action_codec=full_binary", np.round)])
    def test_shows_what_each_codec_runs(self, setting, shown):
        env = build(setting)
        env.reset(seed=1)
        action = np.random.default_rng(1).random((3, env.action_dim))
        np.testing.assert_array_equal(env.step(action)[0][:, 6:], shown(action))

    def test_the_relaxed_action_and_its_bits_are_the_same_action(self):
        env, relaxed = build(), np.random.default_rng(2).random((3, 16))
        results = []
        for action in (relaxed, np.round(relaxed)):
            env.reset(seed=2)
            results.append(env.step(action))
        np.testing.assert_array_equal(results[0][0], results[1][0])
        np.testing.assert_array_equal(results[0][1], results[1][1])


class TestRefusals:
    @pytest.mark.parametrize("shape", [(16,), (3, 15), (3, 17), (2, 16), (4, 16), (1, 3, 16), (16, 3), ()])
    def test_another_shape(self, shape):
        env = build()
        env.reset(seed=0)
        with pytest.raises(UsageError, match="shape"):
            env.step(np.zeros(shape))

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1e-12, 1 + 1e-12, 2.0, -1.0])
    @pytest.mark.parametrize("codec", ["two_bit", "slice_and_user", "full_binary"])
    def test_a_value_outside_0_1(self, codec, value):
        env = build(f"mdp.action_codec={codec}")
        env.reset(seed=0)
        action = np.full((3, env.action_dim), 0.5)
        action[1, 3] = value
        with pytest.raises(UsageError, match=r"\[0, 1\]"):
            env.step(action)

    def test_a_refused_action_leaves_the_episode_where_it_was(self):
        env = build()
        env.reset(seed=0)
        before = env.state()
        with pytest.raises(UsageError):
            env.step(np.full((3, 16), np.nan))
        for name, value in env.state().items():
            np.testing.assert_array_equal(value, before[name])

    def test_the_ends_and_other_number_formats_are_fine(self):
        env = build()
        results = []
        for action in (np.eye(3, 16), np.eye(3, 16, dtype=np.float32), np.eye(3, 16, dtype=int).tolist()):
            env.reset(seed=0)
            results.append(env.step(action)[1])
        np.testing.assert_array_equal(results[0], results[1])
        np.testing.assert_array_equal(results[0], results[2])
