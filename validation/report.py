"""Results as a table on the screen, as JSON for machines and as Markdown for readers."""

import json
import math
import platform
import tempfile
from importlib import metadata

from tasam_ref.errors import UsageError
from tasam_ref.files import write_atomically

COLUMNS = ("check", "equation", "oracle", "error", "tolerance", "verdict", "seconds")


def row(result):
    """The cells of one result, as texts in the order of COLUMNS."""
    c = result.check
    error = "" if math.isnan(result.error) else f"{result.error:.2g}"
    return (c.name, " ".join(c.equations), c.oracle, error, f"{c.tolerance:.2g}", result.verdict,
            f"{result.seconds:.2f}")


def line(cells, widths):
    """Cells padded to widths, for the screen."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()


def widths_of(checks):
    """Column widths that fit every check before any has run."""
    cells = [COLUMNS] + [(c.name, " ".join(c.equations), c.oracle, "0.0e-00", f"{c.tolerance:.2g}", "skipped", "000.00")
                         for c in checks]
    return [max(map(len, column)) for column in zip(*cells)]


def summary(results):
    """One line: how many passed, failed and were skipped, and how long it took."""
    count = {verdict: sum(r.verdict == verdict for r in results) for verdict in ("pass", "FAIL", "skipped")}
    return (f"{len(results)} checks: {count['pass']} passed, {count['FAIL']} failed, {count['skipped']} skipped, "
            f"{sum(r.seconds for r in results):.0f} s")


def as_json(results):
    """The results as JSON text, versions included."""
    packages = {name: metadata.version(name) for name in ("numpy", "numba", "scipy")}
    rows = [{"check": r.check.name, "equations": r.check.equations, "oracle": r.check.oracle,
             "error": None if math.isnan(r.error) else r.error, "tolerance": r.check.tolerance,
             "because": r.check.because, "slow": r.check.slow, "verdict": r.verdict, "seconds": round(r.seconds, 2),
             "message": r.message} for r in results]
    head = {"python": platform.python_version(), **packages}
    return json.dumps({"packages": head, "checks": rows}, indent=1) + "\n"


def as_markdown(results):
    """The results as a Markdown table, one section per topic, with the reason of every tolerance."""
    lines = ["# Report of `python -m validation`", "", summary(results) + ".", "",
             "Errors are relative unless the check's docstring says otherwise; statistical checks state standard",
             "errors, exact ones mismatches.  Every tolerance is at most ten times the error of a correct",
             "implementation.", ""]
    topic = None
    for r in results:
        if r.check.name.split(".")[0] != topic:
            topic = r.check.name.split(".")[0]
            lines += ["", f"## {topic}", "", "| check | equation | oracle | error | tolerance | because | verdict |",
                      "|---|---|---|---|---|---|---|"]
        name, equation, oracle, error, tolerance, verdict, _ = row(r)
        verdict = f"{verdict}: {r.message}" if r.message else verdict
        cells = (name.split(".", 1)[1], equation, oracle, error, tolerance, r.check.because, verdict)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def require_writable(folder):
    """Make the folder and a file in it, before anything is run.  Raises UsageError when that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"--out {folder}: the report cannot be written there: {error.strerror}") from None


def write(results, folder):
    """Write report.json and report.md into a folder."""
    for name, text in (("report.json", as_json(results)), ("report.md", as_markdown(results))):
        with write_atomically(folder / name) as file:
            file.write(text)
