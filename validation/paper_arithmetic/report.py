"""N1-N6 as Markdown.  Every result is computed here; what the sentences conclude from it is held by the checks."""

from fractions import Fraction
from pathlib import Path

from tasam_ref.files import write_atomically

from . import complexity, findings
from .findings import COLUMNS, QOS, SLICES, TABLES, compared

PATH = Path(__file__).resolve().parents[1] / "PAPER_ARITHMETIC.md"
QUOTED = [(quote, number) for quote in TABLES["quotes"].values() for number in quote["numbers"]]


def markdown():
    """The whole file."""
    sections = (_introduction(), _ranges(), _baselines(), _headlines(), _cost(), _growth(), _orders(), _sources())
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def write(path=PATH):
    """Write the file and return its path."""
    with write_atomically(path) as file:
        file.write(markdown())
    return path


def _table(head, rows):
    rows = [list(map(str, row)) for row in rows]
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]


def _number(value):
    return f"{float(value):.2f}"


def _numbers(values):
    return [_number(value) for value in values]


def _introduction():
    rows = [(row["key"], f"Table {row['table']}: {row['printed']}", *_numbers(QOS[row["key"]]))
            for row in TABLES["rows"]]
    return ["# The paper's own numbers", "",
            "Written by `python -m validation.paper_arithmetic` from `paper_arithmetic/tables.toml`; do not edit.",
            "The paper's Tables 2 and 3, in per cent, under the names used below:", "",
            *_table(("row", "as printed", *SLICES), rows)]


def _ranges():
    found = {"N1": ("selection", findings.selection_drop()), "N2": ("schedule", findings.schedule_drop())}
    rows = [(name, TABLES["quotes"][key]["place"], "-".join(TABLES["quotes"][key]["numbers"]), *_numbers(one.found),
             ", ".join(one.outside)) for name, (key, one) in found.items()]
    return ["## N1, N2: the ablation's ranges", "",
            "Without selection the text has \"a drop of 2.35%-3.5% across the slices\", with a static rho \"5-10%\".",
            "Both ranges leave out mMTC, the slice with the smallest drop:", "",
            *_table(("", "place", "quoted", *SLICES, "outside"), rows)]


def _baselines():
    readings = findings.readings()
    sac, l2 = QOS["no_sam"][0], QOS["l2"][0]
    rows = [(r.name, *_numbers(r.qos["l2"]), *_numbers(r.plastic_lead), *("yes" if c else "no" for c in
             r.claims.values())) for r in readings]
    return ["## N3: what Table 3 is measured from", "",
            f"Table 2 gives SAC without SAM {_number(sac)} % in eMBB; Table 3 gives SAC with L2 {_number(l2)} %, which",
            "Sec. VI-G calls an improvement of SAC by as much.  The same section subtracts a row of Table 3 from one",
            "of Table 2: TA-SAM minus PLASTIC, 8.5, 5.3 and 23.6 (8.57 cut off, 5.29 rounded).  Three claims of the",
            "text hold together under no reading of Table 3:", "",
            *_table(("Table 3 in", *(f"L2 {s}" for s in SLICES), *(f"lead {s}" for s in SLICES),
                     *readings[0].claims), rows)]


def _headlines():
    rows, counts = [], []
    for h in findings.headlines():
        quote = TABLES["quotes"][h.quote]
        rows.append((quote["numbers"][0] + " %", f"{quote['better']} over {quote['worse']}", h.reading,
                     ", ".join(_numbers(h.points)), ", ".join(_numbers(h.gains)),
                     "; ".join(" ".join(met) for met in h.met) or "**nowhere**"))
    for quote, number in QUOTED:
        found = findings.sources(number)
        claimed = [f"{s.operation}, {s.a[1]}: {_number(s.value)} ({found[s]})" for s in
                   findings.as_claimed(quote, found)]
        counts.append((number, quote["place"], f"{quote['better']} over {quote['worse']}", len(found),
                       sum(s.same_column for s in found), "; ".join(claimed) or "**none**"))
    total, alike = len(findings.candidates()), sum(s.same_column for s in findings.candidates())
    over_l2 = _numbers(compared("a - b", "ta_sam", "l2"))
    share = _number(100 * QOS["l2"][1] / QOS["ta_sam"][1])
    largest, by_chance = len(findings.as_largest("22")), [findings.reachable_integers(top) for top in (100, 40)]
    return ["## N4: 22 % and 7 %", "",
            "The conclusions say \"up to 22% over traditional SAC approach without SAM and a 7% improvement over SAC",
            f"using L2-regularization\".  By slice and in the mean ({', '.join(COLUMNS)}):", "",
            *_table(("quoted", "of", "Table 3 in", "points a - b", "gain a/b - 1, %", "met by"), rows), "",
            "No difference or gain of TA-SAM over no SAM gives 22, in any slice or in the mean.  On the one scale that",
            "Sec. VI-G uses, none over L2 gives 7 either.  The only 7 is a difference in eMBB, cut off, under the",
            "reading of Table 3 by which PLASTIC beats TA-SAM in every slice (N3).  (In mMTC, L2 stands at "
            f"{share} % of", "TA-SAM: a share, not an improvement.)", "",
            f"Four operations on all pairs of entries of Tables 2 and 3 make {total} candidates; {alike} compare two",
            "rows in one slice or their means.  Those that give a quoted number, by rounding or by cutting off:", "",
            *_table(("quoted", "place", "said of", "sources", "in one slice or mean", "as said (a - b or a/b - 1)"),
                    counts), "",
            f"22 is the largest difference or gain over the slices, \"up to\", of {largest} pairs of rows.  TA-SAM",
            f"minus L2 in eMBB, {over_l2[0]}, is the only difference of TA-SAM in a slice that rounds to 22; but the",
            f"two rows differ by {over_l2[2]} in URLLC.  One whole number that matches is weak evidence:",
            f"{by_chance[0]} of the integers 1 to 100, and {by_chance[1]} of 1 to 40, are a difference or gain of two",
            "rows in one slice or the mean.", "",
            "The abstract speaks of 22 % in \"resource allocation efficiency\".  No table holds such a quantity: the",
            "number may stem from a figure.  Shown here is that Tables 2 and 3 do not give it as a gain over no SAM."]


