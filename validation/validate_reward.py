"""(8) and its parts: decimal and rational arithmetic, the bounds of R23, and whole steps of the environment twice.

The twin of a step starts from the frame's SINR, users served and delays, and knows the configuration by heart: blocks
of 200 kHz, Q_min of 10 Mbit/s, 50 Mbit/s, 2 ms, bounds of 40 Mbit/s, 80 Mbit/s, 10 ms, alpha of 24/7, 12/7, 48/7.
"""

from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import permutations, product

import numpy as np

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.oran import reward
from tasam_ref.oran.env import OranEnv

from .checks import check
from .oracles import largest, relative_error

PRIORITIES = np.array([1.0, 0.5, 2.0])
ALPHA = np.array([24 / 7, 12 / 7, 48 / 7])
READINGS = (("reward.normalisation=running",), ("reward.q_min_order=swapped",), ("mdp.executed=soft",),
            ("reward.sigmoid=literal",), ("reward.sensitivity=quality_weighted",), ("mdp.action_codec=full_binary",),
            ("reward.qos_reading=weighted_sum",
             "reward.kpi_weights=[[0.1, 0.6, 0.2, 0.3], [0.5, 0.5, 0.5, 0.5], [0.4, 0.1, 0.2, 0.1]]"))
KPI_WEIGHTS = np.array([(0.1, 0.6, 0.2, 0.3), (0.5, 0.5, 0.5, 0.5), (0.4, 0.1, 0.2, 0.1)])


def decimal_sigmoid(x):
    """1 / (1 + e^-x) with 50 digits."""
    with localcontext() as context:
        context.prec = 50
        return float(1 / (1 + (-x).exp()))


@check("(8)", oracle="decimal arithmetic with 50 digits", tolerance=6e-16, because="rounding of tanh, absolute")
def sigmoid_is_that_of_the_paper():
    """sigma(x) = 1 / (1 + e^-x) from -800 to 800, without overflow."""
    x = np.concatenate((np.linspace(-40, 40, 321), (-800.0, 800.0)))
    with np.errstate(over="raise"):
        found = reward.sigmoid(x)
    return np.max(np.abs(found - [decimal_sigmoid(Decimal(float(value))) for value in x]))


def utility_error(name, argument):
    """Largest error of a utility over Q = 0, 1/20 .. 1 and the default alpha, its argument in decimals given."""
    errors = []
    for alpha, twentieth in ((a, q) for a in (24, 12, 48) for q in range(21)):
        with localcontext() as context:
            context.prec = 50
            expected = decimal_sigmoid(Decimal(alpha) / 7 * argument(Decimal(twentieth) / 20))
        found = reward.UTILITIES[name](np.array([[twentieth / 20]]), np.array([[alpha / 7]]))[0, 0]
        errors.append(abs(found - expected))
    return np.max(errors)


@check("(8)", oracle="decimal arithmetic with 50 digits", tolerance=6e-16, because="rounding of tanh, absolute")
def literal_utility_is_sigma_of_alpha_q():
    """sigma(alpha Q), as (8) prints it (R23)."""
    return utility_error("literal", lambda q: q)


@check("(8)", oracle="decimal arithmetic with 50 digits", tolerance=6e-16, because="rounding of tanh, absolute")
def centred_utility_is_sigma_of_alpha_times_2_q_less_1():
    """sigma(alpha (2 Q - 1)), from near 0 to near 1 as the text of (8) says (R23)."""
    return utility_error("centred", lambda q: 2 * q - 1)


@check("(8)", oracle="order and bounds", tolerance=0, because="a count of violations")
def utilities_rise_within_their_bounds():
    """Both rise strictly in Q; centred stays in (0, 1) about 1/2, literal starts at 1/2 and never goes below (R23)."""
    q = np.linspace(0, 1, 1001)[:, None] * np.ones(3)
    centred, literal = reward.centred_utility(q, ALPHA), reward.literal_utility(q, ALPHA)
    wrong = np.sum(np.diff(centred, axis=0) <= 0) + np.sum(np.diff(literal, axis=0) <= 0)
    wrong += np.sum((centred <= 0) | (centred >= 1)) + np.sum(np.abs(centred + centred[::-1] - 1) > 1e-15)
    top = [decimal_sigmoid(Decimal(float(a))) for a in ALPHA]
    return wrong + np.sum(literal[0] != 0.5) + np.sum(literal < 0.5) + np.sum(literal > np.array(top) + 1e-15)


@check("alpha_l", oracle="rational arithmetic", tolerance=0, because="one division, rounded alike")
def alpha_is_in_proportion_to_the_priorities():
    """alpha_l = 4 * 3 w_l / sum w = 24/7, 12/7, 48/7 for w = 1, 1/2, 2: in the ratio of w, with mean 4 (R24)."""
    alpha = reward.priority_normalised(np.zeros((2, 3)), PRIORITIES, 4.0)
    return relative_error(alpha, np.tile([float(Fraction(x, 7)) for x in (24, 12, 48)], (2, 1)))


