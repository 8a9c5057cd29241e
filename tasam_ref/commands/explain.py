"""``tasam-ref explain``: why SAM on the critic costs reward, or does not."""

from pathlib import Path

from ..errors import UsageError
from .options import add_command


def add_explain(commands):
    """Declare ``explain``."""
    parser = add_command(
        commands, "explain", _explain, "what SAM's steps do to a run's critic",
        "Train complete runs once more from their configurations, to the same bits, and look on: at every step of the "
        "critic, whether it moves the common offset of Q or what tells actions apart; at some stages, how far SAM's "
        "radius reaches and how the critic orders actions that are carried out at frozen states. Print tables and "
        "write RUN/explain.json, which is used again when the same is asked. Takes a few times as long as training.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="RUN", help="complete runs' folders")
    parser.add_argument("--stages", type=int, default=5, metavar="N",
                        help="equal stretches of the training whose ends are measured; default: %(default)s")
    parser.add_argument("--network", choices=("critic", "all"), default="critic",
                        help="whose curvature; default: %(default)s")
    parser.add_argument("--states", type=int, default=8, metavar="N",
                        help="frozen states at which actions are tried; default: %(default)s")
    parser.add_argument("--actions", type=int, default=32, metavar="N",
                        help="actions of each of three kinds that each DU tries; default: %(default)s")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw all RUNs into this .png")


def _explain(options):
    for name, least in (("stages", 1), ("states", 2), ("actions", 3)):
        if getattr(options, name) < least:
            raise UsageError(f"--{name} = {getattr(options, name)}: must be at least {least}")
    if len({path.resolve() for path in options.paths}) < len(options.paths):
        raise UsageError(f"RUN = {' '.join(map(str, options.paths))}: must name each run once")
    figure = options.figure
    if figure and not (figure.suffix == ".png" and figure.parent.is_dir()):
        raise UsageError(f"--figure = {figure}: must end in .png and lie in a folder that exists")
    from ..experiments.explain import FILE, explain_run
    from ..experiments.explain_plot import plot_explanations
    from ..experiments.explain_table import explanation, key
    from ..experiments.run_folder import RunFolder

    folders, contents = [RunFolder.open(path) for path in options.paths], []
    for folder in folders:
        contents.append(explain_run(folder, options.stages, options.network, options.states, options.actions))
        print(explanation(folder.path, contents[-1]), flush=True)
    print(key(max(content["run"]["gamma"] for content in contents)))
    if figure:
        plot_explanations(figure, contents)
    print(f"stored in {', '.join(str(folder.path / FILE) for folder in folders)}"
          + (f"; drawn in {figure}" if figure else ""))
    return 0
