"""Figs. 10 and 11, read back from their axes: quantiles over seeds, requirements, units."""

import numpy as np
import pytest
from reading import caption
from synthetic_scenes import SLICES, results

from figures import distributions, style
from tasam_ref.errors import UsageError
from tasam_ref.experiments.store import Results
from tasam_ref.experiments.table import Table

DRAW = {"qos": distributions.draw_qos, "throughput_bps": distributions.draw_throughput,
        "training_throughput_bps": distributions.draw_throughput}
FACTOR = {"qos": (1e-6, 1e-6, 1e3), "throughput_bps": (1e-6, 1e-6, 1e-6), "training_throughput_bps": (1e-6, 1e-6, 1e-6)}
TITLES = {"qos": "{}", "training_throughput_bps": "{}, in training", "throughput_bps": "{}, held out"}
METHODS = ("no_sam", "l2", "actor_sam", "critic_sam", "both_sam", "ta_sam")


@pytest.fixture(scope="module")
def found():
    return results()


def panels_of(quantity, found):
    """The panels of a quantity, one per slice; the training's throughput stands above the held-out one's."""
    figure = DRAW[quantity](found)
    figure.draw_without_rendering()
    titles = [TITLES[quantity].format(name) for name in SLICES]
    panels = [axes for axes in figure.axes if axes.get_title() in titles]
    assert [axes.get_title() for axes in panels] == titles
    assert quantity != "training_throughput_bps" or figure.axes[:3] == panels
    return panels


def curves(axes):
    return {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}


def values(found, quantity, method, name, level):
    """One value per seed, row by row."""
    return [row[name] for row in found["distributions"].rows() if (row["method"], row["quantity"]) == (method, quantity)
            and row["level"] == level]


@pytest.mark.parametrize("quantity", DRAW)
def test_lines_are_medians_of_the_seeds_and_bands_their_ends(found, quantity):
    for axes, name, factor in zip(panels_of(quantity, found), SLICES, FACTOR[quantity]):
        drawn = curves(axes)
        assert list(drawn) == [style.NAMES[method] for method in METHODS]
        for method, band in zip(METHODS, axes.collections):
            line, outline = drawn[style.NAMES[method]], band.get_paths()[0].vertices
            for k, level in ((2, 0.04), (25, 0.5), (40, 0.8)):
                held = sorted(values(found, quantity, method, name, level))
                assert len(held) == 5
                assert line.get_xydata()[k] == pytest.approx((held[2] * factor, level), rel=1e-6)
                ends = sorted(outline[np.isclose(outline[:, 1], level)][:, 0])
                assert (ends[0], ends[-1]) == pytest.approx((held[0] * factor, held[4] * factor), rel=1e-6)


def test_the_requirement_stands_at_q_min_in_the_slices_unit(found):
    """10 and 50 Mbit/s at least, 2 ms at most."""
    panels = distributions.draw_qos(found).axes
    for axes, place, words in zip(panels, (10, 50, 2), (
            "sum throughput, Mbit/s\nrequired: at least 10 Mbit/s",
            "quality weighted capacity, Mbit/s\nrequired: at least 50 Mbit/s",
            "max latency, ms\nrequired: at most 2 ms")):
        (line,) = (line for line in axes.get_lines() if line.get_label().startswith("_"))
        assert line.get_xdata() == pytest.approx([place, place])
        assert axes.get_xlabel() == words
        assert [text.get_text() for text in axes.texts] == ["Q_min"] and axes.texts[0].xy[0] == pytest.approx(place)


def test_what_stands_where_a_curve_meets_q_min_is_the_share_below_it(found):
    axes = distributions.draw_qos(found).axes[0]
    line = curves(axes)["TA-SAM"]
    share = np.interp(10, line.get_xdata(), line.get_ydata())
    medians = [np.median(values(found, "qos", "ta_sam", "eMBB", k / 50)) for k in range(51)]
    below = sum(value < 10e6 for value in medians) / 50
    assert 0.1 < share < 0.9 and share == pytest.approx(below, abs=0.021)


def test_throughput_is_logarithmic_and_who_got_nothing_enters_from_the_left(found):
    panels = panels_of("throughput_bps", found)
    assert {axes.get_xscale() for axes in panels} == {"log"}
    assert {axes.get_xlabel() for axes in panels} == {"user throughput, Mbit/s"}
    line, axes = curves(panels[2])["no-SAM"], panels[2]
    outside = line.get_xdata() < axes.get_xlim()[0]
    assert line.get_ydata()[outside].tolist() == [0, 0.02] and line.get_xdata()[2] > axes.get_xlim()[0]
    entering = axes.transData.transform((0, 0.02))
    assert np.isfinite(entering).all() and entering[0] < axes.bbox.x0
    positive = found["distributions"].where(quantity="throughput_bps", method=METHODS)["URLLC"] * 1e-6
    assert axes.get_xlim()[0] < positive[positive > 0].min() and positive.max() < axes.get_xlim()[1]
    assert {float(f"{tick:.0e}") for tick in axes.get_xticks()} >= {0.5, 1.0, 2.0}


def test_ticks_are_powers_of_ten_where_throughputs_span_many():
    """The slowest user of one run gets 5 kbit/s; in the other slices all stay within one decade and a half."""
    found = results(seeds=1)
    table = found["distributions"]
    slow = np.where((table["level"] == 0) & (table["quantity"] == "throughput_bps"), 5e3, table["eMBB"])
    changed = Results(found.plan, found.tables | {"distributions": Table(table.columns | {"eMBB": slow})}, {})
    wide, narrow, _ = panels_of("throughput_bps", changed)
    assert {float(f"{tick:.0e}"[0]) for tick in wide.get_xticks()} == {1}
    assert {float(f"{tick:.0e}"[0]) for tick in narrow.get_xticks()} == {1, 2, 5}


def without(found, name):
    """As an empty slice is stored: no quantiles."""
    table = found["distributions"]
    columns = table.columns | {name: np.full(len(table), np.nan)}
    return Results(found.plan, found.tables | {"distributions": Table(columns)}, {})


@pytest.mark.parametrize("quantity", DRAW)
def test_an_empty_slice_keeps_its_panel(found, quantity):
    panels = panels_of(quantity, without(found, "mMTC"))
    assert np.isfinite(curves(panels[0])["no-SAM"].get_xdata()).all()


@pytest.mark.parametrize("quantity", DRAW)
def test_methods_that_were_not_measured_are_left_out(found, quantity):
    table = found["distributions"].where(method=["no_sam", "ta_sam", "centralised_sac"])
    axes = DRAW[quantity](Results(found.plan, found.tables | {"distributions": table}, {})).axes[0]
    assert list(curves(axes)) == ["no-SAM", "TA-SAM"]


def test_results_without_the_trainings_throughput_have_the_held_out_one_alone(found):
    table = found["distributions"].where(quantity=["qos", "throughput_bps"])
    old = Results(found.plan, found.tables | {"distributions": table}, {})
    assert len(distributions.draw_throughput(old).axes) == 3 and len(panels_of("throughput_bps", old)) == 3
    assert "in training" not in caption(distributions.draw_throughput(old))
    assert "in training and held out" in caption(distributions.draw_throughput(found))


@pytest.mark.parametrize("quantity", DRAW)
def test_results_without_any_distribution_are_refused(found, quantity):
    nothing = Results(found.plan, found.tables | {"distributions": found["distributions"].where(method="l3")}, {})
    with pytest.raises(UsageError, match=r"under measure\.distributions$"):
        DRAW[quantity](nothing)
