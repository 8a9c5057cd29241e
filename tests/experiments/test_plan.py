"""Plan files: what they ask for, in which order and where, and what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from tasam_ref.config_io import load_preset
from tasam_ref.errors import UsageError
from tasam_ref.experiments.plan import load_plan
from tasam_ref.methods.registry import configure

PLAN = """
preset = "quick"
seeds = 2
settings = ["run.num_iterations=3"]

[groups.headline]
methods = ["no_sam", "ta_sam"]

[groups.two_dus]
methods = ["ta_sam"]
scenarios = ["dus_2"]
settings = ["agent.gamma=0.5"]
preset = "paper"
seeds = 3

[measure.curvature]
headline = ["ta_sam"]

[measure.distributions]
headline = ["no_sam", "ta_sam"]
two_dus = ["ta_sam"]

[needs]
fig08 = ["headline", "two_dus"]
"""


@pytest.fixture
def read(tmp_path):
    def load(text):
        (tmp_path / "plan.toml").write_text(text, "utf-8")
        return load_plan(tmp_path / "plan.toml")

    return load


def test_runs_come_seed_by_seed_and_each_group_has_its_folder(read, tmp_path):
    entries = read(PLAN).entries(tmp_path / "runs")
    assert [(e.label, e.method, e.seed) for e in entries] == [
        ("headline", "no_sam", 0), ("headline", "ta_sam", 0), ("two_dus", "ta_sam", 0),
        ("headline", "no_sam", 1), ("headline", "ta_sam", 1), ("two_dus", "ta_sam", 1), ("two_dus", "ta_sam", 2)]
    assert entries[-1].path == tmp_path / "runs" / "two_dus" / "ta_sam" / "seed_2"


def test_a_group_is_its_preset_then_the_plans_settings_then_its_own(read, tmp_path):
    entries = read(PLAN).entries(tmp_path)
    assert entries[1].config == configure("ta_sam", load_preset("quick"), ("run.num_iterations=3", "run.seed=0"))
    assert entries[-1].config == configure("ta_sam", load_preset("paper"), (
        "radio.num_dus=2", "radio.num_ues=200", "run.num_iterations=3", "agent.gamma=0.5", "run.seed=2"))


def test_what_stands_before_the_groups_is_every_groups_unless_it_says_otherwise(read):
    plan = read('preset = "paper"\nseeds = 2\nmethods = ["no_sam"]\n[groups.one]\n'
                '[groups.two]\nmethods = ["ta_sam"]\nseeds = 1\npreset = "quick"\n')
    assert {name: (g.methods, g.seeds, g.preset) for name, g in plan.groups.items()} == {
        "one": (("no_sam",), 2, "paper"), "two": (("ta_sam",), 1, "quick")}


def test_figures_name_the_groups_that_they_need(read):
    assert read(PLAN).needs == {"fig08": ("headline", "two_dus")}


def test_entries_know_what_is_measured_of_them(read, tmp_path):
    plan = read(PLAN)
    assert plan.measure == {"curvature": {"headline": ("ta_sam",)},
                            "distributions": {"headline": ("no_sam", "ta_sam"), "two_dus": ("ta_sam",)}}
    assert {(e.label, e.method): e.measurements for e in plan.entries(tmp_path)} == {
        ("headline", "no_sam"): ("distributions",), ("headline", "ta_sam"): ("curvature", "distributions"),
        ("two_dus", "ta_sam"): ("distributions",)}
    assert all(e.measurements == () for e in read(PLAN.split("[measure")[0]).entries(tmp_path))


def test_the_same_run_in_two_groups_is_refused(read, tmp_path):
    plan = read(PLAN + '\n[groups.again]\nmethods = ["ta_sam"]\n')
    with pytest.raises(UsageError, match=r"groups\.again: holds ta_sam seed 0 .* as groups\.headline; name it once"):
        plan.entries(tmp_path)


@pytest.mark.parametrize(("change", "said"), [
    (("ta_sam", "tasam"), r"groups\.headline: method = 'tasam': must be one of no_sam, .*"),
    (("dus_2", "dus_1"), r"groups\.two_dus: --scenario dus_1: must be one of .*"),
    (('"paper"', '"papers"'), r"groups\.two_dus: preset = 'papers': must be one of .*"),
    (("agent.gamma", "agent.gama"), r"groups\.two_dus: agent.gama: no such field.*"),
    (("seeds = 3", "seeds = 0"), r"groups\.two_dus\.seeds = 0: must be a whole number of at least 1"),
    (("seeds = 3", "seeds = true"), r"groups\.two_dus\.seeds = True: must be a whole number of at least 1"),
    (("seeds = 3", "seed = 3"), r"groups\.two_dus: has no 'seed'; allowed are methods, preset, scenarios, .*"),
    (("[needs]", "[wants]"), r"a plan: has no 'wants'; allowed are groups, measure, methods, needs, preset, seeds, .*"),
    (('"headline", "two_dus"', '"others"'), r"needs\.fig08 = 'others': must be one of headline, two_dus"),
    (('["headline", "two_dus"]', '"headline"'), r"needs\.fig08 = 'headline': must be a list of texts"),
    (('["no_sam", "ta_sam"]', '["no_sam", "no_sam"]'), r"groups\.headline\.methods = .*: must name one .* each once"),
    (('["no_sam", "ta_sam"]', "[]"), r"groups\.headline\.methods = \[\]: must name one method at least, each once"),
    (('["no_sam", "ta_sam"]', "[1]"), r"groups\.headline\.methods = \[1\]: must be a list of texts"),
    (("seeds = 2", "seeds = "), r"not a plan: .*"),
    (("[measure.curvature]", "[measure.sharpness]"), r"measure\.sharpness: must be one of curvature, distributions"),
    (('[measure.curvature]\nheadline = ["ta_sam"]', "[measure]\ncurvature = 3"),
     r"measure\.curvature = 3: must be a table"),
    (("[measure.curvature]\nheadline", "[measure.curvature]\nheadlines"),
     r"measure\.curvature: has no 'headlines'; allowed are headline, two_dus"),
    (('two_dus = ["ta_sam"]', 'two_dus = ["l2"]'), r"measure\.distributions\.two_dus: has no 'l2'; allowed are ta_sam"),
    (('two_dus = ["ta_sam"]', 'two_dus = "ta_sam"'), r"measure\.distributions\.two_dus = 'ta_sam': must be a list .*"),
    (("[groups.two_dus]", '[groups."two/dus"]'), r"groups\.two/dus: must be named by letters, digits, .*"),
    (("[groups.two_dus]", '[groups.".."]'), r"groups\.\.\.: must be named by letters, digits, .*"),
    (("[groups.two_dus]", '[groups.""]'), r"groups\.: must be named by letters, digits, .*"),
])
def test_what_is_no_plan_is_refused_in_one_line_that_names_file_and_entry(read, tmp_path, change, said):
    with pytest.raises(UsageError, match=rf"^\S*plan\.toml: {said}$") as refusal:
        read(PLAN.replace(*change, 1) if change[0] != "ta_sam" else PLAN.replace('"ta_sam"]', '"tasam"]', 1))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "groups = 3", "[groups]", "[groups]\nheadline = 3"])
def test_a_plan_has_groups(read, text):
    with pytest.raises(UsageError, match=r"groups.*: must"):
        read(text)


def test_a_plan_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.toml: cannot be read: No such file or directory"):
        load_plan(tmp_path / "nowhere.toml")


def test_a_plan_on_a_base_is_the_base_but_for_its_own_entries(read, tmp_path):
    (tmp_path / "base.toml").write_text(PLAN, "utf-8")
    plan = read('base = "base.toml"\nseeds = 4\n[groups]\ntwo_dus.seeds = 1\n[groups.more]\nmethods = ["l2"]\n')
    base = load_plan(tmp_path / "base.toml")
    assert plan.groups["headline"] == replace(base.groups["headline"], seeds=4)
    assert plan.groups["two_dus"] == replace(base.groups["two_dus"], seeds=1)
    assert (list(plan.groups), plan.groups["more"].seeds) == (["headline", "two_dus", "more"], 4)
    assert plan.needs == base.needs
    with pytest.raises(UsageError, match=r"nowhere\.toml: cannot be read"):
        read('base = "nowhere.toml"\n')
    with pytest.raises(UsageError, match=r"base = \[3\]: must be a list of texts"):
        read("base = 3\n")


@pytest.mark.parametrize("name", ["paper", "laptop", "smoke"])
def test_the_projects_own_plans_name_each_run_once_and_need_what_they_have(name, tmp_path):
    plan = load_plan(Path(__file__).parents[2] / "figures" / "plans" / f"{name}.toml")
    paper = load_plan(Path(__file__).parents[2] / "figures" / "plans" / "paper.toml")
    entries = plan.entries(tmp_path)
    assert len({entry.path for entry in entries}) == len(entries) > 30
    assert (list(plan.groups), plan.needs, plan.measure) == (list(paper.groups), paper.needs, paper.measure)
    assert set(plan.groups) == {group for needed in plan.needs.values() for group in needed}
    assert name == "smoke" or plan.groups["headline"].seeds >= 5
