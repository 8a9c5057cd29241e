"""``tasam-ref train`` and ``evaluate``: one run."""

from pathlib import Path

from ..errors import UsageError
from .options import add_command, add_config_options, refuse_seed


def add_train(commands):
    """Declare ``train``."""
    parser = add_command(
        commands, "train", _train, "train one method from one seed",
        "Train METHOD and store the run in a folder: config.toml, manifest.json, metrics.csv, checkpoint.npz, and, at "
        "the end, evaluation.json, with equal_gradients.json and regimes.json where there is more to evaluate. "
        "Ctrl-C ends the iteration under way, writes a checkpoint and says how to go on. A resumed run ends "
        "with the same bytes as an undisturbed one.")
    parser.add_argument("method", nargs="?", metavar="METHOD", help="a method's name; see 'tasam-ref methods'")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of every random stream; default: the preset's")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    parser.add_argument("--resume", action="store_true",
                        help="go on with the run in --out; METHOD and options may then be left out")
    parser.add_argument("--threads", type=int, default=1, metavar="T",
                        help="threads that share the updates, to the same bits; default: %(default)s")
    add_config_options(parser, default=None)


def _train(options):
    from ..config_io import load_preset
    from ..experiments.run_folder import RunFolder
    from ..experiments.training import open_or_create, train
    from ..methods.registry import configure

    if options.threads < 1:
        raise UsageError(f"--threads = {options.threads}: must be at least 1")
    if options.method is None:
        if not options.resume:
            raise UsageError("METHOD is missing: needed unless --resume continues a run")
        if options.settings or options.scenarios or options.seed is not None or options.preset is not None:
            raise UsageError("--preset, --scenario, --seed and --set: must be left out where METHOD is: the run in "
                             "--out has its own configuration")
        folder = RunFolder.open(options.out)
    else:
        seed = [] if options.seed is None else [f"run.seed={options.seed}"]
        if seed:
            refuse_seed(options.settings, "--seed N says it already")
        preset = load_preset("quick" if options.preset is None else options.preset)
        config = configure(options.method, preset, options.settings + seed, options.scenarios)
        folder = open_or_create(options.out, options.method, config, options.resume)
    train(folder, options.threads)
    return _print_evaluation(folder)


def add_evaluate(commands):
    """Declare ``evaluate``."""
    parser = add_command(
        commands, "evaluate", _evaluate, "evaluate a run on held-out episodes",
        "Run the trained actors of RUN, without exploration and with it, on the held-out episodes, which are the same "
        "for every run and never met in training; print the means and write RUN/evaluation.json, and "
        "equal_gradients.json and regimes.json where the run has them.")
    parser.add_argument("path", type=Path, metavar="RUN", help="a run's folder")


def _evaluate(options):
    from ..experiments.run_folder import RunFolder
    from ..experiments.training import store_evaluations

    folder = RunFolder.open(options.path)
    store_evaluations(folder)
    return _print_evaluation(folder)


def _print_evaluation(folder):
    from ..experiments.tables import reference_table

    name = f"{folder.method} seed {folder.config.run.seed}"
    if folder.status != "complete":
        done = folder.manifest["iterations_done"]
        name += f" ({folder.status}, {done} of {folder.config.run.num_iterations} iterations)"
    print(reference_table({name: folder.evaluation()}, folder.config), end="")
    print(f"stored in {folder.path}")
    return 0
