"""The configuration: what every field says of itself, and which values are refused and how."""

import math
import re
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.config import Config
from tasam_ref.config_io import update
from tasam_ref.errors import UsageError
from tasam_ref.oran.env import OranEnv

SECTIONS = [part.name for part in fields(Config)]
FIELDS = [(part, f.name) for part in SECTIONS for f in fields(getattr(Config(), part))]

COUNTS = ("radio.num_dus", "radio.num_ues", "radio.num_rbs", "mdp.episode_frames", "agent.batch_size",
          "agent.buffer_size", "agent.gradient_steps", "agent.critic_steps", "agent.teacher_every",
          "sam.td_var_window", "run.num_iterations", "run.frames_per_iteration", "run.checkpoint_every",
          "run.eval_episodes", "run.eval_frames")
WHOLE_FROM_ZERO = ("sam.rho_decay_steps", "run.seed", "agent.resets", "agent.teachers", "mdp.reference_ues")
POSITIVE = ("radio.rb_bandwidth_hz", "radio.path_loss_exponent", "radio.min_distance_m", "radio.inter_site_distance_m",
            "radio.cell_radius_m", "radio.frame_s", "slices.latency_max_s", "reward.steepness", "agent.learning_rate",
            "agent.polyak", "agent.anchor_rate", "agent.temperature_rate")
FROM_ZERO = ("radio.speed_min_m_s", "radio.speed_max_m_s", "reward.penalty", "agent.gamma", "agent.temperature",
             "agent.anchor_weight", "agent.l2_weight", "agent.dropout", "agent.distillation_weight",
             "agent.input_perturbation", "sam.actor_rho_ratio", "sam.td_var_threshold", "sam.rho_init",
             "sam.rho_final", "run.convergence_tolerance")
ANY_FINITE = ("radio.tx_power_dbm", "radio.noise_dbm", "radio.path_loss_1m_db", "agent.log_std_min",
              "agent.log_std_max", "agent.target_entropy")
FROM_ONE = ("radio.fairness_window_frames",)
PROBABILITIES = ("agent.gamma", "agent.polyak", "agent.anchor_rate")
NUMBERS = POSITIVE + FROM_ZERO + ANY_FINITE + FROM_ONE
SWITCHES = ("sam.use_sam_actor", "sam.use_sam_critic", "sam.selective", "agent.layer_norm", "agent.crelu",
            "agent.spectral_norm", "mdp.single_agent")
READINGS = {
    "radio.tx_power_reading": {"per_ru", "per_rb"}, "radio.noise_reading": {"psd_dbm_per_hz", "total_dbm"},
    "radio.interference": {"physical", "literal"}, "radio.mobility": {"turn", "heading"},
    "radio.scheduler": {"round_robin", "proportional_fair", "maximum_rate"},
    "slices.latency_model": {"mm1", "fifo_queue", "transmission_only"}, "reward.sigmoid": {"centred", "literal"},
    "reward.q_min_order": {"as_printed", "swapped"}, "reward.normalisation": {"fixed_bounds", "running"},
    "reward.sensitivity": {"priority_normalised", "quality_weighted"},
    "mdp.action_codec": {"two_bit", "slice_and_user", "full_binary"}, "mdp.executed": {"thresholded", "soft"},
    "mdp.identity": {"none", "one_hot"}, "agent.entropy_in_target": {"standard", "literal"},
    "agent.policy_gradient": {"reparameterised", "score_function", "score_function_replayed"},
    "agent.critic_target": {"single_target", "twin_target", "literal"}, "agent.td_value": {"q", "v"},
    "sam.td_var_scale": {"absolute", "relative"}, "sam.base_optimizer": {"adam", "sgd"},
    "sam.rho_schedule": {"linear", "exponential", "cosine", "static", "td_driven", "entropy_annealed"},
    "agent.critic_scope": {"shared_local", "joint"}, "agent.forgetting": {"none", "policy_anchor"},
    "sam.offset": {"kept", "held"},
    "sam.norm": {"l2", "adaptive", "layer"}, "sam.perturbs": {"all", "weights", "hidden"},
    "agent.temperature_rule": {"fixed", "learned"}, "run.evaluation": {"deterministic", "stochastic"},
}


def with_value(path, value):
    section, field = path.split(".")
    return update(Config(), {section: {field: value}})


def assert_refused(path, value):
    """The message with which a value of a field is refused: one line that names the field and the allowed."""
    with pytest.raises(UsageError) as caught:
        with_value(path, value)
    message = str(caught.value)
    assert "\n" not in message
    assert path in message
    assert "must be" in message
    return message


# ---- what a field says of itself

