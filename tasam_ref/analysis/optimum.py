"""The exact best allocation of (7) in one frame of a small network, by mixed-integer linear programming."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from ..parameters import refuse
from .frame_reward import MBIT, FrameReward
from .linear_model import LinearModel

MOST_COLUMNS = 5000
TOLERANCE = 1e-6
"""In reward: far above HiGHS's own tolerances, far below any difference between methods."""


@dataclass(frozen=True)
class Optimum:
    """served (M, K): the user that each DU serves on each RB, -1 for nobody; reward (M,); bound on its sum."""

    served: np.ndarray
    reward: np.ndarray
    bound: float


def best_allocation(env):
    """The Optimum of (7a) for the coming frame, Omega being the sum of the DUs' rewards (8) (R17).

    An RB has one column for every choice of whom each DU serves on it, or nobody: with one choice per RB (7b), (7c)
    and one user per RB (R12) hold, and (1) is linear in the choices, interference included.  (8) is not; it is
    replaced by a ``majorant`` that gains vertices at the allocations found, until the best of them reaches the bound.
    (7d) counts by its penalty.  Raises UsageError for more than MOST_COLUMNS columns, and as FrameReward does.
    """
    choices = _choices(env.topology)
    num_rbs = env.config.radio.num_rbs
    if len(choices) * num_rbs > MOST_COLUMNS:
        raise refuse("choices x radio.num_rbs", len(choices) * num_rbs, f"at most {MOST_COLUMNS} for the exact optimum")
    rates = _rates(env, choices)
    judge = FrameReward(env, rates.max(axis=2).sum(axis=1))
    best, bound, seen = None, np.inf, {}
    while best is None or bound - best[1].sum() > TOLERANCE:
        bound, chosen = _solve(judge, rates, list(seen.values()))
        if tuple(chosen) in seen:
            break  # the majorant is exact there: what still parts them is HiGHS's own tolerance
        seen[tuple(chosen)] = rates[:, np.arange(num_rbs), chosen].sum(axis=1)
        reward = judge(seen[tuple(chosen)])
        if best is None or reward.sum() > best[1].sum():
            best = choices[chosen].T, reward
    return Optimum(*best, bound)


def _solve(judge, rates, seen):
    """The largest majorant of the sum of rewards, exact at the rates ``seen``, and the choice (K,) that reaches it."""
    model = LinearModel()
    peak = rates.max(axis=2).sum(axis=1)
    rate_of = model.columns(peak.size, 0.0, peak)
    choice = model.columns(rates[0].size, whole=True).reshape(rates[0].shape)
    for u, rate in enumerate(rates):
        model.at_most(0.0, (rate_of[u], 1.0), (choice.ravel(), -rate.ravel()))
    for column in choice:
        model.sums_to_one(column)
    judge.constrain(model, rate_of, range(judge.without_users.size), seen, exact=True)
    bound, values = model.solve()
    return bound, values[choice].argmax(axis=1)


def _choices(topology):
    """Every way to serve one user or nobody in each DU: users (C, M), -1 for nobody."""
    options = [(-1, *np.flatnonzero(topology.serving == m)) for m in range(topology.counts.shape[0])]
    return np.array(list(product(*options)))


def _rates(env, choices):
    """Rate of every user on every RB under every choice, by (1), in Mbit/s: (U, K, C)."""
    network = env.network
    power, physical = network.power_ahead(), env.config.radio.interference == "physical"
    rates = np.zeros((power.shape[0], power.shape[2], len(choices)))
    for c, served in enumerate(choices):
        senders = [(m, u) for m, u in enumerate(served) if u >= 0]
        for m, u in senders:
            disturbing = sum(power[u if physical else other, n] for n, other in senders if n != m)
            sinr = power[u, m] / (disturbing + network.noise_w)
            rates[u, :, c] = env.config.radio.rb_bandwidth_hz / MBIT * np.log2(1 + sinr)
    return rates
