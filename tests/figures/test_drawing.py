"""What every figure from runs keeps to: the same bytes, its seeds and length in the caption, readable with one seed."""

import re
from io import BytesIO

import pytest
from matplotlib.text import Text
from reading import caption, files_of
from synthetic import results

from figures import fig05, fig06, fig07, fig08, fig09, forgetting, gate, steps, style
from tasam_ref.experiments.store import Results

DRAW = {"fig05a": fig05.equal_rho, "fig05b": fig05.non_equal_rho, "fig05c": fig05.dynamic_rho, "fig06": fig06.draw,
        "fig07": fig07.draw, "fig08": fig08.draw, "fig09": fig09.draw, "gate": gate.draw, "steps": steps.draw,
        "forgetting": forgetting.draw}
# Of figures/plans/laptop.toml.
SEEDS = {"fig05a": "5 to 10 seeds", "fig05b": "5 to 10 seeds", "fig05c": "5 to 10 seeds", "fig06": "5 to 10 seeds",
         "fig07": "10 seeds", "fig08": "5 to 10 seeds", "fig09": "10 seeds", "gate": "10 seeds of TA-SAM",
         "steps": "5 to 10 seeds", "forgetting": "5 seeds"}
LENGTH = {"forgetting": "1020 iterations of 1 gradient step", "steps": "10 frames an iteration"}


def svg(figure):
    file = BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


@pytest.mark.parametrize("name", DRAW)
def test_results_read_back_from_their_tables_give_the_same_bytes(name, tmp_path):
    here, there = files_of(name, results(seeds=2, iterations=6), tmp_path)
    assert here == there and all(here)


@pytest.mark.parametrize("name", DRAW)
def test_captions_give_seeds_length_and_what_the_interval_is(name):
    text = caption(DRAW[name](results()))
    assert re.search(rf"\b{SEEDS[name]}\b", text) and LENGTH.get(name, "1000 iterations of 1 gradient step") in text
    assert "95 % t interval" in text and "nan" not in text and "blocks of 1 " not in text


@pytest.mark.parametrize("name", DRAW)
def test_one_seed_is_drawn_without_intervals(name):
    """Warnings are errors here, as everywhere in these tests."""
    figure = DRAW[name](results(seeds=1, iterations=6))
    assert svg(figure)
    assert "1 seed" in caption(figure) and "1 seeds" not in caption(figure) and "nan" not in caption(figure)


@pytest.mark.parametrize("name", DRAW)
def test_no_text_is_smaller_than_seven_points_and_the_y_axes_are_named(name):
    figure = DRAW[name](results(seeds=2, iterations=6))
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text()) >= 7
    for part in figure.subfigs or [figure]:
        assert part.get_supylabel() or any(axes.get_ylabel() for axes in part.axes)


@pytest.mark.parametrize("name", DRAW)
def test_a_figure_reads_no_group_but_those_that_the_plan_says_it_needs(name):
    found = results(seeds=2, iterations=6)
    assert found.plan.needs[name]
    tables = {table: rows.where(group=found.plan.needs[name]) for table, rows in found.tables.items()}
    assert caption(DRAW[name](Results(found.plan, tables, {}))) == caption(DRAW[name](found))


def test_no_two_methods_look_the_same():
    assert len(set(style.LOOKS.values())) == len(style.LOOKS) == len(style.NAMES)
