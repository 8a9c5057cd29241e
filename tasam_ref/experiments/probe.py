"""What a critic values beside what the network pays: many actions of one DU at one frozen state.

A state is that of a held-out episode after ``WALK`` frames under the run's own stochastic policy.  One DU at a time
tries actions while the others hold theirs; each is carried out from the very same state, under the same draws of
chance, once those of the episode itself and once others.  Everything is drawn alike for every run.

The reward of that one frame stands for the return.  With gamma = 0.2 (R28) it is nearly all of it that the action
decides: the next state shows the executed action and the QoS, and hardly depends on it otherwise.
"""

from dataclasses import dataclass

import numpy as np

from ..analysis.ordering import ordering
from ..nn.squashed_gaussian import sigmoid
from ..nn.workspace import workspace
from ..oran.env import OranEnv
from ..streams import evaluation_episode_seed, stream

WALK = 10                               # frames, after which the last action and the queues are the policy's
OTHER_DRAWS = 10**6                     # held-out episodes from here on lend a state its second draws of chance
SPREAD = 1.5                            # of the blocks' common latents, so that shares of RBs run from few to most
KINDS = ("policy", "uniform", "blocks")
"""policy: the actor's own draws.  uniform: every entry uniform in (0, 1), which gives all slices like shares of RBs.
blocks: entries for the RBs share a latent mean that is drawn anew for each action, so that shares run far apart."""


@dataclass(frozen=True)
class Scene:
    """A frozen state: the env's ``states``, before its own draws of chance and before others; obs (M, D); actions
    (M, A) that are held, and those tried, (M, n, A)."""

    states: tuple
    obs: np.ndarray
    held: np.ndarray
    tried: np.ndarray


def probe(learner, config, states=8, actions=32):
    """Of every critic of a ``frozen_learner``, by name: the Ordering by KINDS of actions and of ``all`` together.

    ``states`` frozen states, ``actions`` of each kind.
    """
    env = OranEnv(config)
    found = [(scene, rewards(env, scene)) for scene in scenes(learner, env, states, actions)]
    reward = np.stack([paid for _, paid in found], axis=1)
    parts = {"all": slice(None)} | {kind: slice(k * actions, (k + 1) * actions) for k, kind in enumerate(KINDS)}
    orderings = {}
    for c, theta in enumerate(learner.agents.thetas_v):
        value = np.stack([valued(learner, env, theta, scene) for scene, _ in found])
        orderings[f"critic {c}"] = {kind: ordering(value[..., part], reward[..., part])
                                    for kind, part in parts.items()}
    return orderings


def scenes(learner, env, states, actions):
    """Yield a Scene of each of the first held-out episodes, with ``actions`` of each of KINDS in this order."""
    shape, dus = (env.num_agents, env.action_dim), np.arange(env.num_agents)
    for k in range(states):
        obs = env.reset(seed=evaluation_episode_seed(k))
        for t in range(WALK):
            obs, _, _ = env.step(sigmoid(learner.act(obs, _noise(shape, "probe_walk", k, t))[0]))
        held = sigmoid(learner.act(obs, _noise(shape, "probe_held", k))[0])
        own, _ = learner.act(obs[np.repeat(dus, actions)], _noise((actions * len(dus), shape[1]), "probe_policy", k))
        tried = np.stack((sigmoid(own).reshape(len(dus), actions, -1), *_drawn(env, actions, k)), axis=1)
        state, others = env.state(), np.array(evaluation_episode_seed(OTHER_DRAWS + k))
        yield Scene((state, state | {"seed": others}), obs, held, tried.reshape(len(dus), -1, shape[1]))


def _drawn(env, actions, k):
    """Actions ``uniform`` and in ``blocks``, (M, n, A) each.  A block has an entry for each RB."""
    blocks = env.action_dim // env.config.radio.num_rbs
    shape = (env.num_agents, actions, blocks)
    common = SPREAD * np.repeat(_noise(shape, "probe_blocks", k), env.config.radio.num_rbs, axis=2)
    shape = (*shape[:2], env.action_dim)
    return stream(0, "probe_uniform", k).uniform(size=shape), sigmoid(common + _noise(shape, "probe_entries", k))


def rewards(env, scene):
    """What each DU earns by each action that it tries, under both draws of chance, (2, M, n).  Source: ``explain``."""
    paid = np.empty((len(scene.states), *scene.tried.shape[:2]))
    for d, state in enumerate(scene.states):
        for i, tried in enumerate(scene.tried):
            for j, own in enumerate(tried):
                action = scene.held.copy()
                action[i] = own
                env.set_state(state)
                paid[d, i, j] = env.step(action)[1][i]
    return paid


def valued(learner, env, theta, scene):
    """Q of each action that each DU tries, (M, n), as the critic is shown it, executed or relaxed (R21)."""
    scope, (agents, n, _) = learner.networks.scope, scene.tried.shape
    shown = env.executed if learner.settings.critic_sees == "executed" else np.asarray
    work, found = workspace(learner.networks.critic, scope.columns(n), learner.networks.dtype), []
    obs = np.repeat(scene.obs, n, axis=0).T
    for i, tried in enumerate(scene.tried):
        actions = np.repeat(scene.held[:, None], n, axis=1)
        actions[i] = tried
        x = scope.arrange(obs, shown(actions.reshape(agents * n, -1)).T)
        found.append(work.forward(theta, x).ravel().reshape(agents, n)[i].copy())
    return np.array(found)


def _noise(shape, name, *index):
    return stream(0, name, *index).standard_normal(shape)
