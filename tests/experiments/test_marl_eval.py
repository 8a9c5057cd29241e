"""The JSON for MARL-eval: the rules of its format, and the values against the run folders' own files."""

import csv
import json
from statistics import fmean

import numpy as np
import pytest

from tasam_ref.errors import UsageError
from tasam_ref.experiments.marl_eval import as_marl_eval
from tasam_ref.experiments.store import Results, read_results
from tasam_ref.experiments.table import Table


@pytest.fixture(scope="module")
def nested(small_results):
    """As whoever reads the file gets it."""
    return json.loads(json.dumps(as_marl_eval(read_results(small_results), "headline")))


def all_runs(nested):
    return [run for tasks in nested.values() for algorithms in tasks.values() for runs in algorithms.values()
            for run in runs.values()]


def test_names_nest_in_the_order_of_the_format(nested):
    assert list(nested) == ["oran_slicing"] and list(nested["oran_slicing"]) == ["headline"]
    algorithms = nested["oran_slicing"]["headline"]
    assert {name: list(runs) for name, runs in algorithms.items()} == {
        "no_sam": ["seed_0", "seed_1"], "ta_sam": ["seed_0", "seed_1"]}


def test_environments_tasks_and_metrics_are_in_lower_case(nested):
    """They are looked up so."""
    names = [*nested, *(task for tasks in nested.values() for task in tasks),
             *(metric for run in all_runs(nested) for step in run.values() for metric in step)]
    assert all(name == name.lower() for name in names)


def test_every_run_has_the_same_steps_and_ends_with_its_absolute_metrics(nested):
    assert {tuple(run) for run in all_runs(nested)} == {(*(f"step_{k}" for k in range(6)), "absolute_metrics")}


def test_every_step_has_a_rising_whole_count_and_every_metric_one_number(nested):
    for run in all_runs(nested):
        *steps, last = run.values()
        counts = [step["step_count"] for step in steps]
        assert all(type(count) is int for count in counts) and counts == sorted(set(counts))
        assert all(set(step) == {"step_count", "reward"} for step in steps) and set(last) == {"reward"}
        assert all(len(entry["reward"]) == 1 and type(entry["reward"][0]) is float for entry in run.values())


def test_values_are_those_of_the_run_folders(nested, small_sweep):
    """Four frames per iteration: two of them lie before the middle of the first."""
    for method, runs in nested["oran_slicing"]["headline"].items():
        for name, run in runs.items():
            path = small_sweep / "headline" / method / name
            with open(path / "metrics.csv", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            for k in range(6):
                reward = fmean(float(row["reward"]) for row in rows if int(row["iteration"]) == k)
                assert run[f"step_{k}"] == {"step_count": 2 + 4 * k, "reward": [pytest.approx(reward, rel=6e-6)]}
            held_out = json.loads((path / "evaluation.json").read_text("utf-8"))["deterministic"]["reward"]
            assert run["absolute_metrics"]["reward"] == [pytest.approx(fmean(held_out), rel=6e-6)]


def test_runs_of_different_lengths_are_refused(small_results):
    results = read_results(small_results)
    curves = results["curves"]
    shorter = np.arange(len(curves)) != len(curves) - 1                        # the last point of headline's last run
    cut = Results(results.plan, results.tables | {
        "curves": Table({name: column[shorter] for name, column in curves.columns.items()})}, {})
    with pytest.raises(UsageError, match="headline: has runs of different lengths"):
        as_marl_eval(cut, "headline")
    assert as_marl_eval(cut, "rho_0.1")


def test_counts_rise_even_with_one_frame_per_iteration(small_results):
    results = read_results(small_results)
    groups = results["groups"].columns | {"frames_per_iteration": np.ones(3)}
    nested = as_marl_eval(Results(results.plan, results.tables | {"groups": Table(groups)}, {}), "rho_0.1")
    run = nested["oran_slicing"]["rho_0.1"]["ta_sam"]["seed_0"]
    assert [step["step_count"] for step in list(run.values())[:-1]] == [0, 1, 2, 3, 4, 5]
