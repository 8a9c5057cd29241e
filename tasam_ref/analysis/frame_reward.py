"""The reward (8) of one frame as a function of the users' rates, and the same as rows of a linear programme.

Given the rates of a frame nothing else is left to decide: each slice's metric of Section VI-E follows, scales to v, and
adds g(v) = sigma(alpha v) - zeta max(0, Q_min - v), which rises with v.  Rates count in Mbit/s here.
"""

import numpy as np

from ..errors import UsageError
from ..oran import reward
from ..oran.env import qos_targets
from .majorant import Curve, add_curve

MBIT = 1e6
_ARGUMENT = {"centred": (2.0, 0.5), "literal": (1.0, 0.0)}  # u(v) = sigma(a alpha (v - b)) as a, b: convex up to b


def what_forbids(config):
    """Why the rewards of a frame are no function of its rates, slice by slice, as half a sentence; "" if they are."""
    settings = config.reward
    for name, value in (("qos_reading", "weighted_sum"), ("normalisation", "running"),
                        ("sensitivity", "quality_weighted")):
        if getattr(settings, name) == value:
            return f"reward.{name} = {value} ties slices or frames together"
    for metric, worst, best in zip(settings.metrics, settings.q_worst, settings.q_best):
        if (metric == "max_latency") != (worst > best):
            return f"reward.q_best = {best} is the wrong way round from q_worst = {worst} for {metric}"
    return ""


class FrameReward:
    """The reward of the coming frame of ``env``, for rates that stay below ``peak`` (U,) Mbit/s.

    Raises UsageError for readings under which that is no function of the frame's rates (``what_forbids``).
    """

    def __init__(self, env, peak):
        config, self.shape = env.config, env.topology.counts.shape
        if what_forbids(config):
            raise UsageError(f"no bound on the reward: {what_forbids(config)}")
        settings, slices, network = config.reward, config.slices, env.network
        alpha = reward.SENSITIVITIES[settings.sensitivity](
            np.ones((1, self.shape[1])), np.array(settings.priorities), settings.steepness)[0]
        required = reward.scale(*qos_targets(settings))
        users = np.split(np.arange(env.topology.serving.size), env.topology.group_start[1:-1])
        work, gain, offset = _queue(slices.latency_model, network)
        self.slices, self.without_users = [], np.zeros(self.shape[0])
        for (m, s), group in zip(np.ndindex(self.shape), users):
            if group.size == 0:
                self.without_users[m] += _utility(settings.sigmoid, alpha[s])(1.0)
                continue
            worst, best = settings.q_worst[s], settings.q_best[s]
            if settings.metrics[s] == "max_latency":
                height = [_height_of_delay(work[u], gain[u], offset[u], slices.latency_max_s, worst, best, peak[u])
                          for u in group]
                quality = SlowestUser(m, group, height)
            else:
                threshold = slices.rate_threshold_bps[s] / MBIT
                quality = {"sum_throughput": Throughput, "quality_weighted_capacity": SatisfiedThroughput}[
                    settings.metrics[s]](m, group, worst / MBIT, best / MBIT, peak[group].sum(), threshold)
            value = _slice_value(settings.sigmoid, alpha[s], settings.penalty, required[s], *quality.span)
            self.slices.append((quality, value))

    def __call__(self, rates):
        """The reward of every DU (M,) under rates (U,) Mbit/s."""
        total = self.without_users.copy()
        for quality, value in self.slices:
            total[quality.du] += value.value(quality.scaled(rates))
        return total

    def constrain(self, model, rates, dus, seen=(), exact=False):
        """Add the reward of these DUs to the objective of a LinearModel whose columns ``rates`` (U,) are the users'.

        It is never below the true one.  With ``exact`` it equals it at the rates in ``seen``.
        """
        model.columns(1, 1.0, 1.0, gain=self.without_users[dus].sum())
        for quality, value in (pair for pair in self.slices if pair[0].du in dus):
            scaled = model.columns(1, *quality.span)[0]
            quality.constrain(model, scaled, rates, seen, exact)
            utility = add_curve(model, scaled, value, [quality.scaled(r) for r in seen], exact)
            gained = model.columns(1, -np.inf, gain=1.0)
            model.at_most(0.0, (gained, 1.0), (utility, -1.0))


