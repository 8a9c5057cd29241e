"""Held-out evaluation: the same episodes for every policy, which no training run ever sees."""

from dataclasses import dataclass, replace

import numpy as np

from ..marl.networks import build_networks
from ..marl.policy import Policy
from ..methods.fixed import demand_shares, random_policy, split_grid, split_policy, two_bit_config
from ..methods.greedy import greedy_policy
from ..nn.squashed_gaussian import sample_latent, sigmoid
from ..oran.env import OranEnv
from ..oran.radio import SCHEDULERS
from ..streams import evaluation_episode_seed, stream, training_episode_seed


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

    def to_lists(self):
        """As a dictionary of lists; ``from_lists`` reads it back."""
        return {name: value.tolist() for name, value in vars(self).items()}

    @classmethod
    def from_lists(cls, lists):
        """Make anew what ``to_lists`` gave.  Raises ValueError or TypeError for anything else."""
        made = cls(**{name: np.array(value, dtype=float) for name, value in lists.items()})
        (episodes,), (_, slices) = made.reward.shape, made.qos.shape
        if episodes == 0 or {made.qos.shape, made.violated.shape, made.rb_share.shape} != {(episodes, slices)}:
            raise ValueError("shapes")
        return made


def play(config, policy, seeds, frames, envs=None):
    """Run one episode per seed, all in step: yields each frame's (rewards, infos), an entry per episode.

    policy as in ``methods.fixed``; ``envs`` may give the OranEnvs.
    """
    envs = envs or [OranEnv(config) for _ in seeds]
    obs = np.stack([env.reset(seed=seed) for env, seed in zip(envs, seeds)])
    for frame in range(frames):
        seen, rewards, infos = zip(*(env.step(action) for env, action in zip(envs, policy(envs, obs, frame))))
        obs = np.stack(seen)
        yield rewards, infos


def evaluate(config, policy, seeds, frames):
    """Run one episode per seed and return the Evaluation.  policy as in ``methods.fixed``."""
    return evaluate_all(config, {"": policy}, seeds, frames)[""]


def evaluate_all(config, policies, seeds, frames):
    """The Evaluations of a mapping of policies on the same episodes, by name: what chance decides is drawn once."""
    envs = []
    for _ in policies:
        envs.append([OranEnv(config) for _ in seeds])
        for env, first in zip(envs[-1], envs[0]):
            env.network.drawn = first.network.drawn
    games = [play(config, policy, seeds, frames, own) for policy, own in zip(policies.values(), envs)]
    sums = [[0.0] * 4 for _ in policies]
    for played in zip(*games):
        sums = [[total + value for total, value in zip(own, _values(*game))] for own, game in zip(sums, played)]
    return {name: Evaluation(*(total / frames for total in own)) for name, own in zip(policies, sums)}


def _values(rewards, infos):
    """What an Evaluation has of one frame, each with an entry per episode."""
    return (np.mean(rewards, axis=1), np.mean([info.qos for info in infos], axis=1),
            np.mean([info.violated for info in infos], axis=1),
            np.mean([info.radio.claims for info in infos], axis=(1, 3)))


def evaluate_held_out(config, policy):
    """Evaluate on the configuration's held-out episodes."""
    return evaluate(config, policy, held_out_seeds(config), config.run.eval_frames)


def evaluate_actors(config, actors, readings=("deterministic", "stochastic")):
    """Evaluations on the held-out episodes of a mapping of actors (M, n_params): name -> one of ``READINGS`` -> it."""
    policies = {(name, reading): READINGS[reading](config, thetas_p) for name, thetas_p in actors.items()
                for reading in readings}
    found = evaluate_all(config, policies, held_out_seeds(config), config.run.eval_frames)
    return {name: {reading: found[name, reading] for reading in readings} for name in actors}


def held_out_seeds(config):
    """Seeds of the configuration's held-out episodes."""
    return [evaluation_episode_seed(e) for e in range(config.run.eval_episodes)]


def deterministic_policy(config, thetas_p):
    """The trained actors without noise: a = sigmoid(mean).  thetas_p (M, n_params).  Source: Sec. IV-A2, R56."""
    laws = _laws(config, thetas_p)

    def policy(envs, obs, frame):
        mean, _ = laws(obs)
        return sigmoid(mean)

    return policy


def stochastic_policy(config, thetas_p):
    """The trained actors as they explore: a = sigmoid(mean + std noise).  thetas_p (M, n_params).  Source: R56.

    The noise of an episode's frame is the same for all actors and methods.
    """
    laws = _laws(config, thetas_p)

    def policy(envs, obs, frame):
        mean, log_std = laws(obs)
        noise = [stream(int(env.network.state["seed"]), "evaluation_noise", frame).standard_normal(own.shape, own.dtype)
                 for env, own in zip(envs, mean)]
        return sigmoid(sample_latent(mean, np.exp(log_std), np.stack(noise)))

    return policy


def _laws(config, thetas_p):
    """The function obs (E, M, D) -> mean and log_std (E, M, A) of all actors' latents."""
    env = OranEnv(config)
    networks = build_networks(config.agent, env.num_agents, env.obs_dim, env.action_dim)
    evaluated = Policy(networks, config.run.eval_episodes)

    def laws(obs):
        of_agents = obs.transpose(1, 2, 0).astype(networks.dtype, order="C")
        found = [np.stack(evaluated.law(theta, own)[:2]) for theta, own in zip(thetas_p, of_agents)]
        return np.stack(found, axis=1).transpose(0, 3, 1, 2)

    return laws


READINGS = {"deterministic": deterministic_policy, "stochastic": stochastic_policy}
"""Who is judged (R56)."""


def static_grid(config, steps=10, episodes=5, frames=10):
    """Evaluations of all static splits in steps of 1/steps, as pairs (shares, Evaluation).

    They run on training episodes: the best may then be shown on held-out ones.
    """
    config = two_bit_config(config)
    seeds = [training_episode_seed(0, e) for e in range(episodes)]
    return [(shares, evaluate(config, split_policy(config, shares), seeds, frames))
            for shares in split_grid(config.num_slices, steps)]


def best_split(grid):
    """The shares with the highest mean reward in a ``static_grid``."""
    return max(grid, key=lambda pair: pair[1].reward.mean())[0]


def reference_evaluations(config, best):
    """Evaluations on the held-out episodes of all policies that do not learn, by name.

    The equal split runs under every scheduler, the others under the configuration's.  ``best`` are the shares of the
    best static split.
    """
    config = two_bit_config(config)
    count = config.num_slices
    label = "/".join(f"{100 * share:.0f}" for share in best)
    under = {name: replace(config, radio=replace(config.radio, scheduler=name)) for name in SCHEDULERS}
    policies = {
        "idle": (config, split_policy(config, np.zeros(count))),
        "random": (config, random_policy(config)),
        **{f"equal split, {name.replace('_', ' ')}": (changed, split_policy(config, np.full(count, 1 / count)))
           for name, changed in under.items()},
        "demand-proportional split": (config, split_policy(config, demand_shares(config))),
        f"best static split ({label} %)": (config, split_policy(config, best)),
        "greedy on the true channel": (config, greedy_policy(config)),
    }
    return {name: evaluate_held_out(network, policy) for name, (network, policy) in policies.items()}


def share_above_0_db(config):
    """Share of users, over the held-out episodes' drops, whose SIR without fading is above 0 dB at their own RU."""
    env, shares = OranEnv(config), []
    for episode in range(config.run.eval_episodes):
        env.reset(seed=evaluation_episode_seed(episode))
        shares.append(np.mean(env.network.mean_sir() > 1))
    return float(np.mean(shares))
