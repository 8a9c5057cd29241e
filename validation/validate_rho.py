"""rho: the schedules of the SAM radius (R36) against rational and decimal arithmetic, and what a real run logs."""

from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np

from tasam_ref.config import SamConfig
from tasam_ref.optim.rho_schedule import (
    anneal_by_entropy,
    cosine,
    exponential,
    linear,
    rho_at,
    scale_by_td_variance,
    static,
)

from .checks import check
from .oracles import largest, relative_error
from .validate_algorithm import HALF_OPEN, run

PI = Decimal("3.14159265358979323846264338327950288419716939937511")
PROGRESS = [Fraction(k, 64) for k in range(65)]
ENDS = (0.5, 0.01), (0.01, 0.5), (3.0, 1e-6)


def _worst(schedule, formula):
    """Largest error of a schedule, elementwise, over 65 dyadic values of progress and several ends."""
    with localcontext(prec=50):
        return max(abs(schedule(float(p), *ends) / float(formula(Decimal(float(p)), *map(Decimal, ends))) - 1)
                   for p in PROGRESS for ends in ENDS)


def _decimal_cosine(x):
    """Taylor's series of cos x with 50 digits for x in 0..pi."""
    term = total = Decimal(1)
    for n in range(1, 40):
        term *= -x * x / (2 * n * (2 * n - 1))
        total += term
    return total


@check("rho", oracle="decimal arithmetic with 50 digits", tolerance=1e-15, because="three roundings")
def linear_is_the_straight_line():
    """rho_init + (rho_final - rho_init) p."""
    return _worst(linear, lambda p, first, last: first + (last - first) * p)


@check("rho", oracle="decimal exponential and logarithm", tolerance=1e-15, because="rounding of two powers")
def exponential_is_the_geometric_decay():
    """rho_init exp(p log(rho_final / rho_init))."""
    return _worst(exponential, lambda p, first, last: first * (p * (last / first).ln()).exp())


@check("rho", oracle="Taylor series with 50 digits", tolerance=2e-13,
       because="cancellation near p = 1 where rho_final is 3e-7 of rho_init")
def cosine_is_the_half_wave():
    """rho_final + (rho_init - rho_final) (1 + cos(pi p)) / 2."""
    return _worst(cosine, lambda p, first, last: last + (first - last) * (1 + _decimal_cosine(PI * p)) / 2)


@check("rho", oracle="the ends of Sec. VI-B", tolerance=0, because="0 and 1 are exact")
def every_schedule_runs_from_a_half_to_a_hundredth():
    """0.5 at the first and 0.01 at the last iteration of runs of 2 to 1000, then 0.01 for good; static stays at 0.5."""
    wrong = 0
    for n in (2, 3, 7, 10, 1000):
        for name in ("linear", "exponential", "cosine", "td_driven"):
            sam = replace(SamConfig(), rho_schedule=name)
            wrong += [rho_at(t, sam, n) for t in (0, n - 1, n, 5 * n)] != [0.5, 0.01, 0.01, 0.01]
        sam = replace(SamConfig(), rho_schedule="static")
        wrong += [rho_at(t, sam, n) for t in (0, n - 1, n)] != [0.5, 0.5, 0.5] or static(1.0, 0.5, 0.01) != 0.5
    return wrong


@check("rho", oracle="order", tolerance=0, because="a schedule falls or it does not")
def radius_falls_strictly_and_stays_in_its_bounds():
    """rho_t > rho_{t+1} over 1000 iterations, within [0.01, 0.5]; with the ends exchanged it rises."""
    wrong = 0
    for name in ("linear", "exponential", "cosine", "td_driven"):
        for first, last in ((0.5, 0.01), (0.01, 0.5)):
            sam = replace(SamConfig(), rho_schedule=name, rho_init=first, rho_final=last)
            path = np.array([rho_at(t, sam, 1000) for t in range(1000)])
            wrong += np.count_nonzero(np.diff(path) * (last - first) <= 0)
            wrong += np.count_nonzero((path < 0.01) | (path > 0.5))
    return wrong


@check("rho", oracle="rational arithmetic", tolerance=3e-15, because="rounding of progress and line")
def decay_steps_end_the_decay():
    """linear: 0.5 - 0.49 min(t / steps, 1), where steps is the field, or num_iterations - 1 where it is 0."""
    worst = 0.0
    for field, steps in ((0, 29), (1, 1), (10, 10), (100, 100)):
        sam = replace(SamConfig(), rho_decay_steps=field)
        expected = [float(Fraction(1, 2) - Fraction(49, 100) * min(Fraction(t, steps), 1)) for t in range(30)]
        worst = largest(worst, *(abs(rho_at(t, sam, 30) / expected[t] - 1) for t in range(30)))
    return worst