@check("alpha_l", oracle="rational arithmetic", tolerance=8e-16, because="rounding of five operations")
def quality_weighted_alpha_normalises_over_q():
    """alpha_l = 4 * 3 w_l Q_l / sum w_j Q_j, and the fixed one where no slice has any quality (R24)."""
    quality = [(Fraction(a, 10), Fraction(b, 10), Fraction(c, 10)) for a in (0, 3, 10) for b in (0, 7) for c in (0, 9)]
    weights = (Fraction(1), Fraction(1, 2), Fraction(2))
    expected = []
    for row in quality:
        total = sum(w * q for w, q in zip(weights, row))
        terms = [w * q / total if total else w / sum(weights) for w, q in zip(weights, row)]
        expected.append([float(12 * term) for term in terms])
    return relative_error(reward.quality_weighted(np.array(quality, dtype=float), PRIORITIES, 4.0), np.array(expected))


@check("min-max", oracle="rational arithmetic", tolerance=6e-16, because="rounding of two operations")
def min_max_runs_from_worst_to_best():
    """Rates over 0-40 and 0-80 Mbit/s, latency over 10-0 ms, clipped to [0, 1]; 1 where worst = best (R25)."""
    worst, best = (0, 0, Fraction(1, 100), 5), (4 * 10**7, 8 * 10**7, 0, 5)
    errors = []
    for step in range(-5, 26):
        row = [w + Fraction(step, 20) * (b - w) for w, b in zip(worst, best)]
        expected = [min(max(Fraction(step, 20), Fraction(0)), Fraction(1))] * 3 + [Fraction(1)]
        found = reward.min_max_scale(*(np.array(x, dtype=float) for x in (row, worst, best)))
        errors.append(np.max(np.abs(found - np.array(expected, dtype=float))))
    return np.max(errors)


@check("P_res", oracle="rational arithmetic", tolerance=0, because="one division, rounded alike")
def resource_penalty_starts_beyond_k_m():
    """P_res = -zeta max(0, sum K^l_m - K_m) / K_m with zeta = 2, K_m = 100: 0 up to 100 RBs, -4 at 300 (R22)."""
    claimed = range(301)
    expected = [float(-2 * max(Fraction(0), Fraction(n - 100, 100))) for n in claimed]
    return relative_error(reward.resource_penalty(np.array(claimed, dtype=float), 100, 2.0), expected)


@check("P_minQ", oracle="rational arithmetic", tolerance=6e-16, because="rounding of six operations")
def quality_penalty_adds_up_shortfalls():
    """P_minQ = -zeta sum max(0, Q_min - Q): surplus of one slice never pays for another, no clip below 0 (R26)."""
    levels, needed = [Fraction(n, 10) for n in range(-5, 16, 3)], (Fraction(1, 4), Fraction(5, 8), Fraction(4, 5))
    rows = list(product(levels, repeat=3))
    expected = [float(-2 * sum(max(Fraction(0), n - q) for n, q in zip(needed, row))) for row in rows]
    found = reward.quality_penalty(np.array(rows, dtype=float), np.array(needed, dtype=float), 2.0)
    return relative_error(found, expected)


@check("(8)", oracle="every order of the slices", tolerance=8e-16, because="another order of three additions")
def reward_does_not_depend_on_the_order_of_slices():
    """Slices permuted together with their Q, alpha and Q_min give the same reward, DU by DU."""
    generator = np.random.default_rng(8)
    quality, needed = generator.uniform(-0.2, 1.2, (20, 3)), generator.random(3)

    def total(order):
        q = quality[:, order]
        alpha = reward.priority_normalised(q, PRIORITIES[order], 4.0)
        penalty = reward.quality_penalty(q, needed[order], 2.0)
        return reward.reward(np.clip(q, 0, 1), alpha, reward.centred_utility, np.zeros(20), penalty)

    return np.max([relative_error(total(list(order)), total([0, 1, 2])) for order in permutations(range(3))])


def twin_rates(env, action, frame):
    """Rates of all users: 200 kHz log2(1 + SINR) of the blocks that serve them, times the share of the block."""
    b, e = action[:, :100], action[:, 100:]
    shares, rates = ((1 - b) * e, b * (1 - e), b * e), np.zeros(200)
    for u, (m, s) in enumerate(zip(env.topology.serving, env.topology.slice_of)):
        rates[u] = np.sum((frame.served[m, s] == u) * shares[s][m] * 2e5 * np.log2(1 + frame.sinr[u]))
    return rates


