"""Results: what is written is read again, and what is not whole is refused with a list of what is missing."""

import json
import shutil

import numpy as np
import pytest

from tasam_ref.errors import UsageError
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.store import Results, collect, is_results, read_results
from tasam_ref.experiments.table import Table


@pytest.fixture
def runs(small_sweep, tmp_path):
    return shutil.copytree(small_sweep, tmp_path / "runs")


@pytest.fixture
def results(small_results, tmp_path):
    return shutil.copytree(small_results, tmp_path / "results")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refusal(function, *arguments):
    with pytest.raises(UsageError) as refused:
        function(*arguments)
    assert "\n" not in str(refused.value)
    return str(refused.value)


# ---- there and back

def test_results_of_files_are_written_as_the_same_bytes(small_results, tmp_path):
    read_results(small_results).write(tmp_path / "again")
    assert contents(tmp_path / "again") == contents(small_results)
    assert len(contents(small_results)) == 14


def test_what_is_collected_is_what_its_files_say(small_collected, small_results):
    stored = read_results(small_results)
    assert (small_collected.plan, small_collected.manifest) == (stored.plan, stored.manifest)
    assert set(small_collected.tables) == set(stored.tables)
    for name, table in small_collected.tables.items():
        assert list(table.columns) == list(stored[name].columns) and len(table) == len(stored[name]) > 0
        for column in table.columns:
            np.testing.assert_array_equal(table[column], stored[name][column])


def test_some_groups_are_collected_without_the_others_and_without_scenes(runs):
    shutil.rmtree(runs / "forgetting")
    found = collect(runs, {"rho_0.1"})
    assert found["scores"].unique("group") == ["rho_0.1"] and len(found["curves"]) == 6
    assert "landscape" not in found.tables and len(found["regimes"]) == 0
    assert all(len(table) == 0 for table in collect(runs, set()).tables.values())


def test_the_manifest_adds_up_the_runs(small_sweep, small_results):
    manifests = [json.loads(path.read_text("utf-8")) for path in small_sweep.rglob("manifest.json")]
    stored = json.loads((small_results / "manifest.json").read_text("utf-8"))
    assert stored["runs"] == len(manifests) == 6
    assert stored["hours"] == round(sum(m["wall_seconds"] for m in manifests) / 3600, 2)
    assert stored["packages"] == [manifests[0]["packages"]]


def test_results_that_were_not_written_to_the_end_are_none(results, monkeypatch):
    from tasam_ref.experiments import store

    def full(path):
        raise OSError(28, "No space left on device", str(path))

    found = read_results(results)
    monkeypatch.setattr(type(found["regimes"]), "write", lambda table, path: full(path))
    with pytest.raises(OSError, match="No space left"):
        found.write(results)
    assert is_results(results)
    assert f"{results}: holds no plan.json" in refusal(read_results, results)
    monkeypatch.undo()
    found.write(results)
    assert store.read_results(results).manifest == found.manifest


# ---- run folders

def test_what_is_not_there_or_not_done_is_listed(runs):
    shutil.rmtree(runs / "headline" / "no_sam" / "seed_1")
    for path, status in (("headline/ta_sam/seed_0", "running"), ("rho_0.1/ta_sam/seed_0", "failed"),
                         ("forgetting/no_sam/seed_0", "interrupted")):
        RunFolder.open(runs / path).write_manifest(status=status)
    assert refusal(collect, runs) == (
        f"{runs}: lacks headline ta_sam seed 0 (running), rho_0.1 ta_sam seed 0 (failed), forgetting no_sam seed 0 "
        "(interrupted), headline no_sam seed 1 (not there); 'tasam-ref sweep' goes on")


def test_measurements_that_are_not_there_are_listed(runs):
    (runs / "headline/ta_sam/seed_1/curvature.json").unlink()
    (runs / "headline/ta_sam/seed_1/distributions.json").unlink()
    (runs / "headline/no_sam/seed_0/curvature.json").unlink()
    assert refusal(collect, runs) == (
        f"{runs}: lacks headline no_sam seed 0 (no curvature), headline ta_sam seed 1 (no curvature, no distributions);"
        " 'tasam-ref sweep' goes on")


def test_a_long_list_is_cut_short(runs):
    content = json.loads((runs / "plan.json").read_text("utf-8"))
    content["seeds"] = 9
    (runs / "plan.json").write_text(json.dumps(content), "utf-8")
    said = refusal(collect, runs)
    assert said.count("(not there)") == 8 and said.endswith(" and 6 more; 'tasam-ref sweep' goes on")


def test_a_run_of_another_configuration_is_told_from_the_plans(runs):
    shutil.rmtree(runs / "rho_0.1/ta_sam/seed_0")
    shutil.copytree(runs / "headline/ta_sam/seed_0", runs / "rho_0.1/ta_sam/seed_0")
    assert "lacks rho_0.1 ta_sam seed 0 (another configuration)" in refusal(collect, runs)


def test_runs_that_are_not_the_plans_are_refused_and_leftovers_are_not(runs):
    shutil.copytree(runs / "headline/ta_sam/seed_0", runs / "headline/ta_sam/.123.tmp")
    collect(runs, {"headline"})
    shutil.copytree(runs / "headline/ta_sam/seed_0", runs / "headline/ta_sam/seed_7")
    assert refusal(collect, runs) == (
        f"{runs}: mixes in, against its plan, headline/ta_sam/seed_7; move them away")
    assert len(collect(runs, {"headline"})["scores"]) == 4 * 2                                   # judged both ways


