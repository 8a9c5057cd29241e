"""The paper's numbers as data, the findings computed from them, and the file that is generated."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.paper_arithmetic import complexity, findings, headlines, report

LEVELS = st.fractions(Fraction(1, 1000), 1000, max_denominator=1000)
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


def gain(level, base, sign):
    """In per cent, of a throughput (1) or of a latency (-1), which gains by falling."""
    return 100 * (level - base) / base if sign == 1 else 100 * (base - level) / base


@given(LEVELS, LEVELS, LEVELS, st.sampled_from((1, -1)))
def test_gains_over_one_baseline_give_the_gain_over_one_another(first, second, baseline, sign):
    a, b = (gain(level, baseline, sign) for level in (first, second))
    assert findings.gain_over(a, b, sign) == gain(first, second, sign)
    assert findings.gain_on(b, gain(first, second, sign), sign) == a


@given(st.lists(LEVELS, min_size=4, max_size=4), st.sampled_from((1, -1)))
def test_steps_compound_to_the_whole_way(levels, sign):
    found = Fraction(0)
    for base, level in pairwise(levels):
        found = findings.gain_on(found, gain(level, base, sign), sign)
    assert found == gain(levels[-1], levels[0], sign)


def test_only_urllc_is_a_latency():
    assert dict(zip(findings.SLICES, findings.SIGNS)) == {"eMBB": 1, "mMTC": 1, "URLLC": -1}


def test_rows_compound_by_hand():
    """123.67 / 113.9, 111.19 / 105.87, and 57.9 of 74.9; their mean, not what the rows' means would give."""
    found = findings.compared_by_column("compounded", "ta_sam", "no_sam")
    assert [f"{float(value):.4f}" for value in found] == ["8.5777", "5.0250", "22.6969", "12.0999"]


def test_as_gains_22_is_what_the_text_says_and_7_is_of_others():
    def as_gains(printed, *columns):
        return {(s.a[0], s.b[0], s.a[1]): (round(float(s.value), 2), how)
                for s, how in headlines.sources(printed).items() if s.operation == "compounded" and s.a[1] in columns}

    assert as_gains("22", "URLLC") == {("ta_sam", "no_sam", "URLLC"): (22.70, "cut")}
    assert as_gains("7", "eMBB") == {("both_sam", "no_sam", "eMBB"): (6.51, "rounded"),
                                     ("ta_sam", "plastic", "eMBB"): (7.45, "rounded")}
    assert {s.operation for s in headlines.sources("22") if {s.a[0], s.b[0]} == {"ta_sam", "no_sam"}} == {"compounded"}


def test_both_sam_has_the_same_place_with_and_without_selection():
    pairs = [p for p in findings.orders() if "both" in (p.better, p.worse) and p.agree is not None]
    assert len(pairs) == 6
    assert all(p.agree == p.otherwise == 3 for p in pairs)


def test_the_claimed_pairs_give_every_quote_but_one():
    missing = [number for quote in findings.TABLES["quotes"].values() for number in quote["numbers"]
               if not headlines.as_claimed(quote, headlines.sources(number))]
    assert missing == ["7"]


def test_every_source_compares_a_larger_with_a_smaller_entry():
    columns = dict(zip(findings.COLUMNS, range(4)))
    for source in headlines.candidates():
        a, b = (findings.with_mean(findings.QOS[key])[columns[column]] for key, column in (source.a, source.b))
        assert a > b
        if source.operation == "compounded":
            assert source.same_column and source.value > 0
        else:
            assert source.value == findings.OPERATIONS[source.operation](a, b, None)


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
