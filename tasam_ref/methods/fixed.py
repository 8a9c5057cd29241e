"""Policies that do not learn: random bits, idle, and static splits of the RBs.  A scale to read rewards against.

A policy is a function ``(obs (E, M, D), frame) -> action (E, M, A)`` over E episodes in step.  These speak
the ``two_bit`` codec, so they run on ``two_bit_config``.
"""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np

from ..streams import stream


def two_bit_config(config):
    """The same network with the agents and the action codec that the fixed policies speak for."""
    return replace(config, mdp=replace(config.mdp, action_codec="two_bit", executed="thresholded", single_agent=False))


def random_policy(config):
    """Every bit by a fair coin: each RB idle or one slice's with equal chance."""
    size = 2 * config.radio.num_rbs

    def policy(obs, frame):
        return stream(0, "random_policy", frame).random((*obs.shape[:2], size))

    return policy


def split_policy(config, shares):
    """The first round(share_1 K) RBs of every DU to slice 1, the next to slice 2, and so on; what is left idles."""
    num_rbs = config.radio.num_rbs
    edges = np.round(np.cumsum((0.0, *shares)) * num_rbs).astype(int)
    code = np.zeros(num_rbs, dtype=int)
    for s, (first, end) in enumerate(pairwise(edges)):
        code[first:end] = s + 1
    bits = np.concatenate((code // 2, code % 2)).astype(float)

    def policy(obs, frame):
        return np.broadcast_to(bits, (*obs.shape[:2], bits.size))

    return policy


def split_grid(num_slices, steps):
    """All splits of the whole band in shares that are multiples of 1/steps."""
    return [np.array(parts) / steps for parts in product(range(steps + 1), repeat=num_slices) if sum(parts) == steps]
