"""N1-N4, N6: the paper's tables against its text, by integers and decimals; the file that is written of N1-N6."""

from decimal import Decimal
from fractions import Fraction
from itertools import combinations, product, zip_longest

import numpy as np
from scipy.stats import rankdata

from .checks import check
from .oracles import largest
from .paper_arithmetic import findings, headlines, report

ROWS = ("ta_sam", "both_sam", "static_rho", "no_sam", "plastic", "l2", "dropout", "spectral")
PRINTED = ("23.67 11.19 42.1", "21.32 9.81 38.6", "18.4 7.7 32.06", "13.9 5.87 25.1",      # Table 2
           "15.1 5.9 18.5", "1.81 0.73 4.8", "0.67 0.4 2.1", "3.1 1.13 7.3")               # Table 3
TABLE = {row: [Decimal(x) for x in line.split()] for row, line in zip(ROWS, PRINTED)}
CELLS = np.array([[int(300 * x) for x in row] + [int(100 * sum(row))] for row in TABLE.values()])   # in 1/300 point
EXACT = {"tolerance": 0, "because": "exact arithmetic on both sides"}
KINDS = ("throughput", "throughput", "latency")
SCALES = {                                 # Table 3's x where plain SAC has s
    "one scale": lambda s, x, _: x,
    "points over SAC": lambda s, x, _: s + x,
    "per cent of SAC": lambda s, x, _: s + s * x / 100,
    "compounded on SAC": lambda s, x, kind: _gain(kind, _left(kind, s) * _left(kind, x) / 100),
    "gains over one agent": lambda s, x, _: x,
}
GAIN = "compounded"


def _left(kind, gain):
    """What a gain makes of 100."""
    return 100 + gain if kind == "throughput" else 100 - gain


def _gain(kind, left):
    """The gain that makes so much of 100."""
    return left - 100 if kind == "throughput" else 100 - left


