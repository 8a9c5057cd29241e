"""Quantities and measures against cases worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_scores import curve, results

from figures.claims import measures, verdicts
from figures.claims.quantities import SLICES, at_end, per_seed
from figures.claims.verdicts import verdict
from tasam_ref.analysis.stats import Interval

T2 = 4.302652729911275 / math.sqrt(3)
"""Half width of the 95 % t interval of three values with standard deviation 1."""

PAIR = [["ta_sam"], ["no_sam"]]


def one(name, found, **arguments):
    (only,) = measures.MEASURES[name](found, **arguments)
    return only


def limits(found):
    return [found.interval.mean, found.interval.low, found.interval.high]


def qos(embb, mmtc, urllc):
    return {"qos_eMBB": embb, "qos_mMTC": mmtc, "qos_URLLC": urllc}


def test_a_difference_is_paired_by_seed():
    found = one("difference", results({"headline/ta_sam": {"reward": [3, 5, 7]},
                                       "headline/no_sam": {"reward": [2, 3, 4]}}), order=PAIR)
    assert limits(found) == pytest.approx([2, 2 - T2, 2 + T2])
    assert (found.label, found.boundary, found.seeds) == ("ta_sam - no_sam", 0, 3)


def test_a_difference_of_unequally_many_seeds_takes_those_that_both_have():
    found = one("difference", results({"headline/ta_sam": {"reward": [3, 5, 7, 100, 200]},
                                       "dus_2/ta_sam": {"reward": [2, 3, 4]}}),
                order=[["headline/ta_sam"], ["dus_2/ta_sam"]])
    assert limits(found) == pytest.approx([2, 2 - T2, 2 + T2])
    assert (found.label, found.seeds) == ("ta_sam - dus_2/ta_sam", 3)


def test_an_order_compares_each_tier_with_the_next_alone_in_every_group():
    values = {f"{group}/{method}": {"reward": [level, level]} for group, base in (("headline", 0), ("dus_2", 10))
              for method, level in (("ta_sam", 5 + base), ("l2", 3), ("no_sam", 2), ("dropout", 1))}
    found = {part.label: part.interval.mean for part in measures.difference(
        results(values), [["ta_sam"], ["l2", "no_sam"], ["dropout"]], groups=["headline", "dus_2"])}
    assert found == {"ta_sam - l2": 2, "ta_sam - no_sam": 3, "l2 - dropout": 2, "no_sam - dropout": 1,
                     "dus_2/ta_sam - dus_2/l2": 12, "dus_2/ta_sam - dus_2/no_sam": 13,
                     "dus_2/l2 - dus_2/dropout": 2, "dus_2/no_sam - dus_2/dropout": 1}


def test_a_ratio_is_a_geometric_mean_with_multiplicative_limits():
    found = one("ratio", results({"headline/ta_sam": {"lambda_max_critic": [2, 8, 4]},
                                  "headline/no_sam": {"lambda_max_critic": [1, 1, 1]}}),
                order=PAIR, quantity="lambda_max_critic", direction="lower")
    assert limits(found) == pytest.approx([4, 4 / 2**T2, 4 * 2**T2])
    assert found.boundary == 1
    assert verdicts.side(found) == 0                                        # 0.71 to 22.4


def test_a_ratio_of_what_is_not_positive_is_undefined_and_open():
    found = one("ratio", results({"headline/ta_sam": {"lambda_max_critic": [-2, 8, 4]},
                                  "headline/no_sam": {"lambda_max_critic": [1, 1, 1]}}),
                order=PAIR, quantity="lambda_max_critic")
    assert math.isnan(found.interval.mean)
    assert verdict([found]) == "inconclusive"


def test_a_gain_is_a_share_of_the_base_and_a_latency_gains_by_falling():
    found = list(measures.gain(results({
        "headline/ta_sam": qos([12e6, 11e6, 13e6], [50e6] * 3, [1e-3] * 3),
        "headline/no_sam": qos([10e6, 10e6, 10e6], [40e6] * 3, [4e-3] * 3)}), PAIR, least=(5, 25, 80)))
    assert limits(found[0]) == pytest.approx([20, 20 - 10 * T2, 20 + 10 * T2])
    assert limits(found[1]) == pytest.approx([25, 25, 25])
    assert limits(found[2]) == pytest.approx([75, 75, 75])
    assert [part.boundary for part in found] == [5, 25, 80]
    assert [verdicts.side(part) for part in found] == [0, 0, -1]


def test_a_gain_in_points_subtracts_two_gains_over_a_third():
    found = list(measures.gain(results({
        "headline/ta_sam": qos([12e6], [90e6], [1e-3]), "headline/l2": qos([11e6], [60e6], [3e-3]),
        "headline/centralised_sac": qos([10e6], [30e6], [4e-3])}), [["ta_sam"], ["l2"]], points_over="centralised_sac"))
    assert [part.interval.mean for part in found] == pytest.approx([20 - 10, 200 - 100, 75 - 25])
    assert found[0].unit == "points"


LEVELS = st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=3)


@given(LEVELS, st.sampled_from((1, -1)))
def test_percents_compound_from_step_to_step_for_rates_and_for_latencies(levels, sign):
    """Of 100 a rate's gain g makes 100 + g, a latency's 100 - g: of both steps, as much as of one from end to end."""
    a, b, c = ({0: level} for level in levels)
    first, second, whole = (100 + sign * measures.percent(*pair, sign)[0] for pair in ((a, b), (b, c), (a, c)))
    assert first * second / 100 == pytest.approx(whole, rel=1e-9, abs=1e-9)


@given(st.lists(LEVELS, min_size=3, max_size=3))
def test_gains_over_a_third_compound_to_the_gain_of_one_over_another(levels):
    made = results({f"headline/{method}": qos(*([level] for level in row))
                    for method, row in zip(("ta_sam", "no_sam", "centralised_sac"), levels)})
    direct, of_first, of_second = ([part.interval.mean for part in measures.gain(made, [[a], [b]])] for a, b in (
        ("ta_sam", "no_sam"), ("ta_sam", "centralised_sac"), ("no_sam", "centralised_sac")))
    for name, found, x, y in zip(SLICES, direct, of_first, of_second):
        expected = (1 - (100 - x) / (100 - y) if name == "URLLC" else (100 + x) / (100 + y) - 1) * 100
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6), name


def test_a_gain_over_nothing_is_undefined():
    found = list(measures.gain(results({"headline/ta_sam": qos([1e6], [1e6], [1e-3]),
                                        "headline/no_sam": qos([0.0], [1e6], [1e-3])}), PAIR))
    assert math.isnan(found[0].interval.mean)
    assert verdict(found) == "inconclusive"


def test_a_weighted_sum_is_no_latency():
    found = list(measures.gain(results({"headline/ta_sam": qos([2], [2], [2]), "headline/no_sam": qos([1], [1], [1])},
                                       settings=["reward.qos_reading=weighted_sum"]), PAIR))
    assert [part.interval.mean for part in found] == pytest.approx([100, 100, 100])


def test_requirements_ask_latency_to_lie_below_and_rates_above():
    found = list(measures.requirements(results({"headline/both_sam": qos([11e6] * 3, [49e6] * 3, [1.5e-3] * 3)}),
                                       ["both_sam"]))
    assert [(round(part.interval.mean, 9), part.boundary, part.unit, verdicts.side(part)) for part in found] == [
        (11, 10, "Mbit/s", 1), (49, 50, "Mbit/s", -1), (1.5, 2, "ms", 1)]


def test_the_share_that_meets_the_requirement_is_what_is_not_violated():
    found = one("level", results({"headline/ta_sam": {"violated_URLLC": [0.2, 0.3, 0.4]}}), methods=["ta_sam"],
                quantity="met_URLLC", boundary=50)
    assert limits(found) == pytest.approx([70, 70 - 10 * T2, 70 + 10 * T2])
    assert verdict([found]) == "inconclusive"


def test_medians_and_spreads_by_hand():
    """Quartiles 0.75 and 7.25 of the first, 1.5 and 13 of the second; means 6 and 11.5 would say otherwise."""
    made = results({"headline/both_sam": {"reward": [0, 1, 3, 20]}, "headline/no_sam": {"reward": [0, 2, 4, 40]}})
    pair = [["both_sam"], ["no_sam"]]
    assert one("median", made, order=pair).interval.mean == 2 - 3
    found = one("spread", made, order=pair)
    assert found.interval.mean == pytest.approx(6.5 / 11.5)
    assert found.interval.low < 6.5 / 11.5 < found.interval.high


def test_the_medians_of_runs_far_apart_are_told_apart_and_the_interval_stays_within_the_runs():
    made = results({"headline/both_sam": {"reward": [10, 11, 12, 13, 14]},
                    "headline/no_sam": {"reward": [0, 1, 2, 3, 4]}})
    found = one("median", made, order=[["both_sam"], ["no_sam"]])
    assert found.interval.mean == 10
    assert 10 - 4 <= found.interval.low < 10 < found.interval.high <= 10 + 4
    assert verdict([found]) == "reproduced"


def test_a_bootstrap_of_three_runs_bounds_nothing():
    made = results({"headline/both_sam": {"reward": [10, 10, 10]}, "headline/no_sam": {"reward": [0, 1, 2]}})
    assert verdict([one("median", made, order=[["both_sam"], ["no_sam"]])]) == "inconclusive"


def test_equal_runs_have_no_spread_and_neither_has_less():
    made = results({"headline/both_sam": {"reward": [1] * 4}, "headline/no_sam": {"reward": [2] * 4}})
    assert one("spread", made, order=[["both_sam"], ["no_sam"]]).interval == Interval(1, 1, 1)
    made = results({"headline/both_sam": {"reward": [1, 2, 3, 4]}, "headline/no_sam": {"reward": [2] * 4}})
    assert one("spread", made, order=[["both_sam"], ["no_sam"]]).interval.mean == math.inf


CURVES = [*curve("headline", "ta_sam", 0, [0, 1, 2, 3, 3], 20), *curve("headline", "no_sam", 0, [0, 0, 1, 2, 2], 10)]


@pytest.mark.parametrize(("cost", "expected"), [("iteration", 2.5 - 3.5), ("gradient_evaluations", 60 - 40)])
def test_iterations_to_the_lower_of_both_final_levels(cost, expected):
    """The last fifth is the last block: 3 and 2.  ta_sam reaches 2 in its third block, no_sam in its fourth."""
    made = results({"headline/ta_sam": {"reward": [0]}, "headline/no_sam": {"reward": [0]}}, curves=CURVES)
    assert one("iterations", made, order=PAIR, cost=cost).interval.mean == expected


def test_the_end_of_a_curve_is_its_last_fifth_one_block_at_least():
    assert at_end(np.arange(10.0)) == 8.5
    assert at_end(np.array([4.0, 6.0])) == 6


def test_rank_correlations_by_hand():
    made = results({f"headline/{method}": {"lambda_max_critic": [x, x, 1], "reward": y} for method, x, y in (
        ("no_sam", 30, [1, 1, 5]), ("l2", 20, [2, 3, 6]), ("ta_sam", 10, [7, 2, 7]))})
    arguments = {"methods": ["no_sam", "l2", "ta_sam"], "x": "lambda_max_critic", "y": "reward"}
    assert math.isnan(one("correlation", made, **arguments).interval.mean)            # seed 2 does not vary
    two = results({f"headline/{method}": {"lambda_max_critic": [x, x], "reward": y} for method, x, y in (
        ("no_sam", 30, [1, 1]), ("l2", 20, [2, 3]), ("ta_sam", 10, [7, 2]))})
    assert one("correlation", two, **arguments).interval.mean == pytest.approx((-1 - 0.5) / 2)


def test_quantities_of_curves_distributions_and_regimes():
    regimes = [{"group": "headline", "method": "ta_sam", "seed": 0, "stage": stage, "regime": name, "reward": value}
               for stage, row in (("untrained", (0, 1, 2, 3)), ("stage_1", (9, 4, 5, 6)), ("stage_2", (7, 8, 1, 1)),
                                  ("stage_3", (8.5, 8, 3, 6)))
               for name, value in zip(("usual", "crowd", "quiet", "shifted"), row)]
    made = results(
        {"headline/ta_sam": {"reward": [0]}}, settings=["regimes.sequence=['usual','crowd','usual']"], regimes=regimes,
        curves=curve("headline", "ta_sam", 0, [1, 5, 3], entropy=4.0),
        distributions=[{"group": "headline", "method": "ta_sam", "seed": 0, "quantity": quantity, "level": level,
                        "eMBB": value} for quantity, level, value in (
                            ("throughput_bps", 0.48, 1e6), ("throughput_bps", 0.5, 2e6), ("qos", 0.5, 9e6))])
    expected = {"training_reward": 3, "best_training_reward": 5, "entropy": 4, "throughput_eMBB": 2,
                "retention": 7 - 9, "recovery": 8.5 - 9, "forward_transfer": 4 - 1, "held_out": (3 + 6) / 2}
    assert {name: per_seed(made, name, "headline", "ta_sam") for name in expected} == {
        name: {0: value} for name, value in expected.items()}
