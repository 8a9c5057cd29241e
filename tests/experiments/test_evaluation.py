"""Held-out evaluation and the policies that rewards are read against."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.experiments import evaluation as module
from tasam_ref.experiments.evaluation import (
    Evaluation,
    best_split,
    deterministic_policy,
    evaluate,
    evaluate_held_out,
    reference_evaluations,
    share_above_0_db,
    static_grid,
)
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.fixed import random_policy, split_grid, split_policy, two_bit_config
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import evaluation_episode_seed, training_episode_seed

NAMES = ("reward", "qos", "violated", "rb_share")


def assert_equal(one, other):
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_idle_is_worse_than_random_is_worse_than_an_equal_split_on_the_papers_network():
    config = apply_settings(Config(), ["run.eval_episodes=3", "run.eval_frames=4"])
    idle, random, equal = (evaluate_held_out(config, policy).reward for policy in (
        split_policy(config, (0, 0, 0)), random_policy(config), split_policy(config, (1 / 3,) * 3)))
    assert np.all(idle < random) and np.all(random < equal)


def test_evaluation_is_deterministic_and_shaped_as_it_says(tiny_config):
    one, other = (evaluate_held_out(tiny_config, random_policy(tiny_config)) for _ in range(2))
    assert_equal(one, other)
    assert one.reward.shape == (2,)
    assert one.qos.shape == one.violated.shape == one.rb_share.shape == (2, 3)
    assert np.all((one.violated >= 0) & (one.violated <= 1))


@pytest.mark.parametrize("make", [random_policy, lambda config: split_policy(config, (0.5, 0.25, 0.25))])
def test_every_policy_meets_the_same_held_out_episodes(tiny_config, monkeypatch, make):
    seeds = []

    class Watched(OranEnv):
        def reset(self, *, seed):
            seeds.append(seed)
            return super().reset(seed=seed)

    monkeypatch.setattr(module, "OranEnv", Watched)
    evaluate_held_out(tiny_config, make(tiny_config))
    assert seeds == [evaluation_episode_seed(0), evaluation_episode_seed(1)]


def test_training_seeds_do_not_reach_the_held_out_episodes(tiny_config):
    policy = split_policy(tiny_config, (0.5, 0.25, 0.25))
    other = apply_settings(tiny_config, ["run.seed=5"])
    assert_equal(evaluate_held_out(tiny_config, policy), evaluate_held_out(other, policy))


def test_episodes_do_not_depend_on_their_company(tiny_config):
    policy = split_policy(tiny_config, (0.5, 0.25, 0.25))
    both = evaluate(tiny_config, policy, [11, 12], 4)
    alone = [evaluate(tiny_config, policy, [seed], 4) for seed in (11, 12)]
    for name in NAMES:
        np.testing.assert_array_equal(getattr(both, name), np.concatenate([getattr(e, name) for e in alone]))
    assert both.reward[0] != both.reward[1]


def test_means_are_those_of_the_single_steps(tiny_config):
    env, policy = OranEnv(tiny_config), split_policy(tiny_config, (0.5, 0.25, 0.25))
    obs = env.reset(seed=21)
    steps = [env.step(policy([env], obs[None], frame)[0]) for frame in range(3)]
    result = evaluate(tiny_config, policy, [21], 3)
    assert result.reward[0] == pytest.approx(np.mean([reward for _, reward, _ in steps]), rel=1e-12)
    for s in range(3):
        assert result.qos[0, s] == pytest.approx(np.mean([info.qos[:, s] for _, _, info in steps]), rel=1e-12)
        violated = np.mean([info.violated[:, s] for _, _, info in steps])
        assert result.violated[0, s] == pytest.approx(violated, rel=1e-12)


def test_rb_shares_are_those_of_the_split(tiny_config):
    result = evaluate_held_out(tiny_config, split_policy(tiny_config, (0.5, 0.125, 0.25)))
    np.testing.assert_allclose(result.rb_share, [[0.5, 0.125, 0.25]] * 2, rtol=1e-14)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 40), min_size=4, max_size=4).map(sorted))
def test_a_split_allocates_the_counts_it_is_asked_for(edges):
    num_rbs = max(edges[3], 1)
    counts = [edges[0], edges[1] - edges[0], edges[2] - edges[1]]
    config = apply_settings(Config(), ["radio.num_dus=2", "radio.num_ues=6", f"radio.num_rbs={num_rbs}"])
    env = OranEnv(config)
    obs = env.reset(seed=1)
    _, _, info = env.step(split_policy(config, [c / num_rbs for c in counts])([env], obs[None], 0)[0])
    np.testing.assert_array_equal(info.radio.claims.sum(axis=2), [counts] * 2)
    assert info.radio.claims.sum(axis=1).max() <= 1


def test_random_gives_every_slice_and_idleness_a_quarter_and_new_bits_each_frame():
    config = apply_settings(
        Config(), ["radio.num_dus=2", "radio.num_ues=6", "run.eval_episodes=4", "run.eval_frames=20"])
    share = evaluate_held_out(config, random_policy(config)).rb_share.mean(axis=0)
    assert np.all(np.abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / (4 * 20 * 2 * 100)))
    obs = np.zeros((1, 2, 3))
    assert np.any(random_policy(config)(None, obs, 0) != random_policy(config)(None, obs, 1))


@pytest.mark.parametrize(("num_slices", "steps", "size"), [(3, 10, 66), (2, 4, 5), (1, 3, 1), (4, 2, 10)])
def test_the_grid_of_splits_is_complete(num_slices, steps, size):
    grid = np.array(split_grid(num_slices, steps))
    assert grid.shape == (size, num_slices)
    assert len({tuple(row) for row in grid}) == size
    np.testing.assert_allclose(grid.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(grid * steps, np.round(grid * steps), atol=1e-12)


def test_the_best_static_split_beats_every_other_on_training_episodes(tiny_config):
    best = best_split(static_grid(tiny_config, steps=2, episodes=2, frames=3))
    seeds = [training_episode_seed(0, 0), training_episode_seed(0, 1)]
    reward = {tuple(shares): evaluate(tiny_config, split_policy(tiny_config, shares), seeds, 3).reward.mean()
              for shares in split_grid(3, 2)}
    assert reward[tuple(best)] == max(reward.values())
    assert len(set(reward.values())) > 1


def test_reference_policies_run_under_any_action_codec(tiny_config):
    other = apply_settings(tiny_config, ["mdp.action_codec=full_binary"])
    best = np.array([0.5, 0.0, 0.5])
    mine, theirs = reference_evaluations(tiny_config, best), reference_evaluations(other, best)
    assert list(mine) == [
        "idle", "random", "equal split, round robin", "equal split, proportional fair", "equal split, maximum rate",
        "demand-proportional split", "best static split (50/0/50 %)", "greedy on the true channel"]
    assert two_bit_config(other) == tiny_config
    for name in mine:
        assert_equal(mine[name], theirs[name])
    np.testing.assert_array_equal(mine["idle"].rb_share, 0)


@pytest.mark.parametrize("scheduler", ["round_robin", "proportional_fair", "maximum_rate"])
def test_the_equal_split_runs_under_every_scheduler_whatever_the_configurations(tiny_config, scheduler):
    """Splitting 8 RBs in thirds: 3, 2 and 3."""
    config = apply_settings(tiny_config, [f"radio.scheduler={scheduler}"])
    shown = {name: reference_evaluations(changed, np.array([0.5, 0.0, 0.5]))
             for name, changed in (("mine", config), ("usual", tiny_config))}
    name = f"equal split, {scheduler.replace('_', ' ')}"
    direct = evaluate_held_out(config, split_policy(config, (3 / 8, 2 / 8, 3 / 8)))
    assert_equal(shown["mine"][name], direct)
    assert_equal(shown["usual"][name], direct)
    changed = {n for n in shown["mine"] if np.any(shown["mine"][n].reward != shown["usual"][n].reward)}
    own = {"random", "demand-proportional split", "best static split (50/0/50 %)", "greedy on the true channel"}
    assert changed == (own if scheduler != "proportional_fair" else set())


def test_evaluations_survive_lists():
    rng = np.random.default_rng(3)
    violated, share = rng.random((3, 2)), rng.random((3, 2))
    evaluation = Evaluation(rng.normal(size=3) * 1e7, rng.normal(size=(3, 2)) * 1e-9, violated, share)
    assert_equal(Evaluation.from_lists(json.loads(json.dumps(evaluation.to_lists()))), evaluation)


def test_the_deterministic_policy_is_the_sigmoid_of_the_actors_mean(tiny_config):
    config = apply_settings(tiny_config, ["agent.dtype=float64"])
    env = OranEnv(config)
    thetas = Trainer(config, env).agents.thetas_p
    obs = np.random.default_rng(8).random((2, 3, env.obs_dim))
    action = deterministic_policy(config, thetas)(None, obs, 0)
    sizes = [env.obs_dim, 8, 6, 2 * env.action_dim]
    for e in range(2):
        for i in range(3):
            hidden, rest = obs[e, i], thetas[i]
            for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
                weight, bias, rest = np.split(rest, [fan_in * fan_out, (fan_in + 1) * fan_out])
                hidden = hidden @ weight.reshape(fan_in, fan_out) + bias
                hidden = np.tanh(hidden) if layer < 2 else hidden
            expected = 1 / (1 + np.exp(-hidden[: env.action_dim]))
            np.testing.assert_allclose(action[e, i], expected, rtol=1e-12)
    np.testing.assert_array_equal(action, deterministic_policy(config, thetas)(None, obs, 5))


def test_nine_users_in_ten_hear_their_own_ru_best_by_more_than_all_others_together():
    config = Config()
    distances = []
    for episode in range(3):
        env = OranEnv(config)
        env.reset(seed=evaluation_episode_seed(episode))
        gap = env.network.state["position"][:, None] - env.topology.ru_position
        distances.append(np.maximum(np.hypot(gap[..., 0], gap[..., 1]), 35.0))
    gain = np.concatenate(distances) ** -3.76
    own = gain[np.arange(600), np.tile(env.topology.serving, 3)]
    expected = np.mean(own > gain.sum(axis=1) - own)
    assert share_above_0_db(apply_settings(config, ["run.eval_episodes=3"])) == pytest.approx(expected, abs=1e-12)
    assert expected >= 0.9
