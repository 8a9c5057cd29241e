"""Held-out evaluation: the same episodes for every policy, which no training run ever sees."""

import json
from dataclasses import dataclass

import numpy as np

from ..marl.networks import build_networks, mean_latent
from ..methods.fixed import random_policy, split_grid, split_policy, two_bit_config
from ..nn.mlp import Workspace
from ..nn.squashed_gaussian import sigmoid
from ..oran.env import OranEnv
from ..streams import evaluation_episode_seed, training_episode_seed


@dataclass(frozen=True)
class Evaluation:
    """Means over the frames of each episode.  E episodes, L slices, averaged over DUs.

    reward (E,); qos (E, L) in the metric's unit; violated (E, L) share of DUs and frames in which (7d) fails;
    rb_share (E, L) of the RBs.
    """

    reward: np.ndarray
    qos: np.ndarray
    violated: np.ndarray
    rb_share: np.ndarray

    def to_json(self):
        """As JSON text; ``from_json`` reads it back."""
        return json.dumps({name: value.tolist() for name, value in vars(self).items()}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text):
        """Read what ``to_json`` wrote."""
        return cls(**{name: np.array(value) for name, value in json.loads(text).items()})


def evaluate(config, policy, seeds, frames):
    """Run one episode per seed, all in step, and return the Evaluation.  policy as in ``methods.fixed``."""
    envs = [OranEnv(config) for _ in seeds]
    obs = np.stack([env.reset(seed=seed) for env, seed in zip(envs, seeds)])
    sums = [0.0, 0.0, 0.0, 0.0]
    for frame in range(frames):
        steps = [env.step(action) for env, action in zip(envs, policy(obs, frame))]
        obs = np.stack([o for o, _, _ in steps])
        values = (
            [reward.mean() for _, reward, _ in steps],
            [info.qos.mean(axis=0) for _, _, info in steps],
            [info.violated.mean(axis=0) for _, _, info in steps],
            [info.radio.claims.mean(axis=(0, 2)) for _, _, info in steps],
        )
        sums = [total + np.array(value) for total, value in zip(sums, values)]
    return Evaluation(*(total / frames for total in sums))


def evaluate_held_out(config, policy):
    """Evaluate on the configuration's held-out episodes."""
    run = config.run
    return evaluate(config, policy, [evaluation_episode_seed(e) for e in range(run.eval_episodes)], run.eval_frames)


def deterministic_policy(config, thetas_p):
    """The trained actors without noise: a = sigmoid(mean).  thetas_p (M, n_params)."""
    env = OranEnv(config)
    networks = build_networks(config.agent, env.obs_dim, env.action_dim)
    work = Workspace(networks.actor, config.run.eval_episodes, networks.dtype)

    def policy(obs, frame):
        rows = [np.ascontiguousarray(obs[:, i], dtype=networks.dtype) for i in range(env.num_agents)]
        latents = [mean_latent(networks, theta, row, work).copy() for theta, row in zip(thetas_p, rows)]
        return sigmoid(np.stack(latents, axis=1))

    return policy


def best_static_split(config, steps=20, episodes=5, frames=10):
    """The split of a grid with the highest mean reward, chosen on training episodes so that held-out ones stay so."""
    seeds = [training_episode_seed(0, e) for e in range(episodes)]
    grid = split_grid(config.num_slices, steps)
    rewards = [evaluate(config, split_policy(config, shares), seeds, frames).reward.mean() for shares in grid]
    return grid[int(np.argmax(rewards))]


def reference_evaluations(config):
    """Evaluations of idle, random, equal split and best static split, by name, on the held-out episodes."""
    config = two_bit_config(config)
    count = config.num_slices
    best = best_static_split(config)
    label = "/".join(f"{100 * share:.0f}" for share in best)
    policies = {
        "idle": split_policy(config, np.zeros(count)),
        "random": random_policy(config),
        "equal split": split_policy(config, np.full(count, 1 / count)),
        f"best static split ({label} %)": split_policy(config, best),
    }
    return {name: evaluate_held_out(config, policy) for name, policy in policies.items()}
