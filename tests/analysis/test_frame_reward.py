"""The reward as a function of rates: against what the environment pays, and against its own majorants."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasam_ref.analysis.frame_reward import MBIT, FrameReward, what_forbids
from tasam_ref.analysis.linear_model import LinearModel
from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.errors import UsageError
from tasam_ref.oran.env import OranEnv
from validation.brute_force import SMALL

CODECS = ("two_bit", "slice_and_user", "full_binary")
READINGS = (
    (), ("slices.latency_model=fifo_queue",), ("slices.latency_model=transmission_only",), ("reward.sigmoid=literal",),
    ("reward.q_min_order=swapped",), ("radio.interference=literal",), ("mdp.executed=soft", "mdp.action_codec=two_bit"),
    ("reward.q_worst=[5e5, 1e6, 5e-3]",), ("reward.q_min=[9e6, 1e6, 2e-3]",),
    ("slices.arrival_rate_hz=[0.0, 0.0, 0.0]", "slices.latency_model=fifo_queue"),
    ("reward.metrics=['quality_weighted_capacity', 'sum_throughput', 'sum_throughput']",
     "reward.q_best=[2e6, 4e6, 3e6]", "reward.q_worst=[0.0, 0.0, 0.0]", "reward.q_min=[1e6, 1e6, 1e6]"),
    ("reward.metrics=['max_latency', 'max_latency', 'max_latency']", "reward.q_best=[1e-3, 0.0, 0.0]",
     "reward.q_worst=[8e-3, 10e-3, 20e-3]", "reward.q_min=[2e-3, 5e-3, 2e-3]"))


def environment(seed, codec, reading, frames=0):
    config = apply_settings(Config(), (
        *SMALL, "radio.num_dus=3", "radio.num_ues=7", "radio.num_rbs=6", f"mdp.action_codec={codec}",
        "slices.shares=[[0.34, 0.33, 0.33], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]", *reading))
    env = OranEnv(config)
    env.reset(seed=seed)
    for _ in range(frames):
        env.step(np.ones((3, env.action_dim)))
    return env


def reward_of_rates(env):
    """The function, and a ceiling on rates that no frame of these networks comes near."""
    peak = np.full(env.topology.serving.size, 40.0)
    return FrameReward(env, peak), peak


@settings(max_examples=80)
@given(st.integers(0, 2**20), st.sampled_from(CODECS), st.sampled_from(READINGS), st.integers(0, 2))
def test_it_is_what_the_environment_pays(seed, codec, reading, frames):
    env = environment(seed, codec, reading, frames)
    judge, _ = reward_of_rates(env)
    _, paid, info = env.step(np.random.default_rng(seed).random((3, env.action_dim)) ** 0.5)
    np.testing.assert_allclose(judge(info.radio.rate_bps / MBIT) + info.resource_penalty, paid, atol=1e-12)


def of_a_programme(judge, rates, dus, seen, exact):
    """The objective of a programme whose rates are held at ``rates``."""
    model = LinearModel()
    columns = model.columns(rates.size, rates, rates)
    judge.constrain(model, columns, dus, seen, exact)
    return model.solve()[0]


def some_rates(chance, peak):
    """Rates of all magnitudes, a third of them zero and the others of 1 kbit/s at least.

    In a programme with whole columns HiGHS takes for zero what is below 1e-6, here 1 bit/s, and the reward then lacks
    what such a rate would earn.
    """
    some = chance.random(peak.size) * peak * chance.random() ** 4
    return chance.choice([0, 1, 1], peak.size) * np.maximum(some, 1e-3)


@settings(max_examples=30)
@given(st.integers(0, 2**20), st.sampled_from(READINGS))
def test_a_programme_is_never_below_and_exact_where_it_has_seen_the_rates(seed, reading):
    judge, peak = reward_of_rates(environment(seed, "two_bit", reading))
    chance = np.random.default_rng(seed)
    rates, other = some_rates(chance, peak), some_rates(chance, peak)
    dus = chance.permutation(3)[:2]
    true = judge(rates)[dus].sum()
    relaxed, blind, exact = (of_a_programme(judge, rates, dus, seen, whole) for seen, whole in (
        ([], False), ([other], True), ([other, rates], True)))
    assert exact == pytest.approx(true, abs=1e-5)
    assert true - 1e-6 <= blind <= relaxed + 1e-5


@pytest.mark.parametrize("reading", READINGS)
def test_slopes_are_those_of_the_curves(reading):
    """Central differences inside every piece between two knots."""
    judge, _ = reward_of_rates(environment(3, "two_bit", reading))
    curves = [value for _, value in judge.slices]
    curves += [height for quality, _ in judge.slices for height in getattr(quality, "heights", ())]
    for curve in curves:
        for low, high in pairwise(curve.knots):
            for x in np.linspace(low, high, 7)[1:-1] if high > low else ():
                step = 1e-5 * (high - low)
                rise = (curve.value(x + step) - curve.value(x - step)) / (2 * step)
                assert curve.slope(x, (low + high) / 2) == pytest.approx(rise, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize(("setting", "named"), [
    ("reward.qos_reading=weighted_sum", "qos_reading"), ("reward.normalisation=running", "normalisation"),
    ("reward.sensitivity=quality_weighted", "sensitivity"), ("reward.q_best=[0.0, 4e6, 0.0]", None),
    ("reward.q_best=[6e6, 4e6, 20e-3]", None)])
def test_readings_under_which_there_is_no_such_function_are_refused(setting, named):
    if named is None:
        setting = (setting, "reward.q_worst=[1e6, 0.0, 10e-3]")
        named = "wrong way round"
    else:
        setting = (setting,)
    env = environment(0, "two_bit", setting)
    assert named in what_forbids(env.config)
    with pytest.raises(UsageError, match=named):
        reward_of_rates(env)


def test_nothing_forbids_the_defaults():
    assert what_forbids(Config()) == ""
    assert what_forbids(SimpleNamespace(reward=Config().reward)) == ""
