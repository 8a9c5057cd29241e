"""Claims by both norms and both judges: which runs take part, and what the report says of all verdicts."""

import csv
import re
from itertools import product

import pytest
from synthetic_scores import results

from figures.claims import report, verdicts
from figures.claims.combinations import WITH_SAM, combinations, with_adaptive_norm
from figures.claims.entries import Claim, load_claims
from figures.claims.verdicts import find
from tasam_ref.methods.registry import METHODS

PAIR = [["ta_sam"], ["no_sam"]]


def claim(evaluation="deterministic", **arguments):
    return Claim("a", "b", "c", measure="difference", evaluation=evaluation, arguments=arguments)


def test_methods_with_sam_are_the_registrys_but_for_the_published_plastic():
    using = {name for name, method in METHODS.items()
             if method.settings["sam"]["use_sam_actor"] or method.settings["sam"]["use_sam_critic"]}
    assert set(WITH_SAM) == using - {"plastic_lee2023"}


@pytest.mark.parametrize(("arguments", "expected"), [
    ({"order": PAIR}, {"order": [["adaptive/ta_sam"], ["headline/no_sam"]]}),
    ({"order": [["both_sam"], ["l2", "critic_sam"]], "groups": ["utd1"]},
     {"order": [["utd1_adaptive/both_sam"], ["utd1/l2", "utd1_adaptive/critic_sam"]], "groups": ["utd1"]}),
    ({"order": [["quick/ta_sam"], ["no_sam"]]}, {"order": [["quick_adaptive/ta_sam"], ["headline/no_sam"]]}),
    ({"methods": ["no_sam", "policy_anchor"], "quantity": "reward"},
     {"methods": ["headline/no_sam", "adaptive/policy_anchor"], "quantity": "reward"}),
    ({"order": [["ta_sam"], ["plastic_lee2023"]], "points_over": "centralised_sac"},
     {"order": [["adaptive/ta_sam"], ["headline/plastic_lee2023"]], "points_over": "headline/centralised_sac"}),
    ({"order": [["ta_sam"], ["no_sam"]], "points_over": "both_sam"},
     {"order": [["adaptive/ta_sam"], ["headline/no_sam"]], "points_over": "adaptive/both_sam"}),
    ({"order": [["l2"], ["no_sam"]]}, None),
    ({"order": [["plastic_lee2023"], ["no_sam"]]}, None),
    ({"order": [["both_sam"], ["equal_rho/both_sam"]]}, None),
    ({"order": PAIR, "groups": ["headline", "dus_2"]}, None),
    ({"order": PAIR, "groups": ["forgetting"]}, None)])
def test_the_adaptive_norm_takes_the_place_of_all_sam_of_a_claim_or_of_none(arguments, expected):
    found = with_adaptive_norm(claim(**arguments))
    assert (found and found.arguments) == expected


def test_a_claims_own_readings_come_first_and_what_changes_nothing_is_left_out():
    both = [("l2", "stochastic"), ("l2", "deterministic"), ("adaptive", "stochastic"), ("adaptive", "deterministic")]
    for one, expected in ((claim("stochastic", order=PAIR), both),
                          (claim("stochastic", order=[["l2"], ["no_sam"]]), both[:2]),
                          (claim("", order=PAIR, quantity="entropy"), [("l2", ""), ("adaptive", "")]),
                          (Claim("a", "b", "c", untestable="why"), [("l2", "")])):
        found = combinations(one)
        assert list(found) == expected
        assert [reading.evaluation for reading in found.values()] == [evaluation for _, evaluation in expected]
        assert next(iter(found.values())) == one


REWARDS = {"headline/no_sam": {"reward": [2, 2, 2], "stochastic reward": [1, 1, 1]},
           "headline/ta_sam": {"reward": [3.0, 3.1, 3.2], "stochastic reward": [1, 0, 2]},
           "adaptive/ta_sam": {"reward": [1.0, 1.1, 1.2], "stochastic reward": [4.0, 4.1, 4.2]}}
BY_HAND = {("l2", "deterministic"): (1.1, "reproduced"), ("l2", "stochastic"): (0, "inconclusive"),
           ("adaptive", "deterministic"): (-0.9, "not reproduced"), ("adaptive", "stochastic"): (3.1, "reproduced")}


def test_every_combination_has_the_verdict_of_its_own_runs_and_judge():
    found = {key: find(results(REWARDS), one) for key, one in combinations(claim(order=PAIR)).items()}
    assert {key: (pytest.approx(one.parts[0].interval.mean), one.verdict) for key, one in found.items()} == BY_HAND
    assert found["adaptive", "stochastic"].parts[0].label == "adaptive/ta_sam - no_sam"


def test_what_was_not_judged_so_is_lacking():
    made = results({"headline/ta_sam": {"reward": [3, 4]}, "headline/no_sam": {"reward": [2, 2]}})
    made.tables["scores"] = made["scores"].where(evaluation="deterministic")
    found = [find(made, one).sentence for one in combinations(claim(order=PAIR)).values()]
    assert found == ["inconclusive at 2 seeds", "not testable: these results lack stochastic evaluations",
                     "not testable: these results lack group adaptive",
                     "not testable: these results lack stochastic evaluations"]


