"""``tasam-ref bench``: how fast this machine is."""

import json
from pathlib import Path

from ..errors import UsageError
from .options import add_command, add_config_options, read_config

_SECTIONS = ("memory", "update", "parts", "threads", "environment", "growth")


def add_bench(commands):
    """Declare ``bench``."""
    parser = add_command(
        commands, "bench", _bench, "measure the update and the environment on this machine",
        "Time one update of all actors and the critic against its matrix products alone, its parts, threads, the "
        "environment's frames and their pieces, and how all grow with the network. One core but for threads. Medians "
        "of interleaved repeats with quartiles: read the ratios, for times drift.")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(_SECTIONS)}; default: all")
    parser.add_argument("--repeats", type=int, default=15, metavar="N", help="repeats of each; default: %(default)s")
    parser.add_argument("--plan", type=Path, action="append", default=[], metavar="PLAN",
                        help="project the hours of this plan too; repeatable")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    add_config_options(parser, default="paper")


def _bench(options):
    if options.repeats < 1:
        raise UsageError(f"--repeats = {options.repeats}: must be at least 1")
    for name in options.sections:
        if name not in _SECTIONS:
            raise UsageError(f"SECTION = {name}: must be one of {', '.join(_SECTIONS)}")
    from ..experiments.bench import processor
    from ..experiments.bench_report import SECTIONS, as_text, plan_rows
    from ..experiments.plan import load_plan

    config, found = read_config(options), {"processor": processor()}
    plans = {path: load_plan(path) for path in options.plan}
    if not options.json:
        print(f"processor: {found['processor']}")
    for name in (section for section in _SECTIONS if section in (options.sections or _SECTIONS)):
        found[name] = list(SECTIONS[name](config, options.repeats))
        if not options.json:
            print(as_text(name, found[name]), flush=True)
    if plans:
        found["plans"] = list(plan_rows(plans))
        if not options.json:
            print(as_text("plans", found["plans"]))
    if options.json:
        print(json.dumps(found, indent=1))
    return 0
