"""(1): the achievable rate against decibel arithmetic, rational arithmetic and one plain sum from positions to bit/s.

The numbers of the link budget come from Table 1 and 3GPP TR 36.814 and are written out here: 128.1 + 37.6 log10(R)
dB at R km, 56 dBm per RU, -173 dBm/Hz.
"""

from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import log10

import numpy as np
from scipy.constants import Boltzmann

from tasam_ref.config import Config, RadioConfig
from tasam_ref.config_io import apply_settings
from tasam_ref.kernels.channel import activity, mean_power, sinr_literal, sinr_physical
from tasam_ref.kernels.rate import link_rate, user_rate
from tasam_ref.oran.action import decode_two_bit
from tasam_ref.oran.draws import draw_frame
from tasam_ref.oran.radio import RadioNetwork
from tasam_ref.oran.topology import build_topology
from tasam_ref.oran.units import db_to_linear, dbm_to_watt, rb_noise_w, rb_power_w

from .checks import check
from .oracles import relative_error


def received(distance_m):
    """Power of the package at these distances from one RU, as a share of the power sent, with the default settings."""
    radio = RadioConfig()
    position = np.column_stack((0.6 * distance_m, -0.8 * distance_m))
    gain = db_to_linear(-radio.path_loss_1m_db)
    return mean_power(position, np.zeros((1, 2)), 1.0, gain, radio.path_loss_exponent, radio.min_distance_m)[:, 0]


@check("(1)", oracle="3GPP TR 36.814 in kilometres", tolerance=5e-16, because="rounding of pow and log10")
def path_loss_is_128_1_db_at_one_kilometre():
    """-10 log10(P / p) = 128.1 + 37.6 log10(R / km), from 35 m to 10 km."""
    kilometres = np.array([0.035, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 10.0])
    return relative_error(-10 * np.log10(received(1000 * kilometres)), 128.1 + 37.6 * np.log10(kilometres))


@check("(1)", oracle="the power at 35 m", tolerance=0, because="the same number")
def nobody_is_closer_than_35_metres():
    """P is finite at the mast and constant up to 35 m (R03)."""
    near = received(np.array([0.0, 1e-9, 1.0, 34.9]))
    return np.sum(near != received(np.array([35.0])))


@check("units", oracle="decimal arithmetic", tolerance=2e-14, because="rounding of the exponent, up to 20")
def decibels_are_tenths_of_a_power_of_ten():
    """x dB is 10^(x/10) and x dBm that many mW: 0 dBm is 1 mW, 30 dBm is 1 W, 3 dB nearly twice."""
    levels = [Decimal(x) / 4 for x in range(-800, 801)]
    ratios = [db_to_linear(float(x)) / float(10 ** (x / 10)) for x in levels]
    watts = [1000 * dbm_to_watt(float(x)) / float(10 ** (x / 10)) for x in levels]
    return np.max(np.abs(np.array(ratios + watts) - 1))


@check("units", oracle="k T B from Boltzmann's constant", tolerance=1e-14, because="pow of a level near -200 dB")
def thermal_noise_of_a_block_is_k_t_b():
    """A density of k T per Hz at 290 K, given in dBm/Hz, is k T B in an RB, and k T as a total (R04)."""
    errors = []
    density = Boltzmann * 290.0
    for bandwidth in (180e3, 200e3):
        for reading, expected in (("psd_dbm_per_hz", density * bandwidth), ("total_dbm", density)):
            radio = RadioConfig(noise_dbm=10 * log10(density) + 30, noise_reading=reading, rb_bandwidth_hz=bandwidth)
            errors.append(abs(rb_noise_w(radio) / expected - 1))
    return np.max(errors)


