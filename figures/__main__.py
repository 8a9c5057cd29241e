"""``python -m figures RUNS``: figures, tables and verdicts from the runs of a sweep, or from results made of them."""

import argparse
import sys
from pathlib import Path

from tasam_ref.errors import RunFailure, UsageError
from tasam_ref.experiments import store

from .registry import PRODUCTS, SCENES_OF

_EPILOG = """RUNS is the --out of 'tasam-ref sweep', or a folder with results that this command wrote before.
"python -m figures claims RUNS" is short for --only claims.

Exit codes: 0 done; 1 something failed; 2 what was asked for was refused."""


def main(arguments):
    """Run the command line and return its exit code."""
    try:
        return _draw(_options(arguments))
    except UsageError as error:
        print(f"figures: refused: {error}", file=sys.stderr)
        return 2
    except (RunFailure, OSError) as error:
        print(f"figures: failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("figures: failed: interrupted", file=sys.stderr)
        return 1


def _options(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m figures", description=__doc__.splitlines()[0], epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, metavar="RUNS", help="the runs, or results made of them")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this figure or table; repeatable; one "
                        f"of {', '.join(PRODUCTS)}")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: RUNS/figures, or where the results are")
    if arguments[:1] == ["claims"]:
        arguments = [*arguments[1:], "--only", "claims"]
    return parser.parse_args(arguments)


def _draw(options):
    names = options.only or list(PRODUCTS)
    for name in names:
        if name not in PRODUCTS:
            raise UsageError(f"--only {name}: must be one of {', '.join(PRODUCTS)}")
    if not options.runs.is_dir():
        raise UsageError(f"{options.runs}: must be a folder with the runs of a sweep, or with results made of them")
    stored = next((path for path in (options.runs, options.runs / "results") if store.is_results(path)), None)
    needs = store.read_plan(stored or options.runs).needs
    left = [name for name in names if name not in needs]
    if left and options.only:
        raise UsageError(f"--only {', '.join(left)}: the plan of {options.runs} has no runs for this")
    names = [name for name in names if name not in left]
    out = options.out or (stored.parent if stored else options.runs / "figures")
    results = store.read_results(stored) if stored else _collected(options, out, names, needs)
    out.mkdir(parents=True, exist_ok=True)
    refused = []
    for name in names:
        try:
            PRODUCTS[name](results, out, name)
            print(name, flush=True)
        except UsageError as error:
            refused.append(f"{name}: {error}")
    print(f"stored in {out}" + (f"; the plan of these runs has none for {', '.join(left)}" if left else ""))
    if refused:
        raise UsageError("; ".join(refused))
    return 0


def _collected(options, out, names, needs):
    """Results of run folders: with --only, of the groups that are needed; else of all, by way of their files."""
    if options.only and not SCENES_OF & set(names):
        return store.collect(options.runs, {group for name in names for group in needs[name]})
    store.collect(options.runs, say=print).write(out / "results")
    return store.read_results(out / "results")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
