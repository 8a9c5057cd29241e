"""Columns of equal length by name, and their CSV: what figures and tables are made from.

In the CSV texts stand in quotes and numbers do not, so that a text of digits stays a text.
"""

import csv
import math
from pathlib import Path

import numpy as np

from ..errors import UsageError
from ..files import write_atomically

DIGITS = 6


class Table:
    """A mapping from names to columns, (n,) arrays of numbers or of texts, all of one length."""

    def __init__(self, columns):
        self.columns = {name: np.asarray(column) for name, column in columns.items()}

    @classmethod
    def of_rows(cls, rows):
        """Of flat dictionaries; what a row lacks is NaN, or an empty text in a column of texts.

        Numbers are rounded to ``DIGITS`` significant digits.
        """
        rows = list(rows)
        names = dict.fromkeys(name for row in rows for name in row)
        return cls({name: _column([row.get(name) for row in rows]) for name in names})

    @classmethod
    def read(cls, path):
        """Read a CSV file.  Raises UsageError when it is not one that ``write`` left."""
        path = Path(path)
        try:
            with open(path, encoding="utf-8", newline="\n") as file:
                head, *rows = csv.reader(_whole_lines(file), quoting=csv.QUOTE_NONNUMERIC, strict=True)
            columns = zip(*rows, strict=True) if rows else [()] * len(head)
            return cls({name: _column(cells) for name, cells in zip(head, columns, strict=True)})
        except (OSError, ValueError, csv.Error) as error:
            raise UsageError(f"{path}: not a readable table ({type(error).__name__})") from None

    def write(self, path):
        """Write as CSV; ``read`` gives the same table back."""
        with write_atomically(path) as file:
            for row in (self.columns, *zip(*self.columns.values())):
                file.write(",".join(map(_cell, row)) + "\n")

    def __getitem__(self, name):
        """A column.  A table without any, made of no rows, has every one, and it is empty."""
        if name not in self.columns and self.columns:
            raise UsageError(f"column {name!r}: must be one of {', '.join(self.columns)}")
        return self.columns.get(name, np.array([]))

    def __len__(self):
        return len(next(iter(self.columns.values()), ()))

    def where(self, **values):
        """The rows in which every named column has this value, or one of these if a list or tuple is given."""
        kept = np.ones(len(self), dtype=bool)
        for name, value in values.items():
            kept &= np.isin(self[name], value)
        return Table({name: column[kept] for name, column in self.columns.items()})

    def unique(self, name):
        """The values of a column in the order of their first rows."""
        return list(dict.fromkeys(self[name].tolist()))

    def rows(self):
        """The rows as dictionaries."""
        return [dict(zip(self.columns, row)) for row in zip(*(column.tolist() for column in self.columns.values()))]


def _column(cells):
    """Texts where one of the cells is a text, else numbers; None is an empty text or NaN."""
    if not any(isinstance(cell, str) for cell in cells):
        return np.array([math.nan if cell is None else float(f"{float(cell):.{DIGITS}g}") for cell in cells])
    if not all(cell is None or isinstance(cell, str) for cell in cells):
        raise ValueError("texts and numbers in one column")
    return np.array([cell or "" for cell in cells])


def _cell(value):
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return f"{value:.{DIGITS}g}"


def _whole_lines(file):
    """The lines of a file, the last of which must have an end: else it was cut off."""
    for line in file:
        if not line.endswith("\n"):
            raise ValueError("cut off")
        yield line
