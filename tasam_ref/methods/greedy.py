"""A greedy allocator that knows the coming frame: where users will be, how every channel fades, what (8) will pay.

No agent can know this; it shows what is within reach of an allocation that leaves no RB idle.
"""

from itertools import permutations

import numpy as np

from ..oran.action import encode_two_bit
from .fixed import demand_shares, split_owners

FIRST_BLOCK = 1 / 6
"""Share of the band that the first moves hand over; the next ones hand over half as much, down to one RB."""


def greedy_policy(config):
    """In every frame ``improved`` from the better of the demand-proportional split and what the last frame executed.

    Policy as in ``methods.fixed``.  Its reward in a frame is never below that of the demand-proportional split.
    """
    demand = split_owners(demand_shares(config), config.radio.num_rbs)

    def policy(envs, obs, frame):
        return encode_two_bit(np.stack([improved(env, demand, _last_owners(env, o)) for env, o in zip(envs, obs)]))

    return policy


def improved(env, start, other):
    """Owners of the RBs (M, K), as ``encode_two_bit`` takes them, by one local search in all DUs at once.

    A move hands a block of RBs from one slice to another in every DU, those on which the best user of the one gains
    most on the best user of the other; a DU keeps it where its own reward rises.  Blocks shrink from
    FIRST_BLOCK of the band to one RB, and each is tried once between every two slices.  Begins at ``start``, in each DU
    at ``other`` where that pays more, and returns ``start`` if all that lowers the sum of rewards.  ``env`` is
    stepped and set back.
    """
    state = env.state()

    def value(owner):
        reward = env.step(encode_two_bit(owner))[1]
        env.set_state(state)
        return reward

    quality = best_efficiency(env)
    owner, reward = start, value(start)
    floor = reward.sum()
    num_rbs, slices = start.shape[1], range(1, env.num_slices + 1)
    moves = [lambda owner: other]
    block = max(int(FIRST_BLOCK * num_rbs), 1)
    while block:
        moves += [_handing_over(quality, giver, taker, block) for giver, taker in permutations(slices, 2)]
        block //= 2
    for move in moves:
        moved = move(owner)
        gained = value(moved)
        owner = np.where((gained > reward)[:, None], moved, owner)
        reward = np.maximum(gained, reward)
    return owner if value(owner).sum() >= floor else start


def best_efficiency(env):
    """log2(1 + SINR) of each slice's best user on each RB of the coming frame, every RU sending: (M, L, K); 0 without
    users."""
    network, topology = env.network, env.topology
    power = network.power_ahead()
    own = power[np.arange(power.shape[0]), topology.serving]
    efficiency = np.log2(1 + own / (power.sum(axis=1) - own + network.noise_w))
    groups = np.split(efficiency, topology.group_start[1:-1])
    return np.array([group.max(axis=0, initial=0) for group in groups]).reshape(*topology.counts.shape, -1)


def _handing_over(quality, giver, taker, block):
    """The move: ``block`` RBs of slice ``giver`` of every DU, or all it has, go to slice ``taker``."""
    given, taken = quality[:, giver - 1], quality[:, taker - 1]
    gain = taken / (given + taken + np.finfo(float).tiny)  # rises with taken / given, and stands a slice without users

    def move(owner):
        rank = np.argsort(np.argsort(-np.where(owner == giver, gain, -1.0), axis=1), axis=1)
        return np.where((owner == giver) & (rank < block), taker, owner)

    return move


def _last_owners(env, obs):
    """Owners of the RBs in the last frame, which the state shows as its executed action."""
    b, e = np.split(obs[:, 2 * env.num_slices : 2 * env.num_slices + env.action_dim], 2, axis=1)
    return (2 * b + e).astype(int)
