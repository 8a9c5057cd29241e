"""``tasam-ref sweep``: all runs of a plan."""

from contextlib import nullcontext
from pathlib import Path

from ..errors import RunFailure, UsageError
from .options import add_command, say


def add_sweep(commands):
    """Declare ``sweep``."""
    parser = add_command(
        commands, "sweep", _sweep, "train all runs of a plan",
        "Train every run of PLAN, a TOML file of groups of methods, scenarios, settings and seeds, a run per process "
        "with one BLAS thread. Finished runs are kept, unfinished ones go on from their checkpoints: the same "
        "command goes on after any break. Runs that failed before are listed and left alone, or tried again with "
        "--retry. Writes DIR/GROUP/METHOD/seed_N and DIR/plan.json.")
    parser.add_argument("plan", type=Path, metavar="PLAN", help="the plan's file")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the runs")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="runs at a time; default: %(default)s")
    parser.add_argument("--retry", action="store_true", help="try again what failed before")
    parser.add_argument("--dry-run", action="store_true",
                        help="say how many runs there are, and how many hours they take on this machine, and end")
    parser.add_argument("--executor", choices=("local", "dask"), default="local",
                        help="where to run: processes of this machine, or a Dask cluster; default: %(default)s")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of the Dask scheduler, like tcp://host:8786")


def _sweep(options):
    from ..experiments.plan import load_plan
    from ..experiments.runner import failures_of, prepare, run_all
    from ..experiments.store import write_plan

    if options.jobs < 1:
        raise UsageError(f"--jobs = {options.jobs}: must be at least 1")
    if (options.executor == "dask") != (options.scheduler is not None):
        raise UsageError("--scheduler ADDRESS: must be given with --executor dask, and with nothing else")
    plan = load_plan(options.plan)
    entries = plan.entries(options.out)
    prepare(entries, resume=True)
    failed = {} if options.retry else failures_of(entries)
    for entry, message in failed.items():
        print(f"failed before: {entry.name}: {message}")
    runnable = [entry for entry in entries if entry not in failed]
    if options.dry_run:
        return _estimate(runnable, options.jobs)
    advice = {"go_on": "the same command goes on", "try_again": "--retry tries them again"}
    if options.executor == "dask":
        from ..experiments.cluster import dask_executor

        with dask_executor(options.scheduler) as executor:
            write_plan(options.out, plan)
            run_all(runnable, len(runnable), say, nullcontext(executor), **advice)
    else:
        write_plan(options.out, plan)
        run_all(runnable, options.jobs, say, **advice)
    if failed:
        raise RunFailure(f"{len(failed)} of {len(entries)} runs failed before; --retry tries them again")
    print(f"{len(entries)} runs are complete in {options.out}")
    return 0


def _estimate(entries, jobs):
    from ..experiments.estimate import seconds_left
    from ..experiments.runner import as_time

    left = seconds_left(entries)
    print(f"{len(entries)} runs, {sum(seconds == 0 for seconds in left)} of them complete; the rest takes about "
          f"{as_time(sum(left) / jobs)} on this machine with {jobs} at a time")
    return 0
