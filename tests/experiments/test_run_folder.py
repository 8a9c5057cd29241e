"""The folder of one run: made whole or not at all, and read back only as it was written."""

import csv
import json
import os
import re

import numpy as np
import pytest
from command_line import listing

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings, config_hash, from_toml
from tasam_ref.errors import UsageError
from tasam_ref.experiments.evaluation import Evaluation
from tasam_ref.experiments.run_folder import RunFolder, metric_header, metric_lines
from tasam_ref.experiments.training import open_or_create


@pytest.fixture
def folder(tmp_path, tiny_config):
    return RunFolder.create(tmp_path / "run", "ta_sam", tiny_config)


def assert_refused(call, *arguments):
    with pytest.raises(UsageError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- making one

def test_a_new_folder_holds_the_configuration_and_the_manifest(folder, tmp_path, tiny_config):
    assert listing(tmp_path) == ["run", "run/config.toml", "run/manifest.json"]
    assert from_toml((tmp_path / "run" / "config.toml").read_text()) == tiny_config
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["method"] == "ta_sam" and manifest["seed"] == 0
    assert manifest["status"] == "running" and manifest["iterations_done"] == 0
    assert {"numpy", "numba", "scipy", "python", "tasam_ref"} <= set(manifest["packages"])
    assert manifest["machine"]["cores"] >= 1


def test_the_manifests_hash_is_that_of_the_configuration_beside_it(folder, tmp_path):
    beside = from_toml((tmp_path / "run" / "config.toml").read_text())
    assert folder.manifest["config_hash"] == config_hash(beside) != config_hash(Config())


def test_a_new_folder_is_opened_again_as_it_was(folder, tiny_config):
    again = RunFolder.open(folder.path)
    assert (again.config, again.method, again.status) == (tiny_config, "ta_sam", "running")
    assert again.manifest == folder.manifest
    assert again.load_checkpoint() is None


def test_missing_parents_are_made(tmp_path, tiny_config):
    folder = RunFolder.create(tmp_path / "a" / "b" / "run", "no_sam", tiny_config)
    assert RunFolder.open(folder.path).method == "no_sam"


@pytest.mark.parametrize("kind", ["run", "empty folder", "file"])
def test_what_exists_is_refused_and_left_alone(tmp_path, tiny_config, kind):
    path = tmp_path / "run"
    if kind == "run":
        RunFolder.create(path, "ta_sam", tiny_config)
    elif kind == "empty folder":
        path.mkdir()
    else:
        path.write_text("mine")
    before = listing(tmp_path)
    message = assert_refused(RunFolder.create, path, "ta_sam", tiny_config)
    assert str(path) in message and "exists already" in message
    assert listing(tmp_path) == before


def test_a_place_below_a_file_is_refused(tmp_path, tiny_config):
    (tmp_path / "file").write_text("mine")
    message = assert_refused(RunFolder.create, tmp_path / "file" / "run", "ta_sam", tiny_config)
    assert "cannot be written" in message
    assert listing(tmp_path) == ["file"]


@pytest.mark.parametrize("name", [".", ""])
def test_the_working_folder_itself_is_refused(tmp_path, tiny_config, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert_refused(RunFolder.create, name, "ta_sam", tiny_config)
    assert listing(tmp_path) == []


@pytest.mark.parametrize("function", ["mkdir", "replace", "rename"])
def test_a_disk_that_refuses_leaves_no_half_of_a_folder(tmp_path, tiny_config, monkeypatch, function):
    def fail(*arguments, **options):
        raise PermissionError(13, "Permission denied", "somewhere")

    with monkeypatch.context() as patch:
        patch.setattr(os, function, fail)
        message = assert_refused(RunFolder.create, tmp_path / "run", "ta_sam", tiny_config)
    assert "cannot be written" in message and "Permission denied" in message
    assert listing(tmp_path) == []


def test_the_folder_appears_under_its_name_only_when_it_is_whole(tmp_path, tiny_config, monkeypatch):
    rename, seen = os.rename, []

    def watch(source, target):
        seen.append((sorted(os.listdir(source)), os.path.exists(target)))
        rename(source, target)

    monkeypatch.setattr(os, "rename", watch)
    RunFolder.create(tmp_path / "run", "ta_sam", tiny_config)
    assert seen == [(["config.toml", "manifest.json"], False)]


# ---- opening one

def test_places_that_hold_no_run_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine")
    for name in ("nowhere", "empty", "file"):
        message = assert_refused(RunFolder.open, tmp_path / name)
        assert "not a run folder" in message and name in message


def test_a_changed_configuration_is_detected(folder):
    path = folder.path / "config.toml"
    changed = re.sub(r"(?m)^gamma = .*$", "gamma = 0.875", path.read_text())
    assert changed != path.read_text()
    path.write_text(changed)
    assert "config.toml was changed" in assert_refused(RunFolder.open, folder.path)


@pytest.mark.parametrize("text", ["[radio", "", "[rodeo]\n", "[radio]\nnum_dus = 0\n"])
def test_a_broken_configuration_is_refused(folder, text):
    (folder.path / "config.toml").write_text(text)
    assert "run" in assert_refused(RunFolder.open, folder.path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"null", b"{}", b'{"method": "ta_sam"}', b"\xff\xfe\x00"])
def test_a_broken_manifest_is_refused(folder, content):
    (folder.path / "manifest.json").write_bytes(content)
    assert_refused(RunFolder.open, folder.path)


@pytest.mark.parametrize("missing", ["method", "status", "wall_seconds", "config_hash"])
def test_a_manifest_that_lacks_what_resuming_needs_is_refused(folder, missing):
    manifest = {name: value for name, value in folder.manifest.items() if name != missing}
    (folder.path / "manifest.json").write_text(json.dumps(manifest))
    assert_refused(RunFolder.open, folder.path)


def test_a_missing_manifest_is_refused_by_name(folder):
    (folder.path / "manifest.json").unlink()
    assert "manifest.json" in assert_refused(RunFolder.open, folder.path)


def test_resuming_takes_the_same_run_only(folder, tiny_config):
    assert open_or_create(folder.path, "ta_sam", tiny_config, resume=True).path == folder.path
    other = apply_settings(tiny_config, ["agent.gamma=0.75"])
    for method, config in (("no_sam", tiny_config), ("ta_sam", other)):
        assert "another run" in assert_refused(open_or_create, folder.path, method, config, True)
    assert "exists already" in assert_refused(open_or_create, folder.path, "ta_sam", tiny_config, False)


def test_resuming_what_is_not_there_begins_it(tmp_path, tiny_config):
    assert open_or_create(tmp_path / "run", "ta_sam", tiny_config, resume=True).status == "running"
    assert (tmp_path / "run" / "config.toml").exists()


# ---- what it stores

def test_manifest_changes_are_stored(folder):
    folder.write_manifest(status="interrupted", message="by hand")
    again = RunFolder.open(folder.path)
    assert again.status == "interrupted" and again.manifest["message"] == "by hand"
    assert again.method == "ta_sam"


def test_a_checkpoint_of_another_run_is_refused(folder, tmp_path, tiny_config):
    other = RunFolder.create(tmp_path / "other", "ta_sam", apply_settings(tiny_config, ["run.seed=1"]))
    other.save_checkpoint({"actors": np.ones(2)})
    (folder.path / "checkpoint.npz").write_bytes((other.path / "checkpoint.npz").read_bytes())
    assert "another configuration" in assert_refused(folder.load_checkpoint)
    np.testing.assert_array_equal(other.load_checkpoint()["actors"], np.ones(2))


def test_metrics_have_one_row_per_iteration_and_agent_and_read_back_exactly(folder):
    columns = {"reward": np.array([1 / 3, -2.0, 0.0]), "entropy": np.array([1e-300, 7e20, 1.0], dtype=np.float32)}
    folder.write_metrics([metric_header(columns), *metric_lines(0, columns), *metric_lines(1, columns)])
    with open(folder.path / "metrics.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["iteration", "agent", "reward", "entropy"]
    assert [(row[0], row[1]) for row in rows[1:]] == [(str(t), str(i)) for t in range(2) for i in range(3)]
    metrics = folder.metrics()
    assert metrics["iteration"] == [0, 0, 0, 1, 1, 1] and metrics["agent"] == [0, 1, 2, 0, 1, 2]
    assert metrics["reward"] == [1 / 3, -2.0, 0.0] * 2
    assert metrics["entropy"] == [columns["entropy"][i].item() for i in range(3)] * 2


def test_metrics_beyond_a_checkpoint_are_left_out(folder):
    columns = {"reward": np.array([0.5, 0.25, 0.125])}
    lines = [metric_header(columns), *[line for i in range(12) for line in metric_lines(i, columns)]]
    folder.write_metrics(lines)
    assert folder.read_metric_lines(12) == lines
    assert folder.read_metric_lines(3) == lines[:10]
    assert folder.read_metric_lines(10) == lines[:31]


def test_metrics_that_miss_rows_before_the_checkpoint_are_refused(folder):
    assert "metrics.csv" in assert_refused(folder.read_metric_lines, 5)
    columns = {"reward": np.array([0.5, 0.25, 0.125])}
    lines = [metric_header(columns), *[line for i in range(12) for line in metric_lines(i, columns)]]
    folder.write_metrics(lines[:15] + lines[16:])
    assert "metrics.csv" in assert_refused(folder.read_metric_lines, 5)


def test_an_evaluation_reads_back_exactly(folder):
    rng = np.random.default_rng(5)
    written = {
        reading: Evaluation(rng.normal(size=4), rng.normal(size=(4, 3)), rng.random((4, 3)), rng.random((4, 3)))
        for reading in ("deterministic", "stochastic")}
    folder.write_evaluation(written)
    assert (folder.path / "evaluation.json").read_text().endswith("}\n")
    for reading, evaluation in written.items():
        again = folder.evaluation(reading)
        for name in ("reward", "qos", "violated", "rb_share"):
            np.testing.assert_array_equal(getattr(again, name), getattr(evaluation, name))


@pytest.mark.parametrize("reading", ["deterministic", "stochastic"])
def test_the_configuration_says_which_evaluation_is_read(tmp_path, tiny_config, reading):
    """Without a file at equal gradients the end of the run stands for it; with one it has readings of its own."""
    config = apply_settings(tiny_config, [f"run.evaluation={reading}"])
    folder = RunFolder.create(tmp_path / "other", "ta_sam", config)
    shape = np.zeros((1, 3))
    folder.write_evaluation({name: Evaluation(np.array([value]), shape, shape, shape)
                             for name, value in (("deterministic", 1.0), ("stochastic", 2.0))})
    expected = {"deterministic": 1, "stochastic": 2}
    assert folder.evaluation().reward == folder.evaluation_at_equal_gradients().reward == expected[reading]
    folder.write_evaluation({name: Evaluation(np.array([value]), shape, shape, shape)
                             for name, value in (("deterministic", 3.0), ("stochastic", 4.0))}, "equal_gradients.json")
    assert folder.evaluation().reward == expected[reading]
    assert folder.evaluation_at_equal_gradients().reward == expected[reading] + 2
    for name, value in expected.items():
        assert folder.evaluation(name).reward == value
        assert folder.evaluation_at_equal_gradients(name).reward == value + 2


@pytest.mark.parametrize("text", [
    "", "{", "[]", "{}", '{"reward": [1.0]}', '{"deterministic": {"reward": [1.0]}}', '{"deterministic": []}',
    '{"stochastic": {"reward": [1.0], "qos": [[1.0]], "violated": [[1.0]], "rb_share": [[1.0]]}}'])
def test_a_broken_evaluation_is_refused(folder, text):
    (folder.path / "evaluation.json").write_text(text)
    assert_refused(folder.evaluation)
