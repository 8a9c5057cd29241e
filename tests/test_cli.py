"""The command line: what it does, what it refuses, and how it says so."""

import csv
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import command, complaints, listing, number_of_colours, refused, run_command, tiny_options

import tasam_ref
from tasam_ref import cli
from tasam_ref.cli import main
from tasam_ref.experiments import evaluation
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.marl.trainer import Trainer
from tasam_ref.oran.env import OranEnv

COMMANDS = ("train", "evaluate", "curvature", "compare", "baselines", "methods", "scenarios")
METHODS = ("no_sam", "actor_sam", "critic_sam", "both_sam", "ta_sam", "ta_sam_unselective", "ta_sam_static_rho", "l2",
           "dropout", "spectral_norm", "centralised_sac", "plastic_as_described", "plastic_lee2023", "policy_anchor")
SHORT = tiny_options("run.num_iterations=3", "run.eval_frames=3")


@pytest.fixture
def quick_references(monkeypatch):
    """Reference policies with a coarse grid of static splits: the usual one takes seconds."""
    whole = evaluation.static_grid
    monkeypatch.setattr(evaluation, "static_grid", lambda config, steps=2: whole(config, 2, episodes=1, frames=2))


# ---- help

@pytest.mark.parametrize("words", [[], *[[name] for name in COMMANDS]])
def test_help_explains_and_ends_with_the_exit_codes(capsys, words):
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith("usage: tasam-ref")
    assert "Exit codes: 0 done; 1 the run failed or was interrupted; 2 what was asked for was refused." in text
    if not words:
        assert all(name in text for name in COMMANDS)


@pytest.mark.parametrize(("name", "options"), [
    ("train", ("--preset", "--set", "--scenario", "--seed", "--out", "--resume", "METHOD")),
    ("compare", ("--preset", "--set", "--scenario", "--seeds", "--jobs", "--out", "--resume", "METHOD")),
    ("baselines", ("--preset", "--set", "--scenario")), ("evaluate", ("RUN",)),
    ("curvature", ("--network", "--transitions", "RUN"))])
def test_help_names_every_option_with_an_explanation(capsys, name, options):
    with pytest.raises(SystemExit):
        main([name, "--help"])
    text = capsys.readouterr().out
    for option in options:
        assert re.search(rf"(?m)^  {option}\b.*(\n +)?\w+ \w+", text), option


def test_the_version_is_the_packages(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"tasam-ref {tasam_ref.__version__}\n"


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["train", "--help"], ["compare", "--help"]])
def test_help_and_version_need_no_numerical_package(words):
    code = ("import sys; from tasam_ref.cli import main\n"
            "try: main(sys.argv[1:])\n"
            "except SystemExit: pass\n"
            "print([name for name in ('numpy', 'numba', 'scipy', 'matplotlib', 'tqdm') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"


def test_one_core_per_matrix_product_is_asked_for_before_numpy_is_loaded():
    code = ("import os, sys; import tasam_ref.cli\n"
            "print('numpy' in sys.modules, os.environ['OPENBLAS_NUM_THREADS'], os.environ['OMP_NUM_THREADS'])")
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert done.stdout == "False 1 1\n"
    kept = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                          env=environment | {"OPENBLAS_NUM_THREADS": "2"})
    assert kept.stdout == "False 2 1\n"


@pytest.mark.parametrize("words", [[], ["fly"], ["train"], ["train", "ta_sam"], ["compare", "--out", "x"],
                                   ["compare", "ta_sam", "--out", "x", "--seeds", "two"], ["methods", "--fast"],
                                   ["train", "ta_sam", "--out", "x", "--seed", "1.5"], ["evaluate"]])
def test_what_cannot_be_parsed_exits_with_2(capsys, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("tasam-ref: refused: ") and "--help" in said and said.count("\n") == 1
    assert listing(tmp_path) == []


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 3000, "2\n[run]\nseed = 9", "", "10000000000000000000"])
def test_values_that_are_no_count_are_refused_in_one_short_line(capsys, tmp_path, value):
    line = refused(capsys, "train", "ta_sam", "--out", tmp_path / "run", "--set", f"radio.num_dus={value}")
    assert "radio.num_dus" in line and len(line) < 250
    assert listing(tmp_path) == []


def test_an_empty_preset_is_unknown(capsys, tmp_path):
    assert "preset = ''" in refused(capsys, "train", "ta_sam", "--preset", "", "--out", tmp_path / "run")


def test_closed_output_does_not_matter(tmp_path):
    line = " ".join(map(shlex.quote, command("train", "ta_sam", "--out", "run", *SHORT))) + " >&- 2>&-"
    assert subprocess.run(line, shell=True, cwd=tmp_path, timeout=120).returncode == 0
    assert RunFolder.open(tmp_path / "run").status == "complete"


