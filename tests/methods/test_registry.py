"""The methods as data: what each sets, what may be set beside it, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.config import Config, SamConfig
from tasam_ref.errors import UsageError
from tasam_ref.methods.registry import METHODS, configure

SWITCHES = ("use_sam_actor", "use_sam_critic", "selective")

# Sec. VI-B and Algorithm 1: SAM on actors, on the critic, chosen by the gate.
IN_THE_PAPER = {
    "no_sam": (False, False, False), "actor_sam": (True, False, False), "critic_sam": (False, True, False),
    "both_sam": (True, True, False), "ta_sam": (True, True, True),
}
# Table 2 and Sec. VI-A: the method that each of these is, but for its own settings.
BUILT_ON = {"ta_sam_unselective": ("both_sam", {}), "ta_sam_static_rho": ("ta_sam", {"sam.rho_schedule": "static"}),
            "l2": ("no_sam", {"agent.l2_weight": 1e-4}), "dropout": ("no_sam", {"agent.dropout": 0.1}),
            "spectral_norm": ("no_sam", {"agent.spectral_norm": "true"}),
            "centralised_sac": ("no_sam", {"mdp.single_agent": "true"}),
            "plastic_as_described": ("no_sam", {"agent.teachers": 2}),
            "policy_anchor": ("ta_sam", {"agent.forgetting": "policy_anchor"}),
            "plastic_lee2023": ("both_sam", {"agent.layer_norm": "true", "agent.crelu": "true", "agent.resets": 4,
                                             "sam.rho_schedule": "static", "sam.rho_init": 0.1,
                                             "sam.norm": "l2", "sam.perturbs": "hidden"})}


@pytest.mark.parametrize("name", IN_THE_PAPER)
def test_each_method_is_its_three_switches_and_nothing_else(name):
    config = configure(name, Config())
    assert tuple(getattr(config.sam, s) for s in SWITCHES) == IN_THE_PAPER[name]
    others = [f for f in vars(SamConfig()) if f not in SWITCHES]
    assert all(getattr(config.sam, f) == getattr(SamConfig(), f) for f in others)
    for section in ("radio", "slices", "reward", "mdp", "agent", "run"):
        assert getattr(config, section) == getattr(Config(), section)


def test_there_are_these_methods_and_each_says_where_it_comes_from():
    assert set(METHODS) == set(IN_THE_PAPER) | set(BUILT_ON)
    assert all(method.description and method.source for method in METHODS.values())


@pytest.mark.parametrize("name", BUILT_ON)
def test_a_variant_differs_from_its_base_in_its_own_settings_alone(name):
    base, settings = BUILT_ON[name]
    assert configure(name, Config()) == configure(base, Config(), [f"{key}={value}" for key, value in settings.items()])
    for key in settings:
        with pytest.raises(UsageError, match=f"{key} is what makes the method {name}"):
            configure(name, Config(), (f"{key}=1",))


@pytest.mark.parametrize("name", ["", "TA_SAM", "ta-sam", "sac", "no_sam "])
def test_an_unknown_method_is_refused_with_the_names_that_exist(name):
    with pytest.raises(UsageError) as refusal:
        configure(name, Config())
    assert repr(name) in str(refusal.value)
    assert all(known in str(refusal.value) for known in IN_THE_PAPER)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", IN_THE_PAPER)
@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("value", ["true", "false"])
@pytest.mark.parametrize("layout", ["sam.{}={}", " sam.{} = {}"])
def test_a_setting_of_what_makes_the_method_is_refused(name, switch, value, layout):
    """Even where it agrees: the method is chosen by its name."""
    with pytest.raises(UsageError, match=rf"sam\.{switch} is what makes the method {name}"):
        configure(name, Config(), ("run.seed=1", layout.format(switch, value)))


@given(st.sampled_from(sorted(IN_THE_PAPER)), st.floats(0, 10), st.integers(0, 99))
def test_other_settings_apply_beside_the_methods_own(name, threshold, seed):
    config = configure(name, Config(), (f"sam.td_var_threshold={threshold!r}", f"run.seed={seed}"))
    assert config.sam.td_var_threshold == threshold
    assert config.run.seed == seed
    assert tuple(getattr(config.sam, s) for s in SWITCHES) == IN_THE_PAPER[name]


def test_a_method_overrules_the_configuration_it_is_given():
    """A file may hold any switches; the method decides them, and methods do not pile up."""
    config = Config()
    for name in (*IN_THE_PAPER, *reversed(IN_THE_PAPER)):
        config = configure(name, config)
        assert config == configure(name, Config())


@pytest.mark.parametrize("setting", ["sam.rho", "rho_init=1", "sam.unknown=1", "nowhere.seed=1", "sam.rho_init=-1",
                                     "sam.rho_schedule=entropy", "agent.batch_size=0"])
def test_settings_that_mean_nothing_are_refused_in_one_line(setting):
    with pytest.raises(UsageError) as refusal:
        configure("ta_sam", Config(), (setting,))
    assert "\n" not in str(refusal.value)


def test_the_configuration_given_is_not_changed():
    config = Config()
    configure("no_sam", config, ("run.seed=7",))
    assert config == Config()
