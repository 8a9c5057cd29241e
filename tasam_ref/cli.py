"""The command line: ``tasam-ref train | evaluate | compare | baselines | bench | methods``.

Exit codes: 0 done, 1 tried and failed (a diverging or interrupted run), 2 refused (bad input).
"""

import argparse
import atexit
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from . import __version__
from .errors import RunFailure, UsageError

# Matrix products of one agent run on one core each; this must be said before NumPy is first imported.
for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

_EPILOG = "Exit codes: 0 done; 1 the run failed or was interrupted; 2 what was asked for was refused."


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
        prog="tasam-ref", epilog=_EPILOG,
        description="Reference implementation of TA-SAM MARL: soft actor-critic agents, one per O-DU, slice a cell's "
                    "resource blocks among eMBB, mMTC and URLLC, with selective sharpness-aware minimisation.")
    parser.add_argument("--version", action="version", version=f"tasam-ref {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_train(commands)
    _add_evaluate(commands)
    _add_compare(commands)
    _add_baselines(commands)
    _add_bench(commands)
    _add_methods(commands)
    return parser


def _command(commands, name, run, summary, description):
    parser = commands.add_parser(name, help=summary, description=description, epilog=_EPILOG)
    parser.set_defaults(run=run)
    return parser


def _add_config_options(parser, default="quick"):
    parser.add_argument("--preset", default=default, metavar="P",
                        help="quick (minutes), paper (Table 1 and Algorithm 1 literally) or paper_utd1 (one gradient "
                             f"step per frame); default: {default or 'quick'}")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="SECTION.FIELD=VALUE",
                        help="change one field of the configuration, e.g. --set agent.gamma=0.9; repeatable")


def _add_train(commands):
    parser = _command(
        commands, "train", _train, "train one method from one seed",
        "Train METHOD and store the run in a folder: config.toml, manifest.json, metrics.csv, checkpoint.npz, and, at "
        "the end, evaluation.json. Ctrl-C ends the iteration under way, writes a checkpoint and says how to go on. A "
        "resumed run ends with the same bytes as an undisturbed one.")
    parser.add_argument("method", nargs="?", metavar="METHOD", help="a method's name; see 'tasam-ref methods'")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of every random stream; default: the preset's")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    parser.add_argument("--resume", action="store_true",
                        help="go on with the run in --out; METHOD and options may then be left out")
    _add_config_options(parser, default=None)


def _train(options):
    from .config_io import load_preset
    from .experiments.run_folder import RunFolder
    from .experiments.training import open_or_create, train
    from .methods.registry import configure

    if options.method is None:
        if not options.resume:
            raise UsageError("METHOD is missing: needed unless --resume continues a run")
        if options.settings or options.seed is not None or options.preset is not None:
            raise UsageError("--preset, --seed and --set: must be left out where METHOD is: the run in --out has "
                             "its own configuration")
        folder = RunFolder.open(options.out)
    else:
        seed = [] if options.seed is None else [f"run.seed={options.seed}"]
        if seed:
            _refuse_seed(options.settings, "--seed N says it already")
        preset = load_preset("quick" if options.preset is None else options.preset)
        config = configure(options.method, preset, options.settings + seed)
        folder = open_or_create(options.out, options.method, config, options.resume)
    train(folder)
    return _print_evaluation(folder)


def _add_evaluate(commands):
    parser = _command(
        commands, "evaluate", _evaluate, "evaluate a run on held-out episodes",
        "Run the trained actors of RUN without exploration on the held-out episodes, which are the same for every run "
        "and never met in training; print the means and write RUN/evaluation.json.")
    parser.add_argument("path", type=Path, metavar="RUN", help="a run's folder")


def _evaluate(options):
    from .experiments.run_folder import RunFolder
    from .experiments.training import evaluate_run

    folder = RunFolder.open(options.path)
    folder.write_evaluation(evaluate_run(folder))
    return _print_evaluation(folder)


def _print_evaluation(folder):
    from .experiments.tables import reference_table

    name = f"{folder.method} seed {folder.config.run.seed}"
    if folder.status != "complete":
        done = folder.manifest["iterations_done"]
        name += f" ({folder.status}, {done} of {folder.config.run.num_iterations} iterations)"
    print(reference_table({name: folder.evaluation()}, folder.config), end="")
    print(f"stored in {folder.path}")
    return 0


def _add_compare(commands):
    parser = _command(
        commands, "compare", _compare, "train methods over seeds and compare them",
        "Train every METHOD from seeds 0 to N-1 under common random numbers, evaluate all on the same held-out "
        "episodes and print one table, with 95 % t intervals over seeds and the methods' differences paired by seed. "
        "Writes DIR/METHOD/seed_N, DIR/comparison.csv and DIR/learning_curves.png.")
    parser.add_argument("methods", nargs="+", metavar="METHOD", help="methods' names; see 'tasam-ref methods'")
    parser.add_argument("--seeds", type=int, default=2, metavar="N", help="seeds per method; default: %(default)s")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="runs at a time; default: %(default)s")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the comparison")
    parser.add_argument("--resume", action="store_true", help="keep finished runs in --out and go on with the others")
    _add_config_options(parser)


