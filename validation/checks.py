"""What a check is, how it is declared, and how checks are found and run.

A check is a function without arguments that returns one number, the largest error it met:

    @check("(12)", oracle="the length of the step taken", tolerance=2e-16, because="one rounding")
    def perturbation_has_length_rho():
        ...
        return error

Errors are relative unless the docstring says otherwise; a statistical check returns its largest deviation in standard
errors, an exact one the number of mismatches.  A check passes when its error is at most its tolerance, and a
tolerance is at most ten times the error seen on a correct implementation, so that the check can fail.  A check that
needs a package which is not installed raises ``Skip``.
"""

import importlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasam_ref.errors import UsageError

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Check:
    """One check.  ``equations`` are ids of the ledger; ``slow`` ones are left out by --quick."""

    name: str
    equations: tuple
    oracle: str
    tolerance: float
    because: str
    slow: bool
    function: Callable


@dataclass(frozen=True)
class Result:
    """What a check found.  verdict: pass, FAIL or skipped; message says why where it is not a pass."""

    check: Check
    error: float
    verdict: str
    seconds: float
    message: str


class Skip(Exception):
    """Raised by a check whose oracle is not installed."""


_registry = {}


def check(*equations, oracle, tolerance, because, slow=False):
    """Declare a check of these equations; its name is the topic (the module without ``validate_``) and the function."""
    def register(function):
        topic = function.__module__.rpartition(".")[2].removeprefix("validate_")
        name = f"{topic}.{function.__name__}"
        _registry[name] = Check(name, equations, oracle, tolerance, because, slow, function)
        return function

    return register


def all_checks():
    """Every Check of every ``validate_*.py`` in this folder, in the order of their files.

    A topic that cannot be imported, say because a function that it checks is gone, is one check that fails.
    """
    for path in sorted(FOLDER.glob("validate_*.py")):
        try:
            importlib.import_module(f"{__package__}.{path.stem}")
        except ImportError as error:
            name = f"{path.stem.removeprefix('validate_')}.import"
            _registry[name] = Check(name, (), "the names that it checks", 0.0, "all must be there", False, _fail(error))
    return list(_registry.values())


def _fail(error):
    def function():
        raise error

    return function


def select(checks, text, quick):
    """The checks whose name or equations contain ``text``, without slow ones if ``quick``.  Raises UsageError."""
    found = [c for c in checks if text.lower() in " ".join((c.name, *c.equations)).lower()]
    if not found:
        raise UsageError(f"-k {text}: matches none of the {len(checks)} checks; --list shows them")
    chosen = [c for c in found if not (quick and c.slow)]
    if not chosen:
        raise UsageError(f"-k {text}: matches slow checks only, which --quick leaves out")
    return chosen


def run(check):
    """Run one check and return its Result.  Whatever it raises is a failure of it, not of the run."""
    start = time.perf_counter()
    error, message = math.nan, ""
    try:
        error = float(check.function())
        verdict = "pass" if error <= check.tolerance else "FAIL"
    except Skip as reason:
        verdict, message = "skipped", str(reason)
    except Exception as failure:
        verdict, message = "FAIL", f"{type(failure).__name__}: {failure}"
    return Result(check, error, verdict, time.perf_counter() - start, message)
