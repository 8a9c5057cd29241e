"""The ledger of equations: from ledger.toml and report.json to EQUATIONS.md.

A row says what an equation means, which functions compute it, and which readings it takes.  Its checks are those that
name its id, with the error that the last complete run measured, so that the ledger cannot claim what was not run.
"""

import argparse
import importlib
import json
import re
import tomllib
from dataclasses import dataclass

from tasam_ref.errors import UsageError
from tasam_ref.files import write_atomically

from .checks import FOLDER

HEAD = """# The ledger of equations

For every equation of the paper, and every line of Algorithm 1: where it lives, which readings it takes, by which
independent routes it was checked, and to what error.  Made by `python -m validation ledger` from `ledger.toml` and
`report.json`; do not edit it.  Why each tolerance is what it is stands in [report.md](report.md), what each reading is
in [READINGS.md](READINGS.md).  Errors are relative, unless a check counts standard errors (tolerance 3 to 5), roundings
(tolerance 1 to 4) or mismatches (tolerance 0).

| equation | meaning | functions | shapes and units | readings | checks |
|---|---|---|---|---|---|
"""
SECTION = """
### <a id="{anchor}"></a>{id}: {meaning}

| check | oracle | measured error | tolerance |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """One row.  ``cites`` is what the docstring of each function must contain; ``functions`` are importable names."""

    id: str
    cites: str
    meaning: str
    functions: tuple
    shapes: str
    readings: tuple


def load_ledger(path=FOLDER / "ledger.toml"):
    """The rows of the ledger, in the paper's order."""
    rows = tomllib.loads(path.read_text("utf-8"))["equation"]
    return [Row(r["id"], r.get("cites", r["id"]), r["meaning"], tuple(r["functions"]), r.get("shapes", ""),
                tuple(r.get("readings", ()))) for r in rows]


def load_report(path=FOLDER / "report.json"):
    """The checks of the last complete run, as dictionaries.  Raises UsageError when there is none."""
    try:
        return json.loads(path.read_text("utf-8"))["checks"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: no readable report ({type(error).__name__}); run python -m validation") from None


def resolve(name):
    """The object of a name below ``tasam_ref``, such as ``marl.trainer.Trainer.iterate``.  Raises LookupError."""
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found = importlib.import_module(".".join(("tasam_ref", *parts[:cut])))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part, None)
        if found is None:
            break
        return found
    raise LookupError(f"{name}: named in ledger.toml, but not in tasam_ref")


def module_path(name):
    """Path of the file, from this folder, in which a function of the ledger stands.  Raises LookupError."""
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        path = "/".join(("..", "tasam_ref", *parts[:cut])) + ".py"
        if (FOLDER / path).exists():
            return path
    raise LookupError(f"{name}: named in ledger.toml, but no module of tasam_ref")


def render(rows, report):
    """EQUATIONS.md as text: a line for each equation, then its checks."""
    checks = {row.id: [c for c in report if row.id in c["equations"]] for row in rows}
    lines = [_cells(row.id, row.meaning, "<br>".join(f"[`{name}`]({module_path(name)})" for name in row.functions),
                    row.shapes, " ".join(f"[{r}](READINGS.md#{r})" for r in row.readings),
                    f"[{len(checks[row.id])}](#{_anchor(row)})") for row in rows]
    sections = [SECTION.format(anchor=_anchor(row), id=row.id, meaning=row.meaning)
                + "".join(map(_check_line, checks[row.id])) for row in rows]
    return HEAD + "".join(lines) + "\n## The checks of each\n" + "".join(sections)


def _anchor(row):
    return "equation-" + re.sub(r"[^a-zA-Z0-9]+", "-", row.id).strip("-")


def _check_line(check):
    error = check["verdict"] if check["error"] is None else f"{check['error']:.2g}"
    return _cells(f"`{check['check']}`", check["oracle"], error, f"{check['tolerance']:.2g}")


def _cells(*texts):
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |\n"


def main(arguments):
    """Write EQUATIONS.md."""
    parser = argparse.ArgumentParser(prog="python -m validation ledger", description=main.__doc__)
    parser.parse_args(arguments)
    text = render(load_ledger(), load_report())
    with write_atomically(FOLDER / "EQUATIONS.md") as file:
        file.write(text)
    print(FOLDER / "EQUATIONS.md")
    return 0
