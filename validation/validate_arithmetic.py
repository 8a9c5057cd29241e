"""N1-N6: the paper's tables against integers and decimals; an iteration's cost against the bench and against NumPy."""

from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import combinations, product, zip_longest
from math import prod
from types import SimpleNamespace
from unittest import mock

import numpy as np
from scipy.stats import rankdata

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.experiments import bench
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import METHODS, configure
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import stream

from .checks import check
from .oracles import largest
from .paper_arithmetic import complexity, findings, report

ROWS = ("ta_sam", "both_sam", "static_rho", "no_sam", "plastic", "l2", "dropout", "spectral")
PRINTED = ("23.67 11.19 42.1", "21.32 9.81 38.6", "18.4 7.7 32.06", "13.9 5.87 25.1",      # Table 2
           "15.1 5.9 18.5", "1.81 0.73 4.8", "0.67 0.4 2.1", "3.1 1.13 7.3")               # Table 3
TABLE = {row: [Decimal(x) for x in line.split()] for row, line in zip(ROWS, PRINTED)}
CELLS = np.array([[int(300 * x) for x in row] + [int(100 * sum(row))] for row in TABLE.values()])   # in 1/300 point
EXACT = {"tolerance": 0, "because": "exact arithmetic on both sides"}
TINY = ("radio.num_dus=3", "radio.num_ues=18", "radio.num_rbs=8", "agent.hidden_sizes=[8, 6]", "agent.batch_size=11",
        "run.frames_per_iteration=4", "sam.td_var_scale=relative", "sam.td_var_threshold=1.0")


def _minus(a, b):
    return [x - y for x, y in zip(TABLE[a], TABLE[b])]


def _distance(found, expected):
    """Largest difference of two rows of exact numbers."""
    return float(max(abs(Fraction(f) - Fraction(e)) for f, e in zip(found, expected, strict=True)))


@check("N1", "N2", oracle="decimal subtraction", **EXACT)
def drops_of_the_ablation_leave_quoted_ranges():
    """2.35, 1.38, 3.50 against 2.35-3.5; 5.27, 3.49, 10.04 against 5-10, of whole per cents: mMTC is outside both."""
    selection, schedule = findings.selection_drop(), findings.schedule_drop()
    return (_distance(selection.found, _minus("ta_sam", "both_sam")) + (selection.outside != ("mMTC",))
            + _distance(schedule.found, _minus("ta_sam", "static_rho")) + (schedule.outside != ("mMTC",)))


@check("N3", oracle="decimal arithmetic and the text's sentences one by one", **EXACT)
def no_reading_of_table_3_keeps_three_claims():
    """L2 improves SAC; TA-SAM leads PLASTIC by 8.5, 5.3, 23.6; TA-SAM is best: kept 011, 100, 101 by the readings."""
    sac, l2, plastic, best = (TABLE[row] for row in ("no_sam", "l2", "plastic", "ta_sam"))
    on_scale = {"one scale": lambda base, x: x, "points over SAC": lambda base, x: base + x,
                "per cent of SAC": lambda base, x: base + base * x / 100}
    worst = 0.0
    for reading, kept in zip(findings.readings(), ("011", "100", "101"), strict=True):
        scaled = [[on_scale[reading.name](base, x) for base, x in zip(sac, row)] for row in (l2, plastic)]
        lead = [x - y for x, y in zip(best, scaled[1])]
        worst = largest(worst, _distance(reading.qos["l2"], scaled[0]), _distance(reading.plastic_lead, lead),
                    "".join(str(int(held)) for held in reading.claims.values()) != kept)
    return worst


@check("N4", oracle="decimal subtraction and integer division", **EXACT)
def headline_numbers_are_not_the_tables_own():
    """Over no SAM 9.77, 5.32, 17.00: no 22.  Over L2 21.86, 10.46, 37.30: no 7, and 7.96 cut off if over SAC."""
    over_sac, *over_l2 = findings.headlines()
    in_points = [x - y - z for x, y, z in zip(TABLE["ta_sam"], TABLE["no_sam"], TABLE["l2"])]
    gains = [Fraction(100 * int(x - y), int(y)) for x, y in zip(CELLS[0], CELLS[3])]
    met = [over_sac.met, *(h.met for h in over_l2)] != [(), (), (("a - b", "eMBB", "cut"),), ()]
    return met + max(_distance(over_sac.points[:3], _minus("ta_sam", "no_sam")), _distance(over_sac.gains, gains),
                     _distance(over_l2[0].points[:3], _minus("ta_sam", "l2")),
                     _distance(over_l2[1].points[:3], in_points))