def twin_reward(reading, quality, bounds, needed, claimed):
    """(8) of every DU from Q_l, its bounds and requirements, all (M, L) or (L,)."""
    worst, best = bounds
    height, least = (quality - worst) / (best - worst), (needed - worst) / (best - worst)
    scaled, alpha = np.minimum(np.maximum(height, 0), 1), ALPHA
    if reading == "reward.sensitivity=quality_weighted":
        alpha = np.array([12 * PRIORITIES * q / (PRIORITIES @ q) if PRIORITIES @ q > 0 else ALPHA for q in scaled])
    inner = scaled if reading == "reward.sigmoid=literal" else 2 * scaled - 1
    missing = np.maximum(0, least - height).sum(axis=1)
    return (1 / (1 + np.exp(-alpha * inner))).sum(axis=1) - 2 * missing - 2 * np.maximum(0, claimed - 100) / 100


def largest_error_of_steps(*settings):
    """Error of rates, Q, violations and reward over 20 steps of OranEnv under settings of which the first is a reading.

    Rates relative to 10 Mbit/s, Q to its bounds.
    """
    reading = settings[0] if settings else ""
    env = OranEnv(apply_settings(Config(), settings))
    env.reset(seed=11)
    groups = [np.flatnonzero((env.topology.serving == m) & (env.topology.slice_of == s))
              for m in range(6) for s in range(3)]
    needed, bounds = np.array([1e7, 5e7, 2e-3]), np.array([(0.0, 0.0, 0.01), (4e7, 8e7, 0.0)])
    if reading == "reward.q_min_order=swapped":
        needed = needed[[1, 0, 2]]
    if reading == "reward.qos_reading=weighted_sum":
        bounds = np.array([np.zeros(3), KPI_WEIGHTS.sum(axis=1)])
        needed = np.array([0.25, 0.625, 0.8]) * bounds[1]
    up = np.array([True, True, bounds[0, 2] < bounds[1, 2]])
    generator, met, seen, worst = np.random.default_rng(9), np.zeros(200), [needed], 0.0
    for t, share in enumerate(np.linspace(0, 1, 20), start=1):
        uniform = generator.random((6, env.action_dim))
        action = share * uniform if reading == "mdp.executed=soft" else (uniform < share) * 1.0
        _, value, info = env.step(action)
        claimed, rate, delay = 0.0, info.radio.rate_bps, info.radio.latency_s
        if reading == "mdp.action_codec=full_binary":
            claimed = action[:, :300].sum(axis=1)
        else:
            rate = twin_rates(env, action, info.radio)
        now = rate >= np.array([1e6, 2e6, 5e5])[env.topology.slice_of]
        met += now
        quality = np.array([(rate[g].sum(), rate[g].sum() * now[g].mean(), delay[g].max())[n % 3]
                            for n, g in enumerate(groups)]).reshape(6, 3)
        if reading == "reward.qos_reading=weighted_sum":
            kpis = np.array([(1 - delay[g].max() / 0.01, min(1, rate[g].mean() / (4e6, 8e6, 4e6)[n % 3]),
                              met[g].mean() / t, now[g].mean()) for n, g in enumerate(groups)])
            quality = (kpis.reshape(6, 3, 4) * KPI_WEIGHTS).sum(axis=2)
        if reading == "reward.normalisation=running":
            seen = [*seen, *quality]
            low, high = np.min(seen, axis=0), np.max(seen, axis=0)
            bounds = np.array([np.where(up, low, high), np.where(up, high, low)])
        worst = largest(
            worst, np.max(np.abs(rate - info.radio.rate_bps)) / 1e7,
            np.max(np.abs(info.qos - quality) / np.abs(bounds[1] - bounds[0])),
            np.sum(info.violated != np.where(up, quality < needed, quality > needed)),
            np.max(np.abs(value - twin_reward(reading, quality, bounds, needed, claimed))))
    return worst


@check("(8)", "(7a)", "(2)", "(3)", "(5)", "(7d)", "P_minQ", "alpha_l", "min-max", oracle="a plain twin of the step",
       tolerance=4e-15, because="sums of 20 users and six terms")
def whole_step_follows_equation_8():
    """Rates, Q, violations and reward of 20 steps of OranEnv at its defaults, again from SINR and delays."""
    return largest_error_of_steps()


@check("(8)", "(7a)", "(4)", "(6)", "(7d)", "P_res", "P_minQ", "alpha_l", "min-max", oracle="a plain twin of the step",
       tolerance=4e-15, because="sums of 20 users and six terms")
def every_reading_of_the_reward_follows_its_definition():
    """The same under each of R15, R16, R20 (with P_res), R21, R23, R24 and R25, one at a time."""
    return largest(*(largest_error_of_steps(*settings) for settings in READINGS))
