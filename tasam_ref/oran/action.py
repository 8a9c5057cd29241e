"""Actions in (0, 1) to allocations b and e: the continuous relaxation of Sec. IV-A2 and its three codecs (R20).

Every codec offers ``action_dim`` and ``decode``; ``executed`` is what the network actually ran, which is what the
next state shows as a_{t-1} and what the critic sees.  Actions of all DUs come as (M, action_dim).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..kernels.allocation import two_bit_claims
from .spaces import action_dim


@dataclass(frozen=True)
class Allocation:
    """What an action asks for.

    claims b (M, L, K): share of each RB that each slice holds; sums to at most 1 over slices.
    served e (M, L, K): the user served, as an index into all users, -1 for nobody; None leaves it to the scheduler.
    claimed (M,): sum over l of K^l_m as asked for, before conflicts were resolved.
    """

    claims: np.ndarray
    served: np.ndarray | None
    claimed: np.ndarray


@dataclass(frozen=True)
class Codec:
    """One reading of the action: its length, what is executed of it, and what that allocates."""

    action_dim: int
    executed: Callable
    decode: Callable


def threshold(action):
    """Sec. IV-A2: the binary decision 1(a > 0.5), which is the sign of the latent before the sigmoid."""
    return (action > 0.5).astype(action.dtype)


def build_codec(config, topology):
    """Return the Codec that the configuration names."""
    mdp, num_slices, length = config.mdp, config.num_slices, action_dim(config, topology)
    if mdp.action_codec == "two_bit":
        executed = threshold if mdp.executed == "thresholded" else _as_it_is
        return Codec(length, executed, lambda a: decode_two_bit(a, num_slices))
    if mdp.action_codec == "slice_and_user":
        return Codec(length, _as_it_is, lambda a: decode_slice_and_user(a, num_slices, topology))
    return Codec(length, threshold, lambda a: decode_full_binary(a, num_slices, topology))


def _as_it_is(action):
    return action


def decode_two_bit(action, num_slices):
    """Two numbers per RB: (b_k, e_k) = 00 idle, 01 slice 1, 10 slice 2, 11 slice 3; the scheduler picks the user.

    action (M, 2K) holds b_1..b_K, then e_1..e_K.  Bits give a one-hot claim; relaxed values in (0, 1) time-share
    the RB with the weights (1-b)(1-e), (1-b)e, b(1-e), be.  A code beyond the last slice is idle.
    Source: Sec. IV-A2, R20.
    """
    claims, claimed = two_bit_claims(action, num_slices)
    return Allocation(claims, None, claimed)


def encode_two_bit(owner):
    """The action that ``decode_two_bit`` reads as these owners.

    owner (..., K) whole numbers: 0 idle, 1 slice 1, 2 slice 2, 3 slice 3.  Returns (..., 2K).  Source: Sec. IV-A2, R20.
    """
    return np.concatenate((owner // 2, owner % 2), axis=-1).astype(float)


def decode_slice_and_user(action, num_slices, topology):
    """Two numbers per RB, quantised: b_k to idle or a slice, e_k to one user of that slice in the cell.

    slice = floor((L + 1) b_k) - 1, user = first + floor(N_l e_k).  action (M, 2K) as in ``decode_two_bit``.
    Source: Sec. IV-A2, R20.
    """
    b, e = np.split(action, 2, axis=1)
    chosen = np.minimum((b * (num_slices + 1)).astype(int), num_slices) - 1
    claims = (chosen[:, None, :] == np.arange(num_slices)[None, :, None]).astype(float)
    counts = topology.counts[:, :, None]
    first = topology.group_start[:-1].reshape(topology.counts.shape)[:, :, None]
    user = first + np.minimum((e[:, None, :] * counts).astype(int), np.maximum(counts - 1, 0))
    served = np.where((claims > 0) & (counts > 0), user, -1)
    return Allocation(claims, served, claims.sum(axis=(1, 2)))


def decode_full_binary(action, num_slices, topology):
    """The b and e of (7) bit by bit: L K claims of slices, then a row of K claims for each user of the cell.

    action (M, (L + N_max) K).  Where several slices claim an RB, the first does, and so with the users of that slice;
    an RB that no user of its slice claims stays idle.  ``claimed`` counts the claims before that, so that P_res
    can bite.  Source: Sec. IV-A2, R20.
    """
    num_dus, num_rbs = action.shape[0], action.shape[1] // (num_slices + int(topology.counts.sum(axis=1).max()))
    bits = threshold(action).reshape(num_dus, -1, num_rbs)
    b, e = bits[:, :num_slices], bits[:, num_slices:]
    claims = np.where(np.cumsum(b, axis=1) == 1, b, 0.0)
    served = np.full(claims.shape, -1)
    start = topology.group_start
    for m in range(num_dus):
        cell_first = start[m * num_slices]
        for s in range(num_slices):
            first, end = start[m * num_slices + s], start[m * num_slices + s + 1]
            if end > first:
                asked = e[m, first - cell_first : end - cell_first]
                hit = (claims[m, s] > 0) & asked.any(axis=0)
                served[m, s, hit] = first + asked.argmax(axis=0)[hit]
    return Allocation(claims, served, b.sum(axis=(1, 2)))
