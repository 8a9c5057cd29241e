"""What a drawing holds, read back from its axes, and intervals by another route than the package's."""

import numpy as np
from scipy.stats import sem, t

from figures.registry import PRODUCTS
from tasam_ref.experiments.store import Results
from tasam_ref.experiments.table import Table


def caption(figure):
    """The caption in one line."""
    return " ".join(figure.get_supxlabel().split())


def files_of(name, found, folder):
    """The bytes of a figure's SVG and PNG twice: from Results, and from these written as CSV and read back."""
    for table, rows in found.tables.items():
        rows.write(folder / f"{table}.csv")
    read = Results(found.plan, {table: Table.read(folder / f"{table}.csv") for table in found.tables}, {})
    written = []
    for results, out in ((found, folder / "one"), (read, folder / "two")):
        out.mkdir()
        PRODUCTS[name](results, out, name)
        written.append([(out / f"{name}.{kind}").read_bytes() for kind in ("svg", "png")])
    return written


def lines(axes):
    """{label: line} of the lines that a legend names."""
    return {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}


def half_width(values):
    """Of the 95 % t interval of the mean."""
    return float(t.ppf(0.975, len(values) - 1) * sem(values))


def bars(axes):
    """The vertical bars as arrays (x, low, high), one array per call of vlines."""
    return [np.array([(segment[0, 0], *segment[:, 1]) for segment in collection.get_segments()])
            for collection in axes.collections if hasattr(collection, "get_segments")]


def rewards(results, group, method, evaluation="deterministic"):
    """{seed: held-out reward}, row by row."""
    return {row["seed"]: row["reward"] for row in results["scores"].rows()
            if (row["group"], row["method"], row["evaluation"]) == (group, method, evaluation)}


def curve(results, group, method, column="reward"):
    """{seed: [(iteration, value), ...]}, row by row."""
    found = {}
    for row in results["curves"].rows():
        if (row["group"], row["method"]) == (group, method):
            found.setdefault(row["seed"], []).append((row["iteration"], row[column]))
    return found
