"""Tables of texts, written as Markdown and as CSV with the same cells, and how numbers stand in them."""

import csv
import math
import textwrap

from tasam_ref.files import write_atomically


def write(folder, name, title, caption, head, rows):
    """Write NAME.md, with a title and paragraphs above the table, and NAME.csv."""
    write_markdown(folder / f"{name}.md", title, caption, head, rows)
    write_csv(folder / f"{name}.csv", head, rows)


def write_markdown(path, title, paragraphs, head, rows):
    """Write a title, paragraphs and a table; a paragraph that is a list or a table itself keeps its lines."""
    filled = [text if text.startswith(("- ", "|")) else textwrap.fill(text, 118) for text in paragraphs]
    with write_atomically(path) as file:
        file.write("\n\n".join((f"# {title}", *filled, markdown(head, rows))) + "\n")


def write_csv(path, head, rows):
    """Write rows of cells as CSV."""
    with write_atomically(path) as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


def markdown(head, rows):
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def number(value):
    """Three significant digits, and never fewer than all in front of the point; nothing for NaN."""
    if math.isnan(value):
        return ""
    return f"{value:.0f}" if 999.5 <= abs(value) < math.inf else f"{value:.3g}"


def interval(found):
    """An Interval as ``mean [low, high]``; the mean alone where there are no limits."""
    if math.isnan(found.mean):
        return "undefined"
    limits = "" if math.isnan(found.low) else f" [{number(found.low)}, {number(found.high)}]"
    return number(found.mean) + limits
