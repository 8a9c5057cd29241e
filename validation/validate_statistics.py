"""Intervals over runs against SciPy and by simulation; the random streams' addresses, and batches drawn from them."""

import itertools

import numpy as np
from scipy import stats

from tasam_ref.analysis.stats import mean_interval
from tasam_ref.streams import evaluation_episode_seed, stream, training_episode_seed

from .checks import check
from .oracles import as_standard_errors, largest, standard_errors
from .validate_algorithm import batch_origins, run


@check("statistics", oracle="scipy.stats.t.interval", tolerance=6e-15, because="two inversions of Student's t")
def interval_is_scipys():
    """Mean and half width of 2 to 40 values at four levels, relative to the half width."""
    generator, worst = np.random.default_rng(1), 0.0
    for n in (2, 3, 5, 10, 40):
        values = 3 + generator.standard_normal(n)
        for level in (0.5, 0.9, 0.95, 0.99):
            found, mean = mean_interval(values, level), np.mean(values)
            low, high = stats.t.interval(level, n - 1, loc=mean, scale=stats.sem(values))
            error = max(abs(found.mean - mean), abs(found.low - low), abs(found.high - high))
            worst = largest(worst, error / (high - mean))
    return worst


@check("statistics", oracle="the binomial law", tolerance=4.0, because="4 standard errors over 12 coverages")
def interval_covers_the_mean_as_often_as_it_says():
    """Shares of 1000 normal samples whose interval holds the mean, at levels 0.5 to 0.99; n = 2, 5, 20 runs."""
    worst, count = 0.0, 1000
    for n, level in itertools.product((2, 5, 20), (0.5, 0.8, 0.95, 0.99)):
        samples = 7 + stream(2, "coverage", n).standard_normal((count, n))
        intervals = [mean_interval(row, level) for row in samples]
        covered = np.mean([one.low <= 7 <= one.high for one in intervals])
        worst = largest(worst, abs(covered - level) / np.sqrt(level * (1 - level) / count))
    return worst


@check("statistics", oracle="cases by hand", tolerance=0, because="whole numbers, and NaN where one value cannot tell")
def single_run_has_no_interval():
    """One value: its mean and NaN; equal values: an interval of width 0."""
    one, equal = mean_interval([4.0]), mean_interval([2.0, 2.0, 2.0])
    return (one.mean != 4) + (not np.isnan(one.low)) + (not np.isnan(one.high)) + ((equal.low, equal.high) != (2, 2))


def _addresses():
    names = "replay", "policy", "target", "td_error", "exploration"
    return [(seed, name, *index) for seed in (0, 1, 2) for name in names
            for index in ((), (0,), (1,), (0, 0), (1, 0), (0, 1), (2, 0, 1))]


@check("statistics", oracle="bytes", tolerance=0, because="the same bits")
def same_address_gives_the_same_bits_and_no_other_does():
    """A stream depends on its address alone: not on what was drawn before, and (1,) is not (1, 0)."""
    first = [stream(*address).standard_normal(8).tobytes() for address in _addresses()]
    again = [stream(*address).standard_normal(8).tobytes() for address in reversed(_addresses())][::-1]
    return sum(a != b for a, b in zip(first, again)) + len(first) - len(set(first))


@check("statistics", oracle="Fisher's z of each pair", tolerance=5.0, because="5460 pairs, one in 2 million beyond 5")
def streams_of_different_addresses_are_uncorrelated():
    """Correlations of 4000 normal numbers of all pairs of 105 addresses, in standard errors."""
    draws = np.array([stream(*address).standard_normal(4000) for address in _addresses()])
    pairs = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    return np.max(np.abs(np.arctanh(pairs))) * np.sqrt(4000 - 3)


@check("statistics", oracle="Kolmogorov-Smirnov test and moments", tolerance=4.0, because="4 standard errors")
def first_numbers_of_streams_are_normal():
    """What 5000 successive addresses draw first is a normal sample too: neighbours share nothing."""
    first = np.array([stream(3, "replay", k).standard_normal() for k in range(5000)])
    neighbours = np.corrcoef(first[1:], first[:-1])[0, 1] * np.sqrt(first.size - 1)
    return max(as_standard_errors(stats.kstest(first, "norm").pvalue), standard_errors(first, 0.0), abs(neighbours))


@check("statistics", oracle="parity and counting", tolerance=0, because="whole numbers")
def training_and_evaluation_never_meet():
    """Training seeds are even and evaluation seeds odd; 20 runs of 100 episodes and 500 held-out ones all differ."""
    training = [training_episode_seed(run_seed, e) for run_seed in range(20) for e in range(100)]
    held_out = [evaluation_episode_seed(e) for e in range(500)]
    wrong = sum(seed % 2 != 0 for seed in training) + sum(seed % 2 != 1 for seed in held_out)
    return wrong + len(training) + len(held_out) - len({*training, *held_out})


@check("statistics", "A1 l.20-23", oracle="chi-squared test", tolerance=3.5, because="6 tests, one in 350 beyond 3.5")
def batches_are_uniform_over_the_buffers():
    """R40: places in the buffers of the batches of 120 steps of every actor and of the critic."""
    trainer, _ = run("no_sam", "mdp.identity=one_hot", "mdp.episode_frames=100")

    def train():
        for step in range(120):
            trainer.learner.update_actors(6, step, [None] * 3)
            trainer.learner.update_critic(6, step, None)

    counts = np.zeros((2, 3, 24))
    for k, rows in enumerate(batch_origins(trainer, train)):
        np.add.at(counts[int(k % 4 == 3)], tuple(rows.T), 1)
    return max(as_standard_errors(stats.chisquare(row).pvalue) for row in counts.reshape(6, 24))
