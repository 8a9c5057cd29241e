"""What a sweep found, as tables: read from its run folders, or from the CSV files that were written of them.

A results folder holds plan.json, manifest.json and

groups.csv         a row per group: its network, length, radii, requirements in force, and who is judged by default
scores.csv         a row per run and reading of R56, who is judged: held-out means; and costs and curvature, in both
episodes.csv       a row per run and held-out episode: its mean reward, as the run is judged by default
curves.csv         a row per run and block of iterations: the means of metrics.csv over agents and the block
gates.csv          the same per agent, where a gate decides on SAM
distributions.csv  a row per run, quantity and level: quantiles by slice
regimes.csv        a row per run, stage and regime, where there were several stages
references.csv     a row per policy that does not learn, and for the bound
landscape.csv, sam_step.csv, users.csv, sir.csv   scenes: the critic's loss around one SAM step; the network map
"""

import json
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..files import write_atomically
from . import scenes
from .collect import collect_runs
from .measurements import missing
from .plan import plan_of
from .run_folder import COMPLETE, RunFolder
from .table import Table

OF_EVERY_RUN = ("scores", "episodes", "curves")
OF_RUNS = (*OF_EVERY_RUN, "groups", "gates", "distributions", "regimes")
SCENES = ("references", "landscape", "sam_step", "users", "sir")
PLAN, MANIFEST = "plan.json", "manifest.json"
NAMED, AGAIN = 8, "make the results anew"


@dataclass(frozen=True)
class Results:
    """Tables by name, the Plan that they follow, and where the runs were made."""

    plan: object
    tables: dict
    manifest: dict

    def __getitem__(self, name):
        return self.tables[name]

    def scores(self, group, evaluation=None):
        """A row per run of a group, judged by a reading of R56, or as its runs are judged by default."""
        by_default = self["groups"].where(group=group)["evaluation"].tolist()
        return self["scores"].where(group=group, evaluation=evaluation or by_default)

    def write(self, folder):
        """Write the results folder: plan.json last, for without it a folder holds no results."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PLAN).unlink(missing_ok=True)
        for name, table in self.tables.items():
            table.write(folder / f"{name}.csv")
        with write_atomically(folder / MANIFEST) as file:
            file.write(json.dumps(self.manifest, indent=1) + "\n")
        write_plan(folder, self.plan)


def write_plan(folder, plan):
    """Write the plan of a sweep beside its runs, its base included."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    with write_atomically(Path(folder) / PLAN) as file:
        file.write(json.dumps(plan.tables, indent=1) + "\n")


def is_results(folder):
    """Whether the folder holds results already, rather than runs."""
    return (Path(folder) / "scores.csv").exists()


def read_results(folder):
    """Read a results folder.  Raises UsageError when it is not complete and of one plan."""
    folder = Path(folder)
    plan = read_plan(folder)
    tables = {name: Table.read(folder / f"{name}.csv") for name in (*OF_RUNS, *SCENES)}
    wanted = [entry.name for entry in plan.entries(folder)]
    for name in OF_EVERY_RUN:
        path = folder / f"{name}.csv"
        _refuse_difference(path, wanted, list(dict.fromkeys(_names(path, tables[name]))), AGAIN)
    _refuse_uneven(folder / "scores.csv", wanted, tables["scores"])
    return Results(plan, tables, _read_json(folder / MANIFEST))


def collect(folder, groups=None, say=lambda text: None):
    """Results of the run folders of a sweep: of all groups, with the scenes, or of these groups alone, if any.

    Raises UsageError, with a list, when runs are missing or incomplete, lack a measurement, or are not the plan's.
    """
    folder = Path(folder)
    plan = read_plan(folder)
    entries = [entry for entry in plan.entries(folder) if groups is None or entry.label in groups]
    found = [path.parent for path in sorted(folder.glob("*/*/[!.]*/config.toml"))]
    if groups is None:
        there = {entry.path for entry in entries}
        _refuse_difference(folder, [], [str(path.relative_to(folder)) for path in found if path not in there],
                           "move them away")
    runs = {entry: RunFolder.open(entry.path) for entry in entries if entry.path in found}
    lacks = {entry: _lacks(entry, runs.get(entry)) for entry in entries}
    _refuse_difference(folder, [f"{entry.name} ({', '.join(what)})" for entry, what in lacks.items() if what], [],
                       "'tasam-ref sweep' goes on")
    tables = collect_runs(runs)
    if groups is None:
        first = entries[0].config
        say(f"evaluating policies that do not learn on the network of {entries[0].label}")
        tables |= scenes.references(first) | scenes.network(first) | scenes.landscape(runs[scenes.shown_run(runs)])
    return Results(plan, tables, _manifest(runs))


def read_plan(folder):
    """The Plan of a sweep's or a results folder.  Raises UsageError when there is none."""
    path = Path(folder) / PLAN
    if not path.exists():
        raise UsageError(f"{folder}: holds no {PLAN}: must be the --out of a 'tasam-ref sweep', or results made of one")
    return plan_of(_read_json(path), path)


def _lacks(entry, run):
    """What an entry still lacks, in words; nothing when it is done."""
    if run is None:
        return ["not there"]
    if run.config != entry.config or run.method != entry.method:
        return ["another configuration"]
    if run.status != COMPLETE:
        return [run.status]
    return [f"no {name}" for name in missing(run, entry.measurements)]


def _manifest(runs):
    """The packages and machines of the runs, each as often as it occurs first."""
    manifests = [run.manifest for run in runs.values()]
    distinct = {name: [json.loads(text) for text in dict.fromkeys(json.dumps(m[name]) for m in manifests)]
                for name in ("packages", "machine")}
    return {"runs": len(manifests), "hours": round(sum(m["wall_seconds"] for m in manifests) / 3600, 2), **distinct}


def _refuse_uneven(path, wanted, scores):
    """Refuse scores that do not hold every run once by each of their readings of R56."""
    held = _names(path, scores, "evaluation")
    _refuse_difference(path, [f"{run} {reading}" for run in wanted for reading in scores.unique("evaluation")], held,
                       AGAIN)
    twice = [row for row in held if held.count(row) > 1]
    if twice:
        raise UsageError(f"{path}: holds {twice[0]} twice")


def _names(path, table, *more):
    """What a table's rows are of, by the names that entries have.  Raises UsageError for a table of something else."""
    try:
        columns = [table[name].tolist() for name in ("group", "method", "seed", *more)]
        return [" ".join((group, method, f"seed {int(seed)}", *rest)) for group, method, seed, *rest in zip(*columns)]
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path}: {error}") from None


def _refuse_difference(where, wanted, held, advice):
    """Refuse when what is wanted and what is held differ."""
    for what, names in (("lacks", [n for n in wanted if n not in held]),
                        ("mixes in, against its plan,", [n for n in held if n not in wanted])):
        if names:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            raise UsageError(f"{where}: {what} {', '.join(names[:NAMED])}{more}; {advice}")


def _read_json(path):
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: not readable ({type(error).__name__})") from None
    if not isinstance(content, dict):
        raise UsageError(f"{path}: not readable ({type(content).__name__})")
    return content
