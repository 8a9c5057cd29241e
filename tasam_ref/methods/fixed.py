"""Policies that do not learn: random bits, idle, and splits of the RBs.  A scale to read rewards against.

A policy is a function ``(envs, obs (E, M, D), frame) -> action (E, M, A)`` over E episodes in step, ``envs`` being
their OranEnvs before the frame: a policy may look at the true network there and must leave it as it was.  These speak
the ``two_bit`` codec, so they run on ``two_bit_config``.
"""

from dataclasses import replace
from itertools import product

import numpy as np

from ..oran.action import encode_two_bit
from ..oran.topology import build_topology
from ..streams import stream


def two_bit_config(config):
    """The same network with the agents and the action codec that the fixed policies speak for."""
    return replace(config, mdp=replace(config.mdp, action_codec="two_bit", executed="thresholded", single_agent=False))


def random_policy(config):
    """Every bit by a fair coin: each RB idle or one slice's with equal chance."""
    size = 2 * config.radio.num_rbs

    def policy(envs, obs, frame):
        return stream(0, "random_policy", frame).random((*obs.shape[:2], size))

    return policy


def split_owners(shares, num_rbs):
    """Owners of the RBs, as ``encode_two_bit`` takes them, under shares (..., L) of the band: (..., K).

    The first round(share_1 K) RBs go to slice 1, the next to slice 2, and so on; what is left idles.
    """
    ends = np.round(np.cumsum(shares, axis=-1) * num_rbs)[..., None]
    passed = (np.arange(num_rbs) >= ends).sum(axis=-2)
    return np.where(passed < np.shape(shares)[-1], passed + 1, 0)


def split_policy(config, shares):
    """Always the same ``split_owners``: of every DU for shares (L,), of each DU its own for shares (M, L)."""
    bits = encode_two_bit(split_owners(np.asarray(shares), config.radio.num_rbs))

    def policy(envs, obs, frame):
        return np.broadcast_to(bits, (*obs.shape[:2], bits.shape[-1]))

    return policy


def demand_shares(config):
    """Shares (M, L) of each DU's RBs in proportion to what its users want; all zero for a DU without users.

    A user wants its slice's rate threshold, or what its packets need where that is more: packet bits x arrival rate.
    """
    slices = config.slices
    offered = np.array(slices.packet_bits) * np.array(slices.arrival_rate_hz)
    wanted = build_topology(config.radio, slices).counts * np.maximum(slices.rate_threshold_bps, offered)
    total = wanted.sum(axis=1, keepdims=True)
    return np.divide(wanted, total, out=np.zeros_like(wanted), where=total > 0)


def split_grid(num_slices, steps):
    """All splits of the whole band in shares that are multiples of 1/steps."""
    return [np.array(parts) / steps for parts in product(range(steps + 1), repeat=num_slices) if sum(parts) == steps]