@pytest.mark.parametrize(("section", "name"), FIELDS)
def test_every_field_is_explained_in_its_sections_docstring(section, name):
    lines = [line.strip() for line in getattr(Config(), section).__doc__.splitlines()]
    (line,) = [line for line in lines if re.match(rf"{name}\b", line)]
    meaning, default, _ = re.fullmatch(
        r"[^:]*: (.+) Default (.+) \(((?:Table \d|Sec\. [IV]|Algorithm 1|R\d\d|assumed).*)\)\.", line).groups()
    assert len(meaning) > 4
    assert default == repr(getattr(getattr(Config(), section), name))


@pytest.mark.parametrize(("suffix", "unit"), [
    ("_hz", "Hz|1/s"), ("_dbm", "dBm.*"), ("_db", "dB"), ("_m", "m"), ("_m_s", "m/s"), ("_bps", "bit/s"),
    ("_bits", "bit"), ("_max_s|frame_s", "s")])
def test_a_unit_in_a_fields_name_is_the_unit_in_its_docstring(suffix, unit):
    lines = [line for section in SECTIONS for line in getattr(Config(), section).__doc__.splitlines()]
    mine = [line for line in lines if re.match(rf"\s+\w*({suffix})[ :]", line)]
    assert mine
    for line in mine:
        assert re.search(rf"\[({unit})\]:", line)


@pytest.mark.parametrize("path", ["radio.num_dus", "radio.num_ues", "radio.num_rbs", "radio.rb_bandwidth_hz",
                                  "radio.tx_power_dbm", "radio.noise_dbm", "agent.batch_size", "run.num_iterations",
                                  "run.frames_per_iteration"])
def test_what_stands_in_table_1_says_so(path):
    section, name = path.split(".")
    (line,) = [line for line in getattr(Config(), section).__doc__.splitlines() if line.strip().startswith(name)]
    assert "(Table 1)" in line


def test_the_defaults_are_table_1_and_section_vi_a():
    config = Config()
    assert (config.radio.num_dus, config.radio.num_ues, config.radio.num_rbs) == (6, 200, 100)
    assert (config.radio.rb_bandwidth_hz, config.radio.tx_power_dbm, config.radio.noise_dbm) == (200_000, 56, -173)
    assert (config.run.num_iterations, config.run.frames_per_iteration) == (1000, 10)
    assert (config.agent.batch_size, config.agent.learning_rate, config.agent.hidden_sizes) == (
        128, 0.0001, (300, 400, 400))
    assert (config.radio.speed_min_m_s, config.radio.speed_max_m_s) == (10, 20)
    assert config.reward.priorities == (1, 0.5, 2)
    assert (config.sam.rho_init, config.sam.rho_final) == (0.5, 0.01)
    assert config.num_slices == 3


def test_a_configuration_cannot_be_changed_in_place():
    with pytest.raises(FrozenInstanceError):
        Config().radio.num_dus = 3
    with pytest.raises(FrozenInstanceError):
        Config().radio = None


def test_the_tables_of_this_file_know_every_plain_field():
    tabled = {*COUNTS, *WHOLE_FROM_ZERO, *NUMBERS, *SWITCHES, *READINGS, "reward.qos_reading", "agent.critic_sees",
              "agent.dtype"}
    plain = {f"{section}.{name}" for section, name in FIELDS
             if not isinstance(getattr(getattr(Config(), section), name), tuple)}
    assert plain - tabled == set()


# ---- single values

@pytest.mark.parametrize("path", COUNTS)
@pytest.mark.parametrize("value", [0, -1, -1000])
def test_counts_must_be_positive(path, value):
    message = assert_refused(path, value)
    assert f"= {value}" in message and "at least 1" in message


@pytest.mark.parametrize("path", COUNTS + WHOLE_FROM_ZERO)
@pytest.mark.parametrize("value", [1.5, 2.0, "3", True, [4], math.nan])
def test_counts_must_be_whole_numbers(path, value):
    message = assert_refused(path, value)
    assert repr(value) in message and "a whole number" in message


@pytest.mark.parametrize("path", WHOLE_FROM_ZERO)
def test_seed_and_decay_steps_start_at_zero(path):
    assert with_value(path, 0)
    assert "= -1" in assert_refused(path, -1)


@pytest.mark.parametrize("path", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, -math.inf, math.inf])
def test_numbers_must_be_finite(path, value):
    if path == "sam.td_var_threshold" and value == math.inf:
        assert with_value(path, value).sam.td_var_threshold == math.inf
    else:
        message = assert_refused(path, value)
        assert repr(value) in message and ("finite" in message or path == "sam.td_var_threshold")


@pytest.mark.parametrize("path", NUMBERS)
@pytest.mark.parametrize("value", ["fast", True, [1.0], {}])
def test_numbers_must_be_numbers(path, value):
    message = assert_refused(path, value)
    assert repr(value) in message and "a number" in message


