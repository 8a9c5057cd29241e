"""Sec. VI-A: where users are dropped and how they walk, against complex arithmetic and closed-form laws.

A turn is one of +-pi/3, +-pi/6, +-pi/12 and 0, whose mean cosine is c = (1 + 2 cos 60 + 2 cos 30 + 2 cos 15) / 7, so
that n turns in a row leave E cos = c^n of the first direction.  Statistical checks return standard errors.
"""

import numpy as np
from scipy.stats import chisquare, kstest

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.oran.action import Allocation
from tasam_ref.oran.draws import draw_frame
from tasam_ref.oran.radio import RadioNetwork
from tasam_ref.oran.topology import build_topology, drop_users

from .checks import check
from .oracles import as_standard_errors, standard_errors

DEGREES = (-60, -30, -15, 0, 15, 30, 60)
MEAN_COSINE = (2 + np.sqrt(3) + (np.sqrt(6) + np.sqrt(2)) / 2) / 7
UNBOUNDED = "radio.cell_radius_m=1e6"


def walk(seed, frames, *settings):
    """Positions (complex, m) and headings (rad), both (frames + 1, U), and the centre (U,) of each user's disc."""
    config = apply_settings(Config(), ("radio.num_rbs=1", *settings))
    topology = build_topology(config.radio, config.slices)
    network = RadioNetwork(config, topology)
    network.reset(seed)
    nothing = Allocation(np.zeros((*topology.counts.shape, 1)), None, np.zeros(topology.counts.shape[0]))
    places, headings = [network.state["position"] @ (1, 1j)], [network.state["heading"]]
    for _ in range(frames):
        network.transmit(nothing)
        places.append(network.state["position"] @ (1, 1j))
        headings.append(network.state["heading"])
    return np.array(places), np.array(headings), topology.ru_position[topology.serving] @ (1, 1j)


def draws(seed, frame):
    """Directions and speeds of the 200 users in one frame."""
    drawn = draw_frame(seed, frame, Config().radio, np.zeros(200))
    return drawn.direction, drawn.speed


@check("mobility", oracle="the disc", tolerance=0, because="a count of users outside, beyond rounding")
def users_stay_in_their_disc():
    """|x - centre| <= 250 m over 300 frames of 0.1 s, and over 100 of 12.5 s, in which 20 m/s crosses the radius."""
    outside = 0
    for frames, frame_s in ((300, 0.1), (100, 12.5)):
        places, _, centre = walk(1, frames, f"radio.frame_s={frame_s}")
        outside += np.sum(np.abs(places - centre) > 250 * (1 + 1e-12))
    return outside


@check("mobility", oracle="v dt from the drawn speeds", tolerance=3e-13, because="steps of 1 m at coordinates of 700 m")
def every_step_is_v_dt_long():
    """|x(t+1) - x(t)| = v dt for everybody, also at the edge."""
    places, _, _ = walk(2, 60)
    lengths = 0.1 * np.array([draws(2, frame)[1] for frame in range(60)])
    return np.max(np.abs(np.abs(np.diff(places, axis=0)) / lengths - 1))


@check("mobility", oracle="complex arithmetic", tolerance=6e-16, because="rounding relative to 1 km")
def users_walk_straight_or_to_the_centre():
    """x + v dt e^(i phi) where that is inside the disc, else as far to the centre; phi turns or is a compass (R08)."""
    errors, edges = [], 0
    for reading in ("turn", "heading"):
        places, headings, centre = walk(3, 60, f"radio.mobility={reading}", "radio.frame_s=1.0")
        for frame in range(60):
            direction, speed = draws(3, frame)
            way = np.exp(1j * (direction + (headings[frame] if reading == "turn" else 0)))
            edge = np.abs(places[frame] + speed * way - centre) > 250
            home = (centre - places[frame]) / np.abs(centre - places[frame])
            expected = places[frame] + speed * np.where(edge, home, way)
            errors.append(np.max(np.abs(places[frame + 1] - expected)) / 1000)
            edges += np.sum(edge)
    return np.max(errors) if edges > 100 else np.inf


@check("mobility", oracle="the seven angles in degrees and chi-square", tolerance=4,
       because="standard errors of 40 000 draws over 7 angles")
def seven_turns_are_equally_likely():
    """Every direction is -60, -30, -15, 0, 15, 30 or 60 degrees, each in one case of seven."""
    degrees = np.rad2deg(np.concatenate([draws(4, frame)[0] for frame in range(200)]))
    counts = [np.sum(np.abs(degrees - angle) < 1e-12) for angle in DEGREES]
    return as_standard_errors(chisquare(counts).pvalue) if sum(counts) == degrees.size else np.inf


@check("mobility", oracle="c^n of the mean cosine", tolerance=4, because="standard errors of 2000 users over 24 means")
def turns_forget_the_first_direction():
    """E cos(phi_n - phi_0) = c^n and E sin = 0 after n = 1 to 12 turns, far from any edge (R08)."""
    _, headings, _ = walk(10, 12, UNBOUNDED, "radio.num_ues=2000")
    moved = np.exp(1j * (headings[1:] - headings[0])).T
    powers = MEAN_COSINE ** np.arange(1, 13)
    return np.max((standard_errors(moved.real, powers), standard_errors(moved.imag, 0.0)))


@check("mobility", oracle="mean speed times mean cosine", tolerance=4, because="standard errors of 4000 steps, 2 means")
def compass_headings_drift_one_way():
    """Under ``heading`` the mean step is 15 m/s * dt * c to the east: all users drift alike (R08)."""
    places, _, _ = walk(6, 20, UNBOUNDED, "radio.mobility=heading")
    steps = np.diff(places, axis=0).ravel()
    return standard_errors(np.column_stack((steps.real, steps.imag)), np.array([1.5 * MEAN_COSINE, 0.0]))


@check("mobility", oracle="Kolmogorov-Smirnov test", tolerance=4,
       because="standard errors of 20 000 draws, infinite outside the range")
def speeds_are_uniform_from_10_to_20():
    """v is uniform over 10 to 20 m/s, drawn anew for every user and frame."""
    speeds = np.concatenate([draws(7, frame)[1] for frame in range(100)])
    inside = np.all((speeds >= 10) & (speeds <= 20))
    return as_standard_errors(kstest(speeds, "uniform", (10, 10)).pvalue) if inside else np.inf


@check("mobility", oracle="Kolmogorov-Smirnov tests", tolerance=4,
       because="standard errors of 20 000 users over 3 laws and 3 correlations")
def drop_is_uniform_over_the_disc():
    """(r / R)^2, the angle about the own RU and the heading are uniform and uncorrelated."""
    config = apply_settings(Config(), ("radio.num_ues=20000",))
    topology = build_topology(config.radio, config.slices)
    position, heading = drop_users(topology, 250.0, np.random.default_rng(8))
    offset = (position - topology.ru_position[topology.serving]) @ (1, 1j)
    uniforms = np.array([np.abs(offset / 250) ** 2, np.angle(offset) / (2 * np.pi) % 1, heading / (2 * np.pi)])
    pairs = np.abs(np.corrcoef(uniforms)[np.triu_indices(3, k=1)]) * np.sqrt(offset.size)
    rarest = min(kstest(uniform, "uniform").pvalue for uniform in uniforms)
    return np.max((as_standard_errors(rarest), *pairs))