QOS = {"qos_eMBB": [1e7] * 3, "qos_mMTC": [5e7] * 3, "qos_URLLC": [1e-3] * 3}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Markdown's lines, and rows of the CSV, of a report on three methods, one of them by both norms."""
    folder = tmp_path_factory.mktemp("report")
    report.make(results({name: QOS | rewards for name, rewards in (REWARDS | {
        "headline/l2": {"reward": [2.5, 2.6, 2.7], "stochastic reward": [0.5, 0.6, 0.7], "qos_eMBB": [0.5e7] * 3},
        "headline/both_sam": {"reward": [3, 3, 3]},
    }).items()}), folder, "claims")
    with open(folder / "claims.csv", encoding="utf-8", newline="") as file:
        return (folder / "claims.md").read_text("utf-8"), list(csv.DictReader(file))


def cells(text, start):
    """The cells of the first line of a table that starts so."""
    line = next(line for line in text.splitlines() if line.startswith(start))
    return [cell.strip() for cell in line.split("|")[1:-1]]


def test_a_claims_line_has_its_own_verdict_and_the_others_bold_where_they_differ(written):
    text, _ = written
    *_, judged, measured, own, other, adaptive, both = cells(text, "| sam_beats_plain_sac")
    assert (judged, own) == ("deterministic", "reproduced at 3 seeds") and measured.startswith("ta_sam - no_sam: 1.1 [")
    assert (other, adaptive, both) == ("**inconclusive**", "**not reproduced**", "reproduced")
    *_, judged, measured, own, other, adaptive, both = cells(text, "| fig7_l2_over_none")
    assert (judged, own, other) == ("stochastic", "not reproduced at 3 seeds", "**reproduced**")
    assert (adaptive, both) == ("", "") and measured.startswith("l2 - no_sam: -0.4 [")
    *_, own, other, adaptive, both = cells(text, "|  |  |  | without selection: both_sam")
    assert (own, other) == ("reproduced at 3 seeds", "reproduced") and adaptive == both == "not testable"


def test_the_report_counts_first_lines_by_each_norm_and_judge(written):
    text, rows = written
    first = {row["id"]: {} for row in rows}
    for row in rows:
        if not row["reading"]:
            first[row["id"]][row["norm"], row["evaluation"]] = re.match("not reproduced|not testable|[a-z]+",
                                                                        row["verdict"])[0]
    own = {row["id"]: first[row["id"]][row["norm"], row["evaluation"]] for row in rows
           if not row["reading"] and row["own"] == "yes"}
    assert len(own) == len(first) == len({one.id for one in load_claims()})
    counted = [f"**{list(own.values()).count(name)} {name}**" for name in verdicts.VERDICTS]
    assert f"{len(first)} claims: {', '.join(counted)}." in " ".join(text.split())
    for norm, judge in product(("l2", "adaptive"), ("deterministic", "stochastic")):
        by = {}
        for name, found in first.items():
            key = next(key for key in ((norm, judge), (norm, ""), ("l2", judge), ("l2", "")) if key in found)
            by[name] = found[key]
        changed = [name for name in by if by[name] not in (own[name], "not testable")]
        *_, said = line = cells(text, f"| {norm} | {judge}")
        assert line[2:6] == [str(list(by.values()).count(name)) for name in verdicts.VERDICTS]
        assert said == (f"{len(changed)}: {', '.join(changed)}" if changed else "none")
    assert "sam_beats_plain_sac" in cells(text, "| adaptive | deterministic")[-1]
    assert "sam_beats_plain_sac" not in cells(text, "| adaptive | stochastic")[-1]


def test_the_csv_has_every_part_by_each_norm_and_judge(written):
    text, rows = written
    assert text.count("\n| ") == (2 + 4) + (2 + len(load_claims()))                                     # two tables
    found = {(row["norm"], row["evaluation"]): row for row in rows
             if row["id"] == "sam_beats_plain_sac" and not row["reading"]}
    assert {key: (float(row["value"]), row["verdict"].split(" at ")[0]) for key, row in found.items()} == BY_HAND
    assert [key for key, row in found.items() if row["own"] == "yes"] == [("l2", "deterministic")]
    assert {"part": "adaptive/ta_sam - no_sam", "seeds": "3", "side": "-1", "direction": "higher", "boundary": "0",
            "verdict": "not reproduced at 3 seeds"}.items() <= found["adaptive", "deterministic"].items()
    l2 = [row for row in rows if row["id"] == "seven_over_l2" and row["norm"] == "l2" and row["own"] == "yes"]
    assert {row["reading"]: row["verdict"] for row in l2}["in any slice"] == "reproduced at 3 seeds"    # twice the eMBB
    assert next(row for row in rows if row["id"] == "fig8_best_at_6")["verdict"].startswith("not testable: ")