@pytest.mark.parametrize(("name", "content"), [
    ("curvature.json", "{"), ("curvature.json", "[]"), ("distributions.json", "{"), ("distributions.json", "3"),
    ("distributions.json", '{"levels": [0, 1], "qos": {}, "throughput_bps": {}}'), ("evaluation.json", "{}"),
    ("metrics.csv", "iteration\n"), ("config.toml", "= 3"), ("manifest.json", "{}")])
def test_a_damaged_run_is_named_with_its_file(runs, name, content):
    path = runs / "headline" / "ta_sam" / "seed_0" / name
    path.write_text(content, "utf-8")
    assert str(path.parent) in refusal(collect, runs)


# ---- results

@pytest.mark.parametrize("name", ["scores", "episodes", "curves"])
def test_results_without_one_of_the_plans_runs_are_refused(results, name):
    lines = (results / f"{name}.csv").read_text("utf-8").splitlines(keepends=True)
    (results / f"{name}.csv").write_text("".join(line for line in lines if '"rho_0.1"' not in line), "utf-8")
    assert refusal(read_results, results) == (
        f"{results / name}.csv: lacks rho_0.1 ta_sam seed 0; make the results anew")


def test_results_with_other_runs_than_the_plans_are_refused(results):
    text = (results / "scores.csv").read_text("utf-8")
    (results / "scores.csv").write_text(text.replace('"rho_0.1"', '"rho_0.2"'), "utf-8")
    assert "lacks rho_0.1 ta_sam seed 0;" in refusal(read_results, results)
    more = text.splitlines()[-1].replace('"ta_sam",1', '"ta_sam",2') + "\n"
    (results / "scores.csv").write_text(text + more, "utf-8")
    assert "mixes in, against its plan, headline ta_sam seed 2;" in refusal(read_results, results)


def test_a_run_that_stands_twice_is_refused(results):
    text = (results / "scores.csv").read_text("utf-8")
    (results / "scores.csv").write_text(text + text.splitlines()[-1] + "\n", "utf-8")
    assert refusal(read_results, results) == f"{results}/scores.csv: holds headline ta_sam seed 1 stochastic twice"


def test_results_that_judge_only_some_of_their_runs_by_draws_are_refused(results):
    path, lines = results / "scores.csv", (results / "scores.csv").read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not ('"rho_0.1"' in line and '"stochastic"' in line)), "utf-8")
    assert refusal(read_results, results) == f"{path}: lacks rho_0.1 ta_sam seed 0 stochastic; make the results anew"
    path.write_text("".join(line for line in lines if '"stochastic"' not in line), "utf-8")
    assert read_results(results)["scores"].unique("evaluation") == ["deterministic"]


def test_scores_of_a_group_are_judged_as_its_runs_are_or_as_asked_for(small_results):
    found = read_results(small_results)
    assert found.scores("headline").unique("evaluation") == ["deterministic"]
    assert found.scores("headline", "stochastic").unique("evaluation") == ["stochastic"]
    assert [len(found.scores(group)) for group in ("headline", "rho_0.1", "none")] == [4, 1, 0]
    groups = found["groups"].columns | {"evaluation": np.array(["stochastic"] * 3)}
    drawn = Results(found.plan, found.tables | {"groups": Table(groups)}, {})
    assert drawn.scores("headline").unique("evaluation") == ["stochastic"]


@pytest.mark.parametrize("name", ["groups", "scores", "gates", "distributions", "regimes", "references", "sir"])
@pytest.mark.parametrize("damage", [lambda text: text[:-9], lambda text: text.replace(",", ";"), lambda text: ""])
def test_a_damaged_table_is_named(results, name, damage):
    path = results / f"{name}.csv"
    path.write_text(damage(path.read_text("utf-8")), "utf-8")
    assert str(path) in refusal(read_results, results)
    path.unlink()
    assert refusal(read_results, results) == f"{path}: not a readable table (FileNotFoundError)"


def test_scores_with_other_columns_are_refused(results):
    (results / "scores.csv").write_text('"team","seed"\n"a",1\n', "utf-8")
    assert refusal(read_results, results) == f"{results}/scores.csv: column 'group': must be one of team, seed"


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"groups": 3}', '{"group": {}}', "{}"])
@pytest.mark.parametrize("read", [read_results, collect])
def test_a_damaged_plan_is_named(results, runs, read, content):
    folder = {read_results: results, collect: runs}[read]
    (folder / "plan.json").write_text(content, "utf-8")
    assert refusal(read, folder).startswith(f"{folder / 'plan.json'}: ")


@pytest.mark.parametrize("read", [read_results, collect])
def test_a_folder_without_a_plan_is_refused(tmp_path, read):
    assert refusal(read, tmp_path) == (f"{tmp_path}: holds no plan.json: must be the --out of a 'tasam-ref sweep', or "
                                       "results made of one")


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_manifest_is_named(results, content):
    (results / "manifest.json").write_text(content, "utf-8")
    assert str(results / "manifest.json") in refusal(read_results, results)
