"""Beyond the paper: performance profiles of the headline's methods, and how probably a run beats one without SAM."""

import warnings

import numpy as np

from tasam_ref.analysis.aggregates import (
    FEW_RUNS,
    bootstrap_interval,
    performance_profile,
    probability_of_improvement,
)
from tasam_ref.streams import stream

from . import style

RIVAL = "no_sam"


def draw(results):
    """P(reward > tau) over tau, and P(X > Y) of every method's runs X over those without SAM, Y."""
    scores = results.scores("headline")
    rewards = {method: scores.where(method=method)["reward"] for method in scores.unique("method")}
    wins = {method: improvement(rewards[method], rewards[RIVAL], stream(0, "profile", k))
            for k, method in enumerate(rewards) if method != RIVAL}
    order = sorted(wins, key=lambda method: wins[method].mean)
    figure, (left, right) = style.new(2, height=1.5 + 0.21 * len(rewards), width_ratios=(3, 2))
    taus = _thresholds(np.concatenate(list(rewards.values())))
    for method in (RIVAL, *order):
        colour, line, _ = style.LOOKS[method]
        left.step(taus, performance_profile(rewards[method], taus), line, where="post", color=colour)
    for y, method in enumerate(order):
        colour, line, marker = style.LOOKS[method]
        right.hlines(y, wins[method].low, wins[method].high, color=colour, linestyle=line)
        right.plot(wins[method].mean, y, marker, color=colour)
    colour, line, _ = style.LOOKS[RIVAL]
    right.axvline(0.5, color=colour, linestyle=line)
    right.annotate(style.NAMES[RIVAL], (0.5, len(order) - 0.6), xytext=(3, 3), textcoords="offset points", color=colour)
    right.set_yticks(range(len(order)), [style.NAMES[method] for method in order])
    right.set(xlabel=f"P(a run of it beats one of {style.NAMES[RIVAL]})", xlim=(-0.04, 1.04))
    left.set(xlabel=f"tau, held-out {style.REWARD}", ylabel="P(reward > tau): share of runs", ylim=(-0.03, 1.03))
    text = (
        f"{style.seeds(scores)} each, {style.length(results, 'headline')}. Left: the share of a method's runs above "
        "every reward; the higher the better, in the colours and lines of the right. Right: the share of pairs of "
        "runs that a method wins, a tie counting half, with 95 % bootstrap intervals over runs, which are points where "
        f"all pairs went one way; below 0.5 it is worse than {style.NAMES[RIVAL]}.")
    few = min(map(len, rewards.values())) < FEW_RUNS
    style.caption(figure, text + f" Intervals of fewer than {FEW_RUNS} runs hardly bound anything." * few)
    return figure


def improvement(scores, others, generator):
    """P(X > Y) with its bootstrap Interval; so few runs that it hardly bounds anything are the caption's to tell."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* hardly bound")
        return bootstrap_interval([scores, others], probability_of_improvement, generator)


def _thresholds(rewards):
    """Where a profile steps, and a margin to both sides."""
    held = np.unique(rewards)
    margin = 0.03 * (np.ptp(held) or 1.0)
    return np.concatenate(([held[0] - margin], held, [held[-1] + margin]))
