"""``python -m validation readings``: train the plan, or rebuild its table from the stored rewards."""

import argparse
from pathlib import Path

from tasam_ref.cli import main as tasam_ref
from tasam_ref.errors import UsageError

from .effects import PLAN, around_the_effects, collect, into_register, load_rewards, table


def main(arguments):
    """Measure what each reading of the paper does to the comparison; without --out, only rebuild the table."""
    parser = argparse.ArgumentParser(prog="python -m validation readings", description=main.__doc__)
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="folder of the runs of readings/plan.toml: what is missing is trained, then all read")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="runs at a time; default: %(default)s")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        raise UsageError(f"--jobs = {options.jobs}: must be at least 1")
    around_the_effects()
    if options.out is not None:
        code = tasam_ref(["sweep", str(PLAN), "--out", str(options.out), "--jobs", str(options.jobs)])
        if code:
            return code
        collect(options.out)
    text = table(load_rewards())
    into_register(text)
    print(text, end="")
    return 0
