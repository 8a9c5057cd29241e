"""(1): Rayleigh fading, its law and what it makes of rates and outages, against closed forms.

For |h|^2 exponential with mean 1: without interference E log2(1 + g |h|^2) = exp(1/g) E1(1/g) / ln 2, and with
interferers P(SINR > t) = exp(-t s/g_0) prod_j 1 / (1 + t g_j/g_0), g the mean powers and s the noise.  Statistical
checks return the largest of many deviations in standard errors; 4 is exceeded by chance once in 16 000 quantities.
"""

from functools import cache

import numpy as np
from scipy.integrate import quad
from scipy.special import exp1, factorial
from scipy.stats import binom, kstest

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.kernels.channel import sinr_physical
from tasam_ref.kernels.rate import link_rate
from tasam_ref.oran.action import Allocation
from tasam_ref.oran.draws import draw_frame, rayleigh_power
from tasam_ref.oran.radio import RadioNetwork
from tasam_ref.oran.topology import build_topology

from .checks import check
from .oracles import as_standard_errors, relative_error, standard_errors

THRESHOLDS = (0.1, 1.0, 10.0, 100.0)
STANDING = ("radio.num_ues=24", "radio.speed_min_m_s=0.0", "radio.speed_max_m_s=0.0")


def transmissions(settings, sending, frames):
    """SINR (frames, U, K) of standing users while the RUs ``sending`` use every RB, and their mean powers (U, M) in W.

    The mean powers come from the positions in decibels, without the package.
    """
    config = apply_settings(Config(), (*STANDING, *settings))
    topology = build_topology(config.radio, config.slices)
    network = RadioNetwork(config, topology)
    network.reset(1)
    claims = np.zeros((*topology.counts.shape, config.radio.num_rbs))
    claims[sending, topology.counts[sending].argmax(axis=1)] = 1.0
    allocation = Allocation(claims, None, claims.sum(axis=(1, 2)))
    sinr = np.array([network.transmit(allocation).sinr for _ in range(frames)])
    offset = network.state["position"][:, None] - topology.ru_position
    distance = np.maximum(np.hypot(*np.moveaxis(offset, 2, 0)), 35.0)
    sent_dbw = config.radio.tx_power_dbm - 30 - 10 * np.log10(config.radio.num_rbs)
    return sinr, 10 ** ((sent_dbw - 15.3 - 37.6 * np.log10(distance)) / 10), topology.serving


@cache
def crowded_cells():
    """Six RUs, five of them sending at 10 dBm, so that noise and interference both matter: (SINR, success P(t))."""
    sending = [0, 1, 2, 4, 5]
    sinr, power, serving = transmissions(("radio.tx_power_dbm=10.0",), sending, 150)
    noise = 10 ** ((-173 - 30) / 10) * 200e3
    own = power[np.arange(serving.size), serving]

    def success(user, threshold):
        others = [m for m in sending if m != serving[user]]
        ratio = threshold / own[user]
        return np.exp(-ratio * noise) / np.prod(1 + ratio * power[user, others])

    return sinr, success


@check("(1)", oracle="exponential integral by scipy.special", tolerance=5e-13, because="quadrature over a log")
def capacity_integrates_to_the_closed_form():
    """Integral over uniforms of log2(1 + g rayleigh_power(U)) = exp(1/g) E1(1/g) / ln 2, for g from -20 to 30 dB."""
    def capacity(uniform, g):
        fading = rayleigh_power(np.full((1, 1, 1), uniform))
        sinr = sinr_physical(np.full((1, 1), g), fading, np.ones((1, 1)), np.zeros(1, dtype=int), 1.0)
        return link_rate(sinr, np.ones((1, 1, 1)), np.zeros(1, dtype=int), np.zeros(1, dtype=int), 1.0)[0, 0]

    gains = 10.0 ** np.arange(-2, 4)
    found = [quad(capacity, 0, 1, args=(g,), epsabs=0, epsrel=1e-12, limit=500)[0] for g in gains]
    return np.max(np.abs(np.array(found) / (np.exp(1 / gains) * exp1(1 / gains) / np.log(2)) - 1))


@check("(1)", oracle="exponential integral by scipy.special", tolerance=4,
       because="standard errors of 10 000 draws each, over 24 users")