def test_a_whole_number_beyond_every_float_is_refused():
    assert_refused("agent.learning_rate", 10**400)


@pytest.mark.parametrize("path", ["radio.tx_power_dbm", "radio.noise_dbm", "radio.path_loss_1m_db"])
@pytest.mark.parametrize("value", [1e5, -1e5])
def test_decibels_without_a_linear_value_are_refused_or_harmless(path, value):
    try:
        config = with_value(path, value)
    except UsageError as error:
        assert path in str(error)
    else:
        assert OranEnv(config).reset(seed=0).shape[0] == 6


@pytest.mark.parametrize("path", POSITIVE)
@pytest.mark.parametrize("value", [0, 0.0, -0.0, -1e-12])
def test_lengths_rates_and_the_like_must_be_above_zero(path, value):
    assert "above 0" in assert_refused(path, value)


@pytest.mark.parametrize("path", FROM_ZERO)
def test_what_may_be_zero_may_not_be_negative(path):
    section, field = path.split(".")
    zeros = {"radio": {"speed_min_m_s": 0, "speed_max_m_s": 0}} if "speed" in field else {section: {field: 0}}
    assert getattr(getattr(update(Config(), zeros), section), field) == 0
    message = assert_refused(path, -1e-12)
    assert "-1e-12" in message and "at least 0" in message


@pytest.mark.parametrize("path", PROBABILITIES)
@pytest.mark.parametrize("value", [1.0000001, 2, 1e300])
def test_shares_and_discounts_end_at_one(path, value):
    assert with_value(path, 1)
    assert "at most 1" in assert_refused(path, value)


@pytest.mark.parametrize("rho", [-0.5, -1e-300])
@pytest.mark.parametrize("path", ["sam.rho_init", "sam.rho_final"])
def test_a_negative_radius_is_refused(path, rho):
    assert repr(rho) in assert_refused(path, rho)


@pytest.mark.parametrize("path", SWITCHES)
@pytest.mark.parametrize("value", [0, 1, "yes", "true", 1.0])
def test_switches_are_true_or_false(path, value):
    message = assert_refused(path, value)
    assert repr(value) in message and "true or false" in message


@pytest.mark.parametrize("path", READINGS)
def test_a_reading_must_be_one_of_those_offered(path):
    message = assert_refused(path, "sideways")
    assert "'sideways'" in message
    assert set(re.search(r"one of (.*)", message).group(1).split(", ")) == READINGS[path]


@pytest.mark.parametrize("path", READINGS)
def test_every_offered_reading_is_accepted(path):
    section, field = path.split(".")
    for reading in READINGS[path]:
        assert getattr(getattr(with_value(path, reading), section), field) == reading


