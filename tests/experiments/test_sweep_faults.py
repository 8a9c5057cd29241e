"""Sweeps on a full disk, in a folder of other runs, and behind a measurement that is new; all in this process."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from command_line import listing, refused
from small_sweep import write_small_plan

from tasam_ref.cli import main
from tasam_ref.experiments import runner, training
from tasam_ref.experiments.store import collect

FILES = ("metrics.csv", "evaluation.json", "checkpoint.npz", "curvature.json", "distributions.json", "regimes.json")


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    monkeypatch.setattr(runner, "LocalProcesses", ThreadPoolExecutor)


@pytest.fixture
def plan(tmp_path):
    return write_small_plan(tmp_path)


def contents(folder):
    """Everything but times, which are no two times the same."""
    files = {str(file.relative_to(folder)): file.read_bytes() for name in FILES for file in folder.rglob(name)}
    return {name: content for name, content in files.items() if not name.endswith("curvature.json")}


def full_disk(monkeypatch, name, from_time=1):
    """From the given time on, no file of this name gets a place."""
    replace, times = os.replace, []

    def fail(source, target):
        if os.path.basename(target) == name:
            times.append(target)
            if len(times) >= from_time:
                raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)


@pytest.mark.parametrize(("name", "from_time"), [
    ("metrics.csv", 2), ("checkpoint.npz", 2), ("evaluation.json", 3), ("distributions.json", 1),
    ("curvature.json", 5)])
def test_a_full_disk_costs_a_line_that_names_the_file_and_the_same_command_goes_on(
        small_sweep, plan, tmp_path, monkeypatch, capsys, name, from_time):
    arguments = ["sweep", str(plan), "--out", str(tmp_path / "runs")]
    with monkeypatch.context() as patch:
        full_disk(patch, name, from_time)
        assert main(arguments) == 1
    said = capsys.readouterr()
    told = [line for line in said.out.splitlines() if "No space left on device" in line]
    assert told and all(f"{name}'" in line for line in told)
    assert said.err.splitlines()[-1].startswith(f"tasam-ref: failed: {len(told)} of 6 runs did not end: ")
    assert not any(path.endswith(".tmp") for path in listing(tmp_path))
    assert main(arguments) == 0
    assert contents(tmp_path / "runs") == contents(small_sweep)


def test_a_disk_that_is_full_at_once_leaves_nothing(plan, tmp_path, monkeypatch, capsys):
    full_disk(monkeypatch, "plan.json")
    assert main(["sweep", str(plan), "--out", str(tmp_path / "runs")]) == 1
    assert capsys.readouterr().err == (
        f"tasam-ref: failed: [Errno 28] No space left on device: '{tmp_path / 'runs' / 'plan.json'}'\n")
    assert listing(tmp_path) == ["plan.toml", "runs"]


def test_a_measurement_that_is_missing_is_made_without_training(small_sweep, plan, tmp_path, monkeypatch, capsys):
    runs = shutil.copytree(small_sweep, tmp_path / "runs")
    (runs / "headline/ta_sam/seed_0/distributions.json").unlink()
    (runs / "headline/no_sam/seed_1/curvature.json").unlink()
    monkeypatch.setattr(training, "Trainer", None)
    assert main(["sweep", str(plan), "--out", str(runs)]) == 0
    assert capsys.readouterr().out.count("was complete") == 4
    assert contents(runs) == contents(small_sweep)
    collect(runs, {"headline"})


def test_a_plan_with_another_configuration_for_a_run_that_is_there_is_refused(small_sweep, plan, tmp_path, capsys):
    runs = shutil.copytree(small_sweep, tmp_path / "runs")
    before = (runs / "plan.json").read_bytes()
    plan.write_text(plan.read_text("utf-8").replace("sam.rho_init=0.1", "sam.rho_init=0.2"), "utf-8")
    assert "rho_0.1/ta_sam/seed_0: holds another run" in refused(capsys, "sweep", plan, "--out", runs)
    assert (runs / "plan.json").read_bytes() == before


def test_a_plan_with_an_unknown_method_is_refused_before_anything_is_written(plan, tmp_path, capsys):
    plan.write_text(plan.read_text("utf-8").replace('"ta_sam"', '"tasam"'), "utf-8")
    line = refused(capsys, "sweep", plan, "--out", tmp_path / "runs")
    assert "plan.toml: groups.headline: method = 'tasam': must be one of " in line
    assert not (tmp_path / "runs").exists()
