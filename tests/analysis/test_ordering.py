"""How a critic orders actions: Spearman by hand, and critics that know the reward, know it faintly, or do not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.analysis.ordering import FLAT, ordering, rank_correlation
from tasam_ref.analysis.stats import Interval


def ranks(sample):
    """Places from 1, equal ones sharing the mean of theirs."""
    return [sum(y < x for y in sample) + (sum(y == x for y in sample) + 1) / 2 for x in sample]


def spearman(one, other):
    """Pearson's correlation of the ranks, term by term."""
    a, b = ranks(one), ranks(other)
    a, b = ([x - sum(s) / len(s) for x in s] for s in (a, b))
    return sum(x * y for x, y in zip(a, b)) / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5


@pytest.mark.parametrize(("one", "other", "expected"), [
    ([1, 2, 3], [10, 20, 90], 1), ([1, 2, 3], [5, 0, -5], -1),
    ([1, 2, 3, 4, 5], [2, 1, 4, 3, 5], 1 - 6 * 4 / (5 * 24)),                     # 1 - 6 sum d^2 / (n (n^2 - 1))
    ([2, 2, 2], [1, 2, 3], 0), ([1, 2, 3], [4, 4, 4], 0)])
def test_rank_correlations_by_hand(one, other, expected):
    assert rank_correlation(np.array(one, float), np.array(other, float)) == pytest.approx(expected)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=3, max_size=12))
def test_rank_correlations_of_ties_are_pearsons_of_the_ranks(pairs):
    one, other = zip(*pairs)
    expected = 0 if len(set(one)) == 1 or len(set(other)) == 1 else spearman(one, other)
    assert rank_correlation(np.array(one, float), np.array(other, float)) == pytest.approx(expected, abs=1e-12)


@pytest.fixture
def reward():
    """(2 draws, 6 states, 3 agents, 20 actions)."""
    generator = np.random.default_rng(0)
    mean = generator.standard_normal((6, 3, 20))
    return mean + 0.5 * generator.standard_normal((2, 6, 3, 20))


def test_a_critic_that_is_the_reward_is_learned(reward):
    found = ordering(reward.mean(axis=0), reward)
    assert (found.rank.mean, found.rank.low, found.rank.high) == pytest.approx((1, 1, 1))
    assert found.value_std == found.reward_std == pytest.approx(reward.mean(axis=0).std(axis=2).mean())
    assert found.favourite == found.best and found.mean_value == found.mean_reward
    assert found.verdict == "learned"


def test_a_critic_that_is_a_hundredth_of_it_is_flat(reward):
    found = ordering(3 + 0.01 * reward.mean(axis=0), reward)
    assert found.rank.mean == pytest.approx(1) and found.favourite == found.best
    assert found.value_std == pytest.approx(0.01 * found.reward_std)
    assert found.mean_size == pytest.approx(3, abs=0.01)
    assert found.verdict == "flat"


def test_noise_is_unlearned_whatever_its_spread(reward):
    for spread in (0.01, 5.0):
        found = ordering(spread * np.random.default_rng(3).standard_normal(reward.shape[1:]), reward)
        assert abs(found.rank.mean) < 4 / (6 * 3 * 19) ** 0.5                      # variance of one is 1 / (n - 1)
        assert found.rank.low < 0 < found.rank.high and found.verdict == "unlearned"
        assert found.favourite == pytest.approx(found.mean_reward, abs=4 * found.reward_std / 18**0.5)


def test_the_wrong_order_is_unlearned(reward):
    found = ordering(-reward.mean(axis=0), reward)
    assert found.rank.mean == pytest.approx(-1) and found.verdict == "unlearned"
    assert found.favourite == pytest.approx(reward.mean(axis=0).min(axis=2).mean())


@pytest.mark.parametrize(("low", "verdict"), [(-0.01, "unlearned"), (0.0, "unlearned"), (0.01, "learned")])
def test_an_order_is_one_whose_interval_is_above_0(reward, low, verdict):
    found = ordering(reward.mean(axis=0), reward)
    assert replace(found, rank=Interval(0.2, low, 0.4)).verdict == verdict


@pytest.mark.parametrize(("share", "verdict"), [(FLAT * 0.99, "flat"), (FLAT * 1.01, "learned")])
def test_flat_is_below_a_quarter_of_the_rewards_spread(reward, share, verdict):
    assert ordering(share * reward.mean(axis=0), reward).verdict == verdict


def test_means_and_interval_are_over_states():
    """Two states of one agent, ordered as 1 and as -1: mean 0, interval +- 12.706 s / sqrt 2 with s = sqrt 2."""
    reward = np.array([[[[1.0, 2.0, 3.0]], [[4.0, 5.0, 9.0]]]] * 2)
    found = ordering(np.array([[[1.0, 2.0, 3.0]], [[-1.0, -2.0, -3.0]]]), reward)
    assert (found.rank.mean, found.rank.high) == pytest.approx((0, 12.706), abs=1e-3)
    assert (found.favourite, found.best, found.mean_reward) == pytest.approx(((3 + 4) / 2, (3 + 9) / 2, 4))
    assert (found.mean_value, found.mean_size) == (0, 2)
    assert found.repeat == 1


def test_the_interval_is_over_states_not_agents():
    """One state of two agents, ordered as 1 and as -1, twice: every state's mean is 0."""
    reward = np.array([[[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]] * 2] * 2)
    found = ordering(np.array([[[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]]] * 2), reward)
    assert (found.rank.mean, found.rank.low, found.rank.high) == (0, 0, 0)


def test_repeat_is_how_far_the_draws_agree():
    reward = np.array([[[[1.0, 2.0, 3.0]]], [[[1.0, 3.0, 2.0]]]])
    assert ordering(np.array([[[1.0, 2.0, 3.0]]]), reward).repeat == pytest.approx(0.5)
