"""claims.md and claims.csv: every claim with what was measured, and the verdict."""

from collections import Counter

from ..tables import writer
from . import verdicts
from .entries import load_claims
from .measures import MEASURES

SHOWN = 4
HEAD = ("id", "where", "the paper says", "reading", "measured, 95 % intervals", "verdict")
CSV_HEAD = ("id", "where", "says", "reading", "verdict", "part", "value", "low", "high", "unit", "direction",
            "boundary", "seeds", "side", "note")


def make(results, folder, name):
    """Write NAME.md, a line per reading of a claim, and NAME.csv, a line per part of it."""
    findings = [verdicts.find(results, claim) for claim in load_claims()]
    rows = [row for finding in findings for row in _csv_rows(finding)]
    writer.write_csv(folder / f"{name}.csv", CSV_HEAD, rows)
    body = [_row(finding) for finding in findings]
    writer.write_markdown(folder / f"{name}.md", "The paper's claims, measured", _introduction(findings), HEAD, body)


def _introduction(findings):
    """How many of each verdict, the rule, and the measures."""
    first = {finding.claim.id: finding for finding in reversed(findings)}
    count = Counter(finding.verdict for finding in first.values())
    changed = sorted({other.claim.id for other in findings
                      if other.verdict not in (first[other.claim.id].verdict, verdicts.UNTESTABLE)})
    rule = " ".join(verdicts.__doc__.split("\n\n", 1)[1].split())
    means = [f"- `{name}`: {_summary(function)}" for name, function in MEASURES.items()]
    return [
        f"{len(first)} claims: " + ", ".join(f"**{count[v]} {v}**" for v in verdicts.VERDICTS) + ".  "
        "Counted is each claim's first line; further lines are other readings of the same claim, and "
        + (f"change the verdict on {len(changed)}: {', '.join(changed)}." if changed else "change no verdict."),
        rule + "  A number that the paper quotes is read as at least that; a method that had exactly this number would "
        "stay inconclusive.",
        "Intervals are not widened for their number: where nothing is true beyond a boundary, one in forty lies on "
        "either side of it by chance, so that a claim of k parts is found not reproduced by chance in up to 2.5 k % "
        "of cases.",
        f"Of more than {SHOWN} parts those are shown that decide; all stand in claims.csv, with notes.  "
        "Methods of another group than the headline's stand behind its name.  Measures:",
        "\n".join(means)]


def _summary(function):
    """A docstring's first paragraph on one line."""
    return " ".join(function.__doc__.split("\n\n")[0].split())


def _row(finding):
    claim = finding.claim
    shown = [_measured(part) for part in finding.parts[:SHOWN]]
    if len(finding.parts) > SHOWN:
        shown.append(f"and {len(finding.parts) - SHOWN} more")
    said = ("", "", "") if claim.reading else (claim.id, claim.where, claim.says)
    return (*said, claim.reading, "<br>".join(shown), finding.sentence)


def _measured(part):
    """``label: interval unit``, and what the claim wants of it."""
    sign = ">" if part.direction == "higher" else "<"
    unit = f" {part.unit}" if part.unit else ""
    return f"{part.label}: {writer.interval(part.interval)}{unit} (claimed: {sign} {writer.number(part.boundary)})"


def _csv_rows(finding):
    claim, parts = finding.claim, finding.parts or (None,)
    for part in parts:
        measured = [""] * 9 if part is None else [
            part.label, *(writer.number(v) for v in (part.interval.mean, part.interval.low, part.interval.high)),
            part.unit, part.direction, writer.number(part.boundary), part.seeds, verdicts.side(part)]
        yield [claim.id, claim.where, claim.says, claim.reading, finding.sentence, *measured, claim.note]
