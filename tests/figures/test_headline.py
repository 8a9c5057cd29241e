"""The headline's table: means, paired differences, lengths and judges, by hand."""

import csv

from figures.tables import headline
from tasam_ref.experiments.store import Results
from tasam_ref.experiments.table import Table

REWARDS = {("headline", "no_sam"): [1.0, 2.0, 4.0], ("headline", "ta_sam"): [0.5, 1.0, 3.5],
           ("adaptive", "ta_sam"): [1.5, 2.5, 4.5], ("quick", "no_sam"): [3.0], ("quick", "ta_sam"): [1.0]}


def written(tmp_path):
    rows = [{"group": group, "method": method, "seed": seed, "evaluation": evaluation, "reward": reward + shift}
            for evaluation, shift in (("deterministic", 0.0), ("stochastic", -10.0))
            for (group, method), rewards in REWARDS.items() for seed, reward in enumerate(rewards)]
    groups = [{"group": group, "evaluation": "deterministic", "num_iterations": iterations, "gradient_steps": steps}
              for group, iterations, steps in (("headline", 1000, 1), ("adaptive", 1000, 1), ("quick", 30, 10))]
    tables = {"scores": Table.of_rows(rows), "groups": Table.of_rows(groups)}
    headline.write(Results(None, tables, {}), tmp_path, "headline")
    with open(tmp_path / "headline.csv", encoding="utf-8", newline="") as file:
        head, *body = csv.reader(file)
    assert head == list(headline.HEAD)
    return {(row[0], row[1]): row[2:] for row in body}


def test_cells_are_means_and_differences_paired_by_seed_with_their_t_intervals(tmp_path):
    """Of 1, 2, 4: 7/3 and sqrt(7/3); of -1/2, -1, -1/2: -2/3 and sqrt(1/12); t of two degrees of freedom is 4.303."""
    found = written(tmp_path)
    assert set(found) == {(length, judge) for judge in ("deterministic", "stochastic")
                          for length in ("1000 iterations of 1 gradient step", "30 iterations of 10 gradient steps")}
    row = found["1000 iterations of 1 gradient step", "deterministic"]
    assert row == ["2.33 [-1.46, 6.13]", "1.67 [-2.33, 5.66]", "2.83 [-0.961, 6.63]", "-0.667 [-1.38, 0.0504]",
                   "0.5 [0.5, 0.5]"]
    drawn = found["1000 iterations of 1 gradient step", "stochastic"]
    assert drawn[0] == "-7.67 [-11.5, -3.87]" and drawn[3:] == row[3:]


def test_what_was_not_run_says_so_and_one_seed_has_no_interval(tmp_path):
    assert written(tmp_path)["30 iterations of 10 gradient steps", "deterministic"] == [
        "3", "1", "not run", "-2", "not run"]
    text = (tmp_path / "headline.md").read_text("utf-8")
    assert "1 to 3 seeds" in text and text.startswith("# TA-SAM against soft actor-critic without SAM\n")
