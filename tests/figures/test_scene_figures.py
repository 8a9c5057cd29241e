"""The pictures of scenes, read back from their axes: one SAM step on its loss, and the map of the network."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.contour import ContourSet
from matplotlib.path import Path
from synthetic_scenes import loss, results, scenes

from figures import fig03, network


@pytest.fixture(scope="module")
def found():
    return results()


def contours(axes):
    return next(child for child in axes.get_children() if isinstance(child, ContourSet))


def shades_over(shades, place):
    """Which levels' filled areas, holes left out, hold the place."""
    return [k for k, path in enumerate(shades.get_paths())
            if sum(Path(outline).contains_point(place) for outline in path.to_polygons()) % 2]


def arrows(axes):
    """[(from, to)] of everything drawn with an arrow."""
    return [(text.xyann, text.xy) for text in axes.texts if text.arrow_patch is not None]


def drawn_with(loss):
    found = results()
    found.tables.update(scenes(of=loss))
    return fig03.draw(found)


def test_arrows_lead_from_theta_to_the_steps_points_and_on_from_theta_adv(found):
    axes = fig03.draw(found).axes[0]
    ends = {tuple(map(tuple, arrow)) for arrow in arrows(axes)}
    assert ends == {((0, 0), (0.5, 0)), ((0, 0), (-0.4, -0.3)), ((0, 0), (-0.5, 0)), ((0.5, 0), (0.5 - 0.4, -0.3))}
    assert {round(float(np.hypot(*np.subtract(*arrow))), 12) for arrow in ends} == {0.5}


def test_losses_are_written_at_the_points(found):
    axes = fig03.draw(found).axes[0]
    written = {text.xy: text.get_text() for text in axes.texts if text.arrow_patch is None}
    expected = {(0, 0): "theta", (0.5, 0): "theta_adv (12)", (-0.4, -0.3): "SAM's descent (11)",
                (-0.5, 0): "plain descent"}
    assert written == {place: f"{name}: {loss(*place):.3g}" for place, name in expected.items()}
    dots = {(line.get_xdata().item(), line.get_ydata().item()) for line in axes.get_lines() if line.get_marker() == "o"}
    assert dots == set(expected)


@pytest.mark.parametrize("place", [(0.3, -0.7), (-0.8, 0.2), (0.9, 0.9)])
def test_contours_lie_where_the_loss_is(found, place):
    """A level's filled area holds the place exactly where the loss there is between it and the next; x is across."""
    shades = contours(fig03.draw(found).axes[0])
    between = [k for k, (low, high) in enumerate(zip(shades.levels, shades.levels[1:])) if low <= loss(*place) < high]
    assert shades_over(shades, place) == between and len(between) == 1


def test_colours_are_logarithmic_where_the_range_needs_it():
    wide, narrow, from_zero = (contours(drawn_with(function).axes[0]) for function in (
        lambda x, y: 10 ** (2 * x + y), lambda x, y: 2 + x, lambda x, y: 40 * x**2 + y**2))
    assert isinstance(wide.norm, LogNorm)
    assert np.ptp(np.diff(np.log(wide.levels))) < 1e-9
    assert not isinstance(narrow.norm, LogNorm) and not isinstance(from_zero.norm, LogNorm)
    assert np.ptp(np.diff(narrow.levels)) < 1e-9


def test_axes_have_one_scale_and_the_caption_names_run_and_radius(found):
    figure = fig03.draw(found)
    assert figure.axes[0].get_aspect() == 1
    caption = " ".join(figure.get_supxlabel().split())
    assert "one run, critic-SAM seed 0" in caption and "rho = 0.5" in caption


def test_users_are_marked_by_slice_and_joined_to_their_own_ru(found):
    figure = network.draw(found)
    axes = figure.axes[0]
    marked = {line.get_label(): line for line in axes.get_lines()}
    places = {"2 eMBB users": [(100, 50), (620, -70)], "2 mMTC users": [(-80, 120), (20, -90)],
              "1 URLLC users": [(450, 60)], "2 RUs": [(0, 0), (500, 0)]}
    assert {label: [tuple(point) for point in line.get_xydata()] for label, line in marked.items()} == places
    assert len({(line.get_color(), line.get_marker()) for line in marked.values()}) == 4
    assert len({line.get_marker() for line in marked.values()}) == 4
    (lines,) = (child for child in axes.get_children() if type(child) is LineCollection)
    ways = {tuple(map(tuple, segment)) for segment in lines.get_segments()}
    assert ways == {((0, 0), (100, 50)), ((0, 0), (-80, 120)), ((0, 0), (20, -90)), ((500, 0), (450, 60)),
                    ((500, 0), (620, -70))}
    assert {text.xy: text.get_text() for text in axes.texts} == {(0, 0): "DU 0", (500, 0): "DU 1"}
    assert axes.get_aspect() == 1 and axes.get_xlabel() == "x, m" and axes.get_ylabel() == "y, m"
    assert "dB" in figure.axes[1].get_ylabel()
    assert "5 users of 2 DUs" in " ".join(figure.get_supxlabel().split())


@pytest.mark.parametrize(("place", "low"), [((420, -200), 18), ((250, 700), None), ((0, 0), 24)])
def test_the_background_is_the_sir_there(found, place, low):
    """|x - 250| / 10 - y / 100 dB: 19, -7 and 25, in steps of 3 dB, one shade for all below 0."""
    shades = contours(network.draw(found).axes[0])
    assert shades_over(shades, place) == [0 if low is None else 1 + low // 3]
