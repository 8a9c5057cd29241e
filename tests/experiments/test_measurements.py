"""What is measured of finished runs: what is missing is made, once, and what is damaged is refused."""

import pytest
from conftest import TINY_SETTINGS

from tasam_ref.config import Config
from tasam_ref.errors import UsageError
from tasam_ref.experiments import measurements, run_curvature
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.training import train
from tasam_ref.methods.registry import configure

BOTH = ("curvature", "distributions")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    config = configure("no_sam", Config(), (*TINY_SETTINGS, "agent.hidden_sizes=[3]", "run.num_iterations=1"))
    return train(RunFolder.create(tmp_path_factory.mktemp("measurements") / "run", "no_sam", config))


@pytest.fixture
def run(trained):
    for name in BOTH:
        (trained.path / f"{name}.json").unlink(missing_ok=True)
    return trained


def test_what_is_missing_is_measured_and_then_nothing(run, monkeypatch):
    assert measurements.missing(run, BOTH) == list(BOTH) and measurements.missing(run, ()) == []
    measurements.measure(run, ["distributions"])
    assert measurements.missing(run, BOTH) == ["curvature"]
    measurements.measure(run, BOTH)
    assert measurements.missing(run, BOTH) == []
    before = {name: (run.path / f"{name}.json").stat().st_mtime_ns for name in BOTH}
    measurements.measure(run, BOTH)
    assert before == {name: (run.path / f"{name}.json").stat().st_mtime_ns for name in BOTH}


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("content", ["", "[]", "{}", '{"levels": 3, "batch": {}}'])
def test_a_damaged_measurement_is_refused_and_kept(run, name, content):
    path = run.path / f"{name}.json"
    path.write_text(content, "utf-8")
    with pytest.raises(UsageError, match=rf"^{path}: not a readable {name}\.json \(\w+\); remove it$"):
        measurements.measure(run, [name])
    assert path.read_text("utf-8") == content


def test_a_curvature_at_another_batch_is_not_the_plans(run):
    list(run_curvature.measure_run(run, transitions=5, smallest=False))
    assert measurements.missing(run, ["curvature"]) == ["curvature"]
    with pytest.raises(UsageError, match="holds another batch, 5 transitions of every DU"):
        measurements.measure(run, ["curvature"])
