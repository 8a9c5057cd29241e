"""N1-N4 and N6: what the paper's text says of its tables, and what the tables say.

All arithmetic is exact, on fractions; the numbers are those of ``tables.toml``.  A value *meets* a quoted number when
it gives it by rounding half up, or by cutting off, at the decimals that are printed.
"""

import tomllib
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import combinations, product
from math import floor
from pathlib import Path

TABLES = tomllib.loads(Path(__file__).with_name("tables.toml").read_text("utf-8"), parse_float=Decimal)
SLICES = tuple(TABLES["slices"])
COLUMNS = (*SLICES, "mean")
QOS = {row["key"]: tuple(map(Fraction, row["qos"])) for row in TABLES["rows"]}
TABLE_OF = {row["key"]: row["table"] for row in TABLES["rows"]}

OPERATIONS = {                                        # of a larger number a and a smaller b, in points or per cent
    "a - b": lambda a, b: a - b,
    "a/b - 1": lambda a, b: 100 * (a / b - 1),
    "1 - b/a": lambda a, b: 100 * (1 - b / a),
    "b/a": lambda a, b: 100 * b / a,
}
IMPROVEMENTS = ("a - b", "a/b - 1")                   # the operations that "improves by" can mean


def compared(operation, better, worse, qos=QOS):
    """An operation on two rows, slice by slice."""
    return tuple(map(OPERATIONS[operation], qos[better], qos[worse]))


def with_mean(row):
    """A row and its mean over the slices, one entry for each of COLUMNS."""
    return (*row, sum(row) / len(row))


def round_half_up(value, decimals):
    """A fraction rounded to so many decimals, still a fraction."""
    return Fraction(floor(value * 10**decimals + Fraction(1, 2)), 10**decimals)


def meets(value, printed):
    """How a value gives a printed number: "rounded", "cut" where only cutting off does, "" where neither does."""
    target, decimals = Fraction(printed), -Decimal(printed).as_tuple().exponent
    if round_half_up(value, decimals) == target:
        return "rounded"
    return "cut" if Fraction(floor(value * 10**decimals), 10**decimals) == target else ""


@dataclass(frozen=True)
class Range:
    """The differences that a quoted range is about, and the slices that lie outside it after rounding."""

    found: tuple
    outside: tuple


def selection_drop():
    """N1.  Sec. VI-G: without selection "a drop of 2.35%-3.5% across the slices".  Table 2: 2.35, 1.38 and 3.50."""
    return _range(TABLES["quotes"]["selection"])


def schedule_drop():
    """N2.  Sec. VI-G: with a static rho "a more pronounced degradation, 5-10%".  Table 2: 5.27, 3.49 and 10.04."""
    return _range(TABLES["quotes"]["schedule"])


def _range(quote):
    low, high = map(Fraction, quote["numbers"])
    decimals = max(-Decimal(n).as_tuple().exponent for n in quote["numbers"])
    found = compared("a - b", quote["better"], quote["worse"])
    inside = [low <= round_half_up(value, decimals) <= high for value in found]
    return Range(found, tuple(s for s, ok in zip(SLICES, inside) if not ok))


@dataclass(frozen=True)
class Reading:
    """One reading of Table 3: every row on Table 2's scale, TA-SAM's lead over PLASTIC, and which claims hold."""

    name: str
    qos: dict
    plastic_lead: tuple
    claims: dict


def readings():
    """N3.  Sec. VI-G says that L2 improves SAC by Table 3's 1.81, and subtracts Table 3's 15.1 from Table 2's 23.67.

    Table 2 holds 13.9 for SAC.  Table 3 may be on the same scale, or in points over that SAC, or per cent of it.  The
    text's three claims (L2 improves on SAC, TA-SAM leads PLASTIC by 8.5, 5.3 and 23.6, TA-SAM is best) never hold
    together: L2 is below SAC under the first, PLASTIC above TA-SAM under the second, and under the third the leads
    are 7.67, 4.97 and 12.36.
    """
    of = {"one scale": lambda sac, x: x, "points over SAC": lambda sac, x: sac + x,
          "per cent of SAC": lambda sac, x: sac * (1 + x / 100)}
    return [_reading(name, function) for name, function in of.items()]


