"""What ``tasam-ref bench`` finds, section by section, as rows that print as a table and store as JSON."""

import resource
import sys

from ..marl.trainer import Trainer
from ..methods.registry import configure
from ..oran.env import OranEnv
from .bench_environment import bench_frame, bench_growth, bench_schedulers
from .bench_update import SAM, bench_iteration, bench_parts, bench_peak, bench_sizes, bench_threads, bench_update, fill
from .estimate import seconds_left
from .tables import format_table

FRAMES_PER_REPEAT = 10


def update_rows(config, repeats):
    """The update against its products, and these against the fastest of them."""
    peak, shape = bench_peak(config, repeats)
    yield _row("fastest product, {} x {} x {}".format(*shape), peak / 1e9, "GFLOP/s")
    for name, operations, bound, timing in bench_update(config, repeats):
        yield _row(f"products of the update {name}, at that rate", 1e3 * operations / peak, "ms")
        yield _timed(f"products of the update {name}, as run", bound)
        yield _timed(f"update {name}", timing, f"{100 * bound.median / timing.median:.0f} % of it is its products")
    yield _timed("whole iteration with SAM everywhere", bench_iteration(config, repeats))


def part_rows(config, repeats):
    """Parts of the update."""
    for name, timing in bench_parts(config, repeats).items():
        yield _timed(name, timing)


def thread_rows(config, repeats):
    """The update by so many threads, which share its actors, beside what its products alone gain from threads."""
    timings = bench_threads(config, repeats)
    for threads, (products, *pair) in timings.items():
        gain = threads * timings[1][0].median / products.median
        yield _timed(f"products alone on each of threads = {threads}", products, f"{gain:.2f} times one")
        for name, timing, alone in zip(SAM, pair, timings[1][1:]):
            yield _timed(f"update {name}, threads = {threads}", timing, f"{alone.median / timing.median:.2f} times one")


def environment_rows(config, repeats):
    """Frames per second under every scheduler, and the pieces of a frame."""
    frames = FRAMES_PER_REPEAT * repeats
    for name, timing in bench_schedulers(config, frames).items():
        yield _row(f"frames, {name.replace('_', ' ')}", 1 / timing.median, "per second")
    pieces = bench_frame(config, frames)
    whole = pieces["whole frame"].median
    for name, timing in pieces.items():
        yield _timed(name, timing, f"{100 * timing.median / whole:.0f} % of a frame")


def growth_rows(config, repeats):
    """How a frame grows with users and RBs, and the update with agents and the batch."""
    for measured in (bench_growth(config, repeats), bench_sizes(config, max(repeats // 3, 1))):
        smallest = {}
        for (what, size), timing in measured.items():
            first_size, first = smallest.setdefault(what, (size, timing))
            grown = (timing.median / first.median) / (size / first_size)
            thing = "frame" if what in ("users", "RBs") else "update"
            yield _timed(f"{thing}, {what} = {size}", timing, f"{grown:.2f} of linear growth")


def memory_rows(config, repeats):
    """The peak resident memory of this process in the last iteration of a run, with all transitions in the replay."""
    trainer, run = Trainer(configure("ta_sam", config), OranEnv(config)), config.run
    fill(trainer.agents, (run.num_iterations - 1) * run.frames_per_iteration)
    trainer.iterate()
    unit = 1 if sys.platform == "darwin" else 1024
    yield _row("peak resident memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, "MB")


def plan_rows(plans):
    """Projected hours of Plans by name, one run at a time."""
    for path, plan in plans.items():
        entries = plan.entries("nowhere")
        yield _row(f"{path}: {len(entries)} runs", sum(seconds_left(entries)) / 3600, "hours of one core")


SECTIONS = {"memory": memory_rows, "update": update_rows, "parts": part_rows, "threads": thread_rows,
            "environment": environment_rows, "growth": growth_rows}
"""Memory comes first: what other sections allocate would count."""


def as_text(section, rows):
    """The rows of a section as a table."""
    return format_table([section, "", "quartiles", ""], [
        [row["what"], f"{row['value']:.4g} {row['unit']}",
         "" if row["low"] is None else f"{row['low']:.4g} to {row['high']:.4g}", row["note"]] for row in rows])


def _timed(what, timing, note=""):
    return _row(what, 1e3 * timing.median, "ms", 1e3 * timing.low, 1e3 * timing.high, note)


def _row(what, value, unit, low=None, high=None, note=""):
    return {"what": what, "value": value, "unit": unit, "low": low, "high": high, "note": note}
