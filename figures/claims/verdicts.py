"""One rule for the verdict on a claim.

Every part of a claim has a 95 % interval and a boundary.  It speaks for the claim when the whole interval lies on the
claim's side of the boundary, against it when the whole interval lies on the other, and is open otherwise: the interval
includes the boundary, or has no limits, or there are fewer than three seeds.  A claim of several parts is reproduced
when all of them speak for it and not reproduced when one speaks against it; one of "up to" is reproduced when any
speaks for it and not reproduced when all speak against it.
"""

import math
from dataclasses import dataclass

from .measures import MEASURES
from .quantities import Lacking, judged_by

LEAST_SEEDS = 3
REPRODUCED, AGAINST, OPEN, UNTESTABLE = VERDICTS = ("reproduced", "not reproduced", "inconclusive", "not testable")


@dataclass(frozen=True)
class Finding:
    """A Claim, its Parts with the deciding ones first, the verdict, and the verdict with seeds or reason."""

    claim: object
    parts: tuple
    verdict: str
    sentence: str


def find(results, claim):
    """Measure one Claim: a Finding."""
    try:
        if claim.evaluation:
            results = judged_by(results, claim.evaluation)
        parts = tuple(MEASURES[claim.measure](results, **claim.arguments)) if claim.measure else ()
    except Lacking as lacking:
        return _untestable(claim, f"these results lack {lacking}")
    if not parts:
        return _untestable(claim, claim.untestable or "these results hold nothing to compare")
    sign, few, most = 1 if claim.hold == "all" else -1, *(end(part.seeds for part in parts) for end in (min, max))
    parts = tuple(sorted(parts, key=lambda part: (sign * side(part), sign * _lead(part))))
    name = verdict(parts, claim.hold)
    counted = f"{few} seed{'s' * (few != 1)}" if few == most else f"{few} to {most} seeds"
    return Finding(claim, parts, name, f"{name} at {counted}")


def verdict(parts, hold="all"):
    """The verdict on Parts of which ``all`` must hold, or ``any``."""
    sides = [side(part) for part in parts]
    return {1: REPRODUCED, 0: OPEN, -1: AGAINST}[min(sides) if hold == "all" else max(sides)]


def side(part):
    """1 when a Part speaks for its claim, -1 when against, 0 when it is open."""
    low, high = part.interval.low, part.interval.high
    if part.seeds < LEAST_SEEDS or math.isnan(low) or low <= part.boundary <= high:
        return 0
    return 1 if (low > part.boundary) == (part.direction == "higher") else -1


def _lead(part):
    """How far the estimate lies on the claim's side, in half widths of the interval where it has one."""
    ahead = (part.interval.mean - part.boundary) * (1 if part.direction == "higher" else -1)
    width = (part.interval.high - part.interval.low) / 2
    return 0 if math.isnan(ahead) else ahead / width if 0 < width < math.inf else ahead


def _untestable(claim, why):
    return Finding(claim, (), UNTESTABLE, f"{UNTESTABLE}: {why}")
