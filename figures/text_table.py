"""A table as Markdown, to read, and as CSV, to work with: the same cells."""

import csv

from tasam_ref.files import write_atomically


def write(folder, name, title, head, rows):
    """Write NAME.md, under its title, and NAME.csv; head and rows hold texts."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    with write_atomically(folder / f"{name}.md") as file:
        file.write(f"# {title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines))
    with write_atomically(folder / f"{name}.csv") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])