@check("rho", oracle="rational arithmetic", tolerance=1e-15, because="rounding of the mean and the product")
def td_driven_radii_are_shares_of_the_variance():
    """rho var_i / mean var, clipped to the two ends; for 1 to 7 agents, the mean rho kept where nothing is clipped."""
    generator, worst = np.random.default_rng(1), 0.0
    for agents in range(1, 8):
        for spread in (0.1, 1.0, 3.0):
            variances = np.exp(spread * generator.standard_normal(agents))
            exact = [Fraction(float(v)) for v in variances]
            for rho in (0.01, 0.2, 0.5):
                shares = [Fraction(rho) * v * agents / sum(exact) for v in exact]
                clipped = [float(min(max(share, Fraction(0.01)), Fraction(0.5))) for share in shares]
                found = scale_by_td_variance(rho, variances, 0.5, 0.01)
                worst = largest(worst, np.max(np.abs(found / clipped - 1)))
                if clipped == [float(share) for share in shares]:
                    worst = largest(worst, abs(found.mean() / rho - 1))
    return worst


@check("rho", oracle="cases by hand", tolerance=0, because="dyadic numbers are exact")
def td_driven_radii_by_hand():
    """Equal, no, one agent's and uneven variances; the ends in either order."""
    wrong = 0
    for variances, expected in (((2.0, 2.0, 2.0), (0.25, 0.25, 0.25)), ((0.0, 0.0), (0.25, 0.25)), ((3.0,), (0.25,)),
                                ((1.0, 3.0), (0.125, 0.375)), ((0.0, 0.0, 0.0, 1.0), (0.0625, 0.0625, 0.0625, 0.5))):
        for ends in ((0.5, 0.0625), (0.0625, 0.5)):
            wrong += not np.array_equal(scale_by_td_variance(0.25, np.array(variances), *ends), expected)
    return wrong


@check("rho", oracle="decimal exponential", tolerance=1e-15, because="rounding of an exponential")
def entropy_annealed_radius_is_the_width_of_the_policies():
    """rho_init e^-drop between the two ends, in either order, for drops from -5 to 15 nat per dimension."""
    worst = 0.0
    for sixteenths in range(-80, 241):
        for first, last in ENDS:
            with localcontext(prec=50):
                radius = Decimal(first) * (-Decimal(sixteenths) / 16).exp()
                expected = min(max(radius, Decimal(min(first, last))), Decimal(max(first, last)))
            worst = largest(worst, abs(anneal_by_entropy(sixteenths / 16, first, last) / float(expected) - 1))
    return worst


@check("rho", "A1 l.11-15", "A1 l.20-23", oracle="formulas in the iteration's number", tolerance=4e-15,
       because="rounding of one power")
def runs_log_the_radii_of_their_schedule():
    """Columns rho_critic and, of selected actors, rho_actor (else 0) over 6 iterations, from 0.5 to 0.01."""
    formulas = {"linear": lambda p: 0.01 + 0.49 * (1 - p), "exponential": lambda p: 0.5 * 50**-p,
                "cosine": lambda p: 0.255 + 0.245 * np.cos(np.pi * p), "static": lambda p: 0.5}
    worst = 0.0
    for name, formula in formulas.items():
        _, rows = run("ta_sam", f"sam.rho_schedule={name}", *HALF_OPEN)
        for t, row in enumerate(rows):
            variances = row["td_error_variance"]
            expected = formula(t / 5) * np.array([np.ones(3), variances >= np.median(variances)])
            worst = largest(worst, relative_error(np.array([row["rho_critic"], row["rho_actor"]]), expected))
    return worst


@check("rho", "A1 l.11-15", oracle="the formula on the logged variances", tolerance=1e-15, because="rounding of means")
def td_driven_runs_log_the_shares_of_their_variances():
    """rho_actor = clip(rho_t var_i / mean var) for every actor, while the critic keeps rho_t."""
    _, rows = run("both_sam", "sam.rho_schedule=td_driven")
    worst = 0.0
    for t, row in enumerate(rows):
        rho, variances = 0.01 + 0.49 * (5 - t) / 5, row["td_error_variance"]
        expected = [np.full(3, rho), np.minimum(np.maximum(rho * variances / variances.mean(), 0.01), 0.5)]
        worst = largest(worst, relative_error(np.array([row["rho_critic"], row["rho_actor"]]), np.array(expected)))
    return worst


@check("rho", "A1 l.11-15", "A1 l.20-23", oracle="the formula on the logged entropies", tolerance=1e-15,
       because="rounding of an exponential")
def entropy_annealed_runs_log_the_radii_of_their_entropies():
    """rho_critic = 0.5 e^(mean over actors of (H_t - H_1) / 16 dimensions), between the two ends; rho_actor is half."""
    worst, radii = 0.0, set()
    for final in (0.01, 0.49, 5.0):
        _, rows = run("both_sam", "sam.rho_schedule=entropy_annealed", "sam.actor_rho_ratio=0.5",
                      f"sam.rho_final={final}")
        for row in rows:
            widths = np.exp((row["entropy"] - rows[0]["entropy"]) / 16)
            radius = min(max(0.5 * np.prod(widths) ** (1 / 3), min(0.5, final)), max(0.5, final))
            radii.add(radius)
            expected = np.array([np.full(3, radius), np.full(3, radius / 2)])
            worst = largest(worst, relative_error(np.array([row["rho_critic"], row["rho_actor"]]), expected))
    return worst if {0.49, 0.5} < radii and len(radii) > 5 else np.inf          # both clips, and free in between
