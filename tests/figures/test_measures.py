"""Measures against cases worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_scores import curve, results

from figures.claims import measures, verdicts
from figures.claims.quantities import SLICES
from figures.claims.verdicts import verdict

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


def test_a_gain_in_the_share_that_meets_q_min_is_in_points_whatever_it_is_over():
    shares = [{f"violated_{name}": [share, share + 0.1, share] for name, share in zip(SLICES, row)}
              for row in ((0.1, 0.5, 0.0), (0.3, 0.4, 0.0))]
    made = results({"headline/ta_sam": shares[0], "headline/no_sam": shares[1], "headline/centralised_sac": shares[1]})
    for extra in ({}, {"points_over": "centralised_sac"}):
        found = list(measures.gain(made, PAIR, quantity="met", least=(19, -9, 0), **extra))
        assert [part.interval.mean for part in found] == pytest.approx([20, -10, 0])
        assert [verdicts.side(part) for part in found] == [1, -1, 0]
        assert {part.unit for part in found} == {"points"} and found[0].label == "ta_sam over no_sam, eMBB, met"


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


CURVES = [*curve("headline", "ta_sam", 0, [0, 1, 2, 3, 3], 20), *curve("headline", "no_sam", 0, [0, 0, 1, 2, 2], 10)]


@pytest.mark.parametrize(("cost", "expected"), [("iteration", 2.5 - 3.5), ("gradient_evaluations", 60 - 40)])
def test_iterations_to_the_lower_of_both_final_levels(cost, expected):
    """The last fifth is the last block: 3 and 2.  ta_sam reaches 2 in its third block, no_sam in its fourth."""
    made = results({"headline/ta_sam": {"reward": [0]}, "headline/no_sam": {"reward": [0]}}, curves=CURVES)
    assert one("iterations", made, order=PAIR, cost=cost).interval.mean == expected


def reached(first, second, **arguments):
    """The part of two lists of curves, one per seed."""
    named = [("ta_sam", first), ("no_sam", second)]
    rows = [row for method, curves in named for seed, rewards in enumerate(curves)
            for row in curve("headline", method, seed, rewards, 10)]
    return one("iterations", results({f"headline/{method}": {"reward": [0] * len(curves)} for method, curves in named},
                                     curves=rows), order=PAIR, **arguments)


def test_where_both_begin_at_the_goal_there_is_nothing_to_reach_and_the_seed_is_named():
    """Final levels 1 and 3, so the goal is 1, where both begin in seeds 1 and 3: no_sam gets worse there."""
    up, late, worse = [0, 1, 2, 3, 3], [0, 0, 0, 1, 1], [2, 1, 1, 1, 1]
    found = reached([up, [1, 2, 3, 3, 3], up, up[1:] + [3]], [late, worse, worse, worse])
    assert found.label == "ta_sam - no_sam without seeds 1, 3, at the goal from the start"
    assert found.seeds == 2
    assert limits(found)[0] == pytest.approx(np.mean([1.5 - 3.5, 1.5 - 0.5]))
    assert reached([up], [late]).label == "ta_sam - no_sam"
    one_left = reached([up, up], [late, worse], cost="gradient_evaluations")
    assert one_left.interval.mean == pytest.approx(np.mean([20 - 40, 20 - 10])) and one_left.seeds == 2


def test_seeds_that_all_begin_at_the_goal_leave_the_measure_open():
    """A difference of 0, of which every seed agrees, would be no finding."""
    found = reached([[2, 1, 1, 1, 1]] * 5, [[1, 2, 1, 2, 2]] * 5)
    assert found.label == "ta_sam - no_sam without seeds 0, 1, 2, 3, 4, at the goal from the start"
    assert found.seeds == 0 and math.isnan(found.interval.mean) and verdict([found]) == "inconclusive"


def test_rank_correlations_by_hand():
    made = results({f"headline/{method}": {"lambda_max_critic": [x, x, 1], "reward": y} for method, x, y in (
        ("no_sam", 30, [1, 1, 5]), ("l2", 20, [2, 3, 6]), ("ta_sam", 10, [7, 2, 7]))})
    arguments = {"methods": ["no_sam", "l2", "ta_sam"], "x": "lambda_max_critic", "y": "reward"}
    assert math.isnan(one("correlation", made, **arguments).interval.mean)            # seed 2 does not vary
    two = results({f"headline/{method}": {"lambda_max_critic": [x, x], "reward": y} for method, x, y in (
        ("no_sam", 30, [1, 1]), ("l2", 20, [2, 3]), ("ta_sam", 10, [7, 2]))})
    assert one("correlation", two, **arguments).interval.mean == pytest.approx((-1 - 0.5) / 2)
