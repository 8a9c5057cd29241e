"""``tasam-ref compare`` and ``baselines``: methods and rivals side by side."""

from pathlib import Path

from ..errors import UsageError
from .options import add_command, add_config_options, read_config, refuse_seed, say


def add_compare(commands):
    """Declare ``compare``."""
    parser = add_command(
        commands, "compare", _compare, "train methods over seeds and compare them",
        "Train every METHOD from seeds 0 to N-1 under common random numbers, evaluate all on the same held-out "
        "episodes and print one table, with 95 % t intervals over seeds and the methods' differences paired by seed. "
        "Writes DIR/METHOD/seed_N, DIR/comparison.csv and DIR/learning_curves.png.")
    parser.add_argument("methods", nargs="+", metavar="METHOD", help="methods' names; see 'tasam-ref methods'")
    parser.add_argument("--seeds", type=int, default=2, metavar="N", help="seeds per method; default: %(default)s")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="runs at a time; default: %(default)s")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the comparison")
    parser.add_argument("--resume", action="store_true", help="keep finished runs in --out and go on with the others")
    add_config_options(parser)


def _compare(options):
    from ..config_io import load_preset
    from ..methods.registry import configure

    for name in ("seeds", "jobs"):
        if getattr(options, name) < 1:
            raise UsageError(f"--{name} = {getattr(options, name)}: must be at least 1")
    if len(set(options.methods)) < len(options.methods):
        raise UsageError(f"METHOD = {' '.join(options.methods)}: must name each method once")
    preset = load_preset(options.preset)
    configs = {name: configure(name, preset, options.settings, options.scenarios) for name in options.methods}
    refuse_seed(options.settings, "compare takes seeds 0 to N-1; use --seeds N")

    from ..experiments.ceiling import reward_ceiling
    from ..experiments.evaluation import best_split, reference_evaluations, static_grid
    from ..experiments.forgetting import forgetting_table, regime_rows
    from ..experiments.gate_report import gate_report
    from ..experiments.plan import comparison_entries
    from ..experiments.plotting import plot_comparison
    from ..experiments.runner import prepare, run_all
    from ..experiments.tables import comparison_table, equal_gradients_table, summary_rows, write_csv

    entries = comparison_entries(configs, options.seeds, options.out)
    prepare(entries, options.resume)
    folders = run_all(entries, options.jobs, say)
    write_csv(options.out / "comparison.csv", summary_rows(folders))
    references = {}
    if folders[0].config.num_slices <= 3:  # more than the fixed policies' two bits per RB can name
        references = reference_evaluations(folders[0].config, best_split(static_grid(folders[0].config)))
    plot_comparison(options.out / "learning_curves.png", folders, references)
    ceiling = reward_ceiling(folders[0].config)
    print("\n" + "\n".join(filter(None, (
        comparison_table(folders, references, ceiling), equal_gradients_table(folders, ceiling),
        gate_report(folders)))), end="")
    stored = "comparison.csv"
    if len(folders[0].config.regimes.sequence) > 1:
        write_csv(options.out / "regimes.csv", regime_rows(folders))
        print("\n" + forgetting_table(folders), end="")
        stored += ", regimes.csv"
    print(f"stored in {options.out}: {stored}, learning_curves.png and the runs")
    return 0


def add_baselines(commands):
    """Declare ``baselines``."""
    parser = add_command(
        commands, "baselines", _baselines, "reward and QoS of policies that do not learn",
        "Evaluate on the held-out episodes: idle, random, the equal split under every scheduler, a split by demand, "
        "the best static split of a grid, and a greedy allocator that sees the coming frame. They give rewards a "
        "scale: the network is alive when idle < random < equal < best. The gap is to a bound on any policy's reward.")
    add_config_options(parser)


def _baselines(options):
    from ..experiments.ceiling import reward_ceiling
    from ..experiments.evaluation import best_split, reference_evaluations, share_above_0_db, static_grid
    from ..experiments.tables import grid_ranges, reference_table

    config = read_config(options)
    grid = static_grid(config, steps=20)
    evaluations = reference_evaluations(config, best_split(grid))
    print(reference_table(evaluations, config, reward_ceiling(config)), end="")
    print(grid_ranges(grid, config), end="")
    print(f"SIR without fading above 0 dB: {100 * share_above_0_db(config):.1f} % of users")
    return 0
