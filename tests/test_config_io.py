"""Configurations as text: presets, files, single settings, and the hash."""

import hashlib
import math
import tomllib
from dataclasses import fields, replace
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings, config_hash, from_toml, load_preset, preset_names, to_toml, update
from tasam_ref.errors import UsageError

SECTIONS = [part.name for part in fields(Config)]


def assert_refused(call, *arguments):
    with pytest.raises(UsageError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- presets

def test_there_are_three_presets():
    assert preset_names() == ["paper", "paper_utd1", "quick"]


@pytest.mark.parametrize("name", ["quick", "paper", "paper_utd1"])
def test_every_preset_is_the_papers_network_and_layers(name):
    config = load_preset(name)
    assert (config.radio.num_dus, config.radio.num_ues, config.radio.num_rbs) == (6, 200, 100)
    assert (config.radio.rb_bandwidth_hz, config.radio.tx_power_dbm, config.radio.noise_dbm) == (200e3, 56.0, -173.0)
    assert config.slices.names == ("eMBB", "mMTC", "URLLC")
    assert config.agent.hidden_sizes == (300, 400, 400)
    assert (config.agent.batch_size, config.agent.learning_rate) == (128, 1e-4)
    assert config.run.frames_per_iteration == 10


def test_the_paper_preset_is_algorithm_1_literally():
    config = load_preset("paper")
    assert config.run.num_iterations == 1000
    assert config.agent.gradient_steps == 1
    assert config.sam.use_sam_actor and config.sam.use_sam_critic and config.sam.selective


def test_the_paper_preset_writes_table_1_out_rather_than_leaning_on_defaults():
    tables = tomllib.loads(resources.files("tasam_ref").joinpath("presets", "paper.toml").read_text("utf-8"))
    assert tables == {
        "radio": {"num_dus": 6, "num_ues": 200, "num_rbs": 100, "rb_bandwidth_hz": 200e3, "tx_power_dbm": 56.0,
                  "noise_dbm": -173.0},
        "agent": {"hidden_sizes": [300, 400, 400], "learning_rate": 1e-4, "batch_size": 128, "gradient_steps": 1},
        "run": {"num_iterations": 1000, "frames_per_iteration": 10},
    }


def test_paper_utd1_differs_from_paper_in_the_number_of_gradient_steps_alone():
    paper, utd1 = load_preset("paper"), load_preset("paper_utd1")
    assert utd1.agent.gradient_steps == utd1.run.frames_per_iteration == 10
    assert replace(utd1, agent=replace(utd1.agent, gradient_steps=1)) == paper


def test_quick_is_paper_utd1_with_fewer_iterations():
    utd1, quick = load_preset("paper_utd1"), load_preset("quick")
    assert quick.run.num_iterations < utd1.run.num_iterations / 10
    assert replace(quick, run=utd1.run) == utd1


@pytest.mark.parametrize("name", ["papier", "", "quick.toml", "../presets/quick", "QUICK"])
def test_an_unknown_preset_is_refused_with_the_known_ones(name):
    message = assert_refused(load_preset, name)
    assert repr(name) in message and "paper, paper_utd1, quick" in message


# ---- TOML

@st.composite
def other_configs(draw):
    """A valid Config with some fields of every section changed."""
    number = st.floats(1e-300, 1e300)
    positives = st.tuples(number, number, number)
    from_zero = st.tuples(*[st.one_of(st.just(0.0), number)] * 3)
    probability = st.floats(0, 1, exclude_min=True)
    low, high = sorted(draw(st.tuples(st.floats(0, 25), st.floats(0, 25))))
    share = draw(st.floats(0, 1))
    rows = st.lists(st.permutations([share, 1 - share, 0.0]), min_size=1, max_size=4)
    tables = {
        "radio": {
            "num_dus": draw(st.integers(1, 40)), "num_ues": draw(st.integers(1, 10**6)),
            "tx_power_dbm": draw(st.floats(-300, 300)), "rb_bandwidth_hz": draw(number),
            "scheduler": draw(st.sampled_from(["round_robin", "proportional_fair", "maximum_rate"])),
            "speed_min_m_s": low, "speed_max_m_s": high,
        },
        "slices": {"shares": draw(rows), "packet_bits": draw(positives), "arrival_rate_hz": draw(from_zero),
                   "latency_model": draw(st.sampled_from(["mm1", "fifo_queue", "transmission_only"]))},
        "reward": {"priorities": draw(positives), "q_min": draw(from_zero),
                   "kpi_weights": draw(st.lists(st.tuples(*[number] * 4), min_size=3, max_size=3))},
        "mdp": {"identity": draw(st.sampled_from(["none", "one_hot"])), "episode_frames": draw(st.integers(1, 10**12))},
        "agent": {"hidden_sizes": draw(st.lists(st.integers(1, 10**4), min_size=1, max_size=6)),
                  "learning_rate": draw(number), "gamma": draw(probability), "polyak": draw(probability)},
        "sam": {"selective": draw(st.booleans()), "use_sam_actor": draw(st.booleans()), "rho_init": draw(number),
                "td_var_threshold": draw(st.one_of(st.just(math.inf), st.just(0.0), number))},
        "run": {"seed": draw(st.integers(0, 2**70)), "convergence_tolerance": draw(number)},
    }
    chosen = {section: {name: value for name, value in values.items()
                        if name.startswith("speed") or draw(st.booleans())} for section, values in tables.items()}
    return update(Config(), chosen)


@given(other_configs())
def test_toml_round_trip_loses_nothing(config):
    text = to_toml(config)
    assert from_toml(text) == config
    assert to_toml(from_toml(text)) == text


@given(other_configs())
def test_the_toml_text_is_complete(config):
    tables = tomllib.loads(to_toml(config))
    assert list(tables) == SECTIONS
    for section in SECTIONS:
        part = getattr(config, section)
        assert list(tables[section]) == [f.name for f in fields(part)]


def test_an_infinite_threshold_survives():
    config = apply_settings(Config(), ["sam.td_var_threshold=inf"])
    assert from_toml(to_toml(config)).sam.td_var_threshold == math.inf


@given(st.tuples(*[st.text(max_size=5)] * 3))
def test_a_slice_name_that_is_accepted_survives_the_round_trip(names):
    try:
        config = replace(Config(), slices=replace(Config().slices, names=names))
    except UsageError:
        return
    assert from_toml(to_toml(config)) == config


@pytest.mark.parametrize("name", ["\N{ANTENNA WITH BARS}", "\x7f", 'a"b', "a\\b", "caf\u00e9"])
def test_unusual_slice_names_are_refused_or_survive_the_round_trip(name):
    try:
        config = replace(Config(), slices=replace(Config().slices, names=(name, "mMTC", "URLLC")))
    except UsageError as error:
        assert "names" in str(error)
    else:
        assert from_toml(to_toml(config)) == config


def test_what_a_file_leaves_out_keeps_its_default():
    config = from_toml("[agent]\ngamma = 0.25\n")
    assert config.agent.gamma == 0.25
    assert replace(config, agent=replace(config.agent, gamma=Config().agent.gamma)) == Config()


@pytest.mark.parametrize(("text", "named"), [
    ("[rodeo]\nnum_dus = 3\n", "rodeo"), ("rodeo = 3\n", "rodeo"), ("radio = 3\n", "radio"),
    ("[radio]\nnum_cows = 3\n", "radio.num_cows"), ("[radio]\nNum_dus = 3\n", "radio.Num_dus"),
    ("[radio.deeper]\nnum_dus = 3\n", "radio.deeper"), ("[radio]\nnum_dus = 0\n", "radio.num_dus = 0"),
    ("[radio]\nnum_dus = \n", "TOML"), ("[radio", "TOML"), ("[radio]\nnum_dus = 3\nnum_dus = 3\n", "TOML"),
])
def test_unknown_names_and_broken_files_are_refused(text, named):
    assert named in assert_refused(from_toml, text)


# ---- single settings

@pytest.mark.parametrize(("setting", "section", "field", "value"), [
    ("radio.num_dus=3", "radio", "num_dus", 3),
    ("radio.cell_radius_m=100", "radio", "cell_radius_m", 100.0),
    ("agent.learning_rate=3e-4", "agent", "learning_rate", 0.0003),
    ("radio.scheduler=round_robin", "radio", "scheduler", "round_robin"),
    ('radio.scheduler="round_robin"', "radio", "scheduler", "round_robin"),
    ("agent.hidden_sizes=[64, 32]", "agent", "hidden_sizes", (64, 32)),
    ("slices.shares=[[0.5,0.25,0.25],[1,0,0]]", "slices", "shares", ((0.5, 0.25, 0.25), (1.0, 0.0, 0.0))),
    ('slices.names=["a","b","c"]', "slices", "names", ("a", "b", "c")),
    ("sam.selective=false", "sam", "selective", False),
    ("sam.td_var_threshold=inf", "sam", "td_var_threshold", math.inf),
    (" run.seed = 7 ", "run", "seed", 7),
])
def test_a_setting_is_read_as_meant(setting, section, field, value):
    changed = apply_settings(Config(), [setting])
    assert getattr(getattr(changed, section), field) == value
    assert type(getattr(getattr(changed, section), field)) is type(value)
    back = replace(getattr(changed, section), **{field: getattr(getattr(Config(), section), field)})
    assert replace(changed, **{section: back}) == Config()


@pytest.mark.parametrize("setting", ["", "radio", "radio.num_dus", "num_dus=3", "=3", ".=3", "radio.=3"])
def test_a_malformed_setting_is_refused_with_its_text(setting):
    message = assert_refused(apply_settings, Config(), [setting])
    assert repr(setting) in message and "section.field=value" in message


@pytest.mark.parametrize(("setting", "named"), [
    ("rodeo.num_dus=3", "rodeo"), ("radio.num_cows=3", "radio.num_cows"), (".num_dus=3", "section"),
    ("radio.num_dus=three", "radio.num_dus = 'three'"), ("radio.num_dus=", "radio.num_dus = ''"),
    ("radio.num_dus=2.5", "radio.num_dus = 2.5"), ("sam.selective=False", "sam.selective = 'False'"),
    ("agent.hidden_sizes=[8, 6", "agent.hidden_sizes = '[8, 6'"), ("agent.gamma=nan", "agent.gamma = nan"),
    ("agent.gamma=-inf", "agent.gamma = -inf"), ("radio.num_dus.x=3", "radio.num_dus.x"),
])
def test_a_setting_of_a_wrong_name_or_value_is_refused(setting, named):
    assert named in assert_refused(apply_settings, Config(), [setting])


def test_settings_are_applied_together_so_that_they_may_need_each_other():
    for settings in (["radio.speed_min_m_s=30", "radio.speed_max_m_s=40"],
                     ["radio.speed_max_m_s=40", "radio.speed_min_m_s=30"]):
        assert apply_settings(Config(), settings).radio.speed_min_m_s == 30


def test_the_last_setting_of_a_field_wins():
    assert apply_settings(Config(), ["run.seed=1", "run.seed=2"]).run.seed == 2


def test_no_settings_change_nothing():
    assert apply_settings(Config(), []) == Config()


# ---- hash

def _another(value):
    """A value of the same kind that is not the same."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return 0.9 * value if value else 0.125
    return value[1:] + value[:1]


def test_the_hash_changes_with_any_field():
    readings = {
        "tx_power_reading": "per_rb", "noise_reading": "total_dbm", "interference": "literal", "mobility": "heading",
        "scheduler": "round_robin", "latency_model": "fifo_queue", "qos_reading": "weighted_sum",
        "q_min_order": "swapped", "normalisation": "running", "sensitivity": "quality_weighted", "sigmoid": "literal",
        "action_codec": "full_binary", "executed": "soft", "identity": "one_hot", "policy_gradient": "score_function",
        "entropy_in_target": "literal", "critic_target": "twin_target", "critic_sees": "relaxed", "td_value": "v",
        "critic_scope": "joint", "forgetting": "policy_anchor",
        "dtype": "float64", "td_var_scale": "relative", "rho_schedule": "cosine", "base_optimizer": "sgd",
        "temperature_rule": "learned", "offset": "held", "norm": "layer", "perturbs": "hidden",
        "evaluation": "stochastic",
        "sequence": ["usual", "crowd"], "users": [1.0, 2.0, 0.5, 1.0], "traffic": [1.0, 2.0, 0.5, 1.0],
        "share_row": [0, 1, 0, 3], "regimes.names": ["usual", "a", "b", "c"],
        "q_worst": [1.0, 2.0, 0.02], "q_best": [50e6, 60e6, 1e-4],
    }
    hashes = [config_hash(Config())]
    for section in SECTIONS:
        part = getattr(Config(), section)
        for f in fields(part):
            named = next((name for name in (f"{section}.{f.name}", f.name) if name in readings), None)
            value = readings[named] if named else _another(getattr(part, f.name))
            hashes.append(config_hash(update(Config(), {section: {f.name: value}})))
    assert len(hashes) > 60
    assert len(set(hashes)) == len(hashes)


@given(other_configs())
def test_the_hash_is_sixteen_hexadecimal_digits_and_survives_the_file(config):
    digest = config_hash(config)
    assert len(digest) == 16 and set(digest) <= set("0123456789abcdef")
    assert config_hash(from_toml(to_toml(config))) == digest


def test_a_hash_speaks_of_what_differs_from_the_defaults_alone():
    """So that fields to come, and sections, leave the hashes of earlier runs as they are."""
    assert config_hash(Config()) == hashlib.sha256(b"").hexdigest()[:16]
    two = apply_settings(Config(), ["sam.norm=adaptive", "agent.gamma=0.9", "agent.temperature=0.5"])
    text = b'[agent]\ngamma = 0.9\ntemperature = 0.5\n\n[sam]\nnorm = "adaptive"\n'
    assert config_hash(two) == hashlib.sha256(text).hexdigest()[:16]


def test_a_whole_number_and_its_float_hash_alike():
    assert config_hash(apply_settings(Config(), ["radio.tx_power_dbm=56"])) == config_hash(Config())
