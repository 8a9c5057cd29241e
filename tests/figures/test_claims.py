"""Claims: verdicts worked out by hand, what a file of claims may hold, and claims.toml against the paper's tables."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_scores import results

from figures.claims import quantities
from figures.claims.combinations import combinations
from figures.claims.entries import Claim, load_claims
from figures.claims.parts import Part
from figures.claims.quantities import Lacking, per_seed
from figures.claims.verdicts import find, verdict
from tasam_ref.analysis.stats import Interval
from tasam_ref.errors import UsageError
from tasam_ref.experiments.plan import load_plan
from validation.paper_arithmetic.findings import QOS, SLICES

PAIR = [["ta_sam"], ["no_sam"]]


def part(low, high, boundary=0.0, direction="higher", seeds=3):
    return Part("x", Interval((low + high) / 2, low, high), "", boundary, direction, seeds)


@pytest.mark.parametrize(("low", "high", "boundary", "expected"), [
    (0.1, 1, 0, "reproduced"), (-1, -0.1, 0, "not reproduced"), (-1, 1, 0, "inconclusive"), (0, 1, 0, "inconclusive"),
    (-1, 0, 0, "inconclusive"), (22.1, 30, 22, "reproduced"), (1, 21.9, 22, "not reproduced"),
    (1, 1, 1, "inconclusive"), (2, math.inf, 1, "reproduced"), (math.nan, math.nan, 0, "inconclusive")])
def test_a_verdict_needs_the_whole_interval_beyond_the_boundary(low, high, boundary, expected):
    assert verdict([part(low, high, boundary)]) == expected


@pytest.mark.parametrize(("seeds", "expected"), [(2, "inconclusive"), (3, "reproduced")])
def test_fewer_than_three_seeds_conclude_nothing(seeds, expected):
    assert verdict([part(1, 2, seeds=seeds)]) == expected


@given(st.floats(-9, 9), st.floats(0, 9), st.floats(-9, 9))
def test_the_other_direction_is_the_other_verdict(low, width, boundary):
    other = {"reproduced": "not reproduced", "not reproduced": "reproduced", "inconclusive": "inconclusive"}
    up, down = (verdict([part(low, low + width, boundary, direction)]) for direction in ("higher", "lower"))
    assert down == other[up]


FOR, OPEN, AGAINST = part(1, 2), part(-1, 1), part(-2, -1)


@pytest.mark.parametrize(("parts", "every", "some"), [
    ((FOR, FOR), "reproduced", "reproduced"), ((FOR, OPEN), "inconclusive", "reproduced"),
    ((FOR, AGAINST), "not reproduced", "reproduced"), ((OPEN, AGAINST), "not reproduced", "inconclusive"),
    ((AGAINST, AGAINST), "not reproduced", "not reproduced")])
def test_all_parts_must_hold_or_any(parts, every, some):
    assert (verdict(parts, "all"), verdict(parts, "any")) == (every, some)


def claim(**arguments):
    return Claim("a", "b", "c", measure="difference", arguments=arguments)


REWARDS = {"headline/ta_sam": {"reward": [3.0, 3.1, 3.2]}, "headline/no_sam": {"reward": [2, 2, 2]},
           "headline/l2": {"reward": [1, 2, 9]}}


def test_a_finding_says_its_seeds_and_has_the_deciding_part_first():
    made = results(REWARDS | {"dus_2/no_sam": {"reward": [0, 0, 0, 0]}, "dus_2/ta_sam": {"reward": [1.0] * 4}})
    assert find(made, claim(order=PAIR)).sentence == "reproduced at 3 seeds"
    assert find(made, claim(order=PAIR, direction="lower")).sentence == "not reproduced at 3 seeds"
    assert find(made, claim(order=PAIR, groups=["headline", "dus_2"])).sentence == "reproduced at 3 to 4 seeds"
    found = find(made, claim(order=[["ta_sam"], ["no_sam", "l2"]]))
    assert (found.sentence, found.parts[0].label) == ("inconclusive at 3 seeds", "ta_sam - l2")


@pytest.mark.parametrize(("arguments", "said"), [
    ({"order": [["ta_sam"], ["dus_4/ta_sam"]]}, "group dus_4"),
    ({"order": [["ta_sam"], ["dropout"]]}, "dropout in group headline"),
    ({"order": PAIR, "quantity": "lambda_max_critic"}, "lambda_max_critic of ta_sam in group headline"),
    ({"order": PAIR, "quantity": "entropy"}, "curves of ta_sam in group headline"),
    ({"order": PAIR, "quantity": "retention"}, "regimes of ta_sam in group headline")])
def test_what_the_results_lack_is_said_and_no_error(arguments, said):
    found = find(results(REWARDS), claim(**arguments))
    assert (found.verdict, found.sentence) == ("not testable", f"not testable: these results lack {said}")


def test_a_measurement_that_only_some_runs_have_counts_as_lacking():
    made = results({"headline/ta_sam": {"lambda_max_critic": [1, 2]}, "headline/no_sam": {"reward": [0, 0]}})
    with pytest.raises(Lacking, match="lambda_max_critic of no_sam in group headline"):
        per_seed(made, "lambda_max_critic", "headline", "no_sam")


# ---- the file of claims ----
GOOD = """[[claims]]
id = "one"
where = "Fig. 7"
says = "better"
measure = "difference"
order = [["ta_sam"], ["no_sam"]]
"""


@pytest.fixture
def read(tmp_path):
    def load(text):
        (tmp_path / "claims.toml").write_text(text, "utf-8")
        return load_claims(tmp_path / "claims.toml")

    return load


def test_a_reading_takes_over_what_it_does_not_say(read):
    first, second, third, fourth = read(GOOD + """quantity = "entropy"
