"""The gate's figure: shares, radii and variances are those of the tables; a threshold is drawn where there is one."""

import numpy as np
import pytest
from reading import curve, lines
from synthetic import results

from figures import gate


@pytest.fixture(scope="module")
def found():
    return results(iterations=6)


def threshold_set(value):
    return lambda tables: tables["groups"]["headline"].update(settings=[value])


def cells(found, column, agent, k):
    """The values of all seeds at the k-th point of an actor of TA-SAM."""
    return [row[column] for row in found["gates"].rows() if (row["group"], row["method"]) == ("headline", "ta_sam")
            and row["agent"] == agent and row["iteration"] == k + 0.5]


def test_shares_are_means_over_seeds(found):
    strip, *_ = gate.draw(found).axes
    drawn = strip.collections[0].get_array()
    expected = [[np.mean(cells(found, "sam_actor", agent, k)) for k in range(6)] for agent in range(6)]
    assert drawn.shape == (6, 6) and np.allclose(drawn, expected) and 0 < np.mean(drawn) < 1
    labels = [label.get_text() for label in strip.get_yticklabels()]
    assert labels == [f"actor {agent}: {100 * np.mean(row):.0f} %" for agent, row in enumerate(expected)]


def test_radii_are_the_critics_and_the_actors_mean_with_zeros(found):
    radius = lines(gate.draw(found).axes[1])
    critic = curve(found, "headline", "ta_sam", "rho_critic")
    assert np.allclose(radius["critic"].get_ydata(), [value for _, value in critic[0]])
    actors = [np.mean([cells(found, "rho_actor", agent, k) for agent in range(6)]) for k in range(6)]
    assert np.allclose(radius["actors' mean"].get_ydata(), actors)


def panels(figure):
    return [axes for axes in figure.axes if axes.get_yscale() == "log"]


def test_points_are_the_variances_as_dark_as_the_share_and_lines_their_medians(found):
    for agent, axes in enumerate(panels(gate.draw(found))):
        (points,) = axes.collections
        median, line = axes.get_lines()
        order = [(k, s) for k in range(6) for s in range(10)]
        expected = [(k + 0.5, cells(found, "td_error_variance", agent, k)[s]) for k, s in order]
        assert np.allclose(points.get_offsets(), expected)
        assert np.allclose(points.get_array(), [cells(found, "sam_actor", agent, k)[s] for k, s in order])
        assert np.allclose(median.get_ydata(), [np.mean(sorted(cells(found, "td_error_variance", agent, k))[4:6])
                                                for k in range(6)])
        assert list(line.get_ydata()) == [0.5, 0.5]


@pytest.mark.parametrize("setting", ["sam.td_var_scale=relative", "sam.td_var_threshold=inf",
                                     "sam.td_var_threshold=0"])
def test_no_threshold_is_drawn_where_no_one_number_opens_the_gate(setting):
    figure = gate.draw(results(seeds=1, iterations=6, change=threshold_set(setting)))
    assert [len(axes.get_lines()) for axes in panels(figure)] == [1] * 6
    assert "dashed" not in figure.get_supxlabel()


def test_any_number_of_actors_has_its_panels():
    five = results(seeds=1, iterations=6, change=threshold_set("radio.num_dus=5"))
    assert [axes.get_title() for axes in panels(gate.draw(five))] == [f"actor {agent}" for agent in range(5)]
