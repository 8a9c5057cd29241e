"""``tasam-ref bench``: how fast this machine is."""

from ..errors import UsageError
from .options import add_command, add_config_options, read_config


def add_bench(commands):
    """Declare ``bench``."""
    parser = add_command(
        commands, "bench", _bench, "measure the update and the environment on this machine",
        "Time one update of all actors and the critic against its matrix products alone, and the environment's frames. "
        "One core. Medians of interleaved repeats: read the ratios, for times drift.")
    parser.add_argument("--repeats", type=int, default=15, metavar="N", help="repeats of each; default: %(default)s")
    add_config_options(parser, default="paper")


def _bench(options):
    if options.repeats < 1:
        raise UsageError(f"--repeats = {options.repeats}: must be at least 1")
    from ..experiments.bench import bench_environment, bench_iteration, bench_update

    config = read_config(options)
    for name, operations, bound, seconds in bench_update(config, options.repeats):
        print(f"update {name}: {1e3 * seconds:.1f} ms, its matrix products alone {1e3 * bound:.1f} ms "
              f"({operations / 1e9:.2f} GFLOP), ratio {seconds / bound:.2f}")
    print(f"whole iteration with SAM everywhere: {1e3 * bench_iteration(config, options.repeats):.1f} ms")
    print(f"environment: {bench_environment(config, 20 * options.repeats):.0f} frames per second")
    return 0
