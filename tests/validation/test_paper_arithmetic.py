"""The paper's numbers as data, the findings computed from them, and the file that is generated."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.paper_arithmetic import complexity, findings, headlines, report

COUNT = st.integers(1, 300)
WIDTHS = st.lists(COUNT, min_size=1, max_size=4).map(tuple)
SIZES = st.builds(complexity.Size, COUNT, COUNT, COUNT, COUNT, WIDTHS, COUNT, COUNT)


def test_every_row_has_a_number_for_every_slice():
    assert len(findings.QOS) == len(findings.TABLES["rows"]) == 8
    assert all(len(row) == len(findings.SLICES) == 3 for row in findings.QOS.values())


def test_quotes_and_orders_name_known_methods():
    known = set(findings.QOS) | {"actor_sam", "critic_sam"} | set(findings.MEANINGS)
    assert {q[side] for q in findings.TABLES["quotes"].values() for side in ("better", "worse")} <= set(findings.QOS)
    assert {m for order in findings.TABLES["orders"] for tier in order["order"] for m in tier} <= known


@pytest.mark.parametrize("value, printed, how", [
    ("8.57", "8.5", "cut"), ("8.55", "8.6", "rounded"), ("8.549", "8.5", "rounded"), ("8.49", "8.5", "rounded"),
    ("8.6", "8.5", ""), ("21.5", "22", "rounded"), ("21.49", "22", ""), ("22.99", "22", "cut"), ("23", "22", ""),
    ("2.35", "2.35", "rounded")])
def test_a_value_meets_a_printed_number_by_rounding_or_by_cutting(value, printed, how):
    assert findings.meets(Fraction(value), printed) == how


def test_the_printed_drops_leave_out_the_least():
    for found in (findings.selection_drop(), findings.schedule_drop()):
        least = min(range(3), key=found.found.__getitem__)
        assert found.outside == (findings.SLICES[least],)


def test_every_claim_holds_only_if_table_3_adds_to_a_single_agent():
    *on_sac_marl, single = findings.readings()
    assert [r.name for r in on_sac_marl] == ["one scale", "points over SAC", "per cent of SAC", "compounded on SAC"]
    assert single.name == "gains over one agent"
    assert not any(all(r.claims.values()) for r in on_sac_marl)
    assert all(single.claims.values())
    assert single.qos == on_sac_marl[0].qos == findings.QOS


@given(st.fractions(0, 1000), st.fractions(0, 1000), st.fractions(0, 1000))
def test_a_gain_on_gains_forgets_the_baseline(baseline, a, b):
    better, worse = ((1 + baseline) * (100 + gain) for gain in (a, b))
    assert findings.OPERATIONS["(100+a)/(100+b) - 1"](a, b) == findings.OPERATIONS["a/b - 1"](better, worse)


def test_as_gains_22_is_of_l2_and_7_of_the_method_without_selection():
    def as_gains(printed, better, worse):
        return [(s.a[1], round(float(s.value), 2), how) for s, how in headlines.sources(printed).items()
                if s.operation == "(100+a)/(100+b) - 1" and s.same_column and (s.a[0], s.b[0]) == (better, worse)]

    assert as_gains("22", "ta_sam", "l2") == [("mean", 22.65, "cut")]
    assert as_gains("7", "both_sam", "no_sam") == [("eMBB", 6.51, "rounded"), ("mean", 7.21, "rounded")]
    gains = findings.compared("(100+a)/(100+b) - 1", "ta_sam", "l2")
    assert findings.meets(sum(gains) / 3, "22") == "rounded"
    assert findings.meets(max(gains), "22") == ""


def test_both_sam_has_the_same_place_with_and_without_selection():
    pairs = [p for p in findings.orders() if "both" in (p.better, p.worse) and p.agree is not None]
    assert len(pairs) == 6
    assert all(p.agree == p.otherwise == 3 for p in pairs)


def test_the_claimed_pairs_give_every_quote_but_two():
    missing = [number for quote in findings.TABLES["quotes"].values() for number in quote["numbers"]
               if not headlines.as_claimed(quote, headlines.sources(number))]
    assert missing == ["22", "7"]


def test_one_difference_of_ta_sam_in_a_slice_rounds_to_22():
    found = [s for s, how in headlines.sources("22").items() if how == "rounded" and s.operation == "a - b"
             and s.same_column and s.a[0] == "ta_sam" and s.a[1] != "mean"]
    assert [(s.a, s.b, s.value) for s in found] == [(("ta_sam", "eMBB"), ("l2", "eMBB"), Fraction("21.86"))]


def test_every_source_compares_a_larger_with_a_smaller_entry():
    columns = dict(zip(findings.COLUMNS, range(4)))
    for source in headlines.candidates():
        a, b = (findings.with_mean(findings.QOS[key])[columns[column]] for key, column in (source.a, source.b))
        assert a > b
        assert source.value == findings.OPERATIONS[source.operation](a, b)


@given(SIZES)
def test_sam_doubles_gradients_and_nothing_else(size):
    without, everywhere = (complexity.cost(size, method) for method in ("no_sam", "both_sam"))
    for part in without:
        assert everywhere[part] == without[part] * (2 if "gradient" in part else 1)


@given(SIZES)
def test_ta_sam_lies_between_critic_sam_and_both_sam(size):
    def ta_sam(share):
        return complexity.cost(size, "ta_sam", share)

    assert ta_sam(0) == complexity.cost(size, "critic_sam")
    assert ta_sam(1) == complexity.cost(size, "both_sam")
    half = sum(ta_sam(Fraction(1, 2)).values())
    assert 2 * half == sum(ta_sam(0).values()) + sum(ta_sam(1).values())


@given(SIZES, st.sampled_from(sorted(set(complexity.SAM) - {"ta_sam"})))
def test_the_update_is_proportional_to_the_batch(size, method):
    def update(at):
        return complexity.update_cost(at, method)

    assert complexity.log_slope(update, "batch", size) == 1
    assert complexity.growth(update, "batch", size) == 2
    assert complexity.growth(update, "hidden widths", size) >= 2
    assert complexity.log_slope(complexity.claimed_cost, "batch", size) == 0


@given(SIZES)
def test_a_log_slope_is_the_derivative_of_a_square(size):
    assert complexity.log_slope(lambda at: at.agents**2, "N_m", size) == 2


def test_the_share_that_grows_as_claimed_is_all_of_the_claim_and_none_of_a_sum():
    size = complexity.paper_size()
    assert complexity.share_as_claimed(complexity.claimed_cost, size) == 1
    assert complexity.share_as_claimed(lambda at: at.agents + at.obs + at.action, size) == 0


def test_more_rbs_keep_what_the_state_holds_beside_the_action():
    size = complexity.paper_size()
    wider = complexity.SCALED["d_{s,a}"](size, Fraction(2))
    assert wider == replace(size, obs=409, action=403)


def test_the_committed_file_is_what_is_generated():
    assert report.PATH.read_text("utf-8") == report.markdown()


def test_writing_makes_the_whole_file(tmp_path):
    assert report.write(tmp_path / "out.md").read_text("utf-8") == report.markdown()