@check("N3", "N4", oracle="integer division over all ordered pairs of entries", **EXACT)
def search_finds_every_source_of_every_quote():
    """The pairs and operations that give 22, 7, 2.35, 3.5, 5, 10, 8.5, 5.3 and 23.6, rounded or cut off."""
    pairs = list(product(product(ROWS, findings.COLUMNS), repeat=2))
    alike = np.array([one == other or "mean" not in (one, other) for (_, one), (_, other) in pairs])
    a, b = (cell.ravel() for cell in np.meshgrid(CELLS, CELLS, indexing="ij"))
    c = 100 * (a - b)
    operations = {"a - b": (a - b, 300), "a/b - 1": (c, b), "1 - b/a": (c, a), "b/a": (100 * b, a)}
    mismatches = 0
    for printed in ("22", "7", "2.35", "3.5", "5", "10", "8.5", "5.3", "23.6"):
        scale = 10 ** len(printed.partition(".")[2])
        target, expected = int(Decimal(printed) * scale), set()
        for name, (over, under) in operations.items():
            rounded = (2 * scale * over + under) // (2 * under) == target
            cut = (scale * over // under == target) & ~rounded
            for how, hits in (("rounded", rounded), ("cut", cut)):
                expected |= {(name, *pairs[k], how) for k in np.flatnonzero(hits & (a > b) & alike)}
        found = {(s.operation, s.a, s.b, how) for s, how in findings.sources(printed).items()}
        mismatches += len(found ^ expected)
    return mismatches


@check("N4", oracle="integer division over all pairs of rows", **EXACT)
def no_two_rows_have_22_as_their_largest():
    """max over slices of a - b and a/b - 1 never gives 22; of the integers 1..40 chance gives 37, of 1..100 62."""
    a, b = CELLS[:, None], CELLS[None]
    wholes = [(over // under, (2 * over + under) // (2 * under)) for over, under in
              ((a - b, np.full_like(a - b, 300)), (100 * (a - b), b))]
    mismatches = len(findings.as_largest("22"))
    for n in range(1, 41):
        hits = sum(np.sum((cut[..., :3].max(axis=2) == n) | (rounded[..., :3].max(axis=2) == n))
                   for cut, rounded in wholes)
        mismatches += abs(int(hits) - len(findings.as_largest(str(n))))
    values = set(np.ravel(wholes).tolist())
    chance = [len(values & set(range(1, top + 1))) for top in (40, 100)]
    return mismatches + (chance != [37, 62]) + (chance != [findings.reachable_integers(top) for top in (40, 100)])


@check("N6", oracle="ranks of the rows in every slice", **EXACT)
def only_regularised_sac_is_ordered_otherwise():
    """L2, Dropout and Spectral Normalization above no SAM: 0 of 3 slices.  Every other pair with two rows: 3 of 3."""
    rank, reversed_pairs = dict(zip(ROWS, rankdata(CELLS[:, :3], axis=0))), set()
    fig_7 = set(combinations(("both_sam", "critic_sam", "actor_sam", "l2", "no_sam"), 2))
    mismatches = len(fig_7 ^ {(p.better, p.worse) for p in findings.orders() if "Fig. 7" in p.place})
    for pair in findings.orders():
        known = pair.better in rank and pair.worse in rank
        agree = int(np.sum(rank[pair.better] > rank[pair.worse])) if known else None
        mismatches += agree != pair.agree or known == bool({pair.better, pair.worse} & {"actor_sam", "critic_sam"})
        if agree is not None and agree < 3:
            reversed_pairs.add((pair.better, pair.worse, agree))
    return mismatches + len(reversed_pairs ^ {(r, "no_sam", 0) for r in ("l2", "dropout", "spectral")})


def _networks(size):
    """The bench asks networks for nothing but their sizes."""
    return SimpleNamespace(actor=SimpleNamespace(sizes=(size.obs, *size.hidden, 2 * size.action)),
                           critic=SimpleNamespace(sizes=(size.obs + size.action, *size.hidden, 1)))


def _bench_update(size, sam):
    rows = Fraction(size.critic_rows, size.agents)
    return Fraction(bench.flops(bench.update_products(_networks(size), size.agents, size.batch, rows, sam)))


@check("N5", oracle="the bench's list of products", **EXACT)
def formula_is_the_sum_of_the_benchs_products():
    """Update, acting and TD-errors at Table 1's size and at forty random ones of one to four hidden layers."""
    generator, sizes, mismatches = stream(1, "sizes"), [complexity.paper_size()], 0
    for _ in range(40):
        agents, frames, obs, action, batch, rows = generator.integers(1, 50, 6).tolist()
        hidden = tuple(generator.integers(1, 50, generator.integers(1, 5)).tolist())
        sizes.append(complexity.Size(agents, frames, obs, action, hidden, batch, agents * rows))
    for size in sizes:
        actor, critic = (bench.flops(bench.forward_products(net, size.agents * size.frames))
                         for net in vars(_networks(size)).values())
        cost = complexity.cost(size, "no_sam")
        mismatches += (cost["acting"] != actor) + (cost["TD-errors"] != actor + 2 * critic) + sum(
            complexity.update_cost(size, method) != _bench_update(size, method == "both_sam")
            for method in ("no_sam", "both_sam"))
    return mismatches


@contextmanager
def _counted():
    """Collect the operations that np.matmul takes within the block, by the shapes of its operands."""
    seen, matmul = [], np.matmul

    def counting(left, right, **options):
        seen.append(2 * prod(left.shape) * right.shape[1])
        return matmul(left, right, **options)

    with mock.patch.object(np, "matmul", counting):
        yield seen


def _tiny(method):
    """A trainer of three agents in miniature, and its sizes for the formula."""
    config = configure(method, apply_settings(Config(), TINY))
    env = OranEnv(config)
    return Trainer(config, env), complexity.Size(3, 4, env.obs_dim, env.action_dim, (8, 6), 11, 12)


@check("N5", oracle="products that NumPy is seen to take in one update", **EXACT)
def formula_is_what_each_method_multiplies():
    """Steps of all actors and of the critic; ta_sam with none, one, two and all of three actors taking SAM."""
    missed = set()
    for method, count in [*((m, 3 * METHODS[m].settings["sam"]["use_sam_actor"]) for m in complexity.SAM),
                          *(("ta_sam", k) for k in range(3))]:
        trainer, size = _tiny(method)
        trainer.iterate()
        with _counted() as seen:
            for i in range(3):
                trainer.learner.update_actor(i, 1, 0, 0.1 if i < count else None)
            trainer.learner.update_critic(1, 0, 0.1 if trainer.config.sam.use_sam_critic else None)
        if sum(seen) != complexity.update_cost(size, method, Fraction(count, 3)):
            missed.add((method, count))
    return len(missed)


@check("N5", oracle="products that NumPy is seen to take in one iteration", **EXACT)
def formula_is_a_whole_iteration_of_each_method():
    """Acting, TD-errors and update of Algorithm 1, the gate open for the two of three actors above the median."""
    mismatches = 0
    for method in complexity.SAM:
        trainer, size = _tiny(method)
        with _counted() as seen:
            share = Fraction(int(trainer.iterate()["sam_actor"].sum()), 3)
        mismatches += sum(complexity.cost(size, method, share).values()) != sum(seen)
        mismatches += method == "ta_sam" and share != Fraction(2, 3)
    return mismatches


@check("N5", oracle="finite differences of the bench's list, exact for polynomials", **EXACT)
def log_slopes_and_doubling_follow_the_bench():
    """x f'(x) / f(x) and f(2x) / f(x) of N_m, d, widths, batch; the claim has 1, 1, 0, 0 and grows by 2, 2, 1, 1."""
    size, worst = complexity.paper_size(), 0
    d = size.obs + size.action
    wide, wider = (replace(size, hidden=tuple(k * h for h in size.hidden)) for k in (2, 3))
    batches = replace(size, batch=2 * size.batch, critic_rows=2 * size.critic_rows)
    one_rb, rbs = (replace(size, obs=size.obs + k, action=size.action + k) for k in (2, d // 2))
    one_agent, agents = (replace(size, agents=n) for n in (size.agents + 1, 2 * size.agents))
    doubled = {"N_m": agents, "d_{s,a}": rbs, "hidden widths": wide, "batch": batches}
    for method, sam in (("no_sam", False), ("both_sam", True)):
        at = partial(_bench_update, sam=sam)
        slopes = {"N_m": size.agents * (at(one_agent) - at(size)), "d_{s,a}": Fraction(d, 4) * (at(one_rb) - at(size)),
                  "hidden widths": 2 * at(wide) - Fraction(3, 2) * at(size) - Fraction(1, 2) * at(wider),
                  "batch": at(batches) - at(size)}
        for quantity, slope in slopes.items():
            case = partial(complexity.update_cost, method=method), quantity, size
            worst = largest(worst, abs(complexity.log_slope(*case) - slope / at(size)),
                        abs(complexity.growth(*case) - at(doubled[quantity]) / at(size)))
    claims = [f(complexity.claimed_cost, q, size) for f in (complexity.log_slope, complexity.growth) for q in doubled]
    return float(worst) + (claims != [1, 1, 0, 0, 2, 2, 1, 1])


@check("N5", oracle="the first and last layers' products by hand", **EXACT)
def only_outer_layers_grow_as_claimed():
    """2 N_m B d (5/2 h_1 + 3 h_3) of the update without SAM is all that is proportional to N_m d_{s,a}: 31 %."""
    size = complexity.paper_size()
    outer = 2 * size.agents * size.batch * (size.obs + size.action) * (Fraction(5 * 300, 2) + 3 * 400)
    share = complexity.share_as_claimed(lambda at: complexity.update_cost(at, "no_sam"), size)
    return float(abs(share - outer / _bench_update(size, False))) + (int(100 * share) != 31)


@check("N1", "N2", "N3", "N4", "N5", "N6", oracle="the file beside this one", **EXACT)
def committed_report_is_what_is_generated():
    """PAPER_ARITHMETIC.md: number of lines that differ."""
    lines = report.PATH.read_text("utf-8").split("\n"), report.markdown().split("\n")
    return sum(one != other for one, other in zip_longest(*lines))