def _reading(name, on_scale):
    qos = {key: row if TABLE_OF[key] == 2 else tuple(map(on_scale, QOS["no_sam"], row)) for key, row in QOS.items()}
    lead = compared("a - b", "ta_sam", "plastic", qos)
    return Reading(name, qos, lead, {
        "L2 improves on SAC": min(compared("a - b", "l2", "no_sam", qos)) > 0,
        "TA-SAM leads PLASTIC as quoted": all(map(meets, lead, TABLES["quotes"]["plastic"]["numbers"])),
        "TA-SAM is best": all(min(compared("a - b", "ta_sam", k, qos)) > 0 for k in qos if k != "ta_sam"),
    })


@dataclass(frozen=True)
class Headline:
    """A quoted improvement under a reading of Table 3: points and gains by COLUMNS, and where they meet it."""

    quote: str
    reading: str
    points: tuple
    gains: tuple
    met: tuple


def headlines():
    """N4.  Sec. VII: "up to 22%" over SAC without SAM, "7%" over SAC with L2.

    Over no SAM Table 2 gives 9.77, 5.32 and 17.00 points, gains of 70, 91 and 68 %: no slice and no mean gives 22.
    (21.86, which rounds to it, is TA-SAM minus L2 in eMBB.)
    Over L2 on one scale it is 21.86, 10.46 and 37.30 points, gains above 700 %: no 7.  Only eMBB's 7.96 points give
    a 7, cut off, and only if Table 3 is in points over SAC, where PLASTIC beats TA-SAM in every slice.
    """
    all_readings = readings()                         # which one does not matter to two rows of Table 2
    return [replace(_headline("up_to_22", all_readings[0]), reading="any"),
            *(_headline("seven", reading) for reading in all_readings)]


def _headline(key, reading):
    quote = TABLES["quotes"][key]
    qos = {row: with_mean(reading.qos[row]) for row in (quote["better"], quote["worse"])}
    values = {operation: compared(operation, *qos, qos) for operation in IMPROVEMENTS}
    met = tuple((operation, column, how) for operation, row in values.items() for column, value in zip(COLUMNS, row)
                if (how := meets(value, quote["numbers"][0])))
    return Headline(key, reading.name, *values.values(), met)


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
    """Every operation on every pair of entries; a mean over the slices is paired with means only."""
    entries = [((key, column), x) for key, row in QOS.items() for column, x in zip(COLUMNS, with_mean(row))]
    found = []
    for pair in combinations(entries, 2):
        (b, small), (a, large) = sorted(pair, key=lambda entry: entry[1])
        if a[1] == b[1] or "mean" not in (a[1], b[1]):
            found += [Source(name, a, b, function(large, small)) for name, function in OPERATIONS.items()]
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


@dataclass(frozen=True)
class Pair:
    """Two methods as the text orders them, and in how many slices the tables agree; None without a row for both."""

    place: str
    better: str
    worse: str
    agree: int | None


def orders():
    """N6.  Every pair of every order that the text claims, against Tables 2 and 3 read as one scale (Sec. VI-G does).

    The text puts L2, Dropout and Spectral Normalization above SAC without SAM; the tables put them below in all
    three slices.  critic-SAM and actor-SAM have no row: of Fig. 7's order only both, L2 and none can be looked up.
    """
    return [Pair(claim["place"], better, worse, _agreement(better, worse)) for claim in TABLES["orders"]
            for upper, lower in combinations(claim["order"], 2) for better, worse in product(upper, lower)]


def _agreement(better, worse):
    if better not in QOS or worse not in QOS:
        return None
    return sum(difference > 0 for difference in compared("a - b", better, worse))
