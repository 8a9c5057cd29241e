"""The effects of readings as drawn: sorted, with intervals, and told apart from the default where they are."""

import numpy as np
import pytest

from figures import readings
from figures.readings import is_told_apart, tornado
from tasam_ref.analysis.stats import Interval, mean_interval
from validation.readings.effects import Effect, Reading, effects, load_rewards


def effect(name, differences, change=(0.0, 0.1), rescales=False):
    none = mean_interval([0.0])
    settings = ("reward.sigmoid=literal",) if rescales else ("sam.norm=layer",)
    return Effect(Reading(name, settings, ()), len(differences), none, none, mean_interval(differences),
                  mean_interval(change))


FOUND = [effect("default", [-1.0, -1.2]), effect("best", [0.5, 0.7, 0.9], (1.5, 1.6, 1.7)),
         effect("worst", [-2.0, -2.2], (-1.0, 0.5)), effect("other", [0.0, 0.2], (5.0, 5.1), rescales=True)]


def points(axes):
    """{row: (mean, whether full)}."""
    return {line.get_ydata()[0]: (line.get_xdata()[0], line.get_markerfacecolor() != "white")
            for line in axes.get_lines() if line.get_marker() == "o"}


def test_effects_are_sorted_with_their_intervals_and_the_default_is_a_line():
    figure = tornado(FOUND)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["worst  R55", "other*  R23", "best  R55"]
    drawn = points(axes)
    assert [drawn[y][0] for y in range(3)] == pytest.approx([-2.1, 0.1, 0.7])
    assert [drawn[y][1] for y in range(3)] == [False, False, True]
    bars = {c.get_segments()[0][0, 1]: c.get_segments()[0][:, 0] for c in axes.collections}
    assert bars[2] == pytest.approx(0.7 + np.array([-1, 1]) * 4.302652729911275 * 0.2 / 3**0.5)
    (default,) = (line for line in axes.get_lines() if line.get_label() == "default readings")
    assert default.get_xdata() == pytest.approx([-1.1, -1.1])
    assert "over 2 to 3 seeds" in " ".join(figure.get_supxlabel().split())


@pytest.mark.parametrize(("change", "told"), [
    (Interval(1.0, 0.1, 1.9), True), (Interval(-1.0, -1.9, -0.1), True), (Interval(1.0, -0.1, 2.1), False),
    (Interval(1.0, float("nan"), float("nan")), False)])
def test_what_is_told_apart_has_an_interval_without_zero(change, told):
    one = effect("one", [0.0, 1.0])
    assert is_told_apart(Effect(one.reading, 2, one.first, one.second, one.difference, change)) == told


def test_the_product_shows_the_stored_effects():
    found = effects(load_rewards())
    axes = readings.draw(None).axes[0]
    names = [label.get_text().split()[0].rstrip("*") for label in axes.get_yticklabels()]
    means = {e.reading.name: e.difference.mean for e in found[1:]}
    assert set(names) == set(means)
    assert [points(axes)[y][0] for y in range(len(names))] == [means[name] for name in names] == sorted(means.values())


def test_one_seed_has_no_intervals():
    figure = tornado([effect("default", [1.0], (0.0,)), effect("one", [2.0], (1.0,))])
    figure.draw_without_rendering()
    assert points(figure.axes[0]) == {0: (2.0, False)}
    assert "over 1 seed, paired" in " ".join(figure.get_supxlabel().split())
