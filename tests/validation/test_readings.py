"""The measured effects: every switch is in the plan, effects are paired, and the register shows what was stored."""

from dataclasses import fields

import numpy as np
import pytest

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings, config_hash, load_preset, split_setting
from tasam_ref.errors import UsageError
from tasam_ref.experiments.plan import load_plan
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.runner import run_all
from tasam_ref.methods.registry import METHODS, configure
from validation.checks import FOLDER
from validation.readings import command
from validation.readings import effects as module
from validation.readings.effects import BEGIN, END, collect, effects, into_register, load_readings, load_rewards, table

PRESET, METHODS_COMPARED, READINGS = load_readings()
REGISTER = (FOLDER / "READINGS.md").read_text("utf-8")
# Choices that no run is made for: the number format, and who is judged, by which every run stands in the table.
STEERING = {"agent.dtype", "run.evaluation"}


def switches():
    """section.field=value of every named reading that is not the default."""
    for section in fields(Config):
        part = getattr(Config(), section.name)
        for f in fields(part):
            if f.metadata["choices"] and isinstance(f.default, str):
                for choice in f.metadata["choices"]:
                    if choice != f.default:
                        yield f"{section.name}.{f.name}={choice}"


def test_every_switch_of_the_configuration_is_measured_one_at_a_time():
    planned = {setting for reading in READINGS for setting in reading.settings}
    missing = {s for s in switches() if s.partition("=")[0] not in STEERING} - planned
    assert missing == set()


def test_the_plan_changes_something_in_every_row_and_the_default_is_first():
    assert READINGS[0].settings == ()
    hashes = {config_hash(configure("ta_sam", load_preset(PRESET), r.settings)) for r in READINGS}
    assert len(hashes) == len(READINGS) == len({r.name for r in READINGS})


def test_a_method_is_left_out_only_where_the_reading_cannot_touch_it():
    """What is not trained anew is no_sam, under settings of SAM, of its gate or of the TD-errors that drive it."""
    for reading in READINGS:
        left_out = set(METHODS_COMPARED) - set(reading.methods)
        assert left_out <= {"no_sam"} <= set(METHODS)
        if left_out:
            assert all(split_setting(s)[0] == "sam" or split_setting(s)[1] == "td_value" for s in reading.settings)
            assert "sam.base_optimizer=sgd" not in reading.settings


def test_every_row_of_the_plan_stands_in_the_register():
    for reading in READINGS[1:]:
        assert f'<a id="{reading.register}"></a>' in REGISTER


def rewards(seeds=3):
    generator = np.random.default_rng(0)
    return {(r.name, method, evaluation): dict(enumerate(generator.normal(size=seeds)))
            for evaluation in ("deterministic", "stochastic") for r in READINGS for method in r.methods}


def values(rewards, *key):
    return np.array(list(rewards[*key, "stochastic"].values()))


def test_effects_are_paired_by_seed():
    drawn = rewards()
    found = {effect.reading.name: effect for effect in effects(drawn, "stochastic")}
    base = values(drawn, "default", "ta_sam") - values(drawn, "default", "no_sam")
    for name, other in (("interference-literal", "interference-literal"), ("rho-static", "default")):
        difference = values(drawn, name, "ta_sam") - values(drawn, other, "no_sam")
        assert found[name].seeds == 3
        assert found[name].difference.mean == pytest.approx(difference.mean())
        half = 4.302652729911275 * np.std(difference - base, ddof=1) / np.sqrt(3)
        assert found[name].change.mean == pytest.approx((difference - base).mean())
        assert found[name].change.high - found[name].change.mean == pytest.approx(half)
    assert found["default"].change.mean == 0


def test_only_seeds_that_all_four_runs_have_are_compared():
    drawn = rewards(seeds=4)
    by = "deterministic"
    del drawn["rho-static", "ta_sam", by][0], drawn["default", "no_sam", by][3], drawn["critic-joint", "no_sam", by]
    found = {effect.reading.name: effect for effect in effects(drawn)}
    assert found["rho-static"].seeds == 2                           # 1 and 2
    assert found["rho-static"].first.mean == pytest.approx(
        (drawn["rho-static", "ta_sam", by][1] + drawn["rho-static", "ta_sam", by][2]) / 2)
    assert found["default"].seeds == 3
    assert "critic-joint" not in found


def test_the_register_shows_the_stored_rewards():
    assert table(load_rewards()) == REGISTER.partition(BEGIN)[2].partition(END)[0]