def test_a_package_and_a_home_that_cannot_be_written_get_another_cache(monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(cli.os, "access", lambda path, mode: False)
    cli._find_a_cache()
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert folder.is_dir() and folder.stat().st_mode & 0o077 == 0
    folder.rmdir()


def test_methods_lists_every_method_in_one_line_each(capsys):
    assert main(["methods"]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[0] for line in lines) == sorted(METHODS)
    assert all(len(line.split()) > 5 for line in lines)


def test_scenarios_lists_every_scenario_in_one_line_each(capsys):
    assert main(["scenarios"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 31 and len({line.split()[0] for line in lines}) == 31
    assert lines[0].startswith("equal_rho ") and lines[0].endswith("(Fig. 5a, R37)")
    assert max(map(len, lines)) <= 120


# ---- what is refused

BAD_COMMON = (
    (["--preset", "papier"], "papier"),
    (["--set", "radio.num_dus=0"], "radio.num_dus = 0"),
    (["--set", "radio.num_ues=-3"], "radio.num_ues = -3"),
    (["--set", "rodeo.num_dus=3"], "rodeo"),
    (["--set", "radio.cows=3"], "radio.cows"),
    (["--set", "radio.num_dus"], "radio.num_dus"),
    (["--set", "agent.gamma=nan"], "agent.gamma = nan"),
    (["--set", "agent.gamma=1.5"], "agent.gamma = 1.5"),
    (["--set", "sam.rho_init=-0.5"], "sam.rho_init = -0.5"),
    (["--set", "agent.learning_rate=inf"], "agent.learning_rate = inf"),
    (["--set", "radio.speed_min_m_s=30"], "radio.speed_max_m_s"),
    (["--set", 'slices.names=["a","b","c","d"]'], "4"),
    (["--set", "agent.hidden_sizes=[]"], "agent.hidden_sizes"),
    (["--scenario", "fig_99"], "--scenario fig_99: must be one of those"),
    (["--scenario", "rho_0.01", "--scenario", "dynamic_rho"], "--scenario dynamic_rho: sets sam.rho_schedule"),
    (["--scenario", "forgetting"], "run.num_iterations = 3: must be a multiple of 21"),
)


@pytest.mark.parametrize(("options", "named"), BAD_COMMON)
@pytest.mark.parametrize("words", [["train", "ta_sam"], ["compare", "ta_sam", "no_sam"], ["baselines"]])
def test_a_bad_configuration_is_refused_in_one_line_and_nothing_is_made(capsys, tmp_path, words, options, named):
    place = [] if words == ["baselines"] else ["--out", tmp_path / "out"]
    assert named in refused(capsys, *words, *place, *SHORT, *options)
    assert listing(tmp_path) == []


@pytest.mark.parametrize(("words", "named"), [
    (["train", "sgd"], "'sgd'"),
    (["train"], "METHOD"),
    (["train", "ta_sam", "--seed", "-1"], "run.seed = -1"),
    (["train", "ta_sam", "--set", "sam.selective=false"], "sam.selective"),
    (["train", "no_sam", "--set", "sam.use_sam_actor=true"], "sam.use_sam_actor"),
    (["train", "ta_sam_static_rho", "--scenario", "dynamic_rho"], "--scenario dynamic_rho: sam.rho_schedule"),
    (["compare", "ta_sam", "ta_sam_static_rho", "--scenario", "rho_0.1"], "--scenario rho_0.1: sam.rho_schedule"),
    (["compare", "ta_sam", "sgd"], "'sgd'"),
    (["compare", "ta_sam", "no_sam", "ta_sam"], "ta_sam"),
    (["compare", "ta_sam", "--seeds", "0"], "--seeds = 0"),
    (["compare", "ta_sam", "--seeds", "-2"], "--seeds = -2"),
    (["compare", "ta_sam", "--jobs", "0"], "--jobs = 0"),
    (["compare", "ta_sam", "no_sam", "--set", "sam.use_sam_critic=false"], "sam.use_sam_critic"),
    (["compare", "ta_sam", "no_sam", "--set", "run.seed=3"], "run.seed"),
])
def test_a_bad_request_is_refused_in_one_line_and_nothing_is_made(capsys, tmp_path, words, named):
    assert named in refused(capsys, *words, "--out", tmp_path / "out", *SHORT)
    assert listing(tmp_path) == []


@pytest.mark.parametrize("words", [["train", "ta_sam"], ["compare", "ta_sam", "no_sam"]])
def test_a_place_that_cannot_be_written_is_refused_before_any_work(capsys, tmp_path, words):
    (tmp_path / "file").write_text("mine")
    assert "file" in refused(capsys, *words, *SHORT, "--out", tmp_path / "file" / "out")
    assert listing(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


def test_the_working_folder_is_no_place_for_a_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(capsys, "train", "ta_sam", *SHORT, "--out", ".")
    assert listing(tmp_path) == []


@pytest.mark.parametrize("words", [["evaluate"], ["train", "--resume", "--out"]])
@pytest.mark.parametrize("place", ["nowhere", "empty", "file"])
def test_a_place_without_a_run_is_refused(capsys, tmp_path, words, place):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine")
    assert place in refused(capsys, *words, tmp_path / place)
    assert listing(tmp_path) == ["empty", "file"]


def test_a_network_beyond_any_memory_fails_in_one_line(capsys, tmp_path):
    code = main(["train", "ta_sam", "--out", str(tmp_path / "out"), "--set", f"radio.num_ues={10**15}"])
    assert code in (1, 2)
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1


# ---- train and evaluate

def test_train_stores_and_shows_a_run_and_evaluate_finds_the_same(capsys, tmp_path):
    out = tmp_path / "run"
    assert main(["train", "ta_sam", "--out", str(out), "--seed", "3", *SHORT]) == 0
    shown = capsys.readouterr().out
    assert "ta_sam seed 3" in shown and str(out) in shown
    assert listing(out) == ["checkpoint.npz", "config.toml", "equal_gradients.json", "evaluation.json", "manifest.json",
                            "metrics.csv"]
    assert RunFolder.open(out).config.run.seed == 3
    before = {path: path.read_bytes() for path in out.iterdir()}
    assert main(["evaluate", str(out)]) == 0
    assert capsys.readouterr().out == shown
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_an_existing_run_is_refused_without_resume_and_kept_with_it(capsys, tmp_path):
    words = ["train", "no_sam", "--out", tmp_path / "run", *SHORT]
    assert main([str(word) for word in words]) == 0
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "run").iterdir()}
    assert "--resume" in refused(capsys, *words)
    assert "another run" in refused(capsys, *words, "--resume", "--set", "agent.gamma=0.875")
    assert "another run" in refused(capsys, *words, "--resume", "--seed", "9")
    for resume in (words, ["train", "--out", tmp_path / "run"]):
        assert main([*map(str, resume), "--resume"]) == 0
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "run").iterdir()} == before


