"""The ceiling that rewards are held against, and how tables show it."""

import numpy as np
import pytest

from tasam_ref.analysis.bound import reward_bound
from tasam_ref.config_io import apply_settings
from tasam_ref.errors import RunFailure
from tasam_ref.experiments import ceiling as module
from tasam_ref.experiments.ceiling import Ceiling, reward_ceiling
from tasam_ref.experiments.evaluation import Evaluation, evaluate_held_out
from tasam_ref.experiments.tables import ceiling_line, reference_table
from tasam_ref.methods.greedy import greedy_policy
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import evaluation_episode_seed


def test_it_is_the_bound_in_the_middle_frame_of_each_share_of_the_episodes(tiny_config):
    """Two episodes of five frames: frames int(1.25) = 1 and int(3.75) = 3, whatever was played before them."""
    found = reward_ceiling(tiny_config)
    for e, frame in enumerate((1, 3)):
        env = OranEnv(tiny_config)
        env.reset(seed=evaluation_episode_seed(e))
        for _ in range(frame):
            env.step(np.ones((3, env.action_dim)))
        assert found.every[e] == pytest.approx(reward_bound(env).mean(), abs=1e-9)
        assert found.no_idle[e] == pytest.approx(reward_bound(env, full_reuse=True).mean(), abs=1e-9)
    assert found.every.shape == found.no_idle.shape == (2,) and found.missing == ""


def test_queues_are_empty_there(tiny_config):
    """Nobody served for three frames leaves a backlog, which would lower the bound under what a policy can earn."""
    config = apply_settings(tiny_config, ["slices.latency_model=fifo_queue", "radio.num_rbs=24"])
    env = OranEnv(config)
    env.reset(seed=evaluation_episode_seed(1))
    for _ in range(3):
        env.step(np.zeros((3, env.action_dim)))
    assert reward_ceiling(config).every[1] > reward_bound(env).mean() + 1e-3


def test_the_greedy_allocator_stays_below(tiny_config):
    found = reward_ceiling(tiny_config)
    assert evaluate_held_out(tiny_config, greedy_policy(tiny_config)).reward.mean() < found.every.mean()


def test_large_networks_are_seen_in_fewer_frames(tiny_config, monkeypatch):
    monkeypatch.setattr(module, "MOST_COLUMNS", 18 * 8)
    assert reward_ceiling(tiny_config).every.size == 1
    monkeypatch.setattr(module, "MOST_COLUMNS", 1)
    assert reward_ceiling(tiny_config).every.size == 1


def test_the_literal_interference_has_no_bound_for_full_reuse(tiny_config):
    found = reward_ceiling(apply_settings(tiny_config, ["radio.interference=literal"]))
    assert found.every.size == 2 and found.no_idle.size == 0
    assert "idle" not in ceiling_line(found)


def test_without_a_bound_the_reason_is_kept(tiny_config, monkeypatch):
    found = reward_ceiling(apply_settings(tiny_config, ["reward.normalisation=running"]))
    assert "reward.normalisation = running" in found.missing and found.every.size == 0

    def fails(env, full_reuse=False):
        raise RunFailure("not solved")

    monkeypatch.setattr(module, "reward_bound", fails)
    assert reward_ceiling(tiny_config).missing == "not solved"


def evaluation(reward):
    return Evaluation(np.full(2, reward), np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3)))


def test_tables_show_the_gap_to_the_bound_on_every_policy(tiny_config):
    """2.6 is the mean of 2.5 and 2.7, whose interval is 12.706 * 0.1 = 1.271 to either side."""
    found = Ceiling(np.array([2.5, 2.7]), np.array([2.0, 2.0]))
    lines = reference_table({"idle": evaluation(-1.0), "best": evaluation(2.25)}, tiny_config, found).splitlines()
    assert lines[0].split()[:2] == ["reward", "gap"]
    assert " 3.600 " in lines[1] and " 0.350 " in lines[2]
    assert lines[3] == ("gap: to 2.600 [1.329, 3.871], the mean bound on any policy in 2 held-out frames; on those "
                        "that leave no RB idle: 2.000 [2.000, 2.000]")


def test_tables_without_a_bound_have_no_gap(tiny_config):
    plain = reference_table({"idle": evaluation(-1.0)}, tiny_config)
    assert "gap" not in plain
    why = reference_table({"idle": evaluation(-1.0)}, tiny_config, Ceiling(np.array([]), np.array([]), "so it is"))
    assert why == plain + "no gap to a bound on the reward: so it is\n"
