"""``python -m validation readings``: train the plan, or rebuild its table and picture from the stored rewards."""

import argparse
from pathlib import Path

from tasam_ref.errors import UsageError

from .effects import around_the_effects, collect, effects, into_register, load_rewards, table
from .plan import HERE, entries, train


def main(arguments):
    """Measure what each reading of the paper does to the comparison; without --out, only rebuild table and picture."""
    parser = argparse.ArgumentParser(prog="python -m validation readings", description=main.__doc__)
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="folder of the runs of readings/plan.toml: what is missing is trained, then all read")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds of every run; default: %(default)s")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="runs at a time; default: %(default)s")
    parser.add_argument("--dry-run", action="store_true", help="say how many runs the plan has and end")
    options = parser.parse_args(arguments)
    for name in ("seeds", "jobs"):
        if getattr(options, name) < 1:
            raise UsageError(f"--{name} = {getattr(options, name)}: must be at least 1")
    if options.dry_run:
        print(f"{len(entries(range(options.seeds), options.out or '.'))} runs")
        return 0
    from figures import style  # here, for figures read validation too, and checks need no picture
    from figures.readings import tornado

    around_the_effects()
    if options.out is not None:
        train(range(options.seeds), options.out, options.jobs, say=lambda line: print(line, flush=True))
        collect(options.out)
    found = effects(load_rewards())
    into_register(table(found))
    style.write(tornado(found), HERE / "tornado.png")
    print(table(found), end="")
    return 0
