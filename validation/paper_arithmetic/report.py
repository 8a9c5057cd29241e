"""N1-N6 as Markdown.  Every result is computed here; what the sentences conclude from it is held by the checks."""

from fractions import Fraction
from pathlib import Path
from textwrap import wrap

from tasam_ref.files import write_atomically

from . import complexity, findings, headlines
from .findings import COLUMNS, IMPROVEMENTS, QOS, SLICES, TABLES, compared, with_mean

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


def _paragraph(*sentences):
    return wrap("  ".join(sentences), 105, break_on_hyphens=False)


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
    both, agents = (", ".join(_numbers(compared("a - b", better, "l2"))) for better in ("ta_sam", "no_sam"))
    return ["## N3: what Table 3 is measured from", "",
            f"Table 2 gives SAC without SAM {_number(sac)} % in eMBB; Table 3 gives SAC with L2 {_number(l2)} %, which",
            "Sec. VI-G calls an improvement of SAC by as much.  The same section subtracts a row of Table 3 from one",
            "of Table 2: TA-SAM minus PLASTIC, 8.5, 5.3 and 23.6 (8.57 cut off, 5.29 rounded).  Three claims of the",
            "text hold together under none of the four readings in which plain SAC is Table 2's "
            f"{_number(sac)}; they do", "hold if Table 3's SAC is the single centralised agent:", "",
            *_table(("Table 3 in", *(f"L2 {s}" for s in SLICES), *(f"lead {s}" for s in SLICES),
                     *readings[0].claims), rows), "",
            *_paragraph(
                "*Compounded on SAC*: Table 2 holds gains in per cent, Table 3 gains in per cent over Table 2's SAC.",
                "A gain g on a gain b makes b + g + b g / 100; in URLLC, of a falling latency, b + g - b g / 100 (N4).",
                "By this reading PLASTIC is above TA-SAM in eMBB and mMTC, in points over SAC in all three slices."),
            "*Gains over one agent*: both tables hold gains over a single centralised SAC agent, which stands at 0.",
            "Sec. VI-G says that Table 2's results \"also illustrate the achievable gain over a single centralized DRL",
            "agent\"; Table 3's rows are \"SAC + ...\", Table 2's baseline \"Standard SAC MARL\".  (The same section",
            "calls Table 2's entries \"QoS satisfaction\", and nowhere says which SAC is Table 3's.)", "",
            "By that last reading Table 3's regularised agents are not multi-agent, and TA-SAM against L2 mixes two",
            f"changes, the regularisation and the number of agents: of the {both} points between them",
            f"SAC MARL without SAM already has {agents}.  What becomes of 22 % and 7 % stands in N4."]


def _headlines():
    rows, counts = [], []
    for h in headlines.headlines():
        quote = TABLES["quotes"][h.quote]
        rows.append((quote["numbers"][0] + " %", f"{quote['better']} over {quote['worse']}", h.reading,
                     *(", ".join(_numbers(row)) for row in h.values.values()),
                     "; ".join(" ".join(met) for met in h.met) or "**nowhere**"))
    for quote, number in QUOTED:
        found = headlines.sources(number)
        claimed = [f"{s.operation}, {s.a[1]}: {_number(s.value)} ({found[s]})" for s in
                   headlines.as_claimed(quote, found)]
        counts.append((number, quote["place"], f"{quote['better']} over {quote['worse']}", len(found),
                       sum(s.same_column for s in found), "; ".join(claimed) or "**none**"))
    total, alike = len(headlines.candidates()), sum(s.same_column for s in headlines.candidates())
    largest = [f"{a} over {b} ({operation})" for operation, a, b in headlines.as_largest("22")]
    points = _number(max(compared("a - b", "ta_sam", "no_sam")))
    by_chance = [headlines.reachable_integers(top) for top in (100, 40)]
    return ["## N4: 22 % and 7 %", "",
            *_paragraph(
                "The conclusions say \"up to 22% over traditional SAC approach without SAM and a 7% improvement over "
                "SAC using L2-regularization\".",
                "An improvement from b to a may be a - b points or a/b - 1 per cent.",
                "If the entries are themselves gains in per cent over one baseline, they *compound*: it is "
                "(100+a)/(100+b) - 1, and 1 - (100-a)/(100-b) in URLLC, whose QoS is a latency (Sec. VI-E) and gains "
                "by falling.",
                f"By slice and in the mean ({', '.join(COLUMNS)}), of compounded gains the mean of the three:"),
            "",
            *_table(("quoted", "of", "Table 3 in", "a - b, points", *(f"{o}, %" for o in IMPROVEMENTS[1:]), "met by"),
                    rows), "", *_verdict(), "",
            *_paragraph(
                "Four operations on all pairs of entries of Tables 2 and 3, and compounding within a slice or in the "
                f"mean, make {total} candidates; {alike} compare two rows in one slice or in the mean.",
                "Those that give a quoted number, by rounding or by cutting off:"), "",
            *_table(("quoted", "place", "said of", "sources", "in one slice or mean", "as said, by an improvement"),
                    counts), "",
            *_paragraph(
                f"{by_chance[0]} of the integers 1 to 100, and {by_chance[1]} of 1 to 40, are an improvement of some "
                "row on another, in one slice or in the mean: that a number is found somewhere says nothing.",
                "But as the largest over the slices, \"up to\", 22 is the improvement of one pair of rows alone, and "
                f"it is the pair that the text names: {'; '.join(largest)}."), "",
            *_paragraph(
                "The abstract speaks of 22 % in \"resource allocation efficiency\", Sec. I of that \"and user QoS\".",
                "The tables hold QoS, and the paper does not say what its per cents are of.",
                "That they are gains over one baseline is a reading: the one that fits the text (N3) and meets 22.",
                f"Sec. VI-G compares rows by their differences, and by that the largest is {points} points.")]


