"""(1): Rayleigh fading, its law and what it makes of rates and outages, against closed forms.

For |h|^2 exponential with mean 1: without interference E log2(1 + g |h|^2) = exp(1/g) E1(1/g) / ln 2, and with
interferers P(SINR > t) = exp(-t s/g_0) prod_j 1 / (1 + t g_j/g_0), g the mean powers and s the noise.  |h|^2 comes from
24 random bits, so that its logarithm and its law can be checked over all 2^24 inputs.  Statistical checks return the
largest of many deviations in standard errors; 4 is exceeded by chance once in 16 000 quantities.
"""

from decimal import Decimal, localcontext
from functools import cache

import numpy as np
from scipy.integrate import quad
from scipy.special import exp1, factorial
from scipy.stats import binom, kstest

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.kernels.channel import rayleigh_power, sinr_physical
from tasam_ref.kernels.rate import link_rate
from tasam_ref.oran.action import Allocation
from tasam_ref.oran.draws import draw_frame
from tasam_ref.oran.radio import RadioNetwork
from tasam_ref.oran.topology import build_topology

from .checks import check
from .oracles import as_standard_errors, largest, standard_errors

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


def capacity(gain, fading):
    """log2(1 + g |h|^2) of the package for each fading (N,) of one user without interference."""
    blocks, user = np.ones((1, 1, fading.size)), np.zeros(1, dtype=int)
    sinr = sinr_physical(np.full((1, 1), gain), fading[None, None], blocks[0], user, 1.0)
    return link_rate(sinr, blocks, user, user, 1.0)[0]


def closed_form(gain):
    """E log2(1 + g |h|^2) = exp(1/g) E1(1/g) / ln 2."""
    return np.exp(1 / gain) * exp1(1 / gain) / np.log(2)


@check("(1)", oracle="exponential integral by scipy.special", tolerance=5e-13, because="quadrature over a log")
def capacity_integrates_to_the_closed_form():
    """Integral over U of log2(1 + g (-ln U)) = exp(1/g) E1(1/g) / ln 2, for g from -20 to 30 dB."""
    gains = 10.0 ** np.arange(-2, 4)
    found = [quad(lambda u, g=g: capacity(g, np.array([-np.log(u)]))[0], 0, 1, epsabs=0, epsrel=1e-12, limit=500)[0]
             for g in gains]
    return np.max(np.abs(found / closed_form(gains) - 1))


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


@cache
def every_power():
    """|h|^2 of the package for n = 1, 2, ..., 2^24, each from its three bytes."""
    digits = np.arange(2**24, dtype="<u4").view(np.uint8).reshape(-1, 4)[:, :3]
    power = np.empty(2**24, dtype=np.float32)
    rayleigh_power(np.ascontiguousarray(digits.T), power)
    return power


@cache
def deviations():
    """Relative error of ``every_power`` against -ln(n / 2^24) by numpy in double precision, n = 1 ... 2^24 - 1."""
    return np.abs(every_power()[:-1] / -np.log(np.arange(1, 2**24) / 2**24) - 1)


@check("(1)", oracle="numpy's logarithm in double precision, all 2^24 inputs", tolerance=3e-7,
       because="the next term of artanh, 2/9 s^9 at s = 0.17, and single precision")
def power_is_the_logarithm_of_every_input():
    """Largest relative error of |h|^2 against -ln(n / 2^24); where that is 0, at n = 2^24, so is |h|^2."""
    return largest(np.max(deviations()), abs(every_power()[-1]))


@check("(1)", oracle="decimal arithmetic with 50 digits", tolerance=3e-7,
       because="the next term of artanh, 2/9 s^9 at s = 0.17, and single precision")
def power_is_the_logarithm_in_50_digits():
    """As before at the 1000 inputs that do worst there, at every 2^e, and at 1000 evenly between."""
    worst, even = np.argpartition(deviations(), -1000)[-1000:] + 1, np.linspace(1, 2**24 - 1, 1000).astype(int)
    with localcontext() as context:
        context.prec = 50
        return max(abs(float(Decimal(float(every_power()[n - 1])) / -(Decimal(n) / 2**24).ln() - 1))
                   for n in (*worst.tolist(), *even.tolist(), *(2**e for e in range(24))))


@check("(1)", oracle="the exponential law", tolerance=3, because="in units of 2^-24: one of the grid, one of rounding")
def every_input_once_is_the_exponential_law():
    """Largest distance of the distribution function of |h|^2, n uniform over 1 ... 2^24, from 1 - e^-x (R07)."""
    power = np.sort(every_power().astype(float))
    rank = np.arange(2**24) + 2**24 * np.exp(-power)
    return largest(np.max(np.abs(rank - 2**24)), np.max(np.abs(rank + 1 - 2**24)))


@check("(1)", oracle="the exponential law", tolerance=1, because="a whole number of inputs against 2^24 p")
def tail_is_exponential_to_one_in_ten_million():
    """Inputs with |h|^2 > ln(1/p) against 2^24 p, for p = 0.1 to 1e-7."""
    chance = 10.0 ** -np.arange(1, 8)
    return np.max(np.abs([np.sum(every_power() > -np.log(p)) - 2**24 * p for p in chance]))


@check("(1)", oracle="E |h|^2 = 1, exponential integral by scipy.special", tolerance=1e-6,
       because="the tail beyond 24 ln 2 and the grid of 2^-24")
def mean_and_capacity_over_every_input():
    """Mean of |h|^2, and of log2(1 + g |h|^2) for g from -20 to 30 dB, over n = 1 ... 2^24."""
    errors = [every_power().mean(dtype=float) - 1]
    for g in 10.0 ** np.arange(-2, 4):
        parts = [capacity(g, part).mean() for part in np.split(every_power(), 64)]
        errors.append(np.mean(parts) / closed_form(g) - 1)
    return np.max(np.abs(errors))


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
