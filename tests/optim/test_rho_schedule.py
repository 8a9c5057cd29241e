"""The radius: end points, shape by hand, bounds, and the TD-driven rule."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasam_ref.config import SamConfig
from tasam_ref.optim.rho_schedule import DECAYS, anneal_by_entropy, rho_at, scale_by_td_variance

DECAYING = ("linear", "exponential", "cosine", "td_driven", "entropy_annealed")

positive = st.floats(1e-3, 1)


def radii(schedule, iterations, **fields):
    sam = replace(SamConfig(), rho_schedule=schedule, **fields)
    return [rho_at(t, sam, iterations) for t in range(iterations)]


def test_every_schedule_of_the_configuration_exists():
    choices = SamConfig.__dataclass_fields__["rho_schedule"].metadata["choices"]
    assert set(choices) == {*DECAYING, "static"} == {*DECAYS, "td_driven", "entropy_annealed"}


@pytest.mark.parametrize("schedule", DECAYING)
def test_the_radius_runs_from_one_half_to_one_hundredth(schedule):
    path = radii(schedule, 1000)
    assert path[0] == 0.5
    assert path[-1] == pytest.approx(0.01, rel=1e-15)
    assert path[-2] > 0.01


@pytest.mark.parametrize(("schedule", "middle", "quarter"), [
    ("linear", 0.255, 0.3775),
    ("td_driven", 0.255, 0.3775),
    ("entropy_annealed", 0.255, 0.3775),
    ("exponential", 0.0707106781186548, 0.188030154654320),       # sqrt(0.5 0.01), sqrt(0.5 0.0707...)
    ("cosine", 0.255, 0.428241161390706),                         # 0.01 + 0.49 (1 + 1/sqrt 2) / 2
    ("static", 0.5, 0.5),
])
def test_the_shape_by_hand(schedule, middle, quarter):
    path = radii(schedule, 101)
    assert path[50] == pytest.approx(middle, rel=1e-13)
    assert path[25] == pytest.approx(quarter, rel=1e-13)


@given(st.sampled_from([*DECAYING, "static"]), positive, positive, st.integers(1, 30), st.integers(0, 40))
def test_the_radius_is_monotone_and_stays_between_its_ends(schedule, rho_init, rho_final, iterations, decay):
    path = np.array(radii(schedule, iterations, rho_init=rho_init, rho_final=rho_final, rho_decay_steps=decay))
    assert path[0] == pytest.approx(rho_init, rel=1e-15)
    assert (path >= min(rho_init, rho_final) * (1 - 1e-14)).all()
    assert (path <= max(rho_init, rho_final) * (1 + 1e-14)).all()
    assert (np.diff(path) * np.sign(rho_final - rho_init) >= -1e-15).all()


@pytest.mark.parametrize("schedule", DECAYING)
def test_the_decay_ends_at_its_own_iteration_and_the_radius_then_rests(schedule):
    path = radii(schedule, 12, rho_decay_steps=4)
    np.testing.assert_allclose(path[4:], 0.01, rtol=1e-15)
    assert path[3] > 0.011
    assert path[:5] == pytest.approx(radii(schedule, 5))


@pytest.mark.parametrize("schedule", [*DECAYING, "static"])
def test_a_run_of_one_iteration_uses_the_initial_radius(schedule):
    assert radii(schedule, 1) == [0.5]


@pytest.mark.parametrize("schedule", ["linear", "cosine", "static", "td_driven"])
def test_a_radius_of_zero_is_zero_throughout(schedule):
    assert radii(schedule, 7, rho_init=0.0, rho_final=0.0) == [0.0] * 7


def test_td_driven_by_hand():
    """Shares 1/2 and 3/2 of the mean variance 2; the last agent of the second case meets the upper bound."""
    assert scale_by_td_variance(0.2, np.array([1.0, 3.0]), 0.5, 0.01).tolist() == pytest.approx([0.1, 0.3])
    assert scale_by_td_variance(0.2, np.array([0.0, 0.0, 3.0]), 0.5, 0.01).tolist() == pytest.approx([0.01, 0.01, 0.5])


def test_td_driven_without_any_variance_is_the_schedule():
    assert scale_by_td_variance(0.2, np.zeros(4), 0.5, 0.01).tolist() == [0.2] * 4


variances = arrays(np.float64, st.integers(1, 6), elements=st.floats(1e-6, 1e3))


@given(positive, variances, positive, positive)
def test_td_driven_keeps_the_bounds_whichever_end_is_larger(rho, variance, rho_init, rho_final):
    result = scale_by_td_variance(rho, variance, rho_init, rho_final)
    assert result.shape == variance.shape
    assert (result >= min(rho_init, rho_final)).all()
    assert (result <= max(rho_init, rho_final)).all()


@given(variances, st.floats(1e-3, 1e3), st.floats(1e-2, 1))
def test_td_driven_is_about_shares_so_the_unit_of_the_variance_does_not_matter(variance, scale, rho):
    scaled = scale_by_td_variance(rho, scale * variance, 0.0, 1e9)
    np.testing.assert_allclose(scaled, scale_by_td_variance(rho, variance, 0.0, 1e9),
                               rtol=1e-12)


@given(variances, st.floats(1e-2, 1))
def test_td_driven_spreads_around_the_schedules_radius(variance, rho):
    """Far from the bounds the mean radius is the schedule's and equal variances share it equally."""
    assert scale_by_td_variance(rho, variance, 0.0, 1e9).mean() == pytest.approx(rho, rel=1e-12)
    np.testing.assert_allclose(scale_by_td_variance(rho, np.full(3, variance[0]), 0.0, 1e9), rho, rtol=1e-12)


def test_entropy_annealing_by_hand():
    """Policies that are half as wide in every dimension, ln 2 nat less, have half the radius."""
    assert anneal_by_entropy(0.0, 0.5, 0.01) == 0.5
    assert anneal_by_entropy(math.log(2), 0.5, 0.01) == pytest.approx(0.25, rel=1e-15)
    assert anneal_by_entropy(math.log(10), 0.5, 0.01) == pytest.approx(0.05, rel=1e-14)
    assert anneal_by_entropy(9.0, 0.5, 0.01) == 0.01
    assert anneal_by_entropy(-1.0, 0.5, 0.01) == 0.5            # wider than at the start
    assert anneal_by_entropy(9.0, 0.01, 0.5) == 0.01
    assert anneal_by_entropy(1.0, 0.0, 0.0) == 0.0


@given(st.floats(-5, 5), st.floats(0, 5), positive, positive)
def test_entropy_annealing_falls_with_the_entropy_within_the_bounds(drop, more, rho_init, rho_final):
    here, later = (anneal_by_entropy(d, rho_init, rho_final) for d in (drop, drop + more))
    assert min(rho_init, rho_final) <= later <= here <= max(rho_init, rho_final)