note = "n"
[[claims.readings]]
reading = "fewer"
direction = "lower"
[[claims.readings]]
reading = "spread"
measure = "spread"
order = [["l2"], ["no_sam"]]
[[claims.readings]]
reading = "none"
untestable = "why not"
""")
    assert first.arguments == {"order": PAIR, "quantity": "entropy"}
    assert (second.reading, second.note, second.arguments) == ("fewer", "n", first.arguments | {"direction": "lower"})
    assert (third.measure, third.arguments) == ("spread", {"order": [["l2"], ["no_sam"]]})
    assert (fourth.id, fourth.measure, fourth.untestable, fourth.arguments) == ("one", "", "why not", {})


@pytest.mark.parametrize(("old", "new", "said"), [
    ('"difference"', '"differences"', "claim one: measure = 'differences': must be one of difference, ratio, "),
    ('"ta_sam"', '"tasam"', "claim one: method = 'tasam': must be one of no_sam, "),
    ('"ta_sam"', '"dus_2/tasam"', "claim one: method = 'dus_2/tasam'|claim one: method = 'tasam'"),
    ('where = "Fig. 7"\n', "", "claim one: lacks where"),
    ('says = "better"\n', 'says = ""\n', "claim one: lacks says"),
    ('id = "one"\n', "", "claim number 1: lacks id"),
    ("order =", "orders =", "claim one: measure difference: "),
    ('order = [["ta_sam"], ["no_sam"]]', "", "claim one: measure difference: missing a required argument: 'order'"),
    ("order =", 'quantity = "rewards"\norder =', "claim one: quantity = 'rewards': must be one of reward, "),
    ("order =", 'direction = "up"\norder =', "claim one: direction = 'up': must be one of higher, lower"),
    ("order =", 'hold = "some"\norder =', "claim one: hold = 'some': must be one of all, any"),
    ("order =", "note = 3\norder =", "claim one: note = 3: must be a text"),
    ("order =", 'evaluation = "mean"\norder =', "claim one: evaluation = 'mean': must be one of deterministic, stoch"),
    ("order =", 'untestable = "x"\norder =', "claim one: must have a measure, or say in untestable why"),
    ('measure = "difference"\n', "", "claim one: must have a measure, or say in untestable why"),
    ('"difference"', '"gain"\nleast = [1, 2]', r"claim one: least = \[1, 2\]: must be 3 numbers, one per slice"),
    ('"difference"', '"gain"\nquantity = "reward"', "claim one: quantity = 'reward': must be one of qos, met, "),
    ('"difference"', '"gain"\npoints_over = "sac"', "claim one: method = 'sac': must be one of "),
    ('"difference"', '"iterations"\ncost = "hours"', "claim one: cost = 'hours': must be one of iteration, "),
    ("[[claims]]", "[[claim]]", "not a list of claims"),
    ("[[claims]]", "[[claims]", "not a list of claims"),
])
def test_a_bad_entry_is_refused_in_one_line_that_names_it(read, old, new, said):
    assert len(read(GOOD)) == 1
    with pytest.raises(UsageError, match=rf"claims\.toml: ({said})") as refused:
        read(GOOD.replace(old, new, 1))
    assert "\n" not in str(refused.value)


def test_a_claim_is_judged_as_the_file_says_unless_it_or_its_reading_says_otherwise(read):
    rest = 'quantity = "{}"\n[[claims.readings]]\nreading = "other"\n{}'
    judge, other = 'evaluation = "stochastic"\n', 'evaluation = "deterministic"\n'
    for text, expected in (
            (GOOD, ["deterministic"]), (judge + GOOD, ["stochastic"]), (judge + GOOD + other, ["deterministic"]),
            (judge + GOOD + rest.format("qos_URLLC", other), ["stochastic", "deterministic"]),
            (judge + GOOD + rest.format("met_mMTC", 'measure = "spread"\norder = [["l2"], ["no_sam"]]'),
             ["stochastic", "stochastic"]),
            (judge + GOOD + rest.format("entropy", 'quantity = "reward_sum"'), ["", "stochastic"]),
            (judge + GOOD + rest.format("held_out", 'untestable = "x"'), ["", ""]),
            (judge + GOOD + rest.format("gradient_evaluations", 'measure = "gain"\norder = [["l2"], ["no_sam"]]'),
             ["", "stochastic"]),
            (judge + GOOD + rest.format("lambda_max_critic", 'measure = "requirements"\nmethods = ["l2"]'),
             ["", "stochastic"])):
        assert [one.evaluation for one in read(text)] == expected, text


def test_an_id_twice_and_a_reading_without_name_are_refused(read):
    with pytest.raises(UsageError, match="claim one: there is another of this id"):
        read(GOOD + GOOD)
    with pytest.raises(UsageError, match="claim one: a reading lacks reading, its name"):
        read(GOOD + "[[claims.readings]]\nquantity = 'entropy'\n")


CLAIMS = load_claims()


def places(one):
    named = [*one.arguments.get("methods", ()), *(m for tier in one.arguments.get("order", ()) for m in tier)]
    if "points_over" in one.arguments:
        named.append(one.arguments["points_over"])
    return {name if "/" in name else f"{group}/{name}"
            for name in named for group in one.arguments.get("groups", ["headline"])}


def test_the_papers_plan_has_the_runs_of_every_claim_by_both_norms():
    plan = load_plan(Path(__file__).parents[2] / "figures" / "plans" / "paper.toml")
    there = {f"{name}/{method}" for name, group in plan.groups.items() for method in group.methods}
    readings = [reading for one in CLAIMS for reading in combinations(one).values()]
    assert not {name for one in readings for name in places(one) - there}
    measured = {kind: {f"{group}/{method}" for group, methods in wanted.items() for method in methods}
                for kind, wanted in plan.measure.items()}
    for one in readings:
        wanted = str([one.arguments.get(key) for key in ("quantity", "x", "y")])
        if "lambda" in wanted:
            assert places(one) <= measured["curvature"], one.id
        if "throughput" in wanted:
            assert places(one) <= measured["distributions"], one.id


def test_the_numbers_of_tables_2_and_3_are_the_papers():
    """As printed where the base is a single agent or Table 3's SAC; compounded over no SAM for Table 2, where of 100 a
    rate's gain makes 100 + a and a latency's 100 - a."""
    rows = {"ta_sam": "ta_sam", "both_sam": "both_sam", "ta_sam_static_rho": "static_rho", "no_sam": "no_sam",
            "plastic_as_described": "plastic", "plastic_lee2023": "plastic", "l2": "l2", "dropout": "dropout",
            "spectral_norm": "spectral"}
    checked = 0
    for one in (c for c in CLAIMS if c.id.startswith("table") and any(c.arguments.get("least", ()))):
        (first,), (second,) = one.arguments["order"]
        least = one.arguments["least"]
        if "points_over" in one.arguments:
            expected = [a - b for a, b in zip(QOS[rows[first]], QOS[rows[second]])]
        elif one.where.endswith("Table 2") and second == "no_sam":
            (*rates, (late, base)) = zip(QOS[rows[first]], QOS["no_sam"])
            expected = [*(100 * ((100 + a) / (100 + b) - 1) for a, b in rates), 100 * (1 - (100 - late) / (100 - base))]
        else:
            expected = QOS[rows[first]]
        assert least == pytest.approx([float(x) for x in expected], abs=0.005), (one.id, one.reading)
        checked += 1
    assert checked >= 15


def test_slices_are_those_of_the_papers_tables():
    assert SLICES == quantities.SLICES