def _cost():
    size = complexity.paper_size()
    shares = {"ta_sam": [Fraction(k, size.agents) for k in range(1, size.agents)]}
    cases = [(method, share) for method in complexity.SAM for share in shares.get(method, [None])]
    base = sum(complexity.cost(size, "no_sam").values()), complexity.update_cost(size, "no_sam")
    rows = []
    for method, share in cases:
        parts, update = complexity.cost(size, method, share), complexity.update_cost(size, method, share)
        name = method if share is None else f"{method}, {share * size.agents} of {size.agents} actors"
        rows.append((name, *(f"{int(v) / 1e6:.3f}" for v in parts.values()), f"{int(sum(parts.values())) / 1e6:.3f}",
                     _number(sum(parts.values()) / Fraction(base[0])), _number(update / Fraction(base[1]))))
    return ["## N5: what an iteration costs", "",
            f"At Table 1's size: {size.agents} actors {size.obs}-"
            + "-".join(map(str, size.hidden)) + f"-{2 * size.action}, a critic {size.obs + size.action}-"
            + "-".join(map(str, size.hidden)) + f"-1, batches of {size.batch} and {size.critic_rows} rows,",
            f"{size.frames} frames, one gradient step, one critic with a target network, the actors' gradient through",
            "the critic.  Operations of the matrix products, in millions:", "",
            *_table(("method", *complexity.cost(size, "no_sam"), "iteration", "times no_sam", "update alone"), rows),
            "", "SAM's \"extra forward and backward pass\" doubles the gradients, not the target, acting or TD-errors."]


def _growth():
    size = complexity.paper_size()

    def update(method):
        return lambda at: complexity.update_cost(at, method)

    rows = [(quantity, *(_number(complexity.growth(f, quantity, size)) for f in (update("no_sam"), update("both_sam"))),
             complexity.growth(complexity.claimed_cost, quantity, size),
             *(f"{float(complexity.log_slope(f, quantity, size)):.4f}" for f in (update("no_sam"), update("both_sam"))),
             complexity.log_slope(complexity.claimed_cost, quantity, size)) for quantity in complexity.SCALED]
    shares = [100 * float(complexity.share_as_claimed(update(m), size)) for m in ("no_sam", "both_sam")]
    return ["### Against the claimed O(N_m d_{s,a})", "",
            "Sec. V-B gives soft actor-critic's cost per step as O(N_m d_{s,a}).  The update's cost when one quantity",
            "doubles, and its exact log-slope d ln cost / d ln quantity at Table 1's size:", "",
            *_table(("quantity", "no_sam x", "both_sam x", "claimed x", "no_sam slope", "both_sam slope",
                     "claimed slope"), rows), "",
            f"The part of the cost that does grow as N_m d_{{s,a}} is {shares[0]:.1f} % without SAM and "
            f"{shares[1]:.1f} % with SAM everywhere: the first",
            "and last layers.  With widths and batch held fixed the claim is a valid bound, for the cost is affine in",
            "both its quantities; but doubling the batch or the widths changes the cost, and the claim does not see",
            "it."]


def _orders():
    names = {None: "no row", **{k: f"{k} of {len(SLICES)}" for k in range(len(SLICES) + 1)}}
    rows = [(p.place, f"{p.better} > {p.worse}", names[p.agree]) for p in findings.orders() if p.agree is not None]
    absent = sum(p.agree is None for p in findings.orders())
    return ["## N6: orders that the text claims", "",
            "Tables 2 and 3 on one scale, as Sec. VI-G subtracts them.  The text puts L2, Dropout and Spectral",
            "Normalization above SAC without SAM; the tables put them below it in every slice.  "
            f"{absent} more pairs involve",
            "actor-SAM or critic-SAM, which have no row in a table.", "",
            *_table(("place", "claimed", "slices that agree"), rows)]


def _sources():
    rows = []
    for quote, number in QUOTED:
        found = findings.sources(number)
        claimed = findings.as_claimed(quote, found)
        ranked = sorted(found, key=lambda s: (s not in claimed, not s.same_column, s.operation, s.a, s.b))
        rows += [(number, s.operation, " ".join(s.a), " ".join(s.b), _number(s.value), found[s],
                  "as said" if s in claimed else "like with like" if s.same_column else "across slices")
                 for s in ranked]
    return ["## Every source of every quoted number", "",
            "a and b are entries of Tables 2 and 3, a the larger.  *As said*: the two rows that the text names, in one",
            "slice, by a - b or a/b - 1.", "",
            *_table(("quoted", "operation", "a", "b", "value", "met by being", "compares"), rows)]
