"""``python -m validation mutants``: break a copy of the package in known ways and see which check notices.

Each mutant of mutants.toml replaces one piece of source text.  In a copy of the repository, with that one change, the
named checks and tests are run; every one of them must fail.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tasam_ref.errors import RunFailure, UsageError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Mutant:
    """One wrong version: in ``file``, ``before`` becomes ``after``; ``bug`` says in words what that is."""

    name: str
    bug: str
    file: str
    before: str
    after: str
    checks: tuple
    tests: tuple


def load_mutants(path=HERE / "mutants.toml"):
    """All mutants.  Raises UsageError for one whose text does not stand in its file exactly once."""
    mutants = [Mutant(name, row["bug"], row["file"], row["before"], row["after"], tuple(row["checks"]),
                      tuple(row.get("tests", ()))) for name, row in tomllib.loads(path.read_text("utf-8")).items()]
    for mutant in mutants:
        count = (ROOT / mutant.file).read_text("utf-8").count(mutant.before)
        if count != 1:
            raise UsageError(f"mutant {mutant.name}: its text stands {count} times in {mutant.file}: must be once")
    return mutants


def hunt(mutant):
    """Run the named checks and tests on the mutant and return those that did not notice, and the seconds it took."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in ("tasam_ref", "validation", "tests"):
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "setup.cfg", root)
        path = root / mutant.file
        path.write_text(path.read_text("utf-8").replace(mutant.before, mutant.after), "utf-8")
        survived = [name for name in mutant.checks if _check_passes(name, root)]
        survived += [name for name in mutant.tests if _test_passes(name, root)]
    return survived, time.perf_counter() - start


def _check_passes(name, root):
    """Whether a check does not notice.  One that cannot be run, or that raises, has proven nothing: an accident."""
    done = _run(["-m", "validation", "-k", name, "--out", "out"], root)
    if done.returncode == 0:
        return True
    path = root / "out" / "report.json"
    found = [c for c in json.loads(path.read_text("utf-8"))["checks"] if c["check"] == name] if path.exists() else []
    if not found or found[0]["message"]:
        raise RunFailure(f"{name} did not fail but broke: {found[0]['message'] if found else _last_line(done)}")
    return found[0]["verdict"] == "pass"


def _test_passes(name, root):
    """Whether a test does not notice; 1 is pytest's word for a failed test."""
    done = _run(["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", name], root)
    if done.returncode not in (0, 1):
        raise RunFailure(f"{name} did not fail but broke: {_last_line(done)}")
    return done.returncode == 0


def _run(command, root):
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1",
                                "NUMBA_CACHE_DIR": str(root / "cache")}
    return subprocess.run([sys.executable, *command], cwd=root, env=environment, capture_output=True, text=True)


def _last_line(done):
    return (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]


def main(arguments):
    """Break the package in known ways and see which check notices; exit 1 when a mutant survives."""
    parser = argparse.ArgumentParser(prog="python -m validation mutants", description=main.__doc__)
    parser.add_argument("-k", default="", metavar="TEXT", help="only mutants whose name contains TEXT")
    parser.add_argument("--jobs", type=int, default=2, metavar="J", help="mutants at a time; default: %(default)s")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        raise UsageError(f"--jobs = {options.jobs}: must be at least 1")
    mutants = [m for m in load_mutants() if options.k in m.name]
    if not mutants:
        raise UsageError(f"-k {options.k}: matches no mutant")
    width, alive = max(len(m.name) for m in mutants), []
    with ThreadPoolExecutor(options.jobs) as pool:
        for mutant, (survived, seconds) in zip(mutants, pool.map(hunt, mutants)):
            verdict = f"SURVIVED {', '.join(survived)}" if survived else "killed by " + ", ".join(
                (*mutant.checks, *mutant.tests))
            print(f"{mutant.name.ljust(width)}  {seconds:5.1f} s  {verdict}", flush=True)
            alive += [mutant.name] if survived else []
    print(f"{len(mutants)} mutants, {len(mutants) - len(alive)} killed, {len(alive)} alive")
    return int(bool(alive))