@pytest.mark.parametrize("options", [["--set", "agent.gamma=0.875"], ["--seed", "9"], ["--preset", "paper"],
                                     ["--scenario", "dus_2"]])
def test_options_that_a_resume_without_a_method_would_drop_are_refused(capsys, tmp_path, options):
    assert main(["train", "no_sam", "--out", str(tmp_path / "run"), *SHORT]) == 0
    refused(capsys, "train", "--resume", "--out", tmp_path / "run", *options)


@pytest.mark.parametrize("words", [["train", "--resume", "--out"], ["evaluate"]])
@pytest.mark.parametrize("content", ["truncated", "foreign", "empty"])
def test_a_truncated_or_foreign_checkpoint_is_refused_in_one_line(capsys, tmp_path, tiny_config, words, content):
    folder = RunFolder.create(tmp_path / "run", "ta_sam", tiny_config)
    folder.save_checkpoint(Trainer(tiny_config, OranEnv(tiny_config)).state())
    path = tmp_path / "run" / "checkpoint.npz"
    if content == "foreign":
        np.savez(path, actors=np.zeros(3))
    else:
        path.write_bytes(path.read_bytes()[: -100 if content == "truncated" else 0])
    before = {file: file.read_bytes() for file in (tmp_path / "run").iterdir()}
    assert "checkpoint.npz" in refused(capsys, *words, tmp_path / "run")
    assert {file: file.read_bytes() for file in (tmp_path / "run").iterdir()} == before


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


def test_compare_stores_every_run_and_a_row_of_each(compared):
    _, out = compared
    with open(out / "comparison.csv", newline="") as file:
        rows = {(row["method"], int(row["seed"])): row for row in csv.DictReader(file)}
    assert set(rows) == {(method, seed) for method in ("ta_sam", "no_sam") for seed in (0, 1)}
    for (method, seed), row in rows.items():
        folder = RunFolder.open(out / method / f"seed_{seed}")
        assert folder.status == "complete"
        assert float(row["reward"]) == folder.evaluation().reward.mean()
        assert all(np.isfinite(float(value)) for name, value in row.items() if name != "method")
    assert float(rows["no_sam", 0]["sam_actor_share"]) == 0


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
