"""The O-RAN cells under a sequence of regimes: the network changes at the episode that begins a stage."""

import numpy as np

from ..regimes import regime_config
from .env import OranEnv


class StagedEnv:
    """``OranEnv``'s interface over the regimes of ``config.regimes.sequence``, one after the other.

    The k-th ``reset`` begins episode k - 1 of the run; every stage has equally many.  ``state`` knows the episode, so
    that a run can go on from anywhere.  States and actions have the same length in every regime.

    Source: Sec. V-C, R54.
    """

    def __init__(self, config):
        run, sequence = config.run, config.regimes.sequence
        self.episodes = run.num_iterations * run.frames_per_iteration // (len(sequence) * config.mdp.episode_frames)
        self.stages = [OranEnv(regime_config(config, name)) for name in sequence]
        self.episode = -1
        first = self.stages[0]
        self.num_agents, self.obs_dim, self.action_dim = first.num_agents, first.obs_dim, first.action_dim
        self.slice_names, self.executed = first.slice_names, first.executed

    @property
    def current(self):
        """The OranEnv of the stage; the last one's where a run goes on beyond its stages."""
        return self.stages[min(max(self.episode, 0) // self.episodes, len(self.stages) - 1)]

    def reset(self, *, seed):
        """Start the run's next episode with this seed.  Returns the observation."""
        self.episode += 1
        return self.current.reset(seed=seed)

    def step(self, action):
        """Run one frame, as ``OranEnv.step``."""
        return self.current.step(action)

    def per_agent(self, values):
        """Values (M, n) of DUs as means over the DUs of each agent, as ``OranEnv.per_agent``."""
        return self.current.per_agent(values)

    def state(self):
        """A copy of everything that ``set_state`` needs, as a dictionary of arrays."""
        return self.current.state() | {"episode": np.array(self.episode)}

    def set_state(self, state):
        """Go on from a state that ``state`` returned."""
        self.episode = int(state["episode"])
        self.current.set_state({name: value for name, value in state.items() if name != "episode"})


def build_env(config):
    """The environment that a run trains in: with one stage the plain OranEnv."""
    return StagedEnv(config) if len(config.regimes.sequence) > 1 else OranEnv(config)
