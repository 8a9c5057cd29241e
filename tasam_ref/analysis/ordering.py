"""How well a critic orders actions: its values beside the rewards that the same actions earn."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from .stats import Interval, mean_interval

FLAT = 0.25
"""A critic is flat whose values spread over actions by less than this share of the rewards' spread."""


@dataclass(frozen=True)
class Ordering:
    """Means over S states and M agents of what n actions are worth, each agent's in turn, the others' held.

    rank: Spearman's correlation of Q with the reward, with its interval over states.  repeat: that of the reward with
    itself under other chance draws, which a critic that knew every mean would come near.  Standard deviations over
    actions and means of Q and of the reward; mean_size of |Q|.  favourite: the reward of the action with the largest
    Q; best: the largest reward.
    """

    rank: Interval
    repeat: float
    value_std: float
    reward_std: float
    mean_value: float
    mean_size: float
    mean_reward: float
    favourite: float
    best: float

    @property
    def verdict(self):
        """``unlearned`` where the interval of the rank correlation is not above 0; ``flat`` where it is but Q spreads
        over actions by less than ``FLAT`` of the reward's spread: the order without its height; else ``learned``.

        The states share one critic: the interval says nothing of another, and one that has not been trained may have
        some order by luck.
        """
        if not self.rank.low > 0:
            return "unlearned"
        return "flat" if self.value_std < FLAT * self.reward_std else "learned"


def ordering(value, reward):
    """The Ordering of values Q (S, M, n) beside rewards (R, S, M, n) under R >= 2 draws of chance.

    The reward of an action is its mean over the draws, the same for all actions of a state.
    """
    mean = reward.mean(axis=0)
    rank = _each(rank_correlation, value, mean).mean(axis=1)
    favourite = np.take_along_axis(mean, value.argmax(axis=2)[..., None], axis=2)
    return Ordering(
        rank=mean_interval(rank), repeat=float(_each(rank_correlation, reward[0], reward[1]).mean()),
        value_std=float(value.std(axis=2).mean()), reward_std=float(mean.std(axis=2).mean()),
        mean_value=float(value.mean()), mean_size=float(np.abs(value).mean()), mean_reward=float(mean.mean()),
        favourite=float(favourite.mean()), best=float(mean.max(axis=2).mean()))


def rank_correlation(one, other):
    """Spearman's rank correlation of two samples (n,), in [-1, 1]; 0 where one is constant, which orders nothing.

    Source: ``explain``.
    """
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(spearmanr(one, other).statistic)


def _each(function, one, other):
    """function of each pair of rows: (S, M, n) and (S, M, n) to (S, M)."""
    return np.array([[function(*pair) for pair in zip(*rows)] for rows in zip(one, other)])
