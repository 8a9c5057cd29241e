"""Intra-slice schedulers: what all of them promise, and what each of them is for."""

from itertools import cycle, islice, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.kernels.scheduling import maximum_rate, proportional_fair, round_robin

SEEDS = st.integers(0, 2**32 - 1)
SCHEDULERS = [round_robin, maximum_rate, proportional_fair]


def random_cell(seed):
    """Claims, rates, group starts (some groups empty), averages and pointers of 2 DUs, 3 slices, 7 RBs."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, 6)
    group_start = np.concatenate(([0], np.cumsum(counts)))
    num_ues = int(group_start[-1])
    claims = rng.random((2, 3, 7)) * rng.integers(0, 2, (2, 3, 7))
    return (claims, rng.exponential(1e6, (num_ues, 7)), group_start, rng.exponential(1e6, num_ues),
            rng.integers(0, 4, (2, 3)), rng.uniform(0.1, 0.9))


def one_group(rate, mean_rate, memory):
    """Serve one DU and slice that holds every RB; return the user of each RB."""
    rate = np.array(rate, dtype=float)
    served, _ = proportional_fair(np.ones((1, 1, rate.shape[1])), rate, np.array([0, rate.shape[0]]),
                                  np.array(mean_rate, dtype=float), np.zeros((1, 1), dtype=np.int64), memory)
    return served[0, 0].tolist()


@pytest.mark.parametrize("schedule", SCHEDULERS)
@given(seed=SEEDS)
def test_serves_a_user_of_the_group_exactly_where_one_exists_and_the_rb_is_claimed(schedule, seed):
    claims, rate, group_start, mean_rate, pointer, memory = random_cell(seed)
    served, _ = schedule(claims, rate, group_start, mean_rate, pointer, memory)
    first, end = group_start[:-1].reshape(2, 3, 1), group_start[1:].reshape(2, 3, 1)
    somebody = (claims > 0) & (end > first)
    np.testing.assert_array_equal(served >= 0, somebody)
    assert np.all((served == -1) | ((served >= first) & (served < end)))


@pytest.mark.parametrize("schedule", SCHEDULERS)
@given(seed=SEEDS)
def test_leaves_its_inputs_alone(schedule, seed):
    inputs = random_cell(seed)
    kept = [np.copy(x) for x in inputs]
    schedule(*inputs)
    for before, after in zip(kept, inputs):
        np.testing.assert_array_equal(before, after)


class TestRoundRobin:
    def test_turns_by_hand(self):
        """Three users, five claimed RBs of seven, starting with user 2: 2 0 1 2 0, and user 1 is next."""
        claims = np.array([[[1.0, 0, 1, 1, 0, 1, 1]]])
        served, pointer = round_robin(claims, np.zeros((3, 7)), np.array([0, 3]), np.zeros(3), np.array([[2]]), 0.1)
        assert served[0, 0].tolist() == [2, -1, 0, 1, -1, 2, 0]
        assert pointer.tolist() == [[1]]

    @given(SEEDS)
    def test_equals_an_endless_cycle_through_the_group(self, seed):
        claims, rate, group_start, mean_rate, pointer, memory = random_cell(seed)
        served, _ = round_robin(claims, rate, group_start, mean_rate, pointer, memory)
        for group, (m, s) in enumerate(product(range(2), range(3))):
            users = range(group_start[group], group_start[group + 1])
            if users:
                granted = served[m, s, claims[m, s] > 0].tolist()
                start = int(pointer[m, s]) % len(users)
                assert granted == list(islice(cycle(users), start, start + len(granted)))

    @given(SEEDS, st.integers(1, 6))
    def test_over_any_run_of_frames_no_user_is_more_than_one_rb_ahead(self, seed, num_users):
        rng = np.random.default_rng(seed)
        pointer, turns = np.zeros((1, 1), dtype=np.int64), np.zeros(num_users, dtype=int)
        for _ in range(5):
            claims = rng.integers(0, 2, (1, 1, 7)).astype(float)
            served, pointer = round_robin(claims, np.zeros((num_users, 7)), np.array([0, num_users]),
                                          np.zeros(num_users), pointer, 0.1)
            turns += np.bincount(served[served >= 0], minlength=num_users)
            assert turns.max() - turns.min() <= 1


class TestMaximumRate:
    @given(SEEDS)
    def test_no_other_assignment_carries_more(self, seed):
        """Brute force over all 3^4 assignments of four RBs to three users."""
        rate = np.random.default_rng(seed).exponential(size=(3, 4))
        served, _ = maximum_rate(np.ones((1, 1, 4)), rate, np.array([0, 3]), np.zeros(3), np.array([[0]]), 0.1)
        best = max(sum(rate[u, k] for k, u in enumerate(users)) for users in product(range(3), repeat=4))
        assert rate[served[0, 0], np.arange(4)].sum() == pytest.approx(best, rel=1e-14)

    @given(SEEDS)
    def test_equals_the_argmax_of_each_group(self, seed):
        claims, rate, group_start, mean_rate, pointer, memory = random_cell(seed)
        served, same_pointer = maximum_rate(claims, rate, group_start, mean_rate, pointer, memory)
        np.testing.assert_array_equal(same_pointer, pointer)
        for group, (m, s) in enumerate(product(range(2), range(3))):
            first, end = group_start[group], group_start[group + 1]
            if end > first:
                expected = np.where(claims[m, s] > 0, first + rate[first:end].argmax(axis=0), -1)
                np.testing.assert_array_equal(served[m, s], expected)

    def test_equal_rates_go_to_the_first(self):
        served, _ = maximum_rate(np.ones((1, 1, 2)), np.ones((3, 2)), np.array([0, 3]), np.zeros(3),
                                 np.array([[0]]), 0.1)
        assert served[0, 0].tolist() == [0, 0]


class TestProportionalFair:
    def test_by_hand(self):
        """W = 2.  Averages count 0.5 * (9, 3) = (4.5, 1.5); rates 4 and 2 on every RB.

        RB 0: 4/4.5 < 2/1.5, so user 1, whose average becomes 2.5.  RB 1: 0.89 > 0.8, user 0, then 6.5.
        RB 2: 0.62 < 0.8, user 1, then 3.5.  RB 3: 0.62 > 0.57, user 0.
        """
        assert one_group([[4] * 4, [2] * 4], [9, 3], 0.5) == [1, 0, 1, 0]

    def test_a_user_without_average_comes_first(self):
        assert one_group([[1e9], [1.0], [1e9]], [1e9, 0.0, 1e9], 0.1) == [1]

    def test_half_an_rb_counts_half_in_the_average(self):
        """W = 1, so only this frame counts.  RB 0 half to user 0 (average 2), RB 1 to user 1 (average 3), then 0."""
        claims = np.array([[[0.5, 1.0, 1.0]]])
        served, _ = proportional_fair(claims, np.array([[4.0] * 3, [3.0] * 3]), np.array([0, 2]), np.zeros(2),
                                      np.array([[0]]), 1.0)
        assert served[0, 0].tolist() == [0, 1, 0]

    @given(SEEDS)
    def test_equals_the_twin(self, seed):
        """argmax of r / ((1 - 1/W) mean + (1/W) granted), with what was granted summed afresh for every RB."""
        claims, rate, group_start, mean_rate, pointer, memory = random_cell(seed)
        served, same_pointer = proportional_fair(claims, rate, group_start, mean_rate, pointer, memory)
        np.testing.assert_array_equal(same_pointer, pointer)
        for group, (m, s) in enumerate(product(range(2), range(3))):
            users = np.arange(group_start[group], group_start[group + 1])
            for k in np.flatnonzero(claims[m, s]) if users.size else []:
                before = (served[m, s, :k] == users[:, None]) * claims[m, s, :k] * rate[users, :k]
                metric = rate[users, k] / ((1 - memory) * mean_rate[users] + memory * before.sum(axis=1))
                assert metric[served[m, s, k] - users[0]] == pytest.approx(metric.max(), rel=1e-12)

    @given(SEEDS, st.integers(-10, 10))
    def test_the_unit_of_rate_does_not_matter(self, seed, exponent):
        claims, rate, group_start, mean_rate, pointer, memory = random_cell(seed)
        factor = 2.0**exponent
        here, _ = proportional_fair(claims, rate, group_start, mean_rate, pointer, memory)
        there, _ = proportional_fair(claims, factor * rate, group_start, factor * mean_rate, pointer, memory)
        np.testing.assert_array_equal(here, there)

    @given(st.integers(2, 5), st.floats(1.5, 50.0))
    def test_a_user_with_better_channel_gets_rate_but_not_more_rbs(self, num_users, better):
        """From cold, constant rates and W = 1: RBs are shared evenly, whatever the users' rates."""
        rate = np.tile(np.geomspace(1.0, better, num_users)[:, None], (1, 4 * num_users))
        turns = np.bincount(one_group(rate, np.zeros(num_users), 1.0), minlength=num_users)
        np.testing.assert_array_equal(turns, 4)
