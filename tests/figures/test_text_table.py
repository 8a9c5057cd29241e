"""Tables as Markdown and CSV: the same cells."""

import csv

from hypothesis import given
from hypothesis import strategies as st

from figures import text_table


def test_both_files_by_hand(tmp_path):
    text_table.write(tmp_path, "t", "Title", ["method", "reward"], [["a, b", "1|2"], ["c", ""]])
    assert (tmp_path / "t.md").read_text("utf-8") == (
        "# Title\n\n| method | reward |\n| --- | --- |\n| a, b | 1\\|2 |\n| c |  |\n")
    assert (tmp_path / "t.csv").read_text("utf-8") == 'method,reward\n"a, b",1|2\nc,\n'


@given(st.lists(st.lists(st.text("ab|, \"\u03c1", max_size=4), min_size=2, max_size=2)))
def test_the_csv_holds_the_cells(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("tables")
    text_table.write(folder, "t", "T", ["x", "y"], rows)
    with open(folder / "t.csv", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["x", "y"], *rows]
    assert len((folder / "t.md").read_text("utf-8").splitlines()) == 4 + len(rows)
