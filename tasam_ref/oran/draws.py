"""What chance decides in one frame.  The same numbers are drawn whatever the agents do."""

from dataclasses import dataclass

import numpy as np

from ..streams import stream

TURNS = np.array([-1 / 3, -1 / 6, -1 / 12, 0.0, 1 / 12, 1 / 6, 1 / 3]) * np.pi
"""The seven directions of Sec. VI-A in rad."""


@dataclass(frozen=True)
class FrameDraws:
    """direction (U,) rad, speed (U,) m/s, fading |h|^2 (U, M, K), arrivals (U,) packets."""

    direction: np.ndarray
    speed: np.ndarray
    fading: np.ndarray
    arrivals: np.ndarray


def draw_frame(seed, frame, radio, arrivals_per_frame, fading=None):
    """Draw one frame of the episode ``seed``, each quantity from its own stream.

    arrivals_per_frame (U,) is the mean of the Poisson arrivals of each user (R11); ``fading`` (U, M, K) may give the
    memory to draw the fading into.  Source: Sec. VI-A.
    """
    num_ues = arrivals_per_frame.size
    if fading is None:
        fading = np.empty((num_ues, radio.num_dus, radio.num_rbs))
    mobility = stream(seed, "mobility", frame)
    return FrameDraws(
        direction=TURNS[mobility.integers(TURNS.size, size=num_ues)],
        speed=mobility.uniform(radio.speed_min_m_s, radio.speed_max_m_s, num_ues),
        fading=rayleigh_power(stream(seed, "fading", frame).random(out=fading)),
        arrivals=stream(seed, "traffic", frame).poisson(arrivals_per_frame),
    )


def rayleigh_power(uniform):
    """Turn uniforms U in [0, 1) into |h|^2 of unit-mean Rayleigh fading, in place: |h|^2 = -ln(1 - U).

    Source: (1), "Rayleigh fading transmission channel"; unit mean and independence are reading R07.
    """
    np.subtract(1.0, uniform, out=uniform)
    np.log(uniform, out=uniform)
    return np.negative(uniform, out=uniform)
