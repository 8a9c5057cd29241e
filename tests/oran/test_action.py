"""The relaxed action and its three codecs (R20): truth tables, plain twins, and what every codec guarantees."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.oran.action import (
    build_codec,
    decode_full_binary,
    decode_slice_and_user,
    decode_two_bit,
    encode_two_bit,
    threshold,
)
from tasam_ref.oran.constraints import one_slice_per_rb, one_user_per_rb, rb_budget_holds
from tasam_ref.oran.reward import resource_penalty
from tasam_ref.oran.topology import build_topology

SEEDS = st.integers(0, 2**32 - 1)
NUM_RBS = 5
TINY = apply_settings(Config(), ["radio.num_dus=3", "radio.num_ues=17", f"radio.num_rbs={NUM_RBS}",
                                 "slices.shares=[[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [0.2, 0.4, 0.4]]"])
TOPOLOGY = build_topology(TINY.radio, TINY.slices)
READINGS = [("two_bit", "thresholded"), ("two_bit", "soft"), ("slice_and_user", "thresholded"),
            ("full_binary", "thresholded")]


def codec(name, executed="thresholded"):
    settings = [f"mdp.action_codec={name}", f"mdp.executed={executed}"]
    return build_codec(apply_settings(TINY, settings), TOPOLOGY)


def random_action(seed, dim):
    """Half of the entries anywhere in [0, 1], the others at an end."""
    rng = np.random.default_rng(seed)
    relaxed, ends = rng.random((3, dim)), rng.integers(0, 2, (3, dim))
    return np.where(rng.random((3, dim)) < 0.5, relaxed, ends)


def run(name, executed, seed):
    chosen = codec(name, executed)
    return chosen.decode(chosen.executed(random_action(seed, chosen.action_dim)))


@given(st.floats(-700, 30))
def test_threshold_is_the_sign_of_the_latent(latent):
    """Sec. IV-A2: 1(sigmoid(z) > 0.5) = 1(z > 0), as far as the sigmoid tells z from 0."""
    action = np.array([1 / (1 + np.exp(-latent))])
    if abs(latent) > 1e-15:
        assert threshold(action)[0] == (latent > 0)


def test_threshold_by_hand():
    """One half is not above one half; the number format is kept."""
    bits = threshold(np.array([0.0, 0.5, np.nextafter(0.5, 1), 1.0]))
    assert bits.tolist() == [0, 0, 1, 1]
    assert threshold(np.array([0.7], dtype=np.float32)).dtype == np.float32


@given(SEEDS)
def test_encoded_owners_decode_to_their_claims(seed):
    owner = np.random.default_rng(seed).integers(0, 4, (2, 3, NUM_RBS))
    for episode, owners in zip(encode_two_bit(owner), owner):
        claims = decode_two_bit(episode, 3).claims
        for s in range(3):
            assert (claims[:, s] == (owners == s + 1)).all()


@pytest.mark.parametrize(("name", "dim"), [("two_bit", 10), ("slice_and_user", 10), ("full_binary", (3 + 6) * 5)])
def test_length_of_an_action(name, dim):
    """Twice the number of RBs; or (L + N_m) K with the 6 users of the fullest of three DUs."""
    assert codec(name).action_dim == dim


@pytest.mark.parametrize(("name", "executed"), READINGS)
class TestEveryCodec:
    @given(seed=SEEDS)
    def test_an_rb_is_never_given_out_twice(self, name, executed, seed):
        """Claims lie in [0, 1] and add up to at most one per RB: (7c)."""
        claims = run(name, executed, seed).claims
        assert claims.shape == (3, 3, NUM_RBS)
        assert np.all((claims >= 0) & (claims <= 1))
        assert np.all(claims.sum(axis=1) <= 1 + 1e-15)

    @given(seed=SEEDS)
    def test_a_served_user_belongs_to_the_cell_and_slice_that_hold_the_rb(self, name, executed, seed):
        allocation = run(name, executed, seed)
        if allocation.served is None:
            assert name == "two_bit"
            return
        for m, s, k in np.argwhere(allocation.served >= 0):
            user = allocation.served[m, s, k]
            assert (TOPOLOGY.serving[user], TOPOLOGY.slice_of[user]) == (m, s)
            assert allocation.claims[m, s, k] == 1

    @given(seed=SEEDS)
    def test_7b_7c_and_the_missing_constraint_hold(self, name, executed, seed):
        """The allocation as the b and e of (7), cell by cell."""
        allocation = run(name, executed, seed)
        served = np.full((3, 3, NUM_RBS), -1) if allocation.served is None else allocation.served
        for m in range(3):
            users = np.flatnonzero(TOPOLOGY.serving == m)
            e = (served[m][None] == users[:, None, None]).any(axis=1).astype(int)
            b, slice_of = threshold(allocation.claims[m]), TOPOLOGY.slice_of[users]
            assert rb_budget_holds(b, e, slice_of) and one_slice_per_rb(b) and one_user_per_rb(b, e, slice_of)

    @given(seed=SEEDS)
    def test_a_du_decides_about_itself_alone(self, name, executed, seed):
        chosen = codec(name, executed)
        action = chosen.executed(random_action(seed, chosen.action_dim))
        changed = action.copy()
        changed[1] = 1 - changed[1]
        before, after = chosen.decode(action), chosen.decode(changed)
        for field in ("claims", "served", "claimed"):
            if getattr(before, field) is not None:
                np.testing.assert_array_equal(getattr(before, field)[[0, 2]], getattr(after, field)[[0, 2]])

    @given(seed=SEEDS)
    def test_permuting_rbs_permutes_the_allocation(self, name, executed, seed):
        chosen = codec(name, executed)
        action, rbs = random_action(seed, chosen.action_dim), np.random.default_rng(seed).permutation(NUM_RBS)
        moved = action.reshape(3, -1, NUM_RBS)[:, :, rbs].reshape(action.shape)
        before, after = (chosen.decode(chosen.executed(a)) for a in (action, moved))
        np.testing.assert_array_equal(after.claims, before.claims[:, :, rbs])
        if before.served is not None:
            np.testing.assert_array_equal(after.served, before.served[:, :, rbs])


class TestTwoBit:
    def test_truth_table(self):
        """00 idle, 01 slice 1, 10 slice 2, 11 slice 3."""
        action = np.array([[0.0, 0, 1, 1, 0, 1, 0, 1]])
        allocation = decode_two_bit(action, 3)
        assert allocation.claims[0].tolist() == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
        assert allocation.served is None
        assert allocation.claimed.tolist() == [3]

    @pytest.mark.parametrize("num_slices", [1, 2])
    def test_a_code_beyond_the_last_slice_is_idle(self, num_slices):
        claims = decode_two_bit(np.array([[0.0, 0, 1, 1, 0, 1, 0, 1]]), num_slices).claims
        assert claims.sum(axis=1)[0].tolist() == [0, 1, float(num_slices > 1), 0]

    @given(SEEDS)
    def test_relaxed_shares_are_the_mean_over_independent_bits(self, seed):
        """Brute force: decode all four bit pairs and average them with the probabilities b and e."""
        action = random_action(seed, 2 * NUM_RBS)
        b, e = action[:, :NUM_RBS], action[:, NUM_RBS:]
        expected = np.zeros((3, 3, NUM_RBS))
        for one, two in product((0.0, 1.0), repeat=2):
            probability = np.abs(1 - one - b) * np.abs(1 - two - e)
            bits = np.repeat([[one, two]], NUM_RBS, axis=1).repeat(3, axis=0)
            expected += probability[:, None, :] * decode_two_bit(bits, 3).claims
        np.testing.assert_allclose(decode_two_bit(action, 3).claims, expected, rtol=1e-12, atol=1e-16)

    @pytest.mark.parametrize("executed", ["thresholded", "soft"])
    @given(seed=SEEDS, num_rbs=st.integers(1, 100), all_held=st.booleans())
    def test_can_never_trigger_the_resource_penalty(self, executed, seed, num_rbs, all_held):
        """R22: no action claims more than K RBs, not even by a rounding error."""
        action = np.random.default_rng(seed).random((4, 2 * num_rbs))
        if all_held:
            action[:, :num_rbs] = 1.0
        action = threshold(action) if executed == "thresholded" else action
        assert not resource_penalty(decode_two_bit(action, 3).claimed, num_rbs, 1.0).any()


class TestSliceAndUser:
    def test_by_hand(self):
        """Four classes of b at 1/4, 1/2, 3/4; DU 0 has users 0 1 2 | 3 4 | 5, its middle RB goes to user 4 of 3, 4."""
        assert TOPOLOGY.counts.tolist() == [[3, 2, 1], [6, 0, 0], [1, 2, 2]]
        action = np.tile([0.1, 0.3, 0.6, 0.9, 1.0, 0.99, 0.4, 0.7, 1.0, 0.0], (3, 1))
        allocation = decode_slice_and_user(action, 3, TOPOLOGY)
        assert allocation.claims[0].argmax(axis=0).tolist() == [0, 0, 1, 2, 2]
        assert allocation.claims[0].sum(axis=0).tolist() == [0, 1, 1, 1, 1]
        assert allocation.served[0].max(axis=0).tolist() == [-1, 1, 4, 5, 5]
        assert allocation.served[1].max(axis=0).tolist() == [-1, 8, -1, -1, -1]
        assert allocation.claimed.tolist() == [4, 4, 4]

    @given(SEEDS)
    def test_equals_the_twin(self, seed):
        """The bin edges j / (L + 1) and j / N_l searched one by one."""
        action = random_action(seed, 2 * NUM_RBS)
        allocation = decode_slice_and_user(action, 3, TOPOLOGY)
        for m, k in np.ndindex(3, NUM_RBS):
            b, e = action[m, k], action[m, NUM_RBS + k]
            chosen = sum(4 * b >= j for j in (1, 2, 3)) - 1
            assert allocation.claims[m, :, k].tolist() == [float(s == chosen) for s in range(3)]
            users = np.flatnonzero((TOPOLOGY.serving == m) & (TOPOLOGY.slice_of == chosen))
            expected = users[sum(e * users.size >= j for j in range(1, users.size))] if users.size else -1
            assert allocation.served[m, :, k].max() == expected

    def test_every_user_can_be_served(self):
        e = (np.arange(60) + 0.5) / 60
        reached = set()
        for b in (0.3, 0.6, 0.9):
            action = np.tile(np.concatenate((np.full(60, b), e)), (3, 1))
            reached |= set(decode_slice_and_user(action, 3, TOPOLOGY).served.ravel())
        assert reached == {-1, *range(17)}


class TestFullBinary:
    def test_by_hand(self):
        """One RB of DU 0.  Slices 2 and 3 claim it, users 1, 4 and 5 ask for it: slice 2 holds it for user 4."""
        topology = build_topology(apply_settings(TINY, ["radio.num_dus=1", "radio.num_ues=6"]).radio, TINY.slices)
        allocation = decode_full_binary(np.array([[0, 0.9, 0.8, 0, 0.7, 0, 0, 0.6, 1.0]]), 3, topology)
        assert allocation.claims.ravel().tolist() == [0, 1, 0]
        assert allocation.served.ravel().tolist() == [-1, 4, -1]
        assert allocation.claimed.tolist() == [2]

    @given(SEEDS)
    def test_equals_the_twin(self, seed):
        chosen = codec("full_binary")
        action = random_action(seed, chosen.action_dim)
        allocation = chosen.decode(action)
        for m in range(3):
            bits = [[bool(x > 0.5) for x in row] for row in action[m].reshape(-1, NUM_RBS)]
            cell = np.flatnonzero(TOPOLOGY.serving == m).tolist()
            for k in range(NUM_RBS):
                holder = next((s for s in range(3) if bits[s][k]), None)
                asking = [u for i, u in enumerate(cell) if bits[3 + i][k] and TOPOLOGY.slice_of[u] == holder]
                assert allocation.claims[m, :, k].tolist() == [float(s == holder) for s in range(3)]
                expected = [asking[0] if s == holder and asking else -1 for s in range(3)]
                assert allocation.served[m, :, k].tolist() == expected
            assert allocation.claimed[m] == sum(map(sum, bits[:3]))

    @given(SEEDS)
    def test_can_trigger_the_resource_penalty(self, seed):
        """R22: exactly as far as the slices together ask for more than K RBs, conflicts or not."""
        action = random_action(seed, codec("full_binary").action_dim)
        asked = np.array([sum(row[: 3 * NUM_RBS] > 0.5) for row in action])
        penalty = resource_penalty(codec("full_binary").decode(action).claimed, NUM_RBS, 1.0)
        np.testing.assert_allclose(penalty, [-max(0, n - NUM_RBS) / NUM_RBS for n in asked], rtol=1e-14)
        greedy = codec("full_binary").decode(np.ones_like(action)).claimed
        assert resource_penalty(greedy, NUM_RBS, 1.0).tolist() == [-2.0] * 3
