"""N1-N3 and N6: what the paper's text says of its tables, and what the tables say.  N4 is in ``headlines``.

All arithmetic is exact, on fractions; the numbers are those of ``tables.toml``.  A value *meets* a quoted number when
it gives it by rounding half up, or by cutting off, at the decimals that are printed.
"""

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, product
from math import floor
from pathlib import Path

TABLES = tomllib.loads(Path(__file__).with_name("tables.toml").read_text("utf-8"), parse_float=Decimal)
SLICES = tuple(TABLES["slices"])
COLUMNS = (*SLICES, "mean")
SIGNS = tuple(-1 if name in TABLES["latencies"] else 1 for name in SLICES)    # a latency gains by falling
QOS = {row["key"]: tuple(map(Fraction, row["qos"])) for row in TABLES["rows"]}
TABLE_OF = {row["key"]: row["table"] for row in TABLES["rows"]}
ONE_AGENT = (Fraction(0),) * len(SLICES)              # a single centralised agent, where the tables are gains over it


def gain_over(a, b, sign):
    """Per-cent gain of one method over another, whose gains over one baseline are a and b.

    Of 100 a throughput makes 100 + a, a latency, which gains by falling, 100 - a: ``sign`` is 1 or -1.  The gain is
    (100 + a) / (100 + b) - 1 and 1 - (100 - a) / (100 - b).
    """
    return sign * 100 * ((100 + sign * a) / (100 + sign * b) - 1)


def gain_on(b, gain, sign):
    """Per-cent gain over the baseline of what gains so much over a method that gains b: ``gain_over`` undone."""
    return b + gain + sign * b * gain / 100


OPERATIONS = {                             # of a larger number a, a smaller b and a sign, in points or per cent
    "a - b": lambda a, b, _: a - b,
    "a/b - 1": lambda a, b, _: 100 * (a / b - 1),
    "1 - b/a": lambda a, b, _: 100 * (1 - b / a),
    "b/a": lambda a, b, _: 100 * b / a,
    "compounded": gain_over,
}
IMPROVEMENTS = ("a - b", "a/b - 1", "compounded")     # what "improves by" can mean


def compared(operation, better, worse, qos=QOS):
    """An operation on two rows, slice by slice."""
    return tuple(map(OPERATIONS[operation], qos[better], qos[worse], SIGNS))


def compared_by_column(operation, better, worse, qos=QOS):
    """An operation on two rows, one entry for each of COLUMNS.

    In the mean it is on the rows' means.  Gains in throughput and in latency have no mean that compounds: there it is
    the mean of the three compounded gains.
    """
    row = compared(operation, better, worse, qos)
    if operation == "compounded":
        return with_mean(row)
    return (*row, OPERATIONS[operation](with_mean(qos[better])[-1], with_mean(qos[worse])[-1], None))


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

    Where plain SAC is Table 2's 13.9, Table 3 may be on the same scale, in points over that SAC, in per cent of it,
    or a gain in per cent on top of its gain.  The text's three claims (L2 improves on SAC, TA-SAM leads PLASTIC by
    8.5, 5.3 and 23.6, TA-SAM is best) hold together under none of these four: L2 is below SAC under the first; PLASTIC
    is above TA-SAM under the second in every slice, under the fourth in eMBB and mMTC; and under the third the leads
    are 7.67, 4.97 and 12.36.

    They do hold if both tables are gains over "a single centralized DRL agent" (Sec. VI-G) and Table 3's SAC is that
    agent, at 0: Table 3 has "SAC + ...", Table 2 "Standard SAC MARL".
    """
    sac = QOS["no_sam"]
    return [_reading("one scale", sac, lambda base, x, _: x),
            _reading("points over SAC", sac, lambda base, x, _: base + x),
            _reading("per cent of SAC", sac, lambda base, x, _: base * (1 + x / 100)),
            _reading("compounded on SAC", sac, gain_on),
            _reading("gains over one agent", ONE_AGENT, gain_on)]


def _reading(name, sac, on_scale):
    qos = {key: row if TABLE_OF[key] == 2 else tuple(map(on_scale, sac, row, SIGNS)) for key, row in QOS.items()}
    lead = compared("a - b", "ta_sam", "plastic", qos)
    return Reading(name, qos, lead, {
        "L2 improves on SAC": all(x > base for x, base in zip(qos["l2"], sac)),
        "TA-SAM leads PLASTIC as quoted": all(map(meets, lead, TABLES["quotes"]["plastic"]["numbers"])),
        "TA-SAM is best": all(min(compared("a - b", "ta_sam", k, qos)) > 0 for k in qos if k != "ta_sam"),
    })


# Rows that the text may mean by a name: the one that is looked up, and the other.
MEANINGS = {"both": ("both_sam", "ta_sam"), "sac": ("no_sam", "one_agent")}


@dataclass(frozen=True)
class Pair:
    """Two methods as the text orders them by a quantity, and in how many slices the tables' QoS agrees.

    ``agree`` takes the first of MEANINGS, ``otherwise`` the second; both are None without a row for either method.
    """

    place: str
    quantity: str
    better: str
    worse: str
    agree: int | None
    otherwise: int | None


def orders():
    """N6.  Every pair of every order that the text claims, against Tables 2 and 3 read as one scale (Sec. VI-G does).

    The text puts L2, Dropout and Spectral Normalization above SAC without SAM; the tables put them below Table 2's
    SAC MARL in all three slices.  If Sec. VI-G means the single agent by SAC, only Fig. 7's L2 over no SAM is
    reversed, and Fig. 7 is about reward, not QoS.  "both-SAM" may be the row without selection or, as Sec. VI-A
    integrates SAM "selectively in actor networks, critic networks, both", TA-SAM itself: no pair depends on it.
    critic-SAM and actor-SAM have no row: of Fig. 7's order only both, L2 and none can be looked up.
    """
    return [Pair(claim["place"], claim["quantity"], better, worse, *(_agreement(better, worse, n) for n in (0, 1)))
            for claim in TABLES["orders"] for upper, lower in combinations(claim["order"], 2)
            for better, worse in product(upper, lower)]


def _agreement(better, worse, meaning):
    qos = QOS | {"one_agent": ONE_AGENT}
    pair = [MEANINGS[name][meaning] if name in MEANINGS else name for name in (better, worse)]
    if not qos.keys() >= set(pair):
        return None
    return sum(difference > 0 for difference in compared("a - b", *pair, qos))
