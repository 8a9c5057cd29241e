"""``python -m validation``: run the checks, print a table, write a report.  See --help."""

import argparse
import os
import sys
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from tasam_ref.errors import RunFailure, UsageError

from . import ledger, report
from .checks import FOLDER, all_checks, run, select
from .mutants import hunt
from .readings import command as readings
from .speed import command as speed

_EPILOG = """other commands, each with its own --help:
  python -m validation mutants    break the package in known ways and see which check notices
  python -m validation ledger     write EQUATIONS.md anew from ledger.toml and report.json
  python -m validation readings   train under every reading of the paper and measure its effect
  python -m validation speed      time the update beside PyTorch and JAX, where they are installed

Exit codes: 0 all passed; 1 something failed; 2 what was asked for was refused."""


def main(arguments):
    """Run the command line and return its exit code."""
    commands = {"mutants": hunt.main, "ledger": ledger.main, "readings": readings.main, "speed": speed.main}
    try:
        if arguments and arguments[0] in commands:
            return commands[arguments[0]](arguments[1:])
        return _check(_options(arguments))
    except UsageError as error:
        print(f"validation: refused: {error}", file=sys.stderr)
        return 2
    except (RunFailure, LookupError, OSError) as error:
        print(f"validation: failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("validation: failed: interrupted", file=sys.stderr)
        return 1


def _options(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m validation", description=__doc__.splitlines()[0], epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", default="", metavar="TEXT", help="only checks whose name or equation contains TEXT")
    parser.add_argument("--quick", action="store_true", help="leave out slow checks: under 90 seconds")
    parser.add_argument("--list", action="store_true", help="name the checks and end")
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="folder of report.json and report.md; default: validation/ for a complete run, else none")
    return parser.parse_args(arguments)


def _check(options):
    checks = select(all_checks(), options.k, options.quick)
    if options.list:
        print("\n".join(c.name for c in checks))
        return 0
    complete = not (options.k or options.quick)
    folder = options.out or (FOLDER if complete else None)
    if folder is not None:
        report.require_writable(folder)
    widths = report.widths_of(checks)
    print(report.line(report.COLUMNS, widths))
    results = []
    for one in checks:
        results.append(run(one))
        print(report.line(report.row(results[-1]), widths), flush=True)
        if results[-1].message:
            print(f"    {results[-1].message}", flush=True)
    print(report.summary(results))
    if folder is not None:
        report.write(results, folder)
        print(f"report: {folder / 'report.md'}")
    return int(any(r.verdict == "FAIL" for r in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
