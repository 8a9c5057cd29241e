"""Comparisons: their plan, table, CSV file and picture, from run folders written by hand."""

import csv
import json

import numpy as np
import pytest
from command_line import number_of_colours
from matplotlib.figure import Figure
from matplotlib.image import imread

from tasam_ref.config_io import apply_settings
from tasam_ref.errors import RunFailure, UsageError
from tasam_ref.experiments import plotting
from tasam_ref.experiments.ceiling import Ceiling
from tasam_ref.experiments.evaluation import Evaluation
from tasam_ref.experiments.plan import comparison_entries
from tasam_ref.experiments.plotting import STYLES, plot_comparison
from tasam_ref.experiments.run_folder import RunFolder, metric_header, metric_lines
from tasam_ref.experiments.runner import prepare, run_all
from tasam_ref.experiments.tables import (
    comparison_table,
    equal_gradients_table,
    group_by_method,
    reference_table,
    summary_rows,
    write_csv,
)
from tasam_ref.methods.registry import METHODS, configure


def evaluation(reward, qos=(12.34e6, 4.567e6, 1.234e-3), violated=(0.25, 1.0, 0.0)):
    """Two episodes half a unit of reward apart, everything else alike."""
    return Evaluation(np.array([reward - 0.25, reward + 0.25]), np.tile(qos, (2, 1)), np.tile(violated, (2, 1)),
                      np.tile((0.5, 0.25, 0.125), (2, 1)))


def by_hand(path, method, config, seed, reward, iterations=6):
    """A run folder that looks finished: rewards that rise by iteration, SAM on the first of three actors."""
    folder = RunFolder.create(path / method / f"seed_{seed}", method, apply_settings(config, [f"run.seed={seed}"]))
    lines = []
    for t in range(iterations):
        columns = {"reward": np.array([t, t + 1.0, t + 2.0]) + seed, "sam_actor": np.array([1, 0, 0]),
                   "gradient_evaluations": np.full(3, 5 * (t + 1))}
        lines = lines or [metric_header(columns)]
        lines += metric_lines(t, columns)
    folder.write_metrics(lines)
    folder.write_evaluation({"deterministic": evaluation(reward), "stochastic": evaluation(reward - 3)})
    if method == "ta_sam":
        folder.write_evaluation({"deterministic": evaluation(reward - 1), "stochastic": evaluation(reward - 4)},
                                "equal_gradients.json")
    folder.write_manifest(status="complete", wall_seconds=10.0 + seed)
    return folder


@pytest.fixture
def folders(tmp_path, tiny_config):
    rewards = {"ta_sam": (0.5, 0.75), "no_sam": (0.25, 0.5)}
    return [by_hand(tmp_path, method, tiny_config, seed, rewards[method][seed])
            for seed in range(2) for method in rewards]


@pytest.fixture
def references():
    return {"idle": evaluation(-1.5), "random": evaluation(0.1), "equal split, proportional fair": evaluation(0.2)}


def test_a_plan_has_an_entry_per_method_and_seed_seed_by_seed(tmp_path, tiny_config):
    configs = {name: configure(name, tiny_config) for name in ("ta_sam", "no_sam")}
    entries = comparison_entries(configs, 3, tmp_path)
    assert [(e.method, e.seed) for e in entries] == [(m, s) for s in range(3) for m in ("ta_sam", "no_sam")]
    assert len({e.path for e in entries}) == 6
    for entry in entries:
        assert entry.path == tmp_path / entry.method / f"seed_{entry.seed}"
        assert entry.config == apply_settings(configs[entry.method], [f"run.seed={entry.seed}"])


def test_preparing_refuses_what_exists_unless_it_is_resumed(tmp_path, tiny_config):
    entries = comparison_entries({"ta_sam": configure("ta_sam", tiny_config)}, 2, tmp_path / "out")
    prepare(entries, resume=False)
    assert not (tmp_path / "out").exists()
    RunFolder.create(entries[1].path, "ta_sam", entries[1].config)
    with pytest.raises(UsageError, match="seed_1"):
        prepare(entries, resume=False)
    prepare(entries, resume=True)
    assert not entries[0].path.exists()