@given(st.sampled_from(NUMBERS), st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_either_kept_exactly_or_refused_in_one_line(path, value):
    section, field = path.split(".")
    try:
        config = with_value(path, value)
    except UsageError as error:
        assert re.fullmatch(r"\w+\.\w+ = \S+: must be .+", str(error))
    else:
        assert getattr(getattr(config, section), field) == value


def test_whole_numbers_are_taken_for_numbers():
    assert repr(with_value("radio.cell_radius_m", 100).radio.cell_radius_m) == "100.0"


# ---- lists, one entry per slice

@pytest.mark.parametrize("path", ["slices.names", "slices.shares", "slices.packet_bits", "reward.q_min",
                                  "reward.priorities", "agent.hidden_sizes"])
@pytest.mark.parametrize("value", [[], "three", 3, None])
def test_lists_must_be_lists_with_something_in_them(path, value):
    assert repr(value) in assert_refused(path, value)


@pytest.mark.parametrize(("path", "value", "named"), [
    ("slices.packet_bits", [12000, 0, 2040], "0.0"),
    ("slices.packet_bits", [12000, math.nan, 2040], "nan"),
    ("slices.arrival_rate_hz", [1, 2, -3], "-3.0"),
    ("slices.rate_threshold_bps", [1, 2, math.inf], "inf"),
    ("reward.q_min", [1, -2, 3], "-2.0"),
    ("reward.priorities", [1, -0.5, 2], "-0.5"),
    ("reward.priorities", [0, 0, 0], "0.0"),
    ("reward.metrics", ["max_latency", "mirth", "max_latency"], "'mirth'"),
    ("reward.kpi_best_rate_bps", [1, 1, 0], "0.0"),
    ("agent.hidden_sizes", [300, 0, 400], "0"),
    ("agent.hidden_sizes", [300, -4], "-4"),
    ("agent.hidden_sizes", [300.0, 400], "300.0"),
    ("slices.names", ["a", 2, "c"], "2"),
])
def test_a_bad_entry_of_a_list_is_named(path, value, named):
    assert named in assert_refused(path, value)


@pytest.mark.parametrize(("row", "named"), [
    ([0.5, 0.5, 0.5], "0.5"), ([0.2, 0.2, 0.2], "0.2"), ([1.5, -0.5, 0.0], "1.5"), ([-0.1, 0.6, 0.5], "-0.1"),
    ([0.5, 0.5], "0.5"), ([math.nan, 0.5, 0.5], "nan")])
def test_slice_shares_are_probabilities_that_sum_to_one(row, named):
    assert named in assert_refused("slices.shares", [[0.4, 0.4, 0.2], row])


def test_a_slice_may_have_no_users_at_all():
    assert with_value("slices.shares", [[0.0, 1.0, 0.0]]).slices.shares == ((0.0, 1.0, 0.0),)


@pytest.mark.parametrize("path", ["slices.packet_bits", "slices.arrival_rate_hz", "slices.rate_threshold_bps",
                                  "reward.metrics", "reward.kpi_weights", "reward.kpi_best_rate_bps", "reward.q_min",
                                  "reward.q_worst", "reward.q_best", "reward.priorities"])
@pytest.mark.parametrize("length", [1, 2, 4])
def test_lists_by_slice_have_one_entry_per_slice(path, length):
    section, field = path.split(".")
    entry = getattr(getattr(Config(), section), field)[0]
    message = assert_refused(path, [entry] * length)
    assert "3" in message and "per slice" in message


def test_more_slices_than_priorities_is_refused():
    slices = {"names": ["a", "b", "c", "d"], "shares": [[0.25] * 4], "packet_bits": [1e3] * 4,
              "arrival_rate_hz": [1.0] * 4, "rate_threshold_bps": [1.0] * 4}
    reward = {"metrics": ["max_latency"] * 4, "kpi_weights": [[1.0] * 4] * 4, "kpi_best_rate_bps": [1.0] * 4,
              "q_min": [1.0] * 4, "q_worst": [0.0] * 4, "q_best": [2.0] * 4}
    codec = {"action_codec": "full_binary"}
    four = update(Config(), {"slices": slices, "reward": reward | {"priorities": [1.0] * 4}, "mdp": codec})
    assert four.num_slices == 4
    with pytest.raises(UsageError) as caught:
        update(Config(), {"slices": slices, "reward": reward, "mdp": codec})
    assert re.fullmatch(r"reward\.priorities = \(1\.0, 0\.5, 2\.0\): must be .*4.*", str(caught.value))


@pytest.mark.parametrize("names", [["eMBB", "eMBB", "URLLC"], ["eMBB", "m,MTC", "URLLC"], ["eMBB", "", "URLLC"],
                                   ["eMBB", "mMTC\nagent", "URLLC"]])
def test_slice_names_that_cannot_head_a_column_of_metrics_are_refused(names):
    assert_refused("slices.names", names)


# ---- fields against each other

@pytest.mark.parametrize(("tables", "named"), [
    ({"radio": {"speed_min_m_s": 30.0}}, "radio.speed_max_m_s = 20.0"),
    ({"radio": {"frame_s": 100.0}}, "radio.frame_s = 100.0"),
    ({"agent": {"log_std_max": -5.0}}, "agent.log_std_max = -5.0"),
    ({"agent": {"log_std_min": 3.0}}, "agent.log_std_max = 2.0"),
    ({"agent": {"buffer_size": 9}}, "agent.buffer_size = 9"),
    ({"sam": {"rho_schedule": "exponential", "rho_final": 0.0}}, "sam.rho_final = 0.0"),
    ({"mdp": {"executed": "soft", "action_codec": "full_binary"}}, "mdp.executed = 'soft'"),
    ({"reward": {"q_best": [0.0, 80e6, 0.0]}}, "reward.q_best = 0.0"),
    ({"reward": {"kpi_weights": [[1.0, 0.0, 0.0]] * 3}}, "reward.kpi_weights = (1.0, 0.0, 0.0)"),
])
def test_contradicting_fields_are_refused_in_one_line(tables, named):
    with pytest.raises(UsageError) as caught:
        update(Config(), tables)
    assert str(caught.value).startswith(f"{named}: must be ")
    assert "\n" not in str(caught.value)


def test_an_exponential_schedule_cannot_start_at_zero_either():
    with pytest.raises(UsageError, match=r"sam\.rho"):
        update(Config(), {"sam": {"rho_schedule": "exponential", "rho_init": 0.0}})


def test_replacing_a_field_checks_it_too():
    with pytest.raises(UsageError, match=r"num_dus = 0: must be at least 1"):
        replace(Config().radio, num_dus=0)
