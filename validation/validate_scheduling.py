"""e: which user of a slice each claimed RB serves (Sec. III-A, R46), against brute force and plain sequential twins.

Rates, averages and shares of RBs are whole or dyadic numbers, on which the kernels are exact; only in the last check
a real network's frames are scheduled again from their SINR.
"""

from fractions import Fraction
from itertools import product

import numpy as np

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.kernels.scheduling import maximum_rate, proportional_fair, round_robin
from tasam_ref.oran.env import OranEnv

from .checks import check

SCHEDULERS = round_robin, maximum_rate, proportional_fair
SIZES, TINY = ((2, 3), (0, 2), (1, 4)), ((2, 3), (1, 2))
"""Users of both slices in each cell; one slice has nobody."""


def groups(sizes):
    """(cell, slice, its users) one after the other, and where each group starts."""
    start = np.concatenate(([0], np.cumsum(sizes)))
    return [(*divmod(g, 2), range(start[g], start[g + 1])) for g in range(start.size - 1)], start


def network(generator, num_rbs, sizes=SIZES):
    """Random claims in quarters, of which many are 0, rates of 1 to 9 and averages of 0 to 20."""
    users = np.sum(sizes)
    claims = np.maximum(generator.integers(-3, 5, (len(sizes), 2, num_rbs)), 0) / 4
    return claims, generator.integers(1, 10, (users, num_rbs)).astype(float), generator.integers(0, 21, users) * 1.0


@check("e", oracle="membership, RB by RB", tolerance=0, because="a count of violations")
def only_claimed_rbs_are_served_and_by_their_own_users():
    """A user is served where its own slice claims the RB in its own cell and has users, and nowhere else."""
    generator, wrong = np.random.default_rng(1), 0
    members, start = groups(SIZES)
    for _ in range(200):
        claims, rate, mean_rate = network(generator, num_rbs=6)
        pointer = generator.integers(0, 9, (3, 2))
        for scheduler in SCHEDULERS:
            served, _ = scheduler(claims, rate, start, mean_rate, pointer, 0.125)
            for m, s, users in members:
                for k in range(6):
                    asked = claims[m, s, k] > 0 and len(users) > 0
                    wrong += served[m, s, k] not in (users if asked else (-1,))
    return wrong


@check("e", oracle="brute force over every assignment", tolerance=0, because="sums of dyadic numbers")
def maximum_rate_has_the_largest_sum_of_all_assignments():
    """No e with at most one user per claimed RB has a larger sum of b r: up to 5184 assignments of each network."""
    generator, wrong = np.random.default_rng(2), 0
    members, start = groups(TINY)
    for _ in range(60):
        claims, rate, mean_rate = network(generator, num_rbs=2, sizes=TINY)
        served, _ = maximum_rate(claims, rate, start, mean_rate, np.zeros((2, 2), dtype=int), 0.125)
        gains = [[0.0] + [claims[m, s, k] * rate[u, k] for u in users]
                 for m, s, users in members for k in range(2) if claims[m, s, k] > 0]
        reached = sum(claims[m, s, k] * rate[served[m, s, k], k] for m, s, k in np.argwhere(served >= 0))
        wrong += reached != max(map(sum, product(*gains)))
    return wrong


@check("e", oracle="one argmax after the other in fractions", tolerance=0, because="a count of other users")
def proportional_fair_serves_the_largest_rate_over_average():
    """argmax r / (7/8 average + 1/8 rate so far in the frame), RB by RB; whoever has no average yet comes first."""
    generator, wrong = np.random.default_rng(3), 0
    members, start = groups(SIZES)
    for _ in range(200):
        claims, rate, mean_rate = network(generator, num_rbs=8)
        served, _ = proportional_fair(claims, rate, start, mean_rate, np.zeros((3, 2), dtype=int), 0.125)
        average = [Fraction(7, 8) * Fraction(c) for c in mean_rate]
        for m, s, users in members:
            for k in range(8 * (len(users) > 0)):
                if claims[m, s, k] > 0:
                    best = max(users, key=lambda u: (average[u] == 0, Fraction(rate[u, k]) / (average[u] or 1)))
                    average[best] += Fraction(1, 8) * Fraction(claims[m, s, k]) * Fraction(rate[best, k])
                    wrong += served[m, s, k] != best
    return wrong


@check("e", oracle="the turns counted", tolerance=0, because="a count of turns out of line")
def round_robin_takes_even_turns_across_frames():
    """After every RB of 40 frames the turns that a slice's users have had differ by at most one, and all had some."""
    generator, wrong = np.random.default_rng(4), 0
    members, start = groups(SIZES)
    turns, pointer = np.zeros(start[-1], dtype=int), np.zeros((3, 2), dtype=int)
    for _ in range(40):
        claims, rate, mean_rate = network(generator, num_rbs=5)
        served, pointer = round_robin(claims, rate, start, mean_rate, pointer, 0.125)
        for m, s, users in members:
            for user in served[m, s][served[m, s] >= 0]:
                turns[user] += 1
                wrong += np.ptp(turns[users]) > 1
    return wrong + np.count_nonzero(turns == 0)


@check("e", oracle="the frames scheduled again, user by user", tolerance=0, because="a count of other users")
def real_frames_are_scheduled_by_the_rates_of_their_sinr():
    """12 frames of OranEnv with each scheduler: turns carry on, averages follow c <- 9/10 c + 1/10 rate (R46)."""
    wrong = 0
    for name in ("round_robin", "maximum_rate", "proportional_fair"):
        env = OranEnv(apply_settings(Config(), ("radio.num_dus=2", "radio.num_ues=20", "radio.num_rbs=12",
                                                f"radio.scheduler={name}")))
        env.reset(seed=5)
        generator, average, turn = np.random.default_rng(5), np.zeros(20), np.zeros((2, 3), dtype=int)
        for _ in range(12):
            frame = env.step(generator.integers(0, 2, (2, 24)))[2].radio
            rate, sofar = np.log2(1 + frame.sinr), np.zeros(20)
            for m, s in np.ndindex(2, 3):
                users = np.flatnonzero((env.topology.serving == m) & (env.topology.slice_of == s))
                for k in np.flatnonzero(frame.claims[m, s]):
                    urgency = {"round_robin": np.arange(users.size) == turn[m, s] % users.size,
                               "maximum_rate": rate[users, k],
                               "proportional_fair": rate[users, k] / np.maximum(
                                   0.9 * average[users] + 0.1 * sofar[users], 1e-12)}[name]
                    best = users[np.argmax(urgency)]
                    sofar[best] += rate[best, k]
                    turn[m, s] += 1
                    wrong += frame.served[m, s, k] != best
            average = 0.9 * average + 0.1 * sofar
    return wrong