def test_preparing_refuses_another_run_in_the_place_of_one(tmp_path, tiny_config):
    entries = comparison_entries({"ta_sam": configure("ta_sam", tiny_config)}, 1, tmp_path / "out")
    RunFolder.create(entries[0].path, "ta_sam", apply_settings(entries[0].config, ["agent.gamma=0.875"]))
    with pytest.raises(UsageError, match="another run"):
        prepare(entries, resume=True)


def test_one_run_that_fails_does_not_stop_the_others_and_is_named(tmp_path, tiny_config):
    config = apply_settings(tiny_config, ["run.num_iterations=1"])
    bad = apply_settings(config, ["agent.learning_rate=1e300"])
    configs = {"no_sam": configure("no_sam", bad), "ta_sam": configure("ta_sam", config)}
    entries = comparison_entries(configs, 1, tmp_path)
    said = []
    with pytest.raises(RunFailure, match=r"1 of 2 runs did not end: no_sam seed 0.*--resume"):
        run_all(entries, 1, said.append)
    assert RunFolder.open(entries[0].path).status == "failed"
    assert RunFolder.open(entries[1].path).status == "complete"
    assert len(said) == 2 and "diverged in iteration 0" in said[0] and "ta_sam seed 0: done" in said[1]


def test_runs_are_grouped_by_method_in_order(folders):
    groups = group_by_method(folders)
    assert list(groups) == ["ta_sam", "no_sam"]
    assert [run.config.run.seed for run in groups["no_sam"]] == [0, 1]


def test_a_summary_row_holds_the_means_of_its_run(folders):
    row, drawn = summary_rows(folders)[4:6]
    assert (row["method"], row["seed"], row["reward"], row["wall_seconds"]) == ("ta_sam", 1, 0.75, 11.0)
    assert (row["evaluation"], drawn["evaluation"]) == ("deterministic", "stochastic")
    assert row["sam_actor_share"] == pytest.approx(1 / 3, rel=1e-14)
    assert (row["gradient_evaluations"], row["reward_equal_gradients"]) == (30, -0.25)
    assert (drawn["reward"], drawn["reward_equal_gradients"]) == (-2.25, -3.25)
    assert [row["reward_equal_gradients"] for row in summary_rows(folders)[6:8]] == [0.5, -2.5]     # as at the end
    shared = ("method", "seed", "sam_actor_share", "gradient_evaluations", "wall_seconds")
    assert [row[name] for name in shared] == [drawn[name] for name in shared]
    assert (row["qos_eMBB"], row["qos_mMTC"], row["qos_URLLC"]) == (12.34e6, 4.567e6, 1.234e-3)
    assert (row["violated_eMBB"], row["violated_mMTC"], row["violated_URLLC"]) == (0.25, 1.0, 0.0)
    assert (row["rb_share_eMBB"], row["rb_share_mMTC"], row["rb_share_URLLC"]) == (0.5, 0.25, 0.125)


def test_the_csv_file_reads_back_exactly(folders, tmp_path):
    rows = summary_rows(folders)
    write_csv(tmp_path / "comparison.csv", rows)
    with open(tmp_path / "comparison.csv", newline="") as file:
        back = list(csv.DictReader(file))
    assert [row["method"] for row in back] == ["ta_sam", "ta_sam", "no_sam", "no_sam"] * 2
    for row, expected in zip(back, rows):
        assert list(row) == list(expected)
        assert all(row[name] == str(expected[name]) or float(row[name]) == expected[name] for name in row)
    assert b"\r" not in (tmp_path / "comparison.csv").read_bytes()


