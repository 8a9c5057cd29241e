"""Every reading can be built and stepped, stays finite, and changes what it is about and nothing upstream of it."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.oran.env import OranEnv

TINY = apply_settings(Config(), ["radio.num_dus=3", "radio.num_ues=18", "radio.num_rbs=8", "slices.latency_max_s=0.05",
                                 "reward.q_worst=[0, 0, 0.05]", "slices.rate_threshold_bps=[5e5, 5e5, 5e5]"])

CHOICES = {f"{part}.{f.name}": f.metadata["choices"] for part in ("radio", "slices", "reward", "mdp")
           for f in fields(getattr(TINY, part)) if f.metadata["choices"] and isinstance(f.default, str)}
"""Every switch that the network and the decision process have, read from the configuration itself."""


def run(*settings):
    """Three frames under fixed pseudo-random actions; returns the arrays by name, frames stacked."""
    env = OranEnv(apply_settings(TINY, settings))
    generator, collected = np.random.default_rng(0), {"obs": [env.reset(seed=1)]}
    for _ in range(3):
        relaxed = generator.random((3, 88))[:, : env.action_dim]
        obs, reward, info = env.step(relaxed)
        collected["obs"].append(obs)
        arrays = {"reward": reward, "position": env.state()["position"], **vars(info.radio), **vars(info)}
        for name, value in arrays.items():
            if name != "radio":
                collected.setdefault(name, []).append(value)
    return {name: np.array(values, dtype=float) for name, values in collected.items()}


BASE = run()
UPSTREAM = ["position", "claims", "served", "sinr", "rate_bps", "latency_s", "kpis", "qos", "qos_scaled", "sensitivity",
            "reward"]
"""From what chance and the agents decide down to the reward."""

FIRST_EFFECT = {
    "radio.mobility=heading": "position",
    "mdp.action_codec=slice_and_user": "claims",
    "mdp.action_codec=full_binary": "claims",
    "mdp.executed=soft": "claims",
    "radio.scheduler=round_robin": "served",
    "radio.scheduler=maximum_rate": "served",
    "radio.interference=literal": "served",
    "radio.tx_power_reading=per_rb": "sinr",
    "radio.noise_reading=total_dbm": "sinr",
    "slices.latency_model=fifo_queue": "latency_s",
    "slices.latency_model=transmission_only": "latency_s",
    "reward.qos_reading=weighted_sum": "qos",
    "reward.normalisation=running": "qos_scaled",
    "reward.sensitivity=quality_weighted": "sensitivity",
    "reward.sigmoid=literal": "reward",
    "reward.q_min_order=swapped": "reward",
}
"""The first quantity in that order that each reading other than the default changes.

The schedulers compare interference-limited rates: under the literal reading they look at another channel, so the
schedule itself is where that reading first shows.
"""


def test_every_switch_is_covered():
    """A new reading without a row above, or without an own test below, fails here."""
    defaults = {f"{path}={getattr(getattr(TINY, path.split('.')[0]), path.split('.')[1])}" for path in CHOICES}
    every = {f"{path}={choice}" for path, choices in CHOICES.items() for choice in choices}
    assert every - defaults == set(FIRST_EFFECT) | {"mdp.identity=one_hot"}


@pytest.mark.parametrize("setting", FIRST_EFFECT)
def test_reading_is_finite_and_changes_what_it_is_about_first(setting):
    result, effect = run(setting), FIRST_EFFECT[setting]
    assert all(np.all(np.isfinite(a)) for a in result.values())
    assert not np.array_equal(result[effect], BASE[effect])
    for name in UPSTREAM[: UPSTREAM.index(effect)]:
        np.testing.assert_array_equal(result[name], BASE[name])
    assert not np.array_equal(result["reward"], BASE["reward"])


def test_identity_appends_the_dus_number_and_nothing_else():
    named = run("mdp.identity=one_hot")
    np.testing.assert_array_equal(named["obs"][..., :-3], BASE["obs"])
    np.testing.assert_array_equal(named["obs"][..., -3:], np.broadcast_to(np.eye(3), (4, 3, 3)))
    np.testing.assert_array_equal(named["reward"], BASE["reward"])


def test_power_per_rb_lifts_every_sinr_and_so_does_less_noise():
    """R05 and R04: signal and interference grow together, so SINR can only gain on the noise."""
    for setting in ("radio.tx_power_reading=per_rb", "radio.noise_reading=total_dbm"):
        assert np.all(run(setting, "radio.scheduler=round_robin")["sinr"] >= BASE["sinr"])


def test_maximum_rate_carries_most_bits_of_all_schedulers():
    """With the same claims and the physical reading, the SINR does not depend on who is served."""
    total = {name: run(f"radio.scheduler={name}")["rate_bps"].sum(axis=1) for name in CHOICES["radio.scheduler"]}
    assert np.all(total["maximum_rate"] >= total["round_robin"] - 1e-6)
    assert np.all(total["maximum_rate"] >= total["proportional_fair"] - 1e-6)


def test_waiting_adds_to_the_time_of_transmission():
    """M/M/1 delay is never shorter than sending one packet (R10)."""
    assert np.all(BASE["latency_s"] >= run("slices.latency_model=transmission_only")["latency_s"])


def test_swapping_the_requirements_moves_violations_of_the_first_two_slices_only():
    """R16: eMBB at 50 and mMTC at 10 Mbit/s."""
    swapped = run("reward.q_min_order=swapped")
    np.testing.assert_array_equal(swapped["violated"][..., 2], BASE["violated"][..., 2])
    expected = swapped["qos"][..., :2] < [50e6, 10e6]
    np.testing.assert_array_equal(swapped["violated"][..., :2], expected)


def test_literal_sigmoid_pays_at_least_one_half_per_slice():
    """R23: without penalties the literal reward starts at |L| / 2."""
    free = run("reward.sigmoid=literal", "reward.penalty=0.0")["reward"]
    assert np.all((free >= 1.5) & (free < 3))


@given(st.fixed_dictionaries({path: st.sampled_from(choices) for path, choices in CHOICES.items()}))
def test_any_combination_of_readings_runs_and_stays_in_bounds(chosen):
    """Sampled over the whole product of switches."""
    if chosen["mdp.action_codec"] != "two_bit":
        chosen["mdp.executed"] = "thresholded"
    result = run(*(f"{path}={choice}" for path, choice in chosen.items()))
    assert all(np.all(np.isfinite(a)) for a in result.values())
    assert np.all((result["qos_scaled"] >= 0) & (result["qos_scaled"] <= 1))
    assert np.all((result["rate_bps"] >= 0) & (result["latency_s"] >= 0).all() & (result["latency_s"] <= 0.05).all())
    assert np.all(result["claims"].sum(axis=2) <= 1 + 1e-15)
    assert np.all(result["reward"] <= 3)
    assert np.all((result["resource_penalty"] <= 0) & (result["quality_penalty"] <= 0))
