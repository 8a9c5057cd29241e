"""``python -m validation speed``: time the update in this package, in PyTorch and in JAX, where these are installed."""

import argparse
import multiprocessing
import os
import time
from importlib import import_module
from importlib.util import find_spec
from unittest import mock

import numpy as np

from tasam_ref.config_io import load_preset
from tasam_ref.errors import RunFailure, UsageError
from tasam_ref.experiments.tables import format_table

LIBRARIES = {
    "tasam_ref": ("tasam_ref", "ours", "Update"),
    "PyTorch, actors one by one": ("torch", "in_torch", "OneByOne"),
    "PyTorch, actors side by side": ("torch", "in_torch", "Update"),
    "JAX, compiled": ("jax", "in_jax", "Update"),
}
"""Name -> the package that it needs, the module and the class."""

RHO = {"without SAM": None, "with SAM everywhere": 0.1}
AGREEMENT = 1e-5                        # of gradients in float32, relative
STEPS = 3                               # timed at a time, after one that warms the caches
QUARTILES = 0.5, 0.25, 0.75


def main(arguments):
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m validation speed", description=__doc__, epilog=(
        "Each library in a process of its own, bound to so many cores; they take turns. Gradients are compared first."))
    parser.add_argument("--repeats", type=int, default=15, metavar="N", help="turns of each; default: %(default)s")
    parser.add_argument("--cores", type=int, default=1, metavar="K", help="cores for each; default: %(default)s")
    options = parser.parse_args(arguments)
    if options.repeats < 1:
        raise UsageError(f"--repeats = {options.repeats}: must be at least 1")
    if not hasattr(os, "sched_setaffinity"):
        raise UsageError("speed needs a system that binds processes to cores, as Linux does")
    cores = sorted(os.sched_getaffinity(0))
    if not 1 <= options.cores <= len(cores):
        raise UsageError(f"--cores = {options.cores}: must be 1 to {len(cores)}, the cores of this machine")
    names = [name for name, (package, *_) in LIBRARIES.items() if find_spec(package)]
    versions, seconds = measure(names, load_preset("paper"), cores[: options.cores], options.repeats)
    print(as_text(seconds, options.cores))
    print(", ".join(f"{package} {version}" for package, version in versions.items()) + f", numpy {np.__version__}")
    if absent := sorted({package for package, *_ in LIBRARIES.values() if not find_spec(package)}):
        print(f"not installed: {', '.join(absent)}")
    return 0


def measure(names, config, cores, repeats):
    """Versions by package, and seconds (repeats,) of one update by (SAM, name), in turns.

    Raises RunFailure when a library's gradients are not the first one's, or its process ends.
    """
    context, running = multiprocessing.get_context("spawn"), {}
    try:
        for name in names:
            near, far = context.Pipe()
            process = context.Process(target=_serve, args=(far, name, config, cores), daemon=True)
            with mock.patch.dict(os.environ, _environment(name, len(cores))):
                process.start()
            far.close()
            running[name] = process, near
        versions, gradients = zip(*(_answer(running, name) for name in names))
        for name, found in zip(names, gradients):
            _require_agreement(name, found, gradients[0])
        seconds = {(sam, name): [] for sam in RHO for name in names}
        for _ in range(repeats):
            for sam, name in seconds:
                seconds[sam, name].append(_answer(running, name, sam))
        packages = [LIBRARIES[name][0] for name in names]
        return dict(zip(packages, versions)), {which: np.array(times) for which, times in seconds.items()}
    finally:
        for process, near in running.values():
            near.close()
            process.terminate()
            process.join()


def _environment(name, cores):
    """Environment variables of a library's process: this package has threads of its own, one BLAS thread each."""
    threads = 1 if name == "tasam_ref" else cores
    return {"JAX_PLATFORMS": "cpu"} | {f"{of}_NUM_THREADS": str(threads) for of in ("OPENBLAS", "MKL", "OMP")}


def _answer(running, name, *asked):
    """What a library's process says next, after it was ``asked``."""
    process, pipe = running[name]
    try:
        for question in asked:
            pipe.send(question)
        return pipe.recv()
    except (EOFError, OSError):
        process.join()
        raise RunFailure(f"speed: the process of {name} ended with code {process.exitcode}; what it said stands above"
                         ) from None


def _require_agreement(name, found, expected):
    for sam, networks in expected.items():
        for network, one, other in zip(("actors", "critic"), networks, found[sam]):
            error = np.linalg.norm(other - one) / np.linalg.norm(one)
            if not error <= AGREEMENT:
                raise RunFailure(f"speed: the gradient of the {network} {sam} by {name} is {error:.1e} off ours")


def _serve(pipe, name, config, cores):
    """Answer with version and gradients, then with the seconds of an update with or without SAM whenever asked."""
    os.sched_setaffinity(0, cores)
    from .problem import Problem

    _, module, kind = LIBRARIES[name]
    library, draws = import_module(f"{__package__}.{module}"), Problem(config, 1).draws()
    gradients, updates = ({sam: getattr(library, kind)(Problem(config, threads), rho) for sam, rho in RHO.items()}
                          for threads in (1, len(cores)))
    pipe.send((library.VERSION, {sam: update.gradients(draws) for sam, update in gradients.items()}))
    while True:
        try:
            step = updates[pipe.recv()].step
        except EOFError:
            return
        step()
        start = time.perf_counter()
        for _ in range(STEPS):
            step()
        pipe.send((time.perf_counter() - start) / STEPS)


def as_text(seconds, cores):
    """The table of ``measure``: quartiles of times, and of the ratio to ours within a turn."""
    rows = []
    for (sam, name), times in seconds.items():
        middle, low, high = 1e3 * np.quantile(times, QUARTILES)
        ratio, least, most = np.quantile(times / seconds[sam, "tasam_ref"], QUARTILES)
        rows.append([f"{name}, {sam}", f"{middle:.1f} ms", f"{low:.1f} to {high:.1f}",
                     f"{ratio:.2f} [{least:.2f}, {most:.2f}]"])
    return format_table([f"one update, cores = {cores}", "", "quartiles", "times ours"], rows)
