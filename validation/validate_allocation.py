"""(7): the constraints by brute force over every allocation of a tiny network, and what the codecs of R20 can ask for.

The tiny network has 2 slices, 3 users (two of slice 0, one of slice 1) and 2 RBs: 2^4 choices of b times 2^6 of e.
An allocation is also told as a set of triples (user, slice, RB), which is how the constraints are stated here.
"""

from itertools import product

import numpy as np

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.nn.squashed_gaussian import sigmoid
from tasam_ref.oran import constraints
from tasam_ref.oran.action import build_codec, decode_full_binary, decode_two_bit, threshold
from tasam_ref.oran.env import OranEnv
from tasam_ref.oran.reward import resource_penalty
from tasam_ref.oran.topology import build_topology

from .checks import check
from .oracles import relative_error

SLICE_OF = np.array([0, 0, 1])
RBS = range(2)


def every_allocation():
    """All (b, e) of the tiny network, with the set of (user, slice, RB) that transmit."""
    for bits in product((0, 1), repeat=10):
        b, e = np.array(bits[:4]).reshape(2, 2), np.array(bits[4:]).reshape(3, 2)
        yield b, e, {(u, s, k) for u, s in enumerate(SLICE_OF) for k in RBS if e[u, k] and b[s, k]}


def config_of(codec):
    """Two DUs with 9 users, 3 slices and 4 RBs."""
    return apply_settings(Config(), ("radio.num_dus=2", "radio.num_ues=18", "radio.num_rbs=4",
                                     f"mdp.action_codec={codec}"))


def full_binary_topology():
    """One DU with two users of slice 0, one of slice 1 and none of slice 2."""
    config = apply_settings(Config(), ("radio.num_dus=1", "radio.num_ues=3", "slices.shares=[[0.67, 0.33, 0.0]]"))
    return build_topology(config.radio, config.slices)


def violations(allocation, topology):
    """How many DUs break (7b), (7c), one user per RB, or serve a user outside its own cell and slice."""
    count = 0
    for m, (b, served) in enumerate(zip(allocation.claims, allocation.served)):
        mine = np.flatnonzero(topology.serving == m)
        kind = topology.slice_of[mine]
        e = (served[kind] == mine[:, None]).astype(float)
        outsiders = [u for s, row in enumerate(served) for u in row[row >= 0] if u not in mine[kind == s]]
        count += not (constraints.rb_budget_holds(b, e, kind) and constraints.one_slice_per_rb(b)
                      and constraints.one_user_per_rb(b, e, kind) and not outsiders)
    return count


@check("(7b)", oracle="a set of triples, all 1024 allocations", tolerance=0, because="a count of disagreements")
def rb_budget_counts_transmissions():
    """(7b) holds exactly where at most K_m triples (user, its slice, RB) transmit."""
    return sum(constraints.rb_budget_holds(b, e, SLICE_OF) != (len(sent) <= 2) for b, e, sent in every_allocation())


@check("(7c)", oracle="a set of owners, all 16 choices of b", tolerance=0, because="a count of disagreements")
def one_slice_per_rb_means_one_owner():
    """(7c) holds exactly where no RB belongs to both slices."""
    return sum(constraints.one_slice_per_rb(b) != (not set(np.flatnonzero(b[0])) & set(np.flatnonzero(b[1])))
               for b, _, _ in every_allocation())


@check("(7b)", "(7c)", oracle="a set of triples, all 1024 allocations", tolerance=0, because="a count of disagreements")
def one_user_per_rb_means_no_two_senders():
    """The orthogonality of R12 holds exactly where no two triples share an RB."""
    return sum(constraints.one_user_per_rb(b, e, SLICE_OF) != (len({k for _, _, k in sent}) == len(sent))
               for b, e, sent in every_allocation())


@check("(7b)", "(7c)", oracle="all 1024 allocations", tolerance=0, because="existence, and the count by hand")
def constraints_of_7_let_two_users_share_an_rb():
    """R12: 56 allocations obey (7b), (7c) and break orthogonality; none breaks (7b) and keeps it."""
    # By hand: one RB, of two, is slice 0's with both its users and any e of the third: 2 x 2.  The other RB is silent:
    # idle with any e (8), slice 0's without its users (2), or slice 1's without its user (4).
    found = sum(constraints.rb_budget_holds(b, e, SLICE_OF) and constraints.one_slice_per_rb(b)
                and not constraints.one_user_per_rb(b, e, SLICE_OF) for b, e, _ in every_allocation())
    broken = sum(constraints.one_user_per_rb(b, e, SLICE_OF) and not constraints.rb_budget_holds(b, e, SLICE_OF)
                 for b, e, _ in every_allocation())
    return abs(found - 56) + broken


@check("(7d)", oracle="the direction of Sec. VI-E, by hand", tolerance=0, because="a count of disagreements")
def latency_must_lie_below_its_requirement():
    """10 Mbit/s and 50 Mbit/s are floors, 2 ms is a ceiling, and meeting one exactly is enough (R16)."""
    q_min, larger = np.array([1e7, 5e7, 2e-3]), np.array([True, True, False])
    rows = {(1e7, 5e7, 2e-3): (1, 1, 1), (2e7, 6e7, 1e-3): (1, 1, 1), (9e6, 4e7, 3e-3): (0, 0, 0),
            (0.0, 6e7, 10e-3): (0, 1, 0)}
    return sum(np.sum(constraints.qos_holds(np.array(qos), q_min, larger) != np.array(holds, dtype=bool))
               for qos, holds in rows.items())


@check("relaxation", "(7c)", oracle="the table of codes, all 256 actions of 4 RBs", tolerance=0,
       because="a count of disagreements")
