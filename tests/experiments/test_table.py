"""Tables: what goes in comes out, of rows and of files; what is no table is refused."""

import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.errors import UsageError
from tasam_ref.experiments.table import Table

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
numbers = st.floats(width=32)
names = st.lists(texts, min_size=1, max_size=4, unique=True)


@st.composite
def tables(draw):
    rows = draw(st.integers(0, 5))
    cells = {name: draw(st.sampled_from([texts, numbers])) for name in draw(names)}
    return [{name: draw(kind) for name, kind in cells.items()} for _ in range(rows)]


def same(one, other):
    assert list(one.columns) == list(other.columns)
    for name, column in one.columns.items():
        assert column.dtype.kind == other[name].dtype.kind or column.size == 0
        np.testing.assert_array_equal(column, other[name])


@given(tables())
def test_a_file_gives_the_table_back_and_then_the_same_bytes(tmp_path_factory, rows):
    folder, table = tmp_path_factory.mktemp("table"), Table.of_rows(rows)
    table.write(folder / "one.csv")
    again = Table.read(folder / "one.csv")
    same(table, again)
    again.write(folder / "two.csv")
    assert (folder / "one.csv").read_bytes() == (folder / "two.csv").read_bytes()


def test_the_file_is_ordinary_csv_with_texts_in_quotes(tmp_path):
    Table.of_rows([{"method": 'a "b", c', "reward": 1234567.0}, {"method": "7", "reward": -0.5}]).write(tmp_path / "t")
    assert (tmp_path / "t").read_text("utf-8") == '"method","reward"\n"a ""b"", c",1.23457e+06\n"7",-0.5\n'
    with open(tmp_path / "t", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [['a "b", c', "1.23457e+06"], ["7", "-0.5"]]


@pytest.mark.parametrize("text", ["12", "1e5", "nan", "0049649352a319d2", ""])
def test_a_text_of_digits_stays_a_text(tmp_path, text):
    """In one table a hash of digits alone, in another a number of the same name."""
    Table.of_rows([{"config_hash": text}]).write(tmp_path / "texts.csv")
    Table.of_rows([{"config_hash": 12}]).write(tmp_path / "numbers.csv")
    assert Table.read(tmp_path / "texts.csv")["config_hash"].tolist() == [text]
    assert Table.read(tmp_path / "numbers.csv")["config_hash"].tolist() == [12.0]


def test_numbers_have_six_digits_before_they_are_written_too():
    values = Table.of_rows([{"x": 2 / 3}, {"x": 123456789}, {"x": np.float32(0.1)}, {"x": True}])["x"]
    assert values.tolist() == [0.666667, 123457000.0, 0.1, 1.0]


def test_what_a_row_lacks_is_nan_or_an_empty_text():
    table = Table.of_rows([{"a": 1.0, "b": "x"}, {"c": 2.0}])
    assert table["b"].tolist() == ["x", ""]
    assert math.isnan(table["a"][1]) and math.isnan(table["c"][0]) and table["c"][1] == 2


@pytest.mark.parametrize("rows", [[], [{"group": "a", "x": 1.5}]])
def test_tables_of_no_row_and_of_one(tmp_path, rows):
    Table.of_rows(rows).write(tmp_path / "t.csv")
    table = Table.read(tmp_path / "t.csv")
    assert table.rows() == rows and len(table) == len(rows)
    assert len(table.where(group="b")) == 0 and table.unique("group") == ["a"] * len(rows)
    assert table.where(group="b")["x"].tolist() == []


def test_rows_are_chosen_by_one_value_or_by_several():
    table = Table.of_rows([{"m": m, "s": s} for s in range(3) for m in ("a", "b", "c")])
    assert table.where(m="b")["s"].tolist() == [0, 1, 2]
    assert table.where(m=("c", "a"), s=1).rows() == [{"m": "a", "s": 1.0}, {"m": "c", "s": 1.0}]
    assert table.unique("m") == ["a", "b", "c"]


def test_a_column_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(UsageError, match="column 'z': must be one of x, y"):
        Table.of_rows([{"x": 1, "y": 2}]).where(z=3)


def test_texts_and_numbers_do_not_share_a_column():
    with pytest.raises(ValueError, match="texts and numbers in one column"):
        Table.of_rows([{"x": "a"}, {"x": 1.0}])


@pytest.mark.parametrize("content", [
    b"", b'"x","y"\n1\n', b'"x"\n1,2\n', b'"x"\none\n', b'"x"\n1\n\n', b'"x"\n"a\n', b'"x"\n"a"b\n', b'"x"\n"a"\n1\n',
    b'"x"\n1\n2', b'"x"\n1\n2,3\n', b"x\n1\n", b'"x"\n\xff\n', b'"x"\n\n'])
def test_a_file_that_is_no_table_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(UsageError, match=r"^\S*t\.csv: not a readable table \(\w+\)$"):
        Table.read(tmp_path / "t.csv")


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"t\.csv: not a readable table \(FileNotFoundError\)"):
        Table.read(tmp_path / "t.csv")


@given(tables().filter(len), st.data())
def test_a_file_cut_off_is_refused_or_lacks_whole_rows(tmp_path_factory, rows, data):
    path, table = tmp_path_factory.mktemp("table") / "t.csv", Table.of_rows(rows)
    table.write(path)
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    try:
        kept = Table.read(path)
    except UsageError:
        return
    assert len(kept) < len(table)
    same(kept, Table({name: column[: len(kept)] for name, column in table.columns.items()}))