def _verdict():
    ta_sam, no_sam = QOS["ta_sam"], QOS["no_sam"]
    over_none, over_l2 = (_numbers(compared("compounded", "ta_sam", worse)) for worse in ("no_sam", "l2"))
    of_others = [_number(compared("compounded", *pair)[0]) for pair in (("ta_sam", "plastic"), ("both_sam", "no_sam"))]
    left, left_by_none, share = (_number(x) for x in (100 - ta_sam[2], 100 - no_sam[2], 100 * QOS["l2"][1] / ta_sam[1]))
    return [
        *_paragraph(
            "22 is the gain of TA-SAM over no SAM in URLLC.",
            f"Of the baseline's latency TA-SAM leaves {left} %, no SAM {left_by_none} %, so that TA-SAM's lies "
            f"{over_none[2]} % below no SAM's: 22 when cut off, as Sec. VI-G cuts 8.57 to 8.5.",
            f"It is the largest over the slices; in eMBB and mMTC the gains are {over_none[0]} and {over_none[1]} %.",
            "No difference or quotient of the two rows gives 22; nor do TA-SAM's own entries, "
            f"{', '.join(_numbers(with_mean(ta_sam)))}, its gains if the \"traditional SAC\" is a single agent."),
        "",
        *_paragraph(
            "7 has no such source.  The text's \"up to\" belongs to the 22, and of 7 it names no slice.",
            f"As gains over one agent, by which N3's claims hold, TA-SAM is {', '.join(over_l2)} % above L2, more "
            "than 7 in every slice; nor is there a 7 on one scale or in per cent of SAC.",
            "It comes in eMBB alone, rounded as a gain or cut off as a difference, where Table 3 is in points over "
            "Table 2's SAC or compounded on it, and by both readings PLASTIC beats TA-SAM there (N3).",
            f"(In mMTC, L2 stands at {share} % of TA-SAM: a share, not an improvement.)",
            f"Gains of 7 % in eMBB are those of TA-SAM over PLASTIC, {of_others[0]}, and of the method without "
            f"selection over no SAM, {of_others[1]}.")]


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
    pairs = findings.orders()
    known = [p for p in pairs if p.agree is not None]
    rows = [(p.place, p.quantity, f"{p.better} > {p.worse}", f"{p.agree} of {len(SLICES)}",
             f"{p.otherwise} of {len(SLICES)}") for p in known]
    return ["## N6: orders that the text claims", "",
            "Tables 2 and 3 on one scale, as Sec. VI-G subtracts them.  The text puts L2, Dropout and Spectral",
            "Normalization above SAC without SAM; the tables put them below Table 2's SAC MARL in every slice.",
            f"{len(pairs) - len(known)} more pairs involve actor-SAM or critic-SAM, which have no row in a table.",
            "", *_table(("place", "it orders", "claimed", "slices that agree", "otherwise read"), rows), "",
            "Three caveats.  *The tables hold QoS*: Figs. 7 and 8 order cumulative reward and Fig. 11 users'",
            "throughput, which need not rank the methods alike; only Fig. 10 and Sec. VI-G order QoS.  *both*, the",
            "figures' both-SAM, is looked up as the row without selection; it may be the selective method, for",
            "Sec. VI-A has TA-SAM \"integrating SAM selectively in actor networks, critic networks, both, or not at",
            "all\".  *sac* is looked up as Table 2's SAC MARL; it may be the single centralised agent of N3, at 0.",
            "*Otherwise read* takes both-SAM as ta_sam and sac as that agent: both-SAM's place is the same, and all",
            "that Sec. VI-G says of Table 3 holds.  What is left is L2 over no SAM in Fig. 7, a claim about reward."]


def _sources():
    rows = []
    for quote, number in QUOTED:
        found = headlines.sources(number)
        claimed = headlines.as_claimed(quote, found)
        ranked = sorted(found, key=lambda s: (s not in claimed, not s.same_column, s.operation, s.a, s.b))
        rows += [(number, s.operation, " ".join(s.a), " ".join(s.b), _number(s.value), found[s],
                  "as said" if s in claimed else "like with like" if s.same_column else "across slices")
                 for s in ranked]
    return ["## Every source of every quoted number", "",
            "a and b are entries of Tables 2 and 3, a the larger.  *As said*: the two rows that the text names, in one",
            "slice or the mean, by a - b, a/b - 1 or compounded (N4).", "",
            *_table(("quoted", "operation", "a", "b", "value", "met by being", "compares"), rows)]
