"""Columns of equal length by name, and their CSV: what figures and tables are made from."""

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
        """Of flat dictionaries; what a row lacks is NaN.  Numbers are rounded to ``DIGITS`` significant digits."""
        rows = list(rows)
        names = dict.fromkeys(name for row in rows for name in row)
        return cls({name: _column([_text(row.get(name, math.nan)) for row in rows]) for name in names})

    @classmethod
    def read(cls, path):
        """Read a CSV file.  Raises UsageError when it is not one."""
        path = Path(path)
        try:
            with open(path, encoding="utf-8", newline="") as file:
                head, *rows = csv.reader(file)
            return cls({name: _column([row[c] for row in rows]) for c, name in enumerate(head)})
        except (OSError, ValueError, IndexError) as error:
            raise UsageError(f"{path}: not a readable table ({type(error).__name__})") from None

    def write(self, path):
        """Write as CSV; ``read`` gives the same table back."""
        with write_atomically(path) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.columns)
            writer.writerows([_text(value) for value in row] for row in zip(*self.columns.values()))

    def __getitem__(self, name):
        return self.columns[name]

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


def _text(value):
    """A cell: NaN is empty."""
    if isinstance(value, (float, np.floating)):
        return "" if math.isnan(value) else f"{value:.{DIGITS}g}"
    return str(value)


def _column(texts):
    """Numbers where all cells are numbers or empty; an empty cell is NaN."""
    try:
        return np.array([math.nan if text == "" else float(text) for text in texts])
    except ValueError:
        return np.array(texts, dtype=str)
