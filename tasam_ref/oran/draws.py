"""What chance decides in one frame.  The same numbers are drawn whatever the agents do."""

from dataclasses import dataclass

import numpy as np

from ..kernels.channel import rayleigh_power
from ..streams import stream

TURNS = np.array([-1 / 3, -1 / 6, -1 / 12, 0.0, 1 / 12, 1 / 6, 1 / 3]) * np.pi
"""The seven directions of Sec. VI-A in rad."""


@dataclass(frozen=True)
class FrameDraws:
    """direction (U,) rad, speed (U,) m/s, fading |h|^2 (U, M, K) float32, arrivals (U,) packets."""

    direction: np.ndarray
    speed: np.ndarray
    fading: np.ndarray
    arrivals: np.ndarray


class LastDrawn:
    """The draws of the frame that was asked for last, in memory that is used again.

    Networks that run the same episodes in step may share one: what chance decides is then drawn once.
    """

    def __init__(self, radio, arrivals_per_frame):
        self.radio, self.arrivals_per_frame = radio, arrivals_per_frame
        self.fading = np.empty((arrivals_per_frame.size, radio.num_dus, radio.num_rbs), dtype=np.float32)
        self.frame, self.draws = None, None

    def at(self, seed, frame):
        """The FrameDraws of this frame of the episode ``seed``, which hold until those of another are asked for."""
        if self.frame != (seed, frame):
            self.frame = seed, frame
            self.draws = draw_frame(seed, frame, self.radio, self.arrivals_per_frame, self.fading)
        return self.draws


def draw_frame(seed, frame, radio, arrivals_per_frame, fading=None):
    """Draw one frame of the episode ``seed``, each quantity from its own stream.

    arrivals_per_frame (U,) is the mean of the Poisson arrivals of each user (R11), and nobody's need not be drawn;
    ``fading`` (U, M, K), float32 and contiguous, may give the memory to draw the fading into, three raw bytes for each
    value.  Source: Sec. VI-A.
    """
    num_ues = arrivals_per_frame.size
    if fading is None:
        fading = np.empty((num_ues, radio.num_dus, radio.num_rbs), dtype=np.float32)
    raw = stream(seed, "fading", frame).bit_generator.random_raw(-(-3 * fading.size // 8)).view(np.uint8)
    rayleigh_power(raw[: 3 * fading.size].reshape(3, -1), fading.reshape(-1))
    arrivals = np.zeros(num_ues, dtype=np.int64)
    if arrivals_per_frame.any():
        arrivals = stream(seed, "traffic", frame).poisson(arrivals_per_frame)
    mobility = stream(seed, "mobility", frame)
    return FrameDraws(
        direction=TURNS[mobility.integers(TURNS.size, size=num_ues)],
        speed=mobility.uniform(radio.speed_min_m_s, radio.speed_max_m_s, num_ues),
        fading=fading,
        arrivals=arrivals,
    )
