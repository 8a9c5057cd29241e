"""``tasam-ref curvature``: the sharpness of a stored run."""

from pathlib import Path

from ..errors import UsageError
from .options import add_command


def add_curvature(commands):
    """Declare ``curvature``."""
    parser = add_command(
        commands, "curvature", _curvature, "largest and smallest Hessian eigenvalues of a run's losses",
        "For every network of a complete run, compute the largest and the smallest eigenvalue, by sign, of its loss's "
        "Hessian: Lanczos in float64, at a batch from held-out episodes that is made alike for every run. Print them "
        "with their residuals ||H v - value v|| and write RUN/curvature.json. At Table 1's size a network takes less "
        "than a minute.")
    parser.add_argument("path", type=Path, metavar="RUN", help="a complete run's folder")
    parser.add_argument("--network", choices=("all", "critic", "actors"), default="all",
                        help="whose loss; default: %(default)s")
    parser.add_argument("--transitions", type=int, metavar="N",
                        help="transitions of every DU in the frozen batch; default: the run's agent.batch_size")


def _curvature(options):
    if options.transitions is not None and options.transitions < 1:
        raise UsageError(f"--transitions = {options.transitions}: must be at least 1")
    from ..experiments.run_curvature import FILE, HEAD, line, measure_run
    from ..experiments.run_folder import RunFolder

    folder, head = RunFolder.open(options.path), f"{HEAD}\n"
    for name, entry in measure_run(folder, options.network, options.transitions):
        print(head + line(name, entry), flush=True)
        head = ""
    print(f"stored in {folder.path / FILE}")
    return 0
