"""Movement of users: step length, direction, the edge of the disc."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.kernels.mobility import move

SEEDS = st.integers(0, 2**32 - 1)
RADIUS = 100.0


def random_users(seed, fastest=30.0):
    """Users in three discs of radius 100 m: position, heading, speed, centre."""
    rng = np.random.default_rng(seed)
    centre = np.repeat(rng.normal(0, 500, (3, 2)), 5, axis=0)
    radius, angle = RADIUS * np.sqrt(rng.random(15)), rng.uniform(0, 7, 15)
    position = centre + np.column_stack((radius * np.cos(angle), radius * np.sin(angle)))
    return position, rng.uniform(-10, 10, 15), rng.uniform(0, fastest, 15), centre


def test_by_hand():
    """3 m/s for 2 s to the north, and to the south-west along the diagonal."""
    heading = np.array([np.pi / 2, -3 * np.pi / 4])
    position, new_heading = move(np.zeros((2, 2)), heading, np.array([3.0, np.sqrt(8)]), np.zeros((2, 2)), 50.0, 2.0)
    np.testing.assert_allclose(position, [[0, 6], [-4, -4]], atol=1e-14)
    np.testing.assert_array_equal(new_heading, heading)


def test_at_the_edge_it_turns_to_the_centre_by_hand():
    """At (99, 0) heading east by 10 m it would leave the disc of 100 m: it goes 10 m west instead."""
    position, heading = move(np.array([[99.0, 0.0]]), np.zeros(1), np.array([10.0]), np.zeros((1, 2)), RADIUS, 1.0)
    np.testing.assert_allclose(position, [[89.0, 0.0]], atol=1e-12)
    assert abs(heading[0]) == pytest.approx(np.pi, rel=1e-15)


@given(SEEDS)
def test_every_step_is_as_long_as_speed_times_time(seed):
    position, heading, speed, centre = random_users(seed)
    new, _ = move(position, heading, speed, centre, RADIUS, 0.7)
    np.testing.assert_allclose(np.linalg.norm(new - position, axis=1), 0.7 * speed, rtol=1e-9, atol=1e-12)


@given(SEEDS)
def test_equals_the_twin(seed):
    """Complex-number twin: z + v dt e^(i phi), or towards the centre where that leaves the disc."""
    position, heading, speed, centre = random_users(seed)
    new, new_heading = move(position, heading, speed, centre, RADIUS, 1.3)
    z, c = position @ [1, 1j], centre @ [1, 1j]
    ahead = z + 1.3 * speed * np.exp(1j * heading)
    leaves = np.abs(ahead - c) > RADIUS
    direction = np.where(leaves, (c - z) / np.abs(c - z), np.exp(1j * heading))
    np.testing.assert_allclose(new @ [1, 1j], z + 1.3 * speed * direction, rtol=1e-12)
    np.testing.assert_allclose(np.exp(1j * new_heading), direction, rtol=1e-9)


@given(SEEDS, st.floats(0.1, 3.3))
def test_nobody_ever_leaves_the_disc(seed, frame_s):
    """Over many frames, with steps up to the radius."""
    position, heading, speed, centre = random_users(seed)
    turns = np.random.default_rng(seed).uniform(-1, 1, (20, 15))
    for turn in turns:
        position, heading = move(position, heading + turn, speed, centre, RADIUS, frame_s)
        assert np.all(np.linalg.norm(position - centre, axis=1) <= RADIUS * (1 + 1e-12))


@given(SEEDS)
def test_does_not_touch_its_inputs_and_ignores_the_origin(seed):
    """Shifting users and discs together shifts the result; the arrays passed in stay as they were."""
    position, heading, speed, centre = random_users(seed, fastest=5.0)
    kept = position.copy(), heading.copy()
    shift = np.array([512.0, -256.0])
    here, _ = move(position, heading, speed, centre, 1e4, 1.0)
    there, _ = move(position + shift, heading, speed, centre + shift, 1e4, 1.0)
    np.testing.assert_allclose(there - shift, here, atol=1e-9)
    np.testing.assert_array_equal(position, kept[0])
    np.testing.assert_array_equal(heading, kept[1])
