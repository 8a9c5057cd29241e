"""The paper's experiments as named settings."""

import re

import pytest

from tasam_ref.config_io import apply_settings, load_preset, split_setting
from tasam_ref.errors import UsageError
from tasam_ref.methods.registry import configure
from tasam_ref.scenarios import load_scenarios, scenario_settings

SCENARIOS = load_scenarios()
QUICK = load_preset("quick")


def radii(name):
    sam = configure("ta_sam", QUICK, scenarios=[name]).sam
    return sam.rho_schedule, sam.rho_init, sam.rho_final, sam.actor_rho_ratio


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_is_accepted_and_says_what_it_is(name):
    scenario = SCENARIOS[name]
    assert re.search(r"Fig\. \d|Sec\. V-[AC]", scenario.source) and len(scenario.description) > 10
    assert configure("ta_sam", QUICK, scenarios=[name])
    assert all(split_setting(setting)[:2] not in (("run", "seed"), ("run", "num_iterations"))
               for setting in scenario.settings)


def test_figure_5_has_equal_non_equal_and_dynamic_radii():
    assert radii("equal_rho") == ("static", 0.05, 0.05, 1.0)
    assert radii("non_equal_rho") == ("static", 0.05, 0.05, 0.1)
    assert radii("dynamic_rho") == ("linear", 0.5, 0.01, 1.0)


def test_figure_6_is_a_grid_of_static_radii_between_those_of_the_dynamic_one():
    grid = [name for name in SCENARIOS if name.startswith("rho_")]
    values = [float(name[4:]) for name in grid]
    assert values == sorted(values) and (values[0], values[-1]) == (0.01, 0.5) and len(values) >= 5
    assert [radii(name) for name in grid] == [("static", rho, rho, 1.0) for rho in values]


@pytest.mark.parametrize("num_dus", range(2, 11))
def test_figure_8_has_two_to_ten_dus_with_the_users_in_all_or_per_du_fixed(num_dus):
    shared, per_du = (configure("ta_sam", QUICK, scenarios=[f"dus_{num_dus}{end}"]).radio for end in ("", "_per_du"))
    assert (shared.num_dus, shared.num_ues) == (num_dus, 200)
    assert (per_du.num_dus, per_du.num_ues) == (num_dus, round(200 / 6) * num_dus)


def test_forgetting_goes_there_and_back():
    for name, elsewhere in (("forgetting", "crowd"), ("demand_shift", "shifted")):
        assert configure("ta_sam", QUICK, scenarios=[name]).regimes.sequence == ("usual", elsewhere, "usual")


def test_scenarios_go_together_and_settings_come_after_them():
    config = configure("ta_sam", QUICK, ("sam.rho_init=0.25",), ("equal_rho", "dus_4", "forgetting"))
    assert (config.sam.rho_init, config.sam.rho_schedule, config.radio.num_dus) == (0.25, "static", 4)
    assert len(config.regimes.sequence) == 3
    assert configure("ta_sam", QUICK) == apply_settings(QUICK, [])


@pytest.mark.parametrize(("method", "scenarios", "said"), [
    ("ta_sam", ["fig_99"], "--scenario fig_99: must be one of those that 'tasam-ref scenarios' lists"),
    ("ta_sam", ["rho_0.01", "rho_0.1"], "--scenario rho_0.1: sets sam.rho_schedule, as --scenario rho_0.01 does"),
    ("ta_sam", ["dus_4", "dus_4"], "--scenario dus_4: must be named once"),
    ("ta_sam_static_rho", ["dus_4", "dynamic_rho"],
     "--scenario dynamic_rho: sam.rho_schedule is what makes the method ta_sam_static_rho"),
])
def test_what_contradicts_is_refused_in_one_line(method, scenarios, said):
    with pytest.raises(UsageError) as caught:
        configure(method, QUICK, scenarios=scenarios)
    assert str(caught.value).startswith(said) and "\n" not in str(caught.value)


def test_settings_know_their_scenario():
    assert scenario_settings(["dus_2"]) == [("dus_2", "radio.num_dus=2"), ("dus_2", "radio.num_ues=200")]
