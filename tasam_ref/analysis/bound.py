"""Upper bounds on the reward (8) of a frame at any size, by linear programmes, one for each DU."""

import numpy as np

from .frame_reward import MBIT, FrameReward
from .linear_model import LinearModel


def reward_bound(env, full_reuse=False):
    """No allocation of (7a) gives a DU more reward in the coming frame than this: (M,).

    Every DU is taken for itself, with rates that noise alone limits; RBs may be shared out in fractions, and the
    utility is its concave hull.  With ``full_reuse`` all other RUs that have users interfere on every RB: then it
    bounds only what leaves no RB idle, as every full split does, under the physical interference of R01.
    """
    rates = _link_rates(env, full_reuse)
    judge = FrameReward(env, rates.sum(axis=1))
    cells = [np.flatnonzero(env.topology.serving == m) for m in range(env.topology.counts.shape[0])]
    return np.array([_bound(judge, rates, m, users) for m, users in enumerate(cells)])


def _bound(judge, rates, m, users):
    model, num_rbs = LinearModel(), rates.shape[1]
    rate_of = np.full(rates.shape[0], -1)
    rate_of[users] = model.columns(users.size, 0.0, rates[users].sum(axis=1))
    share = model.columns(users.size * num_rbs, 0.0, 1.0).reshape(users.size, num_rbs)
    for u, row in zip(users, share):
        model.at_most(0.0, (rate_of[u], 1.0), (row, -rates[u]))
    for column in share.T:
        model.at_most(1.0, (column, 1.0))
    judge.constrain(model, rate_of, [m])
    return model.solve()[0]


def _link_rates(env, full_reuse):
    """Rate of every user on every RB of the coming frame in Mbit/s, alone in the network or with all others: (U, K)."""
    network, serving = env.network, env.topology.serving
    power = network.power_ahead()
    own = power[np.arange(serving.size), serving]
    others = power[:, np.unique(serving)].sum(axis=1) - own if full_reuse else 0.0
    return env.config.radio.rb_bandwidth_hz / MBIT * np.log2(1 + own / (others + network.noise_w))