@check("units", oracle="hand-worked dBm of Table 1", tolerance=1e-15, because="rounding of pow")
def table_1_gives_36_dbm_and_minus_120_dbm():
    """Per RB: 56 - 20 = 36 dBm = 4 W sent (R05), and -173 + 53.01 = -119.99 dBm noise (R04)."""
    sent, noise = rb_power_w(RadioConfig()), rb_noise_w(RadioConfig())
    held = rb_power_w(RadioConfig(tx_power_reading="per_rb"))
    pairs = ((sent, 10**0.6), (held, 10**2.6), (noise, 2e5 * 10**-20.3))
    return np.max([abs(value / expected - 1) for value, expected in pairs])


def tiny_network(generator):
    """Powers (6, 3), fading (6, 3, 2), b (3, 2, 2) and served of 3 RUs with a user in each of 2 slices, and noise."""
    served = np.arange(6).reshape(3, 2, 1) + np.zeros((1, 1, 2), dtype=int)
    served[generator.random(served.shape) < 0.3] = -1
    claims = generator.dirichlet((1.0, 1.0, 1.0), (3, 2))[..., :2].transpose(0, 2, 1).copy()
    power, fading = generator.lognormal(0, 2, (6, 3)), generator.exponential(size=(6, 3, 2))
    return power, fading, claims, served, np.repeat(np.arange(3), 2), float(generator.lognormal())


def rational_sinr(power, fading, interference, serving, noise):
    """Useful power over interference (user, block) -> Fraction plus noise, as doubles."""
    return np.array([[float(Fraction(power[u, serving[u]]) * Fraction(fading[u, serving[u], k])
                            / (interference(u, k) + Fraction(noise))) for k in range(fading.shape[2])]
                     for u in range(len(serving))])


@check("(1)", oracle="rational arithmetic", tolerance=0, because="one addition, rounded alike")
def rus_send_as_far_as_somebody_is_served():
    """R01 ``physical``: activity of m on k is the sum over l of b_(l,k) where some user has e_(u,k) = 1."""
    errors = []
    generator = np.random.default_rng(5)
    for _ in range(50):
        _, _, claims, served, _, _ = tiny_network(generator)
        expected = [[float(sum(Fraction(b) for b, u in zip(claims[m, :, k], served[m, :, k]) if u >= 0))
                     for k in range(2)] for m in range(3)]
        errors.append(relative_error(activity(claims, served >= 0), expected))
    return np.max(errors)


@check("(1)", oracle="rational arithmetic", tolerance=2e-15, because="rounding of six operations")
def interference_is_what_the_user_itself_receives():
    """R01 ``physical``: sum over m' != m of activity p d_(u,m')^-eta |h_(u,m',k)|^2."""
    errors = []
    generator = np.random.default_rng(1)
    for _ in range(50):
        power, fading, claims, _, serving, noise = tiny_network(generator)
        activity = claims.sum(axis=1)
        expected = rational_sinr(power, fading, lambda u, k, p=power, h=fading, a=activity, home=serving: sum(
            Fraction(a[m, k]) * Fraction(p[u, m]) * Fraction(h[u, m, k]) for m in range(3) if m != home[u]),
            serving, noise)
        errors.append(np.max(np.abs(sinr_physical(power, fading, activity, serving, noise) / expected - 1)))
    return np.max(errors)


@check("(1)", oracle="rational arithmetic", tolerance=2e-15, because="rounding of six operations")
def literal_interference_is_that_of_the_other_users():
    """R01 ``literal``: sum over m' != m and u' of m' of e_(u',k) b p d_(u',m')^-eta |h_(u',m',k)|^2."""
    errors = []
    generator = np.random.default_rng(2)
    for _ in range(50):
        power, fading, claims, served, serving, noise = tiny_network(generator)
        expected = rational_sinr(power, fading, lambda u, k, p=power, h=fading, b=claims, e=served, home=serving: sum(
            Fraction(b[home[v], v % 2, k]) * Fraction(p[v, home[v]]) * Fraction(h[v, home[v], k])
            for v in range(6) if home[v] != home[u] and e[home[v], v % 2, k] == v), serving, noise)
        errors.append(np.max(np.abs(sinr_literal(power, fading, claims, served, serving, noise) / expected - 1)))
    return np.max(errors)