def _compounded(a, b):
    """Gains of rows a over rows b (..., 3), in 1/300 point, in each slice and in the mean: numerators, denominators."""
    over, under = 100 * (a - b), np.stack([30000 + b[..., 0], 30000 + b[..., 1], 30000 - b[..., 2]], axis=-1)
    whole = under.prod(axis=-1, keepdims=True)
    return (np.concatenate([over, (over * (whole // under)).sum(axis=-1, keepdims=True)], axis=-1),
            np.concatenate([under, 3 * whole], axis=-1))


def _minus(a, b):
    return [x - y for x, y in zip(TABLE[a], TABLE[b])]


def _distance(found, expected):
    """Largest difference of two rows of exact numbers."""
    return float(max(abs(Fraction(f) - Fraction(e)) for f, e in zip(found, expected, strict=True)))


def _scaled(reading, row):
    """A row of Table 3 under a reading."""
    return [SCALES[reading](s, x, kind) for s, x, kind in zip(TABLE["no_sam"], TABLE[row], KINDS)]


@check("N1", "N2", oracle="decimal subtraction", **EXACT)
def drops_of_the_ablation_leave_quoted_ranges():
    """2.35, 1.38, 3.50 against 2.35-3.5; 5.27, 3.49, 10.04 against 5-10, of whole per cents: mMTC is outside both."""
    selection, schedule = findings.selection_drop(), findings.schedule_drop()
    return (_distance(selection.found, _minus("ta_sam", "both_sam")) + (selection.outside != ("mMTC",))
            + _distance(schedule.found, _minus("ta_sam", "static_rho")) + (schedule.outside != ("mMTC",)))


@check("N3", oracle="decimal arithmetic and the text's sentences one by one", **EXACT)
def only_a_single_agent_as_sac_keeps_three_claims():
    """L2 improves SAC, TA-SAM leads PLASTIC by 8.5, 5.3, 23.6 and is best: 111 only for gains over one agent."""
    kept, worst = dict(zip(SCALES, ("011", "100", "101", "100", "111"), strict=True)), 0.0
    for reading, name in zip(findings.readings(), SCALES, strict=True):
        lead = [x - y for x, y in zip(TABLE["ta_sam"], _scaled(name, "plastic"))]
        worst = largest(worst, _distance(reading.qos["l2"], _scaled(name, "l2")), _distance(reading.plastic_lead, lead),
                        reading.name != name,
                        "".join(str(int(held)) for held in reading.claims.values()) != kept[name])
    return worst


@check("N4", oracle="fractions of the decimals, row by row", **EXACT)
def latency_falls_22_over_no_sam_and_7_over_l2_is_only_on_sac():
    """22 over no SAM: the compounded reduction of URLLC's latency.  7 over L2: where PLASTIC leads TA-SAM in eMBB."""
    def improvements(worse):
        pairs = list(zip(*([*map(Fraction, row), sum(map(Fraction, row)) / 3] for row in (TABLE["ta_sam"], worse))))
        gains = [_gain(kind, 100 * _left(kind, a) / _left(kind, b)) for kind, (a, b) in zip(KINDS, pairs)]
        return {"a - b": [a - b for a, b in pairs], "a/b - 1": [100 * (a - b) / b for a, b in pairs],
                GAIN: [*gains, sum(gains) / 3]}

    found, rows = headlines.headlines(), [TABLE["no_sam"], *(_scaled(name, "l2") for name in SCALES)]
    worst = 0.0
    for headline, row in zip(found, rows, strict=True):
        expected = improvements(row)
        worst = largest(worst, headline.values.keys() != expected.keys(),
                        *(_distance(headline.values[operation], expected[operation]) for operation in expected))
    seven = [("a - b", "eMBB", "cut"), (GAIN, "eMBB", "rounded")]
    met = {"any": [(GAIN, "URLLC", "cut")], "points over SAC": seven, "compounded on SAC": seven}
    leads = {reading.name: "".join("-" if lead < 0 else "+" for lead in reading.plastic_lead)
             for reading in findings.readings()}
    expected = dict(zip(SCALES, ("+++", "---", "+++", "--+", "+++"), strict=True))
    itself = {int(n) for n in (*(CELLS[0] // 300), *((CELLS[0] + 150) // 300))}
    return worst + (leads != expected) + (22 in itself) + sum(
        list(h.met) != met.get(name, []) for h, name in zip(found, ("any", *SCALES), strict=True))


@check("N3", "N4", oracle="integer division over all ordered pairs of entries", **EXACT)
def search_finds_every_source_of_every_quote():
    """The pairs and operations that give 22, 7, 2.35, 3.5, 5, 10, 8.5, 5.3 and 23.6, rounded or cut off.

    Gains compound where the columns are the same; elsewhere the pair stands with a gain of 0 / 1, which gives none.
    """
    pairs = list(product(product(ROWS, findings.COLUMNS), repeat=2))
    same = np.array([one == other for (_, one), (_, other) in pairs])
    alike = same | np.array(["mean" not in (one, other) for (_, one), (_, other) in pairs])
    a, b = (cell.ravel() for cell in np.meshgrid(CELLS, CELLS, indexing="ij"))
    c, gains = 100 * (a - b), np.zeros((2, 8, 4, 8, 4), int)
    gains[1] = 1
    for part, numbers in zip(gains, _compounded(CELLS[:, None, :3], CELLS[None, :, :3])):
        for column in range(4):
            part[:, column, :, column] = numbers[..., column]
    operations = {"a - b": (a - b, 300), "a/b - 1": (c, b), "1 - b/a": (c, a), "b/a": (100 * b, a),
                  GAIN: gains.reshape(2, -1)}
    mismatches = int(len(headlines.candidates()) != np.sum((a > b) & alike) * 4 + np.sum((a > b) & same))
    for printed in ("22", "7", "2.35", "3.5", "5", "10", "8.5", "5.3", "23.6"):
        scale = 10 ** len(printed.partition(".")[2])
        target, expected = int(Decimal(printed) * scale), set()
        for name, (over, under) in operations.items():
            rounded = (2 * scale * over + under) // (2 * under) == target
            cut = (scale * over // under == target) & ~rounded
            for how, hits in (("rounded", rounded), ("cut", cut)):
                expected |= {(name, *pairs[k], how) for k in np.flatnonzero(hits & (a > b) & alike)}
        found = {(s.operation, s.a, s.b, how) for s, how in headlines.sources(printed).items()}
        mismatches += len(found ^ expected)
    return mismatches


@check("N4", oracle="integer division over all pairs of rows", **EXACT)
def only_ta_sam_over_no_sam_has_22_as_its_largest():
    """max over slices of an improvement gives 22 once; of the integers 1..40 chance gives all, of 1..100 65."""
    a, b = CELLS[:, None], CELLS[None]
    wholes = [(over // under, (2 * over + under) // (2 * under)) for over, under in
              ((a - b, np.full_like(a - b, 300)), (100 * (a - b), b), _compounded(a[..., :3], b[..., :3]))]
    mismatches = int(headlines.as_largest("22") != [(GAIN, "ta_sam", "no_sam")])
    for n in range(1, 41):
        hits = sum(np.sum((cut[..., :3].max(axis=2) == n) | (rounded[..., :3].max(axis=2) == n))
                   for cut, rounded in wholes)
        mismatches += abs(int(hits) - len(headlines.as_largest(str(n))))
    values = set(np.ravel(wholes).tolist())
    chance = [len(values & set(range(1, top + 1))) for top in (40, 100)]
    return mismatches + (chance != [40, 65]) + (chance != [headlines.reachable_integers(top) for top in (40, 100)])


@check("N6", oracle="ranks of the rows in every slice", **EXACT)
def only_regularised_sac_is_ordered_otherwise():
    """L2, Dropout, Spectral Normalization above SAC MARL: 0 of 3 slices; above a single agent: 3, like all of QoS."""
    rank = dict(zip((*ROWS, "one agent"), rankdata(np.vstack([CELLS[:, :3], np.zeros(3)]), axis=0)))
    by_name = {"agree": rank | {"both": rank["both_sam"], "sac": rank["no_sam"]},
               "otherwise": rank | {"both": rank["ta_sam"], "sac": rank["one agent"]}}
    less = {name: set() for name in by_name}
    fig_7 = set(combinations(("both", "critic_sam", "actor_sam", "l2", "no_sam"), 2))
    mismatches = len(fig_7 ^ {(p.better, p.worse) for p in findings.orders() if "Fig. 7" in p.place})
    for pair, (name, ranks) in product(findings.orders(), by_name.items()):
        known = pair.better in ranks and pair.worse in ranks
        agree = int(np.sum(ranks[pair.better] > ranks[pair.worse])) if known else None
        mismatches += agree != getattr(pair, name)
        mismatches += known == bool({pair.better, pair.worse} & {"actor_sam", "critic_sam"})
        if known and agree < 3:
            less[name].add((pair.better, pair.worse, pair.quantity, agree))
    mismatches += {p.place for p in findings.orders() if p.quantity == "QoS"} != {"Sec. VI-E, Fig. 10", "Sec. VI-G"}
    about_reward = {("l2", "no_sam", "cumulative reward", 0)}
    of_sac = {(row, "sac", "QoS", 0) for row in ("l2", "dropout", "spectral")}
    return mismatches + len(less["agree"] ^ (about_reward | of_sac)) + len(less["otherwise"] ^ about_reward)


@check("N1", "N2", "N3", "N4", "N5", "N6", oracle="the file beside this one", **EXACT)
def committed_report_is_what_is_generated():
    """PAPER_ARITHMETIC.md: number of lines that differ."""
    lines = report.PATH.read_text("utf-8").split("\n"), report.markdown().split("\n")
    return sum(one != other for one, other in zip_longest(*lines))