class Throughput:
    """v of the sum of the users' rates.  span: least and largest v."""

    def __init__(self, du, users, worst, best, peak, threshold):
        self.du, self.users, self.peak, self.threshold = du, users, peak, threshold
        self.worst, self.width = worst, best - worst
        self.span = -worst / self.width, (peak - worst) / self.width

    def scaled(self, rates):
        """v at rates (U,)."""
        return (rates[self.users].sum() - self.worst) / self.width

    def constrain(self, model, scaled, rates, seen, exact):
        """Hold the column ``scaled`` at or below v."""
        model.at_most(-self.worst, (scaled, self.width), (rates[self.users], -1.0))


class SatisfiedThroughput(Throughput):
    """v of the sum of the users' rates times the share of users whose rate reaches the threshold."""

    def scaled(self, rates):
        """v at rates (U,)."""
        mine = rates[self.users]
        return (mine.sum() * np.mean(mine >= self.threshold) - self.worst) / self.width

    def constrain(self, model, scaled, rates, seen, exact):
        """Hold the column ``scaled`` at or below v.

        The product is linear once the number of satisfied users is chosen, by whole columns if ``exact``.
        """
        size = self.users.size
        levels = np.arange(size + 1) if exact else np.array([0, size])
        satisfied = model.columns(size, 0.0, 1.0, whole=exact)
        chosen, throughput = model.columns(levels.size, whole=exact), model.columns(levels.size)
        model.sums_to_one(chosen)
        model.at_most(0.0, (chosen, levels), (satisfied, -1.0))
        for user, column in zip(self.users, satisfied):
            model.at_most(0.0, (column, self.threshold), (rates[user], -1.0))
        for pair in zip(throughput, chosen):
            model.at_most(0.0, (pair[0], 1.0), (pair[1], -self.peak))
        model.at_most(0.0, (throughput, 1.0), (rates[self.users], -1.0))
        model.at_most(-self.worst, (scaled, self.width), (throughput, -levels / size))


class SlowestUser:
    """v of the largest delay: the least of the users' heights, each a Curve over its rate."""

    def __init__(self, du, users, heights):
        self.du, self.users, self.heights = du, users, heights
        self.span = tuple(min(h.value(h.knots[end]) for h in heights) for end in (0, -1))

    def scaled(self, rates):
        """v at rates (U,)."""
        return min(height.value(rates[u]) for u, height in zip(self.users, self.heights))

    def constrain(self, model, scaled, rates, seen, exact):
        """Hold the column ``scaled`` at or below v."""
        for user, height in zip(self.users, self.heights):
            reached = add_curve(model, rates[user], height, [r[user] for r in seen], exact)
            model.at_most(0.0, (scaled, 1.0), (reached, -1.0))


def _utility(sigmoid, alpha):
    return lambda v: float(reward.UTILITIES[sigmoid](np.clip(v, 0.0, 1.0), alpha))


def _slice_value(sigmoid, alpha, zeta, required, low, high):
    """g as a Curve over [low, high]."""
    factor, centre = _ARGUMENT[sigmoid]
    utility = _utility(sigmoid, alpha)

    def slope(v, inside):
        rise = factor * alpha * utility(v) * (1 - utility(v)) if 0 < inside < 1 else 0.0
        return rise + zeta * (inside < required)

    knots = [k for k in (0.0, centre, required, 1.0) if low < k < high]
    return Curve((low, *sorted(set(knots)), high), lambda v: utility(v) - zeta * max(0.0, required - v), slope)


def _queue(model, network):
    """Work, gain (per bit/s) and offset (U,) of each user's delay = work / (gain rate + offset), by R10."""
    ones = np.ones_like(network.packet_bits)
    if model == "fifo_queue":
        return network.state["backlog"] + network.ahead()[0].arrivals * network.packet_bits, ones, 0 * ones
    if model == "transmission_only":
        return network.packet_bits, ones, 0 * ones
    return ones, ones / network.packet_bits, -network.arrival_rate


def _height_of_delay(work, gain, offset, latency_max, worst, best, peak):
    """v of one user's capped delay as a Curve over its rate in Mbit/s, up to ``peak``."""
    start = (work / latency_max - offset) / gain / MBIT

    def delay(rate):
        return work / (gain * rate * MBIT + offset) if rate > start else (latency_max if work > 0 else 0.0)

    def slope(rate, inside):
        if inside < start or work == 0:
            return 0.0
        return gain * MBIT * work / (gain * max(rate, start) * MBIT + offset) ** 2 / (worst - best)

    knots = (0.0, start, peak) if 0 < start < peak else (0.0, peak)
    return Curve(knots, lambda rate: (delay(rate) - worst) / (best - worst), slope)
