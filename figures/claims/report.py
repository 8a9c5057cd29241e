"""claims.md and claims.csv: every claim with what was measured and the verdict, by both readings that decide it."""

from collections import Counter
from itertools import product

from tasam_ref.experiments.evaluation import READINGS

from ..tables import writer
from . import verdicts
from .combinations import NORMS, combinations
from .entries import load_claims
from .measures import MEASURES

SHOWN = 4
HEAD = ("id", "where", "the paper says", "reading", "judged", "measured, 95 % intervals", "verdict",
        "judged the other way", "adaptive norm", "adaptive, the other way")
COUNT_HEAD = ("norm of (12)", "judged", *verdicts.VERDICTS, "another verdict than each claim's own on")
CSV_HEAD = ("id", "where", "says", "reading", "norm", "evaluation", "own", "verdict", "part", "value", "low", "high",
            "unit", "direction", "boundary", "seeds", "side", "note")


def make(results, folder, name):
    """Write NAME.md, a line per reading of a claim, and NAME.csv, a line per part of it by each norm and evaluation."""
    claims = [{key: verdicts.find(results, one) for key, one in combinations(claim).items()} for claim in load_claims()]
    writer.write_csv(folder / f"{name}.csv", CSV_HEAD, [row for found in claims for row in _csv_rows(found)])
    writer.write_markdown(folder / f"{name}.md", "The paper's claims, measured", _introduction(claims), HEAD,
                          [_row(found) for found in claims])


def _introduction(claims):
    """How many of each verdict, the rule, and the measures."""
    own = [_own(found) for found in claims]
    first = {finding.claim.id: finding for finding in reversed(own)}
    changed = sorted({other.claim.id for other in own if _differs(other, first[other.claim.id])})
    rule = " ".join(verdicts.__doc__.split("\n\n", 1)[1].split())
    means = [f"- `{name}`: {_summary(function)}" for name, function in MEASURES.items()]
    return [
        f"{len(first)} claims: " + ", ".join(f"**{count} {name}**" for name, count in _count(first.values())) + ".  "
        "Counted is each claim's first line; further lines are other readings of the same claim, and "
        + (f"change the verdict on {len(changed)}: {', '.join(changed)}." if changed else "change no verdict."),
        "Two readings of the paper go through all claims.  The norm of (12) is l2, as printed, or adaptive SAM's "
        "(R55); held-out episodes are run by the policies' means, deterministic, or by draws, stochastic (R56).  Each "
        "claim is read with l2 and judged as its text suggests, which *judged* says: by draws where the paper shows "
        "returns of the training, by means where it speaks of what was trained.  The last three columns have the "
        "other verdicts, bold where they differ; they are empty where a reading changes nothing, or where not all SAM "
        "of a claim was run with the adaptive norm.  The first lines with one norm and judged one way throughout, as "
        "far as that changes them:",
        writer.markdown(COUNT_HEAD, list(_counts(claims, first))),
        rule + "  A number that the paper quotes is read as at least that; a method that had exactly this number would "
        "stay inconclusive.",
        "Intervals are not widened for their number: where nothing is true beyond a boundary, one in forty lies on "
        "either side of it by chance, so that a claim of k parts is found not reproduced by chance in up to 2.5 k % "
        "of cases.",
        f"Of more than {SHOWN} parts those are shown that decide; all stand in claims.csv, by every norm and "
        "evaluation, with notes.  Methods of another group than the headline's stand behind its name.  Measures:",
        "\n".join(means)]


def _counts(claims, first):
    """Rows of the verdicts on the first lines by each norm and evaluation, and where they differ from their own."""
    for norm, evaluation in product(NORMS, READINGS):
        found = [_by(one, norm, evaluation) for one in claims if _own(one) is first[_own(one).claim.id]]
        changed = [finding.claim.id for finding in found if _differs(finding, first[finding.claim.id])]
        yield (norm, evaluation, *(count for _, count in _count(found)),
               f"{len(changed)}: {', '.join(changed)}" if changed else "none")


def _count(findings):
    """Pairs of every verdict and how many findings have it."""
    count = Counter(finding.verdict for finding in findings)
    return [(name, count[name]) for name in verdicts.VERDICTS]


def _own(found):
    """The Finding by a claim's own readings."""
    return next(iter(found.values()))


def _by(found, norm, evaluation):
    """The Finding by a norm and an evaluation, or, where one of them changes nothing, without it."""
    _, own = next(iter(found))
    return next(found[key] for key in product((norm, NORMS[0]), (evaluation, own)) if key in found)


def _differs(finding, other):
    return finding.verdict not in (other.verdict, verdicts.UNTESTABLE)


def _summary(function):
    """A docstring's first paragraph on one line."""
    return " ".join(function.__doc__.split("\n\n")[0].split())


def _row(found):
    own, claim = _own(found), _own(found).claim
    shown = [_measured(part) for part in own.parts[:SHOWN]]
    if len(own.parts) > SHOWN:
        shown.append(f"and {len(own.parts) - SHOWN} more")
    said = ("", "", "") if claim.reading else (claim.id, claim.where, claim.says)
    other = next(name for name in READINGS if name != claim.evaluation) if claim.evaluation else None
    others = [found.get(key) for key in ((NORMS[0], other), (NORMS[1], claim.evaluation), (NORMS[1], other))]
    verdicts_by = ["" if one is None else f"**{one.verdict}**" if _differs(one, own) else one.verdict for one in others]
    return (*said, claim.reading, claim.evaluation, "<br>".join(shown), own.sentence, *verdicts_by)


def _measured(part):
    """``label: interval unit``, and what the claim wants of it."""
    sign = ">" if part.direction == "higher" else "<"
    unit = f" {part.unit}" if part.unit else ""
    return f"{part.label}: {writer.interval(part.interval)}{unit} (claimed: {sign} {writer.number(part.boundary)})"


def _csv_rows(found):
    for (norm, evaluation), finding in found.items():
        claim, own = finding.claim, "yes" if finding is _own(found) else "no"
        for part in finding.parts or (None,):
            measured = [""] * 9 if part is None else [
                part.label, *(writer.number(v) for v in (part.interval.mean, part.interval.low, part.interval.high)),
                part.unit, part.direction, writer.number(part.boundary), part.seeds, verdicts.side(part)]
            yield [claim.id, claim.where, claim.says, claim.reading, norm, evaluation, own, finding.sentence, *measured,
                   claim.note]
