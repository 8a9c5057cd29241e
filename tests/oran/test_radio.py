"""One frame of the network as a whole: (1) from positions to rates in plain NumPy, and what must not matter."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.oran import draws as draws_module
from tasam_ref.oran.action import Allocation, decode_two_bit
from tasam_ref.oran.draws import TURNS, FrameDraws, draw_frame
from tasam_ref.oran.radio import RadioNetwork
from tasam_ref.oran.topology import build_topology

SEEDS = st.integers(0, 2**32 - 1)
NUM_RBS = 6
TINY = apply_settings(Config(), [
    "radio.num_dus=3", "radio.num_ues=24", f"radio.num_rbs={NUM_RBS}", "radio.path_loss_exponent=3.76",
    "radio.path_loss_1m_db=15.3", "radio.min_distance_m=35.0", "radio.inter_site_distance_m=500.0",
    "radio.cell_radius_m=250.0", "radio.frame_s=0.1", "radio.fairness_window_frames=10.0",
    "slices.shares=[[0.5, 0.25, 0.25]]", "slices.packet_bits=[12000.0, 1000.0, 2040.0]",
    "slices.arrival_rate_hz=[333.0, 30.0, 10.0]", "slices.latency_max_s=0.05"])


def build(*settings, seed=0):
    config = apply_settings(TINY, settings)
    network = RadioNetwork(config, build_topology(config.radio, config.slices))
    network.reset(seed)
    return network


def random_allocation(seed, num_dus=3, soft=False):
    action = np.random.default_rng(seed).random((num_dus, 2 * NUM_RBS))
    return decode_two_bit(action if soft else np.round(action), 3)


def assert_same_frame(one, other):
    for name in ("rate_bps", "latency_s", "sinr", "claims", "served"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


READINGS = list(product(("physical", "literal"), ("turn", "heading"), (("per_ru", "psd_dbm_per_hz"),
                                                                        ("per_rb", "total_dbm"))))


@pytest.mark.parametrize(("interference", "mobility", "levels"), READINGS)
def test_a_frame_equals_the_twin(interference, mobility, levels):
    """Three frames against (1) written with complex positions, broadcasting and dense e and b."""
    network = build(f"radio.interference={interference}", f"radio.mobility={mobility}", "slices.latency_model=mm1",
                    f"radio.tx_power_reading={levels[0]}", f"radio.noise_reading={levels[1]}", seed=4)
    power_w = 398.1071705534973 / (NUM_RBS if levels[0] == "per_ru" else 1)
    noise_w = 5.011872336272725e-21 * (2e5 if levels[1] == "psd_dbm_per_hz" else 1)
    serving, slice_of = np.repeat([0, 1, 2], 8), np.tile(np.repeat([0, 1, 2], [4, 2, 2]), 3)
    site = 500 * np.array([0, 1, np.exp(1j * np.pi / 3)])
    packet, arriving = np.array([12000.0, 1000.0, 2040.0])[slice_of], np.array([333.0, 30.0, 10.0])[slice_of]
    mean_rate = np.zeros(24)
    for t in range(3):
        before, allocation = network.state, random_allocation(t, soft=True)
        draws = draw_frame(4, t, network.radio, 0.1 * arriving)
        frame = network.transmit(allocation)
        heading = draws.direction + (before["heading"] if mobility == "turn" else 0)
        z, centre = before["position"] @ [1, 1j], site[serving]
        ahead = z + 0.1 * draws.speed * np.exp(1j * heading)
        outside = np.abs(ahead - centre) > 250
        ahead = np.where(outside, z + 0.1 * draws.speed * (centre - z) / np.abs(centre - z), ahead)
        np.testing.assert_allclose(network.state["position"] @ [1, 1j], ahead, rtol=1e-12)
        np.testing.assert_allclose(network.state["heading"][~outside], heading[~outside], rtol=1e-14)

        distance = np.maximum(np.abs(ahead[:, None] - site), 35.0)
        received = (power_w * 10**-1.53 * distance**-3.76)[:, :, None] * draws.fading
        b, e = allocation.claims, (frame.served[..., None] == np.arange(24)).astype(float)
        stranger = 1 - np.eye(3)[serving]
        if interference == "physical":
            disturbance = np.einsum("um,mlk,umk->uk", stranger, b, received)
        else:
            disturbance = stranger @ np.einsum("mlku,mlk,umk->mk", e, b, received)
        sinr = received[np.arange(24), serving] / (disturbance + noise_w)
        np.testing.assert_allclose(frame.sinr, sinr, rtol=1e-11)
        rate = 2e5 * np.einsum("mlku,mlk,uk->u", e, b, np.log2(1 + sinr))
        np.testing.assert_allclose(frame.rate_bps, rate, rtol=1e-11)
        spare = rate / packet - arriving
        delay = np.where(spare > 20, 1 / np.where(spare > 20, spare, 1), 0.05)
        np.testing.assert_allclose(frame.latency_s, delay, rtol=1e-9)
        mean_rate = 0.9 * mean_rate + 0.1 * rate
        np.testing.assert_allclose(network.state["mean_rate"], mean_rate, rtol=1e-11)
        assert network.state["frame"] == t + 1


@pytest.mark.parametrize("interference", ["physical", "literal"])
def test_one_du_sees_no_interference(interference):
    """SINR is signal over noise, whatever is sent."""
    frames = [build(f"radio.interference={interference}", "radio.num_dus=1", seed=5).transmit(a)
              for a in (random_allocation(0, 1), decode_two_bit(np.ones((1, 2 * NUM_RBS)), 3))]
    np.testing.assert_array_equal(frames[0].sinr, frames[1].sinr)
    network = build("radio.num_dus=1", seed=5)
    network.transmit(random_allocation(0, 1))
    distance = np.maximum(np.hypot(*network.state["position"].T), 35.0)
    fading = draw_frame(5, 0, network.radio, np.ones(24)).fading[:, 0]
    snr = (398.1071705534973 / NUM_RBS * 10**-1.53 / 1.002374467254545e-15 * distance**-3.76)[:, None] * fading
    np.testing.assert_allclose(frames[0].sinr, snr, rtol=1e-12)


@given(SEEDS)
def test_a_neighbour_that_falls_silent_never_costs_rate(seed):
    """Under common random numbers; the schedule is fixed by taking turns."""
    loud = random_allocation(seed)
    quiet = replace(loud, claims=loud.claims * np.array([1, 0, 0])[:, None, None])
    before, after = (build("radio.scheduler=round_robin", seed=seed).transmit(a).rate_bps[:8] for a in (loud, quiet))
    assert np.all(after >= before)


@pytest.mark.parametrize("latency_model", ["mm1", "fifo_queue", "transmission_only"])
def test_all_idle_means_no_rate_and_the_largest_delay(latency_model):
    """Of ten packets per second and more, something waits for almost everybody after ten frames."""
    network = build(f"slices.latency_model={latency_model}", seed=6)
    for _ in range(10):
        frame = network.transmit(decode_two_bit(np.zeros((3, 2 * NUM_RBS)), 3))
        assert not frame.rate_bps.any()
        assert np.all(frame.served == -1)
    waiting = network.state["backlog"] > 0 if latency_model == "fifo_queue" else np.ones(24, dtype=bool)
    assert waiting.sum() > 20
    assert np.all(frame.latency_s[waiting] == 0.05)


def test_claims_of_an_empty_slice_disturb_nobody():
    """R01, physical: an RU sends on an RB only when there is somebody to be served."""
    shares = "slices.shares=[[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]"
    codes = np.zeros((3, 2, NUM_RBS))
    codes[0, 1] = 1
    alone = build(shares, seed=7).transmit(decode_two_bit(codes.reshape(3, -1), 3))
    codes[1:, 0] = 1
    empty = build(shares, seed=7).transmit(decode_two_bit(codes.reshape(3, -1), 3))
    codes[1:] = np.array([0, 1])[:, None]
    busy = build(shares, seed=7).transmit(decode_two_bit(codes.reshape(3, -1), 3))
    np.testing.assert_array_equal(alone.rate_bps, empty.rate_bps)
    assert np.all(empty.sinr[:8] > busy.sinr[:8])
    assert alone.rate_bps[:4].sum() > busy.rate_bps[:4].sum() > 0


def test_an_rb_whose_user_was_not_named_is_silent():
    """With users chosen by the action, a claim without a user sends nothing."""
    claims, nobody = np.zeros((3, 3, NUM_RBS)), np.full((3, 3, NUM_RBS), -1)
    claims[:, 0], served = 1.0, nobody.copy()
    served[0, 0] = 2
    allocation = Allocation(claims, served, np.full(3, float(NUM_RBS)))
    frame = build(seed=8).transmit(allocation)
    quiet = replace(allocation, claims=claims * np.array([1, 0, 0])[:, None, None])
    assert_same_frame(frame, replace(build(seed=8).transmit(quiet), claims=claims))
    assert np.flatnonzero(frame.rate_bps).tolist() == [2]


def test_literal_schedule_looks_at_the_channel_without_interference():
    """Under maximum rate each RB goes to the user with the best own signal, which interference cannot change."""
    network = build("radio.interference=literal", "radio.scheduler=maximum_rate", seed=9)
    allocation = decode_two_bit(np.tile(np.repeat([0.0, 1.0], NUM_RBS), (3, 1)), 3)
    frame = network.transmit(allocation)
    silent = replace(allocation, claims=allocation.claims * np.array([1, 0, 0])[:, None, None])
    alone = build("radio.interference=literal", seed=9).transmit(silent).sinr
    np.testing.assert_array_equal(frame.served[0, 0], alone[:4].argmax(axis=0))


def test_renaming_the_dus_renames_the_result(monkeypatch):
    """Three DUs alike in shares: permute sites, users, channels and claims, and rates and delays follow."""
    dus = np.array([2, 0, 1])
    users = (8 * dus[:, None] + np.arange(8)).ravel()

    def renamed_draws(*address, **options):
        draws = draw_frame(*address, **options)
        return FrameDraws(draws.direction[users], draws.speed[users], draws.fading[np.ix_(users, dus)],
                          draws.arrivals[users])

    here = build("slices.latency_model=fifo_queue", seed=10)
    there = RadioNetwork(apply_settings(TINY, ["slices.latency_model=fifo_queue"]),
                         replace(here.topology, ru_position=here.topology.ru_position[dus]))
    there.state = here.state | {name: here.state[name][users] for name in ("position", "heading")}
    for t in range(4):
        allocation = random_allocation(t)
        frame = here.transmit(allocation)
        with monkeypatch.context() as patch:
            patch.setattr(draws_module, "draw_frame", renamed_draws)
            moved = there.transmit(Allocation(allocation.claims[dus], None, allocation.claimed[dus]))
        np.testing.assert_allclose(moved.rate_bps, frame.rate_bps[users], rtol=1e-11)
        np.testing.assert_allclose(moved.latency_s, frame.latency_s[users], rtol=1e-11)
        np.testing.assert_allclose(there.state["backlog"], here.state["backlog"][users], rtol=1e-11, atol=1e-9)


def test_the_pointer_of_the_turn_carries_over_frames():
    """Four eMBB users of DU 0 and six RBs: after two frames each had three turns."""
    network = build("radio.scheduler=round_robin", seed=11)
    allocation = decode_two_bit(np.tile(np.repeat([0.0, 1.0], NUM_RBS), (3, 1)), 3)
    served = np.concatenate([network.transmit(allocation).served[0, 0] for _ in range(2)])
    assert served.tolist() == [0, 1, 2, 3] * 3


def test_the_queue_carries_over_frames_and_conserves_bits():
    """What arrived by the streams of ten frames is what was sent plus what waits."""
    network = build("slices.latency_model=fifo_queue", seed=12)
    arrived, capacity = np.zeros(24), np.zeros(24)
    for t in range(10):
        draws = draw_frame(12, t, network.radio, network.arrival_rate * 0.1)
        arrived += draws.arrivals * network.packet_bits
        capacity += 0.1 * network.transmit(random_allocation(t)).rate_bps
    sent = arrived - network.state["backlog"]
    assert np.all((sent >= 0) & (sent <= capacity * (1 + 1e-12)))
    assert 0 < sent.sum() < arrived.sum()


@pytest.mark.parametrize("mobility", ["turn", "heading"])
def test_users_keep_to_their_disc_and_the_readings_differ_in_drift(mobility):
    """R08.  A compass heading stays among the seven but for turning back at the edge; turns soon point anywhere."""
    network = build(f"radio.mobility={mobility}", "radio.frame_s=1.0", seed=13)
    idle = decode_two_bit(np.zeros((3, 2 * NUM_RBS)), 3)
    seen = []
    for _ in range(60):
        network.transmit(idle)
        assert np.all(np.linalg.norm(network.state["position"] - network.centre, axis=1) <= 250 * (1 + 1e-12))
        seen.append(network.state["heading"])
    compass = np.isclose(np.array(seen)[..., None], TURNS, rtol=0, atol=1e-12).any(axis=-1).mean()
    assert compass > 0.5 if mobility == "heading" else compass < 0.1


def test_the_average_rate_is_the_exponential_sum_over_the_past():
    """mean_T = (1/W) sum (1 - 1/W)^(T - t) c_t, with W = 4."""
    network = build("radio.fairness_window_frames=4", seed=14)
    rates = np.array([network.transmit(random_allocation(t)).rate_bps for t in range(8)])
    expected = 0.25 * 0.75 ** np.arange(7, -1, -1) @ rates
    np.testing.assert_allclose(network.state["mean_rate"], expected, rtol=1e-12)


@given(SEEDS, st.lists(st.sampled_from(("ahead", "repeat", "go on", "other episode")), max_size=8))
def test_looking_ahead_and_repeating_a_frame_change_nothing(seed, steps):
    """Frames of a network that also looks, repeats and visits another episode, against one that only goes on."""
    watched, plain = build(seed=seed), build(seed=seed)
    for t, step in enumerate(steps):
        allocation, before = random_allocation(t), watched.state
        if step == "ahead":
            watched.power_ahead()
        elif step == "repeat":
            watched.transmit(random_allocation(t + 100))
            watched.state = before
        elif step == "other episode":
            watched.reset(seed + 1)
            watched.transmit(allocation)
            watched.state = before
        assert_same_frame(watched.transmit(allocation), plain.transmit(allocation))


def test_a_frame_is_drawn_once_however_often_it_is_asked_for(monkeypatch):
    drawn = []

    def counted(*address, **options):
        drawn.append(address[:2])
        return draw_frame(*address, **options)

    monkeypatch.setattr(draws_module, "draw_frame", counted)
    network = build(seed=9)
    before = network.state
    for _ in range(3):
        network.power_ahead()
        network.transmit(random_allocation(0))
        network.state = before
    network.transmit(random_allocation(0))
    network.transmit(random_allocation(0))
    network.reset(10)
    network.power_ahead()
    assert drawn == [(9, 0), (9, 1), (10, 0)]


def test_the_power_ahead_is_what_the_frame_then_has():
    """SINR of the next frame with every RU sending, from the power ahead alone."""
    network = build(seed=6)
    network.transmit(random_allocation(0))
    power = network.power_ahead().copy()
    own = np.array([power[u, m] for u, m in enumerate(network.topology.serving)])
    claims = np.zeros((3, 3, NUM_RBS))
    claims[:, 1] = 1.0
    frame = network.transmit(Allocation(claims, None, claims.sum(axis=(1, 2))))
    np.testing.assert_allclose(frame.sinr, own / (power.sum(axis=1) - own + network.noise_w), rtol=1e-12)
