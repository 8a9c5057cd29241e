"""Retention, recovery and transfer: numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tasam_ref.analysis.transfer import Transfers, transfers

NAMES = ("usual", "crowd", "quiet")

# Rows: untrained, then after each of three stages.  Columns: NAMES.
REWARDS = np.array([[-3.0, -4.0, -2.0], [2.0, -1.0, 1.5], [1.25, 0.5, 1.0], [1.75, 0.25, 1.25]])


def test_there_and_back():
    """usual falls by 0.75 while crowd is trained on, ends 0.25 below; crowd rises by 3 before it is trained on."""
    assert transfers(REWARDS, NAMES, ("usual", "crowd", "usual")) == Transfers(-0.75, -0.25, 3.0, 1.25)


def test_what_a_sequence_does_not_have_is_none():
    assert transfers(REWARDS[:2], NAMES, ("crowd",)) == Transfers(None, None, None, (2.0 + 1.5) / 2)
    assert transfers(REWARDS[:3], NAMES, ("usual", "crowd")) == Transfers(-0.75, None, 3.0, 1.0)
    assert transfers(REWARDS[:3], NAMES, ("usual", "usual")) == Transfers(None, None, None, (0.5 + 1.0) / 2)


def test_three_regimes_in_a_row():
    """retention: usual at the end; forward: crowd before stage 2 rose by 3, quiet before stage 3 by 3 as well."""
    assert transfers(REWARDS, NAMES, ("usual", "crowd", "quiet")) == Transfers(-0.25, None, (3.0 + 3.0) / 2, None)


def test_stages_of_one_regime_in_a_row_are_one_stage():
    """usual is left after stage 2 of 4 and met again in the last two of 6."""
    rewards = np.array([[0.0, 0.0], [1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0], [5.0, 50.0], [7.0, 60.0]])
    sequence = ("usual", "usual", "crowd", "crowd", "usual", "usual")
    assert transfers(rewards, ("usual", "crowd"), sequence) == Transfers(4.0 - 2.0, 7.0 - 2.0, 20.0 - 0.0, None)


def test_a_second_return_and_a_regime_met_twice_count_once():
    rewards = np.array([[0.0, 0.0], [1.0, 2.0], [0.5, 3.0], [2.0, 4.0], [9.0, 5.0], [9.0, 6.0]])
    assert transfers(rewards, ("a", "b"), ("a", "b", "a", "b", "a")) == Transfers(-0.5, 1.0, 2.0, None)


@given(hnp.arrays(float, (4, 3), elements=st.integers(-50, 50).map(float)),
       hnp.arrays(float, 3, elements=st.integers(-50, 50).map(float)))
def test_a_regime_that_pays_more_changes_no_difference(rewards, bonus):
    one, other = (transfers(r, NAMES, ("crowd", "usual", "crowd")) for r in (rewards, rewards + bonus))
    assert (one.retention, one.recovery, one.forward_transfer) == (
        other.retention, other.recovery, other.forward_transfer)
    assert other.held_out - one.held_out == pytest.approx(bonus[2])


@given(hnp.arrays(float, (4, 3), elements=st.floats(-5, 5)))
def test_no_change_after_the_first_stage_is_perfect_memory(rewards):
    rewards[2:] = rewards[1]
    found = transfers(rewards, NAMES, ("usual", "crowd", "usual"))
    assert found.retention == found.recovery == 0
