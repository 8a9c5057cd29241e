"""The table of detectable differences: its cells by hand and by simulation."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest

from figures.tables import detectable
from tasam_ref.experiments.store import Results
from tasam_ref.experiments.table import Table


def table(tmp_path, rewards):
    """The table's rows as texts, made of mappings method -> rewards by seed."""
    rows = [{"group": group, "method": method, "seed": seed, "evaluation": evaluation, "reward": factor * reward}
            for group, evaluation, factor in (("headline", "stochastic", 1.0), ("headline", "deterministic", 2.0),
                                              ("other", "stochastic", 9.0))
            for method, values in rewards.items() for seed, reward in enumerate(values)]
    groups = [{"group": group, "evaluation": "stochastic"} for group in ("headline", "other")]
    tables = {"scores": Table.of_rows(rows), "groups": Table.of_rows(groups)}
    detectable.write(Results(None, tables, {}), tmp_path, "detectable")
    with open(tmp_path / "detectable.csv", encoding="utf-8", newline="") as file:
        head, *body = csv.reader(file)
    return SimpleNamespace(head=head, rows=body)


def test_rewards_are_the_spread_of_the_paired_differences_times_the_shift(tmp_path):
    """Differences 1, 2 and 3 have the standard deviation 1; five seeds find 1.68 of these (printed tables of power)."""
    found = table(tmp_path, {"no_sam": [0.0, 5.0, 1.0], "ta_sam": [1.0, 7.0, 4.0], "l2": [3.0, 3.0, 3.0]})
    assert [row[0] for row in found.rows] == [str(n) for n in range(2, 21)]
    assert all(abs(float(row[1]) - float(row[2])) < 0.0056 for row in found.rows)
    assert found.rows[3][:2] == ["5", "1.68"]
    assert found.head[2].endswith("has the standard deviation 1.000 (3 seeds)")
    half = table(tmp_path, {"no_sam": [0.0, 0.0], "ta_sam": [0.0, 2**-0.5]})
    assert [float(row[2]) for row in half.rows] == pytest.approx([float(row[2]) / 2 for row in found.rows], abs=6e-4)


def test_more_seeds_find_less(tmp_path):
    shifts = [float(row[1]) for row in table(tmp_path, {"no_sam": [0.0, 1.0], "ta_sam": [1.0, 0.0]}).rows]
    assert shifts == sorted(shifts, reverse=True) and len(set(shifts)) == len(shifts)


def test_twenty_seeds_find_what_they_say_in_four_cases_of_five(tmp_path):
    shift = float(table(tmp_path, {"no_sam": [0.0], "ta_sam": [1.0]}).rows[-1][1])
    samples = np.random.default_rng(11).normal(shift, 1.0, (20000, 20))
    statistic = samples.mean(axis=1) / (samples.std(axis=1, ddof=1) / np.sqrt(20))
    assert np.mean(np.abs(statistic) > 2.0930) == pytest.approx(0.8, abs=0.015)     # Student's t of 19, printed


def test_one_seed_leaves_the_rewards_open(tmp_path):
    found = table(tmp_path, {"no_sam": [0.0], "ta_sam": [1.0]})
    assert {row[2] for row in found.rows} == {""}
    assert found.head[2].endswith("has the standard deviation unknown (1 seeds)")