def test_the_table_has_a_line_per_method_and_reference_and_paired_differences(folders, references):
    lines = comparison_table(folders, references, Ceiling(np.array([1.0, 1.0]), np.array([]))).splitlines()
    assert [line.split("  ")[0] for line in lines[1:6]] == ["ta_sam", "no_sam", "idle", "random",
                                                          "equal split, proportional fair"]
    # mean 0.625 and 0.375; half width 12.706 * 0.25 / 2 = 1.588
    assert "0.625 [-0.963, 2.213]" in lines[1] and "0.375 [-1.213, 1.963]" in lines[2]
    for line in lines[1:6]:
        assert "12.3 Mbit/s" in line and "4.6 Mbit/s" in line and "1.23 ms" in line and "25 / 100 / 0 %" in line
    assert lines[1].endswith("33 %")
    assert lines[3].split("  ")[1:] and "-1.500" in lines[3]
    assert " 0.375 " in lines[1] and " 0.625 " in lines[2] and " 2.500 " in lines[3]        # gaps to 1
    assert lines[6:] == ["gap: to 1.000 [1.000, 1.000], the mean bound on any policy in 2 held-out frames",
                         "ta_sam - no_sam: 0.250 [0.250, 0.250] in reward, paired by seed"]


def test_the_table_at_equal_gradients_shows_runs_as_they_were_and_what_they_spent(folders):
    head, ta_sam, no_sam, difference = equal_gradients_table(folders).splitlines()
    assert head.startswith("at equal gradients  ") and head.endswith("  gradients  seconds")
    # a whole unit below the end, 0.625; the run without SAM is as it ended
    assert "-0.375 [-1.963, 1.213]" in ta_sam and "0.375 [-1.213, 1.963]" in no_sam
    assert ta_sam.split()[-2:] == no_sam.split()[-2:] == ["30", "10"]                        # of 10 and 11 s
    assert "12.3 Mbit/s" in ta_sam and "25 / 100 / 0 %" in no_sam
    assert difference == "ta_sam - no_sam: -0.750 [-0.750, -0.750] in reward at equal gradients, paired by seed"


def test_tables_are_at_most_150_characters_wide(tmp_path, tiny_config):
    runs = [by_hand(tmp_path, method, tiny_config, seed, -2.5 + seed) for method in ("ta_sam_unselective", "no_sam")
            for seed in range(2)]
    references = {"best static split (100/100/100 %)": evaluation(-1.5, (123.4e6, 123.4e6, 0.01), (1.0, 1.0, 1.0))}
    ceiling = Ceiling(np.array([2.0, 2.5]), np.array([1.0, 1.5]))
    for table in (comparison_table(runs, references, ceiling), equal_gradients_table(runs, ceiling)):
        assert max(map(len, table.splitlines())) <= 150


def test_one_seed_gives_a_table_and_a_picture_without_intervals(tmp_path, tiny_config, references):
    runs = [by_hand(tmp_path, method, tiny_config, 0, 0.5) for method in ("ta_sam", "no_sam")]
    table = comparison_table(runs, references, None)
    assert "nan" not in table and "ta_sam - no_sam: 0.000 in reward" in table
    plot_comparison(tmp_path / "one.png", runs, references)
    assert number_of_colours(tmp_path / "one.png") > 100


def test_reference_tables_have_intervals_over_episodes(references, tiny_config):
    lines = reference_table(references, tiny_config).splitlines()
    assert len(lines) == 4
    # two episodes at -1.75 and -1.25: half width 12.706 * 0.25 = 3.177
    assert "-1.500 [-4.677, 1.677]" in lines[1]


def test_the_weighted_sum_has_no_unit(references, tiny_config):
    config = apply_settings(tiny_config, ["reward.qos_reading=weighted_sum"])
    table = reference_table({"idle": evaluation(0.0, qos=(0.5, 0.25, 0.125))}, config)
    assert "0.500" in table and "Mbit" not in table and " ms" not in table


@pytest.mark.parametrize("iterations", [1, 45])
def test_the_picture_is_a_png_that_shows_something(tmp_path, tiny_config, references, iterations):
    runs = [by_hand(tmp_path, method, tiny_config, seed, 0.1 + seed, iterations)
            for seed in range(2) for method in ("ta_sam", "no_sam")]
    plot_comparison(tmp_path / "one.png", runs, references)
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    height, width = imread(tmp_path / "one.png").shape[:2]
    assert height > 400 and width > 900
    assert number_of_colours(tmp_path / "one.png") > 100


