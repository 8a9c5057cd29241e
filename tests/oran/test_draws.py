"""What chance decides in a frame: the seven directions, speeds, Rayleigh fading, Poisson arrivals, keyed streams."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from tasam_ref.config import Config
from tasam_ref.oran import draws as draws_module
from tasam_ref.oran.draws import TURNS, draw_frame
from tasam_ref.streams import stream

RADIO = replace(Config().radio, num_dus=3, num_rbs=10)
FIELDS = ("direction", "speed", "fading", "arrivals")
SEEDS = st.integers(0, 2**62)


def test_the_seven_directions_in_degrees():
    np.testing.assert_allclose(np.sort(np.degrees(TURNS)), [-60, -30, -15, 0, 15, 30, 60], atol=1e-12)


def test_every_direction_is_equally_likely():
    """Chi-square over 7000 users at a failure probability of 1e-4."""
    drawn = draw_frame(1, 0, replace(RADIO, num_dus=1, num_rbs=1), np.ones(7000)).direction
    values, counts = np.unique(drawn, return_counts=True)
    np.testing.assert_array_equal(values, np.sort(TURNS))
    assert chisquare(counts).pvalue > 1e-4


def test_speeds_are_uniform_between_10_and_20_metres_per_second():
    speed = draw_frame(2, 0, replace(RADIO, num_dus=1, num_rbs=1), np.ones(3000)).speed
    assert speed.min() >= 10 and speed.max() <= 20
    assert kstest((speed - 10) / 10, "uniform").pvalue > 1e-4


def test_fading_power_is_exponential_with_unit_mean_and_uncorrelated():
    fading = draw_frame(3, 0, RADIO, np.ones(200)).fading
    assert fading.shape == (200, 3, 10)
    assert kstest(fading.ravel(), "expon").pvalue > 1e-4
    neighbours = [np.corrcoef(np.take(fading, [0], axis).ravel(), np.take(fading, [1], axis).ravel())[0, 1]
                  for axis in (1, 2)]
    assert np.all(np.abs(neighbours) < 4 / np.sqrt([2000, 600]))


def test_arrivals_are_poisson_with_the_mean_of_each_user():
    """Sample mean and variance within 4.5 standard errors of the mean; a user that sends nothing stays silent."""
    mean = np.repeat([0.0, 3.0, 33.3], 4000)
    arrivals = draw_frame(4, 0, replace(RADIO, num_dus=1, num_rbs=1), mean).arrivals.reshape(3, -1)
    assert not arrivals[0].any()
    for lam, sample in zip((3.0, 33.3), arrivals[1:]):
        assert abs(sample.mean() - lam) < 4.5 * np.sqrt(lam / 4000)
        assert abs(sample.var(ddof=1) - lam) < 4.5 * np.sqrt((lam + 2 * lam**2) / 4000)


@given(SEEDS, st.integers(0, 10**6))
def test_a_frame_depends_on_its_address_alone(seed, frame):
    """Drawn again, in another order, it is the same frame."""
    mean = np.full(4, 2.5)
    first = draw_frame(seed, frame, RADIO, mean)
    draw_frame(seed, frame + 1, RADIO, mean)
    again = draw_frame(seed, frame, RADIO, mean)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


@pytest.mark.parametrize(("num_ues", "num_rbs"), [(4, 10), (1, 1), (3, 7)])
def test_the_fading_is_the_logarithm_of_raw_bytes_of_its_stream(num_ues, num_rbs):
    """Byte by byte: the low bytes of all values come first, then all middle ones, then all high ones; no byte twice."""
    fading = draw_frame(6, 7, replace(RADIO, num_rbs=num_rbs), np.ones(num_ues)).fading
    words = stream(6, "fading", 7).bit_generator.random_raw(fading.size).tolist()
    low_middle_high = np.array_split(list(b"".join(w.to_bytes(8, "little") for w in words))[: 3 * fading.size], 3)
    numbers = [1 + int.from_bytes(bytes(three), "little") for three in zip(*low_middle_high)]
    np.testing.assert_allclose(fading.ravel(), [-math.log(n / 2**24) for n in numbers], rtol=3e-7)


def test_the_fading_can_be_drawn_into_given_memory():
    """The same numbers, in the array that was handed over."""
    memory = np.full((4, 3, 10), np.nan, dtype=np.float32)
    fading = draw_frame(5, 6, RADIO, np.ones(4), fading=memory).fading
    assert fading is memory
    np.testing.assert_array_equal(memory, draw_frame(5, 6, RADIO, np.ones(4)).fading)


@given(SEEDS, st.integers(0, 10**6))
def test_other_frames_and_other_seeds_fade_otherwise(seed, frame):
    """One of the 120 values may be the same: each is one of 2^24."""
    here = draw_frame(seed, frame, RADIO, np.ones(4)).fading
    for other in (draw_frame(seed, frame + 1, RADIO, np.ones(4)), draw_frame(seed + 1, frame, RADIO, np.ones(4))):
        assert np.sum(here == other.fading) <= 1


@given(SEEDS)
def test_one_quantity_never_shifts_another(seed):
    """More traffic leaves movement and fading alone; more RBs or faster users leave the other streams alone."""
    base = draw_frame(seed, 5, RADIO, np.full(6, 1.0))
    busy = draw_frame(seed, 5, RADIO, np.full(6, 50.0))
    wide = draw_frame(seed, 5, replace(RADIO, num_rbs=20, speed_max_m_s=40.0), np.full(6, 1.0))
    for name in ("direction", "speed", "fading"):
        np.testing.assert_array_equal(getattr(base, name), getattr(busy, name))
    for name in ("direction", "arrivals"):
        np.testing.assert_array_equal(getattr(base, name), getattr(wide, name))
    np.testing.assert_allclose(wide.speed - 10, 3 * (base.speed - 10), rtol=1e-12, atol=1e-13)


def test_each_quantity_has_its_own_stream_under_the_frames_address(monkeypatch):
    """Movement, fading and traffic are drawn from three streams, each opened once."""
    opened = []

    def recorded(*address):
        opened.append(address)
        return stream(*address)

    monkeypatch.setattr(draws_module, "stream", recorded)
    draw_frame(8, 9, RADIO, np.ones(4))
    assert sorted(opened) == [(8, "fading", 9), (8, "mobility", 9), (8, "traffic", 9)]


@given(SEEDS)
def test_without_any_traffic_nothing_else_changes(seed):
    """Nobody's packets: none arrive, and movement and fading are those of a busy frame."""
    silent, busy = draw_frame(seed, 5, RADIO, np.zeros(6)), draw_frame(seed, 5, RADIO, np.full(6, 50.0))
    assert silent.arrivals.tolist() == [0] * 6 and busy.arrivals.all()
    for name in ("direction", "speed", "fading"):
        np.testing.assert_array_equal(getattr(silent, name), getattr(busy, name))


@given(SEEDS, st.integers(0, 10**6))
def test_streams_of_different_names_differ(seed, frame):
    first = {stream(seed, name, frame).random() for name in ("mobility", "fading", "traffic", "topology")}
    assert len(first) == 4
