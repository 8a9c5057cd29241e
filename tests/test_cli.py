"""The command line: what it does, what it refuses, and how it says so."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import command, listing, refused, tiny_options

import tasam_ref
from tasam_ref import cli
from tasam_ref.cli import main
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.marl.trainer import Trainer
from tasam_ref.oran.env import OranEnv

COMMANDS = ("train", "evaluate", "curvature", "explain", "compare", "sweep", "baselines", "methods", "scenarios")
METHODS = ("no_sam", "actor_sam", "critic_sam", "both_sam", "ta_sam", "ta_sam_unselective", "ta_sam_static_rho", "l2",
           "dropout", "spectral_norm", "centralised_sac", "plastic_as_described", "plastic_lee2023", "policy_anchor")
SHORT = tiny_options("run.num_iterations=3", "run.eval_frames=3")


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
    ("curvature", ("--network", "--transitions", "RUN")),
    ("explain", ("--stages", "--network", "--states", "--actions", "--figure", "RUN"))])
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
    (["train", "ta_sam", "--threads", "0"], "--threads = 0: must be at least 1"),
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