def simulated_capacity_is_the_closed_form():
    """Mean of log2(1 + SNR) of every user in one cell of the package: exp(1/g) E1(1/g) / ln 2 at the user's g."""
    sinr, power, _ = transmissions(("radio.num_dus=1", "radio.tx_power_dbm=10.0"), [0], 100)
    inverse = 10 ** (-20.3) * 200e3 / power[:, 0]
    rates = [link_rate(frame, np.ones((1, 1, 100)), np.zeros(24, dtype=int), np.zeros(24, dtype=int), 1.0)
             for frame in sinr]
    samples = np.moveaxis(rates, 1, 2).reshape(-1, 24)
    return standard_errors(samples, np.exp(inverse) * exp1(inverse) / np.log(2))


@check("(1)", oracle="prod_j 1 / (1 + t g_j/g_0)", tolerance=4.5,
       because="standard errors, by exact binomial tails, of 15 000 draws over 24 users and 4 thresholds")
def simulated_outage_is_the_closed_form():
    """Share of RBs with SINR > t, for every user and t, with noise and four or five interferers."""
    sinr, success = crowded_cells()
    samples = np.moveaxis(sinr, 1, 2).reshape(-1, sinr.shape[1])
    p_values = []
    for threshold in THRESHOLDS:
        law = binom(len(samples), [success(u, threshold) for u in range(samples.shape[1])])
        count = np.sum(samples > threshold, axis=0)
        p_values.append(2 * np.minimum(law.cdf(count), law.sf(count - 1)))
    return as_standard_errors(np.min(p_values))


@check("(1)", oracle="quadrature of the outage law", tolerance=4,
       because="standard errors of 15 000 draws each, over 24 users")
def simulated_capacity_under_interference():
    """E log2(1 + SINR) = integral of P(SINR > t) / (1 + t) dt / ln 2, for every user; t = e^x - 1."""
    sinr, success = crowded_cells()
    samples = np.moveaxis(np.log2(1 + sinr), 1, 2).reshape(-1, sinr.shape[1])
    expected = [quad(lambda x, u=u: success(u, np.expm1(x)), 0, 40, epsrel=1e-9)[0] / np.log(2)
                for u in range(sinr.shape[1])]
    return standard_errors(samples, np.array(expected))


@check("(1)", oracle="the inverse of the distribution function", tolerance=3e-15, because="1 - U loses digits, x <= 4")
def power_inverts_the_exponential_law():
    """rayleigh_power(1 - e^-x) = x."""
    x = np.linspace(0.01, 4, 1000)
    return relative_error(rayleigh_power(-np.expm1(-x)), x)


@cache
def drawn():
    """|h|^2 of 40 frames of the package, (40, 8 users, 5 RUs, 60 RBs)."""
    radio = apply_settings(Config(), ("radio.num_dus=5", "radio.num_rbs=60")).radio
    return np.array([draw_frame(3, frame, radio, np.zeros(8)).fading for frame in range(40)])


@check("(1)", oracle="Kolmogorov-Smirnov test and moments", tolerance=3.5,
       because="standard errors over 40 tests of 2400 draws and 4 moments of 96 000")
def power_is_exponential_with_mean_one():
    """P(|h|^2 > x) = e^-x on every link, and E |h|^(2 n) = n! for n = 1 to 4 (R07)."""
    links = drawn().reshape(40, 40, 60).swapaxes(0, 1).reshape(40, -1)
    moments = links.reshape(-1, 1) ** np.arange(1, 5)
    rarest = min(kstest(link, "expon").pvalue for link in links)
    return np.max((as_standard_errors(rarest), standard_errors(moments, factorial(range(1, 5)))))


@check("(1)", oracle="zero correlation", tolerance=5,
       because="standard errors over 780 pairs of links, 1770 of RBs, 780 of frames")
def links_blocks_and_frames_are_independent():
    """Largest correlation of e^-|h|^2 between two links, two RBs, or two frames, times sqrt(draws) (R07)."""
    uniform = np.exp(-drawn()).reshape(40, 40, 60)
    largest = []
    for axis in range(3):
        rows = np.moveaxis(uniform, axis, 0).reshape(uniform.shape[axis], -1)
        pairs = np.triu(np.corrcoef(rows), k=1)
        largest.append(np.max(np.abs(pairs)) * np.sqrt(rows.shape[1]))
    return np.max(largest)
