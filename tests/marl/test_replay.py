"""Replay against plain queues: what is stored, where, for how long, and that it survives a break."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.marl.replay import Replay

AGENTS, OBS, ACTION = 3, 2, 4
PARTS = "obs", "latent", "reward", "next_obs"


def transition(t):
    """Numbers that tell agent, time and field apart."""
    agent = np.arange(AGENTS)[:, None]
    obs = 1000 * t + 100 * agent + np.arange(OBS)
    return obs, obs[:, :1] + 10 + np.arange(ACTION), 1000.0 * t + 100 * agent[:, 0] + 50, obs + 1000


def filled(capacity, count):
    """A Replay after ``count`` transitions, and the same as a queue of (time, agent) rows."""
    replay, plain = Replay(AGENTS, capacity, OBS, ACTION, np.float64), deque(maxlen=capacity)
    for t in range(count):
        replay.add(*transition(t))
        plain.append(t)
    return replay, plain


def assert_holds(batch, times_and_agents):
    """The batch's columns are exactly these transitions, in this order, in all four parts."""
    expected = [[field[agent] for field in transition(t)] for t, agent in times_and_agents]
    for name, column in zip(PARTS, zip(*expected, strict=True), strict=True):
        assert getattr(batch, name).T.tolist() == np.array(column).tolist(), name


histories = st.integers(1, 6).flatmap(lambda c: st.tuples(st.just(c), st.integers(1, 15)))


@given(histories)
def test_a_buffer_holds_the_last_transitions_and_no_other(history):
    capacity, count = history
    replay, plain = filled(capacity, count)
    assert replay.size == len(plain) == min(capacity, count)
    for agent in range(AGENTS):
        batch = replay.of_agent(agent, np.arange(replay.size))
        assert sorted(batch.reward) == [1000.0 * t + 100 * agent + 50 for t in plain]
        assert_holds(batch, [(int(r) // 1000, agent) for r in batch.reward])


@given(histories, st.data())
def test_the_newest_transitions_come_agent_by_agent_in_order_of_time(history, data):
    capacity, count = history
    replay, plain = filled(capacity, count)
    frames = data.draw(st.integers(1, replay.size))
    expected = [(t, agent) for agent in range(AGENTS) for t in list(plain)[-frames:]]
    assert_holds(replay.newest(frames), expected)


def test_the_newest_transitions_across_the_wrap_by_hand():
    """Capacity 5, 7 stored: times 2..6 remain, at rows 5 6 2 3 4; the newest three are 4, 5, 6."""
    replay, _ = filled(5, 7)
    assert replay.newest(3).reward[:3].tolist() == [4050, 5050, 6050]
    assert replay.of_agent(0, np.arange(5)).reward.tolist() == [5050, 6050, 2050, 3050, 4050]


def test_the_union_is_agent_by_agent_each_with_its_own_rows():
    replay, _ = filled(5, 4)
    rows = np.array([[0, 1], [3, 3], [2, 0]])
    assert_holds(replay.of_all(rows), [(0, 0), (1, 0), (3, 1), (3, 1), (2, 2), (0, 2)])


def test_an_agents_batch_repeats_rows_as_asked():
    replay, _ = filled(5, 4)
    assert_holds(replay.of_agent(1, np.array([2, 2, 0])), [(2, 1), (2, 1), (0, 1)])


@pytest.mark.parametrize("take", [
    lambda replay: replay.of_agent(0, np.array([0, 1])), lambda replay: replay.of_all(np.array([[0, 1]] * AGENTS)),
    lambda replay: replay.newest(2)])
def test_what_is_asked_of_a_batch_is_a_copy_that_later_transitions_do_not_change(take):
    replay, _ = filled(2, 2)
    batch = take(replay)
    taken = [getattr(batch, name) for name in PARTS]
    before = [part.copy() for part in taken]
    replay.add(*transition(7))
    assert all((part == old).all() for part, old in zip(taken, before))
    assert all((getattr(take(replay), name) != old).any() for name, old in zip(PARTS, before))


@given(histories, st.integers(0, 7))
def test_a_saved_replay_goes_on_as_if_nothing_had_happened(history, more):
    capacity, count = history
    original, _ = filled(capacity, count)
    saved = {name: value.copy() for name, value in original.state().items()}
    resumed = Replay(AGENTS, capacity, OBS, ACTION, np.float64)
    resumed.set_state(saved)
    for t in range(count, count + more):
        original.add(*transition(t))
        resumed.add(*transition(t))
    assert resumed.count == original.count
    rows = np.tile(np.arange(original.size), (AGENTS, 1))
    for name in PARTS:
        assert (getattr(original.of_all(rows), name) == getattr(resumed.of_all(rows), name)).all()


def test_a_saved_replay_holds_what_was_stored_and_not_the_empty_rest():
    replay, _ = filled(100, 3)
    assert {name: value.shape for name, value in replay.state().items()} == {
        "count": (), "obs": (3, 3, 2), "latent": (3, 3, 4), "reward": (3, 3), "next_obs": (3, 3, 2)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batches_come_in_the_networks_number_format(dtype):
    replay = Replay(AGENTS, 4, OBS, ACTION, dtype)
    replay.add(*transition(1))
    assert {getattr(replay.newest(1), name).dtype for name in PARTS} == {np.dtype(dtype)}


def test_batches_are_columns_in_c_order_as_products_take_them():
    replay, _ = filled(5, 4)
    for batch in (replay.of_agent(1, np.array([2, 0])), replay.newest(3), replay.of_all(np.array([[0, 1]] * AGENTS))):
        assert all(getattr(batch, name).flags.c_contiguous for name in PARTS)
