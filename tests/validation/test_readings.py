"""The measured effects: every switch is in the plan, effects are paired, and the register shows what was stored."""

from dataclasses import fields

import numpy as np
import pytest

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings, config_hash, load_preset, split_setting
from tasam_ref.errors import UsageError
from tasam_ref.experiments.runner import run_all
from tasam_ref.methods.registry import METHODS, configure
from validation.checks import FOLDER
from validation.readings.effects import BEGIN, END, collect, effects, into_register, load_rewards, table
from validation.readings.plan import entries, load_plan, train

PRESET, METHODS_COMPARED, READINGS = load_plan()
REGISTER = (FOLDER / "READINGS.md").read_text("utf-8")
STEERING = {"agent.dtype"}                                       # a choice with several values that is no reading


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
    return {(r.name, method): dict(enumerate(generator.normal(size=seeds))) for r in READINGS for method in r.methods}


def values(rewards, *key):
    return np.array(list(rewards[key].values()))


def test_effects_are_paired_by_seed():
    drawn = rewards()
    found = {effect.reading.name: effect for effect in effects(drawn)}
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
    del drawn["rho-static", "ta_sam"][0], drawn["default", "no_sam"][3], drawn["critic-joint", "no_sam"]
    found = {effect.reading.name: effect for effect in effects(drawn)}
    assert found["rho-static"].seeds == 2                           # 1 and 2
    assert found["rho-static"].first.mean == pytest.approx(
        (drawn["rho-static", "ta_sam"][1] + drawn["rho-static", "ta_sam"][2]) / 2)
    assert found["default"].seeds == 3
    assert "critic-joint" not in found


def test_the_register_shows_the_stored_rewards():
    found = effects(load_rewards())
    assert table(found) == REGISTER.partition(BEGIN)[2].partition(END)[0]


def test_what_has_not_been_run_yet_is_named():
    drawn = rewards()
    assert "Not run yet" not in table(effects(drawn))
    del drawn["critic-joint", "ta_sam"], drawn["rho-static", "ta_sam"]
    assert table(effects(drawn)).endswith(
        "\n\nNot run yet: `sam.rho_schedule=static`, `agent.critic_scope=joint`.\n")


def test_the_plan_runs_seed_by_seed_and_complete_runs_are_collected(tmp_path, monkeypatch, tiny_config):
    monkeypatch.setattr("validation.readings.plan.load_preset", lambda name: tiny_config)
    plan = PRESET, METHODS_COMPARED, [READINGS[0], next(r for r in READINGS if r.name == "rho-static")]
    for module in ("plan", "effects"):
        monkeypatch.setattr(f"validation.readings.{module}.load_plan", lambda: plan)
    runs = entries([0, 1], tmp_path)
    assert [(e.label, e.method, e.seed) for e in runs] == [
        (name, method, seed) for seed in (0, 1)
        for name, method in (("default", "ta_sam"), ("default", "no_sam"), ("rho-static", "ta_sam"))]
    assert all(e.config.run.seed == e.seed for e in runs)
    said = []
    train([0], tmp_path, 1, said.append)
    assert said[-1].startswith("[3/3] rho-static ta_sam seed 0: done in")
    run_all(entries([1], tmp_path)[:1], 1, said.append)                # of seed 1 one run of three
    collect(tmp_path, tmp_path / "rewards.csv")
    stored = load_rewards(tmp_path / "rewards.csv")
    assert {key: sorted(by_seed) for key, by_seed in stored.items()} == {
        ("default", "ta_sam"): [0, 1], ("default", "no_sam"): [0], ("rho-static", "ta_sam"): [0]}


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
