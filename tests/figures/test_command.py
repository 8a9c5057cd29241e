"""``python -m figures``: what it makes, from runs and from results, and what it refuses."""

import json
import os
import shutil

import pytest
from command_line import listing

from figures import __main__ as command
from figures import style
from figures.registry import PRODUCTS
from tasam_ref.experiments import store

NEEDED = ["detectable", "marl_eval", "picture"]
MADE = ["detectable.csv", "detectable.md", "marl_eval.json", "picture.png", "picture.svg"]


def picture(results, folder, name):
    """A product: two points in the house style."""
    figure, axes = style.new()
    style.dots(axes, 0, results["scores"].where(group="headline", method="ta_sam")["reward"], "ta_sam")
    style.save(figure, folder, name)


@pytest.fixture(autouse=True)
def with_picture(monkeypatch):
    monkeypatch.setitem(command.PRODUCTS, "picture", picture)


@pytest.fixture
def runs(small_sweep, tmp_path):
    return shutil.copytree(small_sweep, tmp_path / "runs")


@pytest.fixture
def results(small_results, tmp_path):
    """A folder with a folder of results in it, as the command leaves it."""
    return shutil.copytree(small_results, tmp_path / "made" / "results").parent


def run(*words):
    return command.main([str(word) for word in words])


def refused(capsys, *words):
    """The line in which the command refuses."""
    assert run(*words) == 2
    said = capsys.readouterr()
    assert said.err.startswith("figures: refused: ") and said.err.count("\n") == 1
    return said.err[len("figures: refused: "):-1]


def files(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file())


@pytest.fixture
def never_collected(monkeypatch):
    def fail(*arguments, **options):
        raise AssertionError("collected")

    monkeypatch.setattr(store, "collect", fail)


def test_runs_become_results_and_pictures(runs, small_collected, monkeypatch, capsys):
    """What the plan does not need is left out, and said."""
    monkeypatch.setattr(store, "collect", lambda folder, groups=None, say=None: small_collected)
    monkeypatch.setitem(command.PRODUCTS, "fig99", None)
    assert run(runs) == 0
    *names, last = capsys.readouterr().out.splitlines()
    assert sorted(names) == NEEDED
    assert last.startswith(f"stored in {runs / 'figures'}; the plan of these runs has none for ") and "fig99" in last
    assert files(runs / "figures") == MADE and store.is_results(runs / "figures" / "results")


def test_results_become_the_same_pictures_without_the_runs(results, never_collected, tmp_path):
    assert run(results) == 0 and files(results) == MADE
    assert run(results / "results", "--out", tmp_path / "again") == 0
    for name in MADE:
        assert (tmp_path / "again" / name).read_bytes() == (results / name).read_bytes(), name


def test_only_one_is_made_from_the_runs_that_it_needs(runs, capsys):
    shutil.rmtree(runs / "forgetting")
    assert run(runs, "--only", "detectable") == 0
    assert files(runs / "figures") == ["detectable.csv", "detectable.md"]
    assert not (runs / "figures" / "results").exists()
    assert "lacks forgetting no_sam seed 0 (not there); 'tasam-ref sweep' goes on" in refused(capsys, runs)


def test_claims_is_short_for_only_claims(results, monkeypatch):
    made = []
    monkeypatch.setitem(command.PRODUCTS, "claims", lambda *arguments: made.append(arguments[1:]))
    monkeypatch.setattr(command.store, "read_plan", lambda folder: type("Plan", (), {"needs": {"claims": ()}}))
    monkeypatch.setattr(command.store, "read_results", lambda folder: None)
    assert run("claims", results) == 0
    assert made == [(results, "claims")]


def test_what_needs_no_runs_is_made_without_any(runs, monkeypatch):
    plan = json.loads((runs / "plan.json").read_text("utf-8"))
    plan["needs"]["fig99"] = []
    for group in plan["groups"]:
        shutil.rmtree(runs / group)
    (runs / "plan.json").write_text(json.dumps(plan), "utf-8")
    made = []
    monkeypatch.setitem(command.PRODUCTS, "fig99", lambda *arguments: made.append(arguments[2]))
    assert run(runs, "--only", "fig99") == 0 and made == ["fig99"]


def test_names_that_are_not_known_or_not_in_the_plan_are_refused(results, capsys, monkeypatch, never_collected):
    before = listing(results)
    assert refused(capsys, results, "--only", "fig7") == f"--only fig7: must be one of {', '.join(PRODUCTS)}"
    monkeypatch.setitem(command.PRODUCTS, "fig99", None)
    assert refused(capsys, results, "--only", "fig99", "--only", "picture") == (
        f"--only fig99: the plan of {results} has no runs for this")
    assert listing(results) == before


def test_folders_without_runs_and_without_results_are_refused(tmp_path, capsys):
    assert "nowhere: must be a folder with the runs of a sweep" in refused(capsys, tmp_path / "nowhere")
    assert refused(capsys, tmp_path).startswith(f"{tmp_path}: holds no plan.json: must be the --out of a ")
    assert listing(tmp_path) == []


def test_mixed_runs_are_refused(runs, capsys):
    shutil.copytree(runs / "rho_0.1", runs / "rho_0.2")
    assert refused(capsys, runs) == f"{runs}: mixes in, against its plan, rho_0.2/ta_sam/seed_0; move them away"
    assert not (runs / "figures").exists()


def test_doubled_and_damaged_results_are_refused(results, capsys):
    path = results / "results" / "scores.csv"
    text = path.read_text("utf-8")
    path.write_text(text + text.splitlines()[-1] + "\n", "utf-8")
    assert refused(capsys, results) == f"{path}: holds headline ta_sam seed 1 stochastic twice"
    path.write_text(text[:-3], "utf-8")
    assert refused(capsys, results) == f"{path}: not a readable table (ValueError)"
    assert files(results) == []


def test_a_plan_with_an_unknown_method_is_refused(runs, capsys):
    plan = (runs / "plan.json").read_text("utf-8")
    (runs / "plan.json").write_text(plan.replace('"ta_sam"', '"tasam"'), "utf-8")
    assert refused(capsys, runs).startswith(f"{runs / 'plan.json'}: groups.headline: method = 'tasam': must be one of ")


def test_what_a_figure_refuses_is_said_with_its_name(results, capsys):
    path = results / "results" / "scores.csv"
    path.write_text(path.read_text("utf-8").replace('"reward"', '"rewards"'), "utf-8")
    assert refused(capsys, results, "--only", "picture").startswith("picture: column 'reward': must be one of group, ")


@pytest.mark.parametrize("name", ["episodes.csv", "plan.json", "detectable.md", "picture.png", "marl_eval.json"])
def test_a_full_disk_costs_one_line_that_names_the_file_and_the_same_command_goes_on(
        runs, small_collected, monkeypatch, capsys, name):
    monkeypatch.setattr(store, "collect", lambda folder, groups=None, say=None: small_collected)
    replace = os.replace

    def fail(source, target):
        if os.path.basename(target) == name:
            raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        assert run(runs) == 1
    place = runs / "figures" / "results" if name in ("episodes.csv", "plan.json") else runs / "figures"
    assert capsys.readouterr().err == f"figures: failed: [Errno 28] No space left on device: '{place / name}'\n"
    assert not any(path.endswith(".tmp") for path in listing(runs))
    assert run(runs) == 0 and files(runs / "figures") == MADE