def two_bits_code_idle_or_one_slice():
    """(b_k, e_k) = 00 idle, 01 eMBB, 10 mMTC, 11 URLLC, for every action of four RBs; so (7c) always holds."""
    table = {(0, 0): (0, 0, 0), (0, 1): (1, 0, 0), (1, 0): (0, 1, 0), (1, 1): (0, 0, 1)}
    codes = list(product(table, repeat=4))
    action = np.array([[b for b, _ in code] + [e for _, e in code] for code in codes], dtype=float)
    expected = np.array([[table[c] for c in code] for code in codes]).swapaxes(1, 2)
    allocation = decode_two_bit(action, 3)
    return np.sum(allocation.claims != expected) + np.sum(allocation.claimed != expected.sum(axis=(1, 2)))


@check("relaxation", "(7c)", oracle="two independent coin tosses", tolerance=2e-15, because="sums of 256 products")
def relaxed_two_bits_are_expected_codes():
    """Relaxed values share an RB as the codes of random bits with these means would: the mean over the four corners."""
    action = np.random.default_rng(1).random((50, 8))
    expected = np.zeros((50, 3, 4))
    for corner in product((0.0, 1.0), repeat=8):
        chance = np.prod(np.where(np.array(corner) == 1, action, 1 - action), axis=1)
        expected += chance[:, None, None] * decode_two_bit(np.array([corner]), 3).claims
    shares = decode_two_bit(action, 3).claims
    return relative_error(shares, expected) + np.sum(shares.sum(axis=1) > 1) + np.sum(shares < 0)


@check("(7b)", "(7c)", "relaxation", oracle="constraints on 600 random actions each", tolerance=0,
       because="a count of violations")
def every_codec_obeys_the_constraints():
    """Actions of every density, through OranEnv: (7b), (7c), one user per RB, of the right cell and slice."""
    generator, count = np.random.default_rng(2), 0
    for codec in ("two_bit", "slice_and_user", "full_binary"):
        env = OranEnv(config_of(codec))
        env.reset(seed=3)
        for _ in range(300):
            action = generator.random((2, env.action_dim)) ** generator.choice((0.3, 1.0, 3.0))
            count += violations(env.step(action)[2].radio, env.topology)
    return count


@check("relaxation", "(7c)", oracle="a loop over RBs", tolerance=0, because="a count of disagreements")
def slice_and_user_quantises_evenly():
    """b in quarters is idle, eMBB, mMTC, URLLC; e in N_l equal parts is a user of that slice; 1 is the last."""
    config = config_of("slice_and_user")
    topology = build_topology(config.radio, config.slices)
    decode, wrong = build_codec(config, topology).decode, 0
    for b, e in product(range(65), repeat=2):
        allocation = decode(np.tile([b / 64, e / 64], (2, 1)))
        kind = min(b // 16, 3) - 1
        for m in range(2):
            users = np.flatnonzero((topology.serving == m) & (topology.slice_of == kind))
            expected = np.full(3, -1)
            if users.size:
                expected[kind] = users[min(e * users.size // 64, users.size - 1)]
            wrong += np.sum(allocation.served[m, :, 0] != expected)
            wrong += np.sum(allocation.claims[m, :, 0] != (np.arange(3) == kind))
    return wrong


@check("relaxation", "(7b)", "(7c)", oracle="a loop over all 4096 actions", tolerance=0,
       because="a count of disagreements")
def full_binary_gives_an_rb_to_its_first_claimant():
    """An RB goes to the first slice with b = 1 and to that slice's first user with e = 1, if there is one."""
    topology, wrong = full_binary_topology(), 0
    members = ((0, 1), (2,), ())
    for bits in product((0, 1), repeat=12):
        allocation = decode_full_binary(np.array([bits], dtype=float), 3, topology)
        b, e = np.array(bits[:6]).reshape(3, 2), np.array(bits[6:]).reshape(3, 2)
        for k in RBS:
            owner = next((s for s in range(3) if b[s, k]), None)
            user = next((u for u in members[owner] if e[u, k]), -1) if owner is not None else -1
            wrong += any(allocation.claims[0, s, k] != (s == owner) for s in range(3))
            wrong += any(allocation.served[0, s, k] != (user if s == owner else -1) for s in range(3))
    return wrong


@check("P_res", "relaxation", oracle="all codes of 4 RBs; all b of 3 slices and 2 RBs", tolerance=0,
       because="a count of disagreements")
def p_res_bites_under_full_binary_alone():
    """R22: two_bit never claims more than K_m RBs; full_binary does where the bits of b, counted, exceed K_m."""
    two_bit = decode_two_bit(np.array(list(product((0.0, 1.0), repeat=8))), 3)
    wrong = np.sum(resource_penalty(two_bit.claimed, 4, 2.0) != 0)
    topology = full_binary_topology()
    for bits in product((0.0, 1.0), repeat=6):
        action = np.concatenate((bits, np.ones(6)))[None]
        penalty = resource_penalty(decode_full_binary(action, 3, topology).claimed, 2, 2.0)[0]
        wrong += penalty != -max(0.0, sum(bits) - 2)
    return wrong


@check("relaxation", oracle="the sign of the latent", tolerance=0, because="a count of disagreements")
def threshold_is_the_sign_of_the_latent():
    """1(sigmoid(u) > 0.5) = 1(u > 0), for |u| from 1e-15, half a rounding of the action, to 1e300."""
    size = 10.0 ** np.arange(-15, 301)
    latent = np.concatenate((-size, [0.0], size))
    return np.sum(threshold(sigmoid(latent)) != (latent > 0))
