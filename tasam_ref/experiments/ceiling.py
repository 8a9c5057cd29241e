"""How much reward there is to be had at most: what the rewards of policies are held against."""

from dataclasses import dataclass

import numpy as np

from ..analysis.bound import reward_bound
from ..analysis.frame_reward import what_forbids
from ..errors import RunFailure
from ..oran.env import OranEnv
from ..streams import evaluation_episode_seed

MOST_COLUMNS = 200_000
"""Columns of all linear programmes of a kind: ten frames of Table 1's 200 users x 100 RBs."""


@dataclass(frozen=True)
class Ceiling:
    """Bounds on the reward per frame and DU in one frame of each of E held-out episodes.

    every (E,) holds for every policy; no_idle for those that leave no RB idle: (E,), or (0,) under the literal
    interference of R01, which depends on who is served.  Where there are no bounds at all, ``missing`` says why.
    """

    every: np.ndarray
    no_idle: np.ndarray
    missing: str = ""


def reward_ceiling(config):
    """The Ceiling of a configuration, from as many of its held-out episodes as MOST_COLUMNS allows, at least one.

    Episode e of E is seen at its share (e + 1/2) / E of the frames.  No policy moves users, fading or arrivals; the
    queues, which it does move, are empty here, as they are at best.
    """
    missing, every, no_idle = what_forbids(config), [], []
    if not missing:
        run, radio = config.run, config.radio
        count = min(run.eval_episodes, max(MOST_COLUMNS // (radio.num_ues * radio.num_rbs), 1))
        try:
            envs = [_at(config, e, int((e + 0.5) / count * run.eval_frames)) for e in range(count)]
            every = [reward_bound(env).mean() for env in envs]
            if radio.interference == "physical":
                no_idle = [reward_bound(env, full_reuse=True).mean() for env in envs]
        except RunFailure as failure:
            missing = str(failure)
    return Ceiling(np.array(every), np.array(no_idle), missing)


def _at(config, episode, frame):
    """The environment before this frame of a held-out episode in which nobody was served and nobody waits."""
    env = OranEnv(config)
    env.reset(seed=evaluation_episode_seed(episode))
    for _ in range(frame):
        env.step(np.zeros((env.num_agents, env.action_dim)))
    state = env.state()
    env.set_state(state | {"backlog": np.zeros_like(state["backlog"])})
    return env