def test_both_evaluations_stand_in_the_table_each_with_its_own_rewards():
    drawn = rewards()
    _, one, other = table(drawn).split("\nBy ")
    for text, by in ((one, "deterministic"), (other, "stochastic")):
        assert text.startswith(f"{by} policies")
        assert text.count(" defaults ") == 1 and len(text.splitlines()) >= len(READINGS)
        mean = np.mean(list(drawn["critic-joint", "ta_sam", by].values()))
        assert f"| R39 | `agent.critic_scope=joint` | 3 | {mean:.3f} [" in text
    only = {key: value for key, value in drawn.items() if key[2] == "deterministic"}
    assert table(only) == table(drawn).partition("\n\nBy stochastic")[0] + "\n"


def test_what_has_not_been_run_yet_is_named():
    drawn = rewards()
    assert "Not run yet" not in table(drawn)
    for by in ("deterministic", "stochastic"):
        del drawn["critic-joint", "ta_sam", by], drawn["gate-relative", "ta_sam", by]
    assert table(drawn).endswith("\n\nNot run yet: `sam.td_var_scale=relative`, `sam.td_var_threshold=1.0`; "
                                 "`agent.critic_scope=joint`.\n")


def test_a_readings_register_row_is_the_one_that_its_field_cites():
    rows = {reading.name: reading.register for reading in READINGS}
    assert {"default": "", "rho-a-tenth": "R36", "gamma-0_9": "R28", "scheduler-round-robin": "R46",
            "norm-adaptive": "R55", "qos-weighted-sum": "R15"}.items() <= rows.items()
    assert {r.name for r in READINGS if r.rescales} == {
        "qos-weighted-sum", "q-min-swapped", "sigmoid-literal", "sensitivity-quality", "scaling-running"}


def test_complete_runs_are_collected(tmp_path, monkeypatch, tiny_config):
    monkeypatch.setattr("tasam_ref.experiments.plan.load_preset", lambda name: tiny_config)
    (tmp_path / "plan.toml").write_text(
        'seeds = 2\nmethods = ["ta_sam", "no_sam"]\n[groups.default]\n[groups.rho-static]\nmethods = ["ta_sam"]\n'
        'settings = ["sam.rho_schedule=static"]\n')
    monkeypatch.setattr(module, "PLAN", tmp_path / "plan.toml")
    runs = load_plan(module.PLAN).entries(tmp_path / "runs")
    assert [(e.label, e.method, e.seed) for e in runs] == [
        (name, method, seed) for seed in (0, 1)
        for name, method in (("default", "ta_sam"), ("default", "no_sam"), ("rho-static", "ta_sam"))]
    run_all(runs[:4], 1, lambda text: None)                             # of seed 1 one run of three
    collect(tmp_path / "runs", tmp_path / "rewards.csv")
    stored = load_rewards(tmp_path / "rewards.csv")
    for by in ("deterministic", "stochastic"):
        assert {key[:2]: sorted(by_seed) for key, by_seed in stored.items() if key[2] == by} == {
            ("default", "ta_sam"): [0, 1], ("default", "no_sam"): [0], ("rho-static", "ta_sam"): [0]}
    run = RunFolder.open(runs[3].path)
    assert stored["default", "ta_sam", "stochastic"][1] == run.evaluation("stochastic").reward.mean()
    assert [effect.seeds for effect in effects(stored)] == [1, 1]


def test_the_command_trains_with_the_sweeps_own(tmp_path, monkeypatch):
    """What it hands on; a sweep that fails ends it with the same code and changes nothing."""
    asked = []
    monkeypatch.setattr(command, "tasam_ref", lambda arguments: asked.append(arguments) or 1)
    monkeypatch.setattr(command, "into_register", None)
    assert command.main(["--out", str(tmp_path), "--jobs", "2"]) == 1
    assert asked == [["sweep", str(command.PLAN), "--out", str(tmp_path), "--jobs", "2"]]
    with pytest.raises(UsageError, match=r"^--jobs = 0: must be at least 1$"):
        command.main(["--jobs", "0"])


def test_bad_input_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no run of the plan is complete"):
        collect(tmp_path, tmp_path / "rewards.csv")
    with pytest.raises(UsageError, match="python -m validation readings"):
        load_rewards(tmp_path / "none.csv")
    (tmp_path / "register.md").write_text("no marks")
    with pytest.raises(UsageError, match="no place for the effects"):
        into_register("text", tmp_path / "register.md")


def test_only_the_text_between_the_marks_is_replaced(tmp_path):
    path = tmp_path / "register.md"
    path.write_text(f"above\n{BEGIN}old\n{END}below\n")
    into_register("new\n", path)
    assert path.read_text() == f"above\n{BEGIN}new\n{END}below\n"


def test_settings_of_the_plan_are_accepted():
    for reading in READINGS:
        assert apply_settings(load_preset(PRESET), reading.settings)
