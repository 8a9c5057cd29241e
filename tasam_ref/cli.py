"""The command line: ``tasam-ref COMMAND``; the commands themselves are in ``commands``.

Exit codes: 0 done, 1 tried and failed (a diverging or interrupted run), 2 refused (bad input).
"""

import argparse
import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from . import __version__
from .commands import bench, compare, curvature, explain, lists, runs, sweep
from .commands.options import EPILOG
from .errors import RunFailure, UsageError

# Matrix products of one agent run on one core each; this must be said before NumPy is first imported.
for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

def main(arguments=None):
    """Run the command line and return its exit code."""
    _open_missing_streams()
    try:
        _find_a_cache()
        options = _parser().parse_args(arguments)
        return options.run(options)
    except UsageError as error:
        return _say_error(error, 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0  # whoever read the output had enough of it
    except (RunFailure, OSError) as error:
        return _say_error(error, 1)
    except MemoryError:
        return _say_error("not enough memory for this configuration", 1)
    except KeyboardInterrupt:
        return _say_error("interrupted", 1)


def _say_error(error, code):
    print(f"tasam-ref: {'refused' if code == 2 else 'failed'}: {error}", file=sys.stderr)
    return code


def _open_missing_streams():
    """A closed stdout or stderr is None in Python; what is said there may be lost, but nothing else."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))


def _find_a_cache():
    """Give Numba a folder of its own where neither the package nor the user's cache can be written."""
    home = Path(os.path.expanduser("~"))
    usual = (Path(__file__).parent / "kernels", home / ".cache" if (home / ".cache").exists() else home)
    if "NUMBA_CACHE_DIR" not in os.environ and not any(os.access(path, os.W_OK) for path in usual):
        os.environ["NUMBA_CACHE_DIR"] = folder = tempfile.mkdtemp(prefix="tasam_ref-numba-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


class _Parser(argparse.ArgumentParser):
    """Refuses in one line, like every other refusal."""

    def error(self, message):
        """Refuse what cannot be parsed."""
        self.exit(2, f"tasam-ref: refused: {message}; see '{self.prog} --help'\n")


def _parser():
    parser = _Parser(
        prog="tasam-ref", epilog=EPILOG,
        description="Reference implementation of TA-SAM MARL: soft actor-critic agents, one per O-DU, slice a cell's "
                    "resource blocks among eMBB, mMTC and URLLC, with selective sharpness-aware minimisation.")
    parser.add_argument("--version", action="version", version=f"tasam-ref {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (runs.add_train, runs.add_evaluate, curvature.add_curvature, explain.add_explain, compare.add_compare,
                sweep.add_sweep, compare.add_baselines, bench.add_bench, lists.add_methods, lists.add_scenarios):
        add(commands)
    return parser