def test_the_same_runs_give_the_same_picture_and_other_runs_another(tmp_path, folders, tiny_config, references):
    other = [by_hand(tmp_path / "other", "ta_sam", tiny_config, seed, 0.9, 20) for seed in range(2)]
    for name, runs in (("one.png", folders), ("two.png", folders), ("three.png", other + folders[1::2])):
        plot_comparison(tmp_path / name, runs, references)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one.png").read_bytes() != (tmp_path / "three.png").read_bytes()


def test_the_picture_shows_the_references_it_has_room_for_and_no_others(folders):
    rewards = {"idle": -3.0, "random": 0.15, "equal split, round robin": 0.12, "equal split, proportional fair": 0.1,
               "demand-proportional split": -0.4, "best static split (1/2/3 %)": 0.2, "greedy on the channel": 0.3}
    axes = Figure().subplots()
    plotting._draw_held_out(axes, group_by_method(folders), {n: evaluation(r) for n, r in rewards.items()})
    shown = {text.get_text(): text.xy[1] for text in axes.texts}
    assert list(shown) == ["equal split, proportional fair", "best static split (1/2/3 %)", "greedy on the channel"]
    assert list(shown.values()) == pytest.approx([0.1, 0.2, 0.3])


def test_every_method_has_a_line_a_point_and_a_style_of_its_own(tmp_path, tiny_config, monkeypatch):
    """All methods there are, on one picture, looked at before it is written."""
    assert len(set(STYLES)) == len(STYLES) >= len(METHODS)
    figures, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, *a, **k: (figures.append(figure), save(figure, *a, **k)))
    runs = [by_hand(tmp_path, method, tiny_config, 0, 0.1 * n) for n, method in enumerate(METHODS)]
    plot_comparison(tmp_path / "some.png", runs, {})
    curves, held_out = (axes.get_lines() for axes in figures[0].axes)
    assert [line.get_label() for line in curves] == list(METHODS)
    assert len({(line.get_color(), line.get_linestyle()) for line in curves}) == len(METHODS)
    points = [line for line in held_out if line.get_linestyle() == "None"]
    assert [line.get_ydata().tolist() for line in points] == [[pytest.approx(0.1 * n)] for n in range(len(METHODS))]


@pytest.mark.parametrize("text", ["", "iteration,agent,reward\n", "nonsense", "iteration,agent,reward\n0,0,1\n0,1\n",
                                  "iteration,agent,reward\n0,0,1\n0,1,2\n"])
def test_metrics_that_are_damaged_are_refused_in_one_line(folders, text):
    (folders[0].path / "metrics.csv").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"metrics\.csv: not .*train this run anew$"):
        summary_rows(folders)


def test_missing_metrics_are_refused_in_one_line(folders):
    (folders[0].path / "metrics.csv").unlink()
    with pytest.raises(UsageError, match="not readable"):
        summary_rows(folders)


@pytest.mark.parametrize("lists", [
    {"reward": None, "qos": None, "violated": None, "rb_share": None}, {"reward": [1.0]},
    {"reward": [], "qos": [], "violated": [], "rb_share": []},
    {"reward": [1.0], "qos": [[1.0]], "violated": [[1.0]], "rb_share": [[1.0, 2.0]]},
    {"reward": [1.0, 2.0], "qos": [[1.0]], "violated": [[1.0]], "rb_share": [[1.0]]},
    {"reward": ["a"], "qos": [[1.0]], "violated": [[1.0]], "rb_share": [[1.0]]},
])
@pytest.mark.parametrize("name", ["evaluation.json", "equal_gradients.json"])
def test_evaluations_that_are_damaged_are_refused_in_one_line(folders, lists, name):
    (folders[0].path / name).write_text(json.dumps({"deterministic": lists, "stochastic": lists}), "utf-8")
    with pytest.raises(UsageError, match=rf"{name}: not a readable evaluation .* makes it anew$"):
        summary_rows(folders)
