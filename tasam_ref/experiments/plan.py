"""What to run.  A plan file names groups of runs, and which of them each figure and table reads.

    preset = "quick"                    # of every group, unless it says otherwise; likewise settings, seeds, methods
    seeds = 5

    [groups.headline]
    methods = ["no_sam", "ta_sam"]

    [groups.dus_2]
    methods = ["no_sam", "ta_sam"]
    scenarios = ["dus_2"]
    settings = ["run.num_iterations=100"]
    seeds = 3

    [measure.curvature]                     # once trained, measure this of these methods of the group
    headline = ["no_sam", "ta_sam"]

    [needs]
    fig08 = ["headline", "dus_2"]

With ``base = "other.toml"``, a plan beside it, everything is as there but for what stands here, group by group and
entry by entry.  A run stands in DIR/group/method/seed_N.
"""

import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from ..config import Config
from ..config_io import config_hash, load_preset
from ..errors import UsageError
from ..methods.registry import configure
from .measurements import MEASUREMENTS


@dataclass(frozen=True)
class Entry:
    """One run: what to run and where, and what to measure of it once it is trained.

    ``label`` tells entries of one method and seed apart.
    """

    method: str
    seed: int
    config: Config
    path: Path
    label: str = ""
    measurements: tuple = ()

    @property
    def name(self):
        """How messages call this run."""
        return f"{self.label} {self.method} seed {self.seed}".lstrip()


@dataclass(frozen=True)
class Group:
    """Methods under one configuration, with seeds 0 to ``seeds`` - 1."""

    methods: tuple
    preset: str
    seeds: int
    scenarios: tuple = ()
    settings: tuple = ()

    def configs(self):
        """A mapping method -> Config.  Raises UsageError for what no Config can be made of."""
        preset = load_preset(self.preset)
        return {method: configure(method, preset, self.settings, self.scenarios) for method in self.methods}


@dataclass(frozen=True)
class Plan:
    """Groups by name, the names of the groups that each figure and table needs, and what is to be measured.

    ``measure`` maps measurements to groups and these to methods; ``tables`` are the plan file's, its base's included.
    """

    groups: dict
    needs: dict
    measure: dict
    tables: dict

    def entries(self, out):
        """Every run, seed by seed, so that a plan cut short is complete for its first seeds.

        Raises UsageError where two groups hold the same run.
        """
        configs = {name: group.configs() for name, group in self.groups.items()}
        runs, holder = [], {}
        for seed in range(max(group.seeds for group in self.groups.values())):
            for name, group in self.groups.items():
                if seed < group.seeds:
                    runs += [replace(run, measurements=self._measurements(run))
                             for run in _with_seed(configs[name], seed, Path(out) / name, name)]
        for run in runs:
            other = holder.setdefault((run.method, config_hash(run.config)), run)
            if other is not run:
                raise UsageError(f"groups.{run.label}: holds {run.method} seed {run.seed} in the same configuration as "
                                 f"groups.{other.label}; name it once")
        return runs

    def _measurements(self, run):
        return tuple(name for name, wanted in self.measure.items() if run.method in wanted.get(run.label, ()))


def comparison_entries(configs, seeds, out):
    """Entries for a mapping method -> Config and a number of seeds, in folders out/method/seed_N."""
    return [run for seed in range(seeds) for run in _with_seed(configs, seed, Path(out), "")]


def _with_seed(configs, seed, folder, label):
    return [Entry(method, seed, replace(config, run=replace(config.run, seed=seed)), folder / method / f"seed_{seed}",
                  label) for method, config in configs.items()]


def load_plan(path):
    """Read a plan file.  Raises UsageError, naming the file and the entry, for anything that is not a plan."""
    tables = _read(path)
    if "base" in tables:
        (base,) = _names("base", [tables.pop("base")])
        tables = _over(_read(Path(path).parent / base), tables)
    return plan_of(tables, path)


def plan_of(tables, path):
    """The Plan of a plan file's tables; ``path`` is what messages name."""
    try:
        return _plan(tables)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _read(path):
    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path}: not a plan: {error}") from None


def _over(base, tables):
    """The tables of a base with those of a plan over them, down to the single entry."""
    both = {key: _over(base[key], value) for key, value in tables.items()
            if isinstance(value, dict) and isinstance(base.get(key), dict)}
    return base | tables | both


def _plan(tables):
    _refuse_others("a plan", tables, {"preset", "seeds", "settings", "methods", "groups", "measure", "needs"})
    groups = _table(tables, "groups")
    if not groups:
        raise UsageError("groups = {}: must hold one group at least")
    groups = {name: _group(name, tables, group) for name, group in groups.items()}
    for name, group in groups.items():
        try:
            group.configs()
        except UsageError as error:
            raise UsageError(f"groups.{name}: {error}") from None
    needs = {name: _names(f"needs.{name}", needed) for name, needed in _table(tables, "needs").items()}
    for name, needed in needs.items():
        for group in needed:
            if group not in groups:
                raise UsageError(f"needs.{name} = {group!r}: must be one of {', '.join(groups)}")
    return Plan(groups, needs, {name: _wanted(name, wanted, groups)
                                for name, wanted in _table(tables, "measure").items()}, tables)


def _group(name, plan, table):
    where = f"groups.{name}"
    if not re.fullmatch(r"\w[\w.+-]*", name, re.ASCII):
        raise UsageError(f"{where}: must be named by letters, digits, '_', '.', '+' and '-', for it names a folder")
    if not isinstance(table, dict):
        raise UsageError(f"{where} = {table!r}: must be a table")
    _refuse_others(where, table, {"methods", "preset", "seeds", "scenarios", "settings"})
    seeds, preset = (table.get(key, plan.get(key, default)) for key, default in (("seeds", 1), ("preset", "quick")))
    if type(seeds) is not int or seeds < 1:
        raise UsageError(f"{where}.seeds = {seeds!r}: must be a whole number of at least 1")
    methods = _names(f"{where}.methods", table.get("methods", plan.get("methods", ())))
    if not methods or len(set(methods)) < len(methods):
        raise UsageError(f"{where}.methods = {list(methods)}: must name one method at least, each once")
    return Group(methods, preset, seeds, _names(f"{where}.scenarios", table.get("scenarios", ())),
                 _names("settings", plan.get("settings", ())) + _names(f"{where}.settings", table.get("settings", ())))


def _wanted(name, wanted, groups):
    """The methods of each group of which a measurement is to be made."""
    where = f"measure.{name}"
    if name not in MEASUREMENTS:
        raise UsageError(f"{where}: must be one of {', '.join(MEASUREMENTS)}")
    if not isinstance(wanted, dict):
        raise UsageError(f"{where} = {wanted!r}: must be a table")
    _refuse_others(where, wanted, set(groups))
    found = {group: _names(f"{where}.{group}", methods) for group, methods in wanted.items()}
    for group, methods in found.items():
        _refuse_others(f"{where}.{group}", methods, set(groups[group].methods))
    return found


def _table(tables, name):
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"{name} = {table!r}: must be a table")
    return table


def _names(where, value):
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise UsageError(f"{where} = {value!r}: must be a list of texts")
    return tuple(value)


def _refuse_others(where, table, known):
    for key in table:
        if key not in known:
            raise UsageError(f"{where}: has no {key!r}; allowed are {', '.join(sorted(known))}")
