"""What the products from scenes, distributions and rivals keep to: the same bytes, seeds in captions."""

from functools import cache

import pytest
from matplotlib.text import Text
from reading import caption, files_of
from synthetic_scenes import results as drawn_results

from figures import distributions, fig03, network, profile, readings, rivals
from tasam_ref.experiments.store import Results

DRAW = {"fig03": fig03.draw, "fig10": distributions.draw_qos, "fig11": distributions.draw_throughput,
        "gap": rivals.draw_gap, "schedulers": rivals.draw_schedulers, "profile": profile.draw,
        "network": network.draw, "readings": readings.draw}
results = cache(drawn_results)
OF_RUNS = ("fig10", "fig11", "gap", "schedulers", "profile")


@pytest.mark.parametrize("name", DRAW)
def test_results_read_back_from_their_tables_give_the_same_bytes(name, tmp_path):
    here, there = files_of(name, results(seeds=2), tmp_path)
    assert here == there and all(here)


@pytest.mark.parametrize("name", OF_RUNS)
@pytest.mark.parametrize("seeds", [1, 3])
def test_captions_give_seeds_and_length_and_any_number_of_seeds_is_drawn(name, seeds):
    """Warnings are errors here, as everywhere in these tests."""
    figure = DRAW[name](results(seeds=seeds))
    figure.draw_without_rendering()
    said = caption(figure)
    assert (f"{seeds} seed, " if seeds == 1 else "3 seeds") in said.replace(" each", "")
    assert "1000 iterations of 1 gradient step" in said and "nan" not in said


@pytest.mark.parametrize("name", DRAW)
def test_no_text_is_smaller_than_seven_points_and_axes_are_named(name):
    figure = DRAW[name](results(seeds=2))
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text()) >= 7
    assert all(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes)


@pytest.mark.parametrize("name", OF_RUNS)
def test_other_groups_change_nothing(name):
    alone, among = results(seeds=2), results(seeds=2, groups=("headline", "equal_rho"))
    assert set(among["scores"]["group"]) == {"headline", "equal_rho"}
    assert caption(DRAW[name](alone)) == caption(DRAW[name](among))
    places = [[[line.get_xydata().tolist() for line in axes.get_lines()] for axes in DRAW[name](found).axes]
              for found in (among, Results(among.plan, {table: rows.where(group="headline") if "group" in rows.columns
                                                        else rows for table, rows in among.tables.items()}, {}))]
    assert places[0] == places[1]
