"""``compare`` and ``baselines`` from the command line: tables, files, pictures, resumption."""

import csv
import re

import numpy as np
import pytest
from command_line import complaints, number_of_colours, refused, run_command, tiny_options

from tasam_ref.cli import main
from tasam_ref.experiments import evaluation
from tasam_ref.experiments.run_folder import RunFolder

SHORT = tiny_options("run.num_iterations=3", "run.eval_frames=3")


@pytest.fixture
def quick_references(monkeypatch):
    """Reference policies with a coarse grid of static splits: the usual one takes seconds."""
    whole = evaluation.static_grid
    monkeypatch.setattr(evaluation, "static_grid", lambda config, steps=2: whole(config, 2, episodes=1, frames=2))


def test_baselines_prints_a_line_per_policy(capsys, quick_references):
    assert main(["baselines", *SHORT]) == 0
    *lines, ranges, geometry = capsys.readouterr().out.splitlines()
    *lines, ceiling = lines
    assert re.match(r"gap: to \S+ \[\S+, \S+\], the mean bound on any policy in 2 held-out frames; on those", ceiling)
    names = [line.split("  ")[0] for line in lines[1:]]
    assert names[:3] == ["idle", "random", "equal split, round robin"] and len(names) == 8
    assert re.fullmatch(r"best static split \((0|50|100)/(0|50|100)/(0|50|100) %\)", names[6])
    assert ranges.startswith("over 6 static splits: eMBB 0.0 Mbit/s to ") and ranges.endswith(" to 10.00 ms")
    assert re.fullmatch(r"SIR without fading above 0 dB: \d+\.\d % of users", geometry)
    assert "0.0 Mbit/s" in lines[1] and "100 / 100 / 100 %" in lines[1]


# ---- compare

@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A comparison of two methods over two seeds, two runs at a time, in a process of its own."""
    path = tmp_path_factory.mktemp("compared")
    done = run_command("compare", "ta_sam", "no_sam", "--seeds", 2, "--jobs", 2, "--out", "out", *SHORT, cwd=path)
    return done, path / "out"


def test_compare_prints_a_table_with_every_method_and_reference(compared):
    done, _ = compared
    assert (done.returncode, complaints(done)) == (0, "")
    starts = [line.split("  ")[0] for line in done.stdout.splitlines()]
    for name, tables in (("ta_sam", 2), ("no_sam", 2), ("at equal gradients", 1), ("idle", 1), ("random", 1),
                         ("equal split, proportional fair", 1), ("demand-proportional split", 1),
                         ("greedy on the true channel", 1)):
        assert starts.count(name) == tables
    assert any(start.startswith("best static split (") for start in starts)
    for what in ("reward", "reward at equal gradients"):
        assert re.search(rf"(?m)^ta_sam - no_sam: \S+ \[\S+, \S+\] in {what}, paired by seed$", done.stdout)
    assert len(re.findall(r"(?m)^\[[1-4]/4\] \w+ seed [01]: done in", done.stdout)) == 4


def test_compare_stores_every_run_and_a_row_of_each_by_both_judges(compared):
    _, out = compared
    with open(out / "comparison.csv", newline="") as file:
        rows = {(row["method"], int(row["seed"]), row["evaluation"]): row for row in csv.DictReader(file)}
    judges = ("deterministic", "stochastic")
    assert set(rows) == {(method, seed, by) for method in ("ta_sam", "no_sam") for seed in (0, 1) for by in judges}
    for (method, seed, by), row in rows.items():
        folder = RunFolder.open(out / method / f"seed_{seed}")
        assert folder.status == "complete"
        assert float(row["reward"]) == folder.evaluation(by).reward.mean()
        assert all(np.isfinite(float(value)) for name, value in row.items() if name not in ("method", "evaluation"))
    assert float(rows["no_sam", 0, "deterministic"]["sam_actor_share"]) == 0


def test_compare_draws_a_picture(compared):
    _, out = compared
    assert sorted(path.name for path in out.iterdir()) == ["comparison.csv", "learning_curves.png", "no_sam", "ta_sam"]
    assert number_of_colours(out / "learning_curves.png") > 100


def test_methods_of_one_seed_meet_the_same_first_episode(compared):
    """Before the first update the policies are equal too, so the first iteration's rewards must be."""
    _, out = compared
    for seed in ("seed_0", "seed_1"):
        rewards = [RunFolder.open(out / method / seed).metrics()["reward"] for method in ("ta_sam", "no_sam")]
        assert rewards[0][:3] == rewards[1][:3]


def test_a_run_of_a_comparison_is_the_run_that_train_makes(compared, tmp_path):
    _, out = compared
    assert main(["train", "ta_sam", "--seed", "1", "--out", str(tmp_path / "run"), *SHORT]) == 0
    for name in ("config.toml", "checkpoint.npz", "metrics.csv", "evaluation.json"):
        assert (tmp_path / "run" / name).read_bytes() == (out / "ta_sam" / "seed_1" / name).read_bytes()


def test_compare_refuses_what_exists_before_any_work(compared, capsys):
    _, out = compared
    before = {path: (path.stat().st_mtime_ns, path.is_dir() or path.read_bytes()) for path in out.rglob("*")}
    for words in (["ta_sam", "no_sam", "--seeds", "2"], ["actor_sam", "ta_sam", "--seeds", "3"]):
        assert "--resume" in refused(capsys, "compare", *words, "--out", out, *SHORT)
    assert "another run" in refused(capsys, "compare", "no_sam", "--out", out, "--resume", *SHORT, "--set",
                                    "agent.gamma=0.875")
    assert {path: (path.stat().st_mtime_ns, path.is_dir() or path.read_bytes()) for path in out.rglob("*")} == before


def test_compare_resumes_keeping_finished_runs_and_adding_missing_ones(compared, capsys, quick_references):
    _, out = compared
    runs = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in out.glob("*/*/*")}
    csv_before = (out / "comparison.csv").read_text()
    capsys.readouterr()
    assert main(["compare", "ta_sam", "no_sam", "--seeds", "2", "--out", str(out), "--resume", *SHORT]) == 0
    shown = capsys.readouterr().out
    assert shown.count("was complete") == 4
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in out.glob("*/*/*")} == runs
    assert (out / "comparison.csv").read_text() == csv_before


def test_a_comparison_through_regimes_prints_what_was_kept_and_stores_every_reward(tmp_path, capsys, quick_references):
    settings = tiny_options("mdp.episode_frames=4", "run.num_iterations=3", "run.eval_episodes=1", "run.eval_frames=2")
    words = ["compare", "ta_sam", "--seeds", "2", "--scenario", "forgetting", "--out", str(tmp_path / "out")]
    assert main([*words, *settings]) == 0
    shown = capsys.readouterr().out
    assert "stages usual, crowd, usual; never trained on: quiet, shifted" in shown
    assert re.search(r"(?m)^ta_sam( +-?\d+\.\d{3} \[\S+, \S+\]){4}$", shown)
    assert "comparison.csv, regimes.csv, learning_curves.png" in shown
    with open(tmp_path / "out" / "regimes.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 4 * 4
    assert RunFolder.open(tmp_path / "out" / "ta_sam" / "seed_1").config.regimes.sequence == ("usual", "crowd", "usual")
