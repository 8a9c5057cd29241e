"""Timing: functions that take turns, so that a slow moment hits all alike, and medians with their spread."""

import platform
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Timing:
    """Seconds of repeated calls: median, lower and upper quartile."""

    median: float
    low: float
    high: float


def time_in_turns(functions, repeats):
    """The Timing of each function over so many rounds, after one round that is not timed."""
    times = np.zeros((repeats, len(functions)))
    for function in functions:
        function()
    for r in range(repeats):
        for f, function in enumerate(functions):
            start = time.perf_counter()
            function()
            times[r, f] = time.perf_counter() - start
    return [Timing(float(middle), float(low), float(high))
            for low, middle, high in np.quantile(times, (0.25, 0.5, 0.75), axis=0).T]


def processor():
    """The name of this machine's processor, as far as the system tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