@check("(1)", oracle="n bits per symbol at SINR 2^n - 1", tolerance=0, because="whole numbers")
def capacity_counts_bits():
    """B log2(1 + 2^n - 1) = n B on the RBs of the user's own slice and cell, 0 on others (R02)."""
    bits = np.arange(53)
    sinr = np.tile(2.0**bits - 1, (2, 1))
    claims = np.zeros((2, 2, bits.size))
    claims[1, 0, ::2] = 1.0
    claims[0, 1, :] = 1.0
    rate = link_rate(sinr, claims, np.array([1, 0]), np.array([0, 0]), 200e3)
    return np.sum(rate[0] != np.where(bits % 2 == 0, 200000 * bits, 0)) + np.sum(rate[1] != 0)


@check("(1)", oracle="rational arithmetic", tolerance=1e-15, because="rounding of 2 RBs and slices")
def user_rate_is_the_sum_over_blocks():
    """c_u = sum over k of e_(u,k) b_(l,k) r_(u,k), with e spelled out user by user."""
    errors = []
    generator = np.random.default_rng(3)
    for _ in range(50):
        rate, _, claims, served, serving, _ = tiny_network(generator)
        expected = [float(sum(Fraction(claims[m, u % 2, k]) * Fraction(rate[u, k])
                              for k in range(2) if served[m, u % 2, k] == u)) for u, m in enumerate(serving)]
        errors.append(relative_error(user_rate(rate[:, :2].copy(), claims, served), expected))
    return np.max(errors)


def equation_1(topology, position, fading, b, e, sent_dbm, noise_dbm, reading):
    """Rates (U,) by (1): b, e (U, K) each user's own, positions as complex numbers, powers in decibels."""
    users, home = np.arange(len(position)), topology.serving
    distance = np.abs((position @ (1, 1j))[:, None] - topology.ru_position @ (1, 1j)) / 1000
    loss = 128.1 + 37.6 * np.log10(np.maximum(distance, 0.035))
    power = 10 ** ((sent_dbm - loss) / 10)[:, :, None] * fading
    own = power[users, home]
    cells = np.eye(topology.counts.shape[0])[home]
    if reading == "literal":
        arriving = (1 - cells) @ (cells.T @ (e * b * own))
    else:
        activity = cells.T @ (e * b)
        arriving = np.einsum("um,umk,mk->uk", 1 - cells, power, activity)
    return 200e3 * np.sum(e * b * np.log2(1 + own / (arriving + 10 ** (noise_dbm / 10))), axis=1)


@check("(1)", oracle="one plain sum from positions to bit/s", tolerance=5e-15, because="pow, log2 and sums of 100 RBs")
def whole_frame_follows_equation_1():
    """Six RUs, 200 users, 100 RBs: RadioNetwork under every reading of R01, R04 and R05, bits and soft shares."""
    errors = []
    noises = {"psd_dbm_per_hz": -173 + 10 * log10(2e5), "total_dbm": -173.0}
    for interference, (sending, sent), (noise_reading, noise), soft in product(
            ("physical", "literal"), (("per_ru", 36.0), ("per_rb", 56.0)), noises.items(), (False, True)):
        config = apply_settings(Config(), (f"radio.interference={interference}", f"radio.tx_power_reading={sending}",
                                           f"radio.noise_reading={noise_reading}"))
        topology = build_topology(config.radio, config.slices)
        network = RadioNetwork(config, topology)
        network.reset(7)
        action = np.random.default_rng(4).random((6, 200))
        frame = network.transmit(decode_two_bit(action if soft else np.round(action), 3))
        fading = draw_frame(7, 0, config.radio, np.zeros(200)).fading
        home, kind = topology.serving, topology.slice_of
        b, e = frame.claims[home, kind], frame.served[home, kind] == np.arange(200)[:, None]
        expected = equation_1(topology, network.state["position"], fading, b, e, sent, noise, interference)
        errors.append(relative_error(frame.rate_bps, expected))
    return np.max(errors)