def _compare(options):
    from .config_io import load_preset
    from .methods.registry import configure

    for name in ("seeds", "jobs"):
        if getattr(options, name) < 1:
            raise UsageError(f"--{name} = {getattr(options, name)}: must be at least 1")
    if len(set(options.methods)) < len(options.methods):
        raise UsageError(f"METHOD = {' '.join(options.methods)}: must name each method once")
    preset = load_preset(options.preset)
    configs = {name: configure(name, preset, options.settings) for name in options.methods}
    _refuse_seed(options.settings, "compare takes seeds 0 to N-1; use --seeds N")

    from .experiments.ceiling import reward_ceiling
    from .experiments.comparison import plan, prepare, run_all
    from .experiments.evaluation import best_split, reference_evaluations, static_grid
    from .experiments.plotting import plot_comparison
    from .experiments.tables import comparison_table, summary_rows, write_csv

    entries = plan(configs, options.seeds, options.out)
    prepare(entries, options.resume)
    folders = run_all(entries, options.jobs, _report)
    write_csv(options.out / "comparison.csv", summary_rows(folders))
    references = {}
    if folders[0].config.num_slices <= 3:  # more than the fixed policies' two bits per RB can name
        references = reference_evaluations(folders[0].config, best_split(static_grid(folders[0].config)))
    plot_comparison(options.out / "learning_curves.png", folders, references)
    print("\n" + comparison_table(folders, references, reward_ceiling(folders[0].config)), end="")
    print(f"stored in {options.out}: comparison.csv, learning_curves.png and the runs")
    return 0


def _report(line):
    """Say how a comparison goes on; it goes on even where nobody listens any more."""
    with suppress(BrokenPipeError):
        print(line, flush=True)


def _refuse_seed(settings, why):
    from .config_io import split_setting

    for setting in settings:
        if split_setting(setting)[:2] == ("run", "seed"):
            raise UsageError(f"--set {setting}: {why}")


def _add_baselines(commands):
    parser = _command(
        commands, "baselines", _baselines, "reward and QoS of policies that do not learn",
        "Evaluate on the held-out episodes: idle, random, the equal split under every scheduler, a split by demand, "
        "the best static split of a grid, and a greedy allocator that sees the coming frame. They give rewards a "
        "scale: the network is alive when idle < random < equal < best. The gap is to a bound on any policy's reward.")
    _add_config_options(parser)


def _baselines(options):
    from .config_io import apply_settings, load_preset
    from .experiments.ceiling import reward_ceiling
    from .experiments.evaluation import best_split, reference_evaluations, share_above_0_db, static_grid
    from .experiments.tables import grid_ranges, reference_table

    config = apply_settings(load_preset(options.preset), options.settings)
    grid = static_grid(config, steps=20)
    evaluations = reference_evaluations(config, best_split(grid))
    print(reference_table(evaluations, config, reward_ceiling(config)), end="")
    print(grid_ranges(grid, config), end="")
    print(f"SIR without fading above 0 dB: {100 * share_above_0_db(config):.1f} % of users")
    return 0


def _add_bench(commands):
    parser = _command(
        commands, "bench", _bench, "measure the update and the environment on this machine",
        "Time one update of all actors and the critic against its matrix products alone, and the environment's frames. "
        "One core. Medians of interleaved repeats: read the ratios, for times drift.")
    parser.add_argument("--repeats", type=int, default=15, metavar="N", help="repeats of each; default: %(default)s")
    _add_config_options(parser, default="paper")


def _bench(options):
    if options.repeats < 1:
        raise UsageError(f"--repeats = {options.repeats}: must be at least 1")
    from .config_io import apply_settings, load_preset
    from .experiments.bench import bench_environment, bench_iteration, bench_update

    config = apply_settings(load_preset(options.preset), options.settings)
    for name, operations, bound, seconds in bench_update(config, options.repeats):
        print(f"update {name}: {1e3 * seconds:.1f} ms, its matrix products alone {1e3 * bound:.1f} ms "
              f"({operations / 1e9:.2f} GFLOP), ratio {seconds / bound:.2f}")
    print(f"whole iteration with SAM everywhere: {1e3 * bench_iteration(config, options.repeats):.1f} ms")
    print(f"environment: {bench_environment(config, 20 * options.repeats):.0f} frames per second")
    return 0


def _add_methods(commands):
    _command(commands, "methods", _methods, "list the methods", "List the methods, one line each.")


def _methods(options):
    from .methods.registry import METHODS

    width = max(map(len, METHODS))
    for name, method in METHODS.items():
        print(f"{name.ljust(width)}  {method.description} ({method.source})")
    return 0
