"""N4: "up to 22 %" and "7 %", and every way to make a quoted number from two entries of the tables."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import combinations, product
from math import floor

from .findings import (
    COLUMNS,
    IMPROVEMENTS,
    OPERATIONS,
    QOS,
    TABLES,
    compared,
    compared_by_column,
    meets,
    readings,
    round_half_up,
    with_mean,
)


@dataclass(frozen=True)
class Headline:
    """A quoted improvement under a reading of Table 3: values by IMPROVEMENTS and COLUMNS, and where they meet it."""

    quote: str
    reading: str
    values: dict
    met: tuple


def headlines():
    """N4.  Sec. VII: "up to 22%" over SAC without SAM, "7%" over SAC with L2.

    If Table 2's entries are gains over one baseline, TA-SAM's over no SAM are 8.58, 5.03 and 22.70 %, URLLC's being a
    reduction of latency, to 57.9 from 74.9 % of the baseline's.  The largest is 22 when cut off, as 8.57 is cut to 8.5
    in Sec. VI-G.  Differences (9.77, 5.32, 17.00 points) and quotients (70, 91, 68 %) of the entries do not give 22.
    Over L2 on one scale, or with both as gains over one agent, it is 21.86, 10.46 and 37.30 points, gains above 700 %,
    or 21.47, 10.38 and 39.18 %: no 7.  A 7 comes in eMBB alone, of Table 3 in points over SAC or compounded on it:
    6.88 and 6.65 %, and 7.96 and 7.71 points, cut.  There PLASTIC beats TA-SAM in eMBB and mMTC, if not everywhere.
    """
    all_readings = readings()                         # which one does not matter to two rows of Table 2
    return [replace(_headline("up_to_22", all_readings[0]), reading="any"),
            *(_headline("seven", reading) for reading in all_readings)]


def _headline(key, reading):
    quote = TABLES["quotes"][key]
    values = {operation: compared_by_column(operation, quote["better"], quote["worse"], reading.qos)
              for operation in IMPROVEMENTS}
    met = tuple((operation, column, how) for operation, row in values.items() for column, value in zip(COLUMNS, row)
                if (how := meets(value, quote["numbers"][0])))
    return Headline(key, reading.name, values, met)


@dataclass(frozen=True)
class Source:
    """A way to make a number from two entries a >= b, each a pair (row, column), of Tables 2 and 3."""

    operation: str
    a: tuple
    b: tuple
    value: Fraction

    @property
    def same_column(self):
        """Whether two rows are compared in one slice, or in the mean: like with like."""
        return self.a[1] == self.b[1]


@cache
def candidates():
    """Every operation on every pair of entries; a mean over the slices is paired with means only.

    Gains compound within a slice, and so in the mean, but not across slices, which have no baseline in common.
    """
    entries = [((key, column), x) for key, row in QOS.items() for column, x in zip(COLUMNS, with_mean(row))]
    found = []
    for pair in combinations(entries, 2):
        (b, small), (a, large) = sorted(pair, key=lambda entry: entry[1])
        if a[1] == b[1]:
            found += [Source(name, a, b, compared_by_column(name, a[0], b[0])[COLUMNS.index(a[1])])
                      for name in OPERATIONS]
        elif "mean" not in (a[1], b[1]):
            found += [Source(name, a, b, function(large, small, None)) for name, function in OPERATIONS.items()
                      if name != "compounded"]
    return found


def sources(printed):
    """N3, N4.  Every candidate that meets a printed number, as {Source: "rounded" or "cut"}."""
    return {source: how for source in candidates() if (how := meets(source.value, printed))}


def as_claimed(quote, found):
    """Those sources that improve, like with like, the row that the text calls worse into the one it calls better."""
    return [s for s in found if s.same_column and s.operation in IMPROVEMENTS
            and (s.a[0], s.b[0]) == (quote["better"], quote["worse"])]


def as_largest(printed):
    """N4.  Pairs of rows whose largest improvement over the slices meets a number that is quoted as "up to"."""
    return [(operation, *pair) for operation, pair in product(IMPROVEMENTS, product(QOS, repeat=2))
            if meets(max(compared(operation, *pair)), printed)]


def reachable_integers(up_to):
    """N4.  How many of the integers 1 to ``up_to`` are met by some improvement, like with like: what chance can do."""
    values = [s.value for s in candidates() if s.same_column and s.operation in IMPROVEMENTS]
    return len({n for x in values for n in (floor(x), round_half_up(x, 0)) if 1 <= n <= up_to})
