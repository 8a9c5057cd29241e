"""Quantities of runs: against cases worked out by hand."""

import numpy as np
import pytest
from synthetic_scores import curve, results

from figures.claims.quantities import Lacking, at_end, per_seed


def test_the_end_of_a_curve_is_its_last_fifth_one_block_at_least():
    assert at_end(np.arange(10.0)) == 8.5
    assert at_end(np.array([4.0, 6.0])) == 6


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
                            ("throughput_bps", 0.48, 1e6), ("throughput_bps", 0.5, 2e6), ("qos", 0.5, 9e6),
                            ("training_throughput_bps", 0.5, 3e6))])
    expected = {"training_reward": 3, "best_training_reward": 5, "entropy": 4, "throughput_eMBB": 2,
                "training_throughput_eMBB": 3,
                "retention": 7 - 9, "recovery": 8.5 - 9, "forward_transfer": 4 - 1, "held_out": (3 + 6) / 2}
    assert {name: per_seed(made, name, "headline", "ta_sam") for name in expected} == {
        name: {0: value} for name, value in expected.items()}


def test_the_sum_over_dus_is_the_mean_times_their_number():
    made = results({"dus_4/ta_sam": {"reward": [1.5, 2.0]}})
    assert per_seed(made, "reward_sum", "dus_4", "ta_sam") == {0: 9.0, 1: 12.0}            # made by hand with six DUs


def test_throughputs_of_before_the_trainings_were_kept_are_lacking():
    rows = [{"group": "headline", "method": "ta_sam", "seed": 0, "quantity": "throughput_bps", "level": 0.5,
             "eMBB": 1e6}]
    made = results({"headline/ta_sam": {"reward": [0]}}, distributions=rows)
    with pytest.raises(Lacking, match="training_throughput_bps of ta_sam in group headline"):
        per_seed(made, "training_throughput_eMBB", "headline", "ta_sam")
