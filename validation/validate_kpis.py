"""(2)-(6) and the metrics of Sec. VI-E: user by user in rational arithmetic, by hand, and through the environment."""

from fractions import Fraction

import numpy as np

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.kernels.kpis import max_latency, mean_throughput, service_availability, user_density_support
from tasam_ref.oran import qos
from tasam_ref.oran.env import OranEnv, slice_qos

from .checks import check
from .oracles import relative_error

SHAPE = (3, 2)
GROUP = np.array([0, 0, 0, 1, 2, 2, 3, 5, 5, 5, 5])
"""DU and slice of eleven users, m L + l; slice 0 of the last DU (group 4) has nobody."""


def by_group(values, of_members, empty):
    """(M, L) of a function of each group's values, as doubles."""
    groups = [[v for v, g in zip(values, GROUP) if g == n] for n in range(6)]
    return np.array([float(of_members(members)) if members else empty for members in groups]).reshape(SHAPE)


def average(values):
    """Rational mean."""
    return sum(map(Fraction, values)) / len(values)


@check("(2)", oracle="the largest of each group, user by user", tolerance=0, because="the same numbers")
def latency_is_the_largest_delay():
    """l_d = max of tau_i over the slice's users; 0 for a slice without users."""
    delay = np.random.default_rng(1).exponential(1e-3, GROUP.size)
    return np.sum(max_latency(delay, GROUP, SHAPE) != by_group(delay, max, 0.0))


@check("(3)", oracle="rational arithmetic", tolerance=5e-16, because="rounding of three additions")
def throughput_is_the_mean_rate():
    """mu_r = (1 / N_u) sum of C_i."""
    rate = np.random.default_rng(2).exponential(4e6, (50, GROUP.size))
    return np.max([relative_error(mean_throughput(c, GROUP, SHAPE), by_group(c, average, 0.0)) for c in rate])


@check("(4)", oracle="rational arithmetic over frames and users", tolerance=6e-16, because="rounding of six operations")
def availability_is_the_mean_over_frames_and_users():
    """s_a = (1 / T) sum over t of 1(C_i >= lambda_i), averaged over the slice's users (R14), for T = 1 to 60."""
    satisfied = np.random.default_rng(3).random((60, GROUP.size)) < 0.6
    errors = []
    for frames in range(1, 61):
        shares = [Fraction(int(n), frames) for n in satisfied[:frames].sum(axis=0)]
        found = service_availability(satisfied[:frames].sum(axis=0), frames, GROUP, SHAPE)
        errors.append(relative_error(found, by_group(shares, average, 0.0)))
    return np.max(errors)


@check("(5)", oracle="rational arithmetic", tolerance=0, because="one division, rounded alike")
def density_support_is_the_share_of_satisfied_users():
    """d_s = (1 / N_u) sum of 1(C_i >= lambda_i)."""
    satisfied = np.random.default_rng(4).random((50, GROUP.size)) < 0.6
    return np.sum([user_density_support(row, GROUP, SHAPE) != by_group(row.tolist(), average, 0.0)
                   for row in satisfied])


@check("(6)", oracle="rational arithmetic", tolerance=6e-16, because="rounding of four products and sums")
def weighted_qos_adds_four_kpis():
    """Q_l = sum over the four KPIs of omega_(i,l) M_i, each slice with its own weights."""
    generator = np.random.default_rng(5)
    kpis, weights = generator.random((3, 2, 4)), generator.random((2, 4))
    expected = [[float(sum(Fraction(w) * Fraction(v) for w, v in zip(weights[s], kpis[m, s]))) for s in range(2)]
                for m in range(3)]
    return relative_error(qos.weighted_qos(kpis, weights), np.array(expected))


@check("(6)", oracle="hand-worked shares", tolerance=0, because="sums of quarters and eighths")
def weighted_qos_compares_kpis_in_shares():
    """R15: 2.5 of 10 ms is 3/4, 3 of 4 Mbit/s is 3/4, 12 of 8 is 1; the defaults weigh 1, 1/2 and 1/2, and 1."""
    kpis = np.array([[[5e-3, 3e6, 0.1, 0.2], [1e-3, 12e6, 0.3, 0.25], [2.5e-3, 1e6, 0.9, 0.4]],
                     [[0.0, 4e6, 0.0, 0.0], [1e-2, 2e6, 1.0, 1.0], [1e-2, 0.0, 0.0, 0.0]]])
    config = apply_settings(Config(), ("reward.qos_reading=weighted_sum",))
    expected = np.array([[0.75, 0.625, 0.75], [1.0, 0.625, 0.0]])
    return relative_error(slice_qos(kpis, np.ones((2, 3)), config), expected)


@check("(6)", "VI-E", oracle="hand-worked metrics of Sec. VI-E", tolerance=0, because="whole numbers")
def section_vi_e_metrics_by_hand():
    """13 users at 2 Mbit/s: 26 Mbit/s; 14 at 5 of whom half are satisfied: 35 Mbit/s; the worst delay: 1.7 ms."""
    kpis = np.array([[[4e-3, 2e6, 0.9, 0.8], [3e-3, 5e6, 0.7, 0.5], [1.7e-3, 9e6, 0.6, 0.3]]])
    return np.sum(slice_qos(kpis, np.array([[13, 14, 7]]), Config()) != (26e6, 35e6, 1.7e-3))


@check("(2)", "(3)", "(4)", "(5)", oracle="one plain pass over frames and users", tolerance=1e-15,
       because="sums of 20 users and 12 frames")
def environment_reports_the_four_kpis():
    """KPIs of 12 frames of OranEnv at its defaults, again from rates and delays; availability over the episode."""
    env = OranEnv(Config())
    generator, errors = np.random.default_rng(6), []
    needed = np.array([1e6, 2e6, 5e5])[env.topology.slice_of]
    for seed in (4, 5):
        env.reset(seed=seed)
        history = []
        for _ in range(12):
            info = env.step(generator.integers(0, 2, (6, 200)))[2]
            rate, delay = info.radio.rate_bps, info.radio.latency_s
            history.append(rate >= needed)
            for m, s in np.ndindex(6, 3):
                mine = (env.topology.serving == m) & (env.topology.slice_of == s)
                expected = (max(delay[mine]), rate[mine].mean(), np.mean([h[mine] for h in history]),
                            np.mean(history[-1][mine]))
                errors.append(np.max(np.abs(info.kpis[m, s] - expected) / (1e-2, 1e7, 1, 1)))
    return np.max(errors)
