"""The folder of one run.

config.toml           complete and reloadable
manifest.json         method, seed, package versions, config hash, machine, wall time, status
metrics.csv           one row per iteration and agent
evaluation.json       held-out episodes, once training ended, by each reading of R56
equal_gradients.json  the same of the actors that had cost as much as a whole run without SAM, if that was earlier
regimes.json          the actors after every stage in every regime, by the run's reading, if there were several stages
checkpoint.npz        everything that continuing needs; after the end, the networks and snapshots of the actors
curvature.json        eigenvalues of the losses' Hessians, where they were asked for (``run_curvature``)
explain.json          what the critic's steps went along and how it orders actions, where it was asked for (``explain``)
distributions.json    quantiles of QoS and throughput, where they were asked for (``distributions``)

The folder appears under its name only when config and manifest are in it, and each file is replaced whole.
"""

import csv
import fcntl
import json
import os
import platform
import shlex
import shutil
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from .. import __version__
from ..config_io import config_hash, from_toml, to_toml
from ..errors import UsageError
from ..files import write_atomically
from ..marl.checkpoint import load_checkpoint, save_checkpoint
from .evaluation import Evaluation

RUNNING, INTERRUPTED, FAILED, COMPLETE = "running", "interrupted", "failed", "complete"


class RunFolder:
    """A run on disk.  Make one with ``create`` or ``open``."""

    def __init__(self, path, config, manifest):
        self.path, self.config, self.manifest = Path(path), config, manifest

    @classmethod
    def create(cls, path, method, config):
        """Make the folder.  Raises UsageError when it exists or cannot be made."""
        path = Path(os.path.abspath(path))
        if os.path.lexists(path):
            raise UsageError(f"{path}: exists already; continue it with --resume, or choose another folder")
        temporary = path.with_name(f".{os.getpid()}.tmp")
        folder = cls(temporary, config, _new_manifest(method, config))
        try:
            temporary.mkdir(parents=True)
            with write_atomically(temporary / "config.toml") as file:
                file.write(to_toml(config))
            folder.write_manifest()
            os.rename(temporary, path)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
        folder.path = path
        return folder

    @classmethod
    def open(cls, path):
        """Read an existing folder.  Raises UsageError when it is not a run of this package."""
        path = Path(path)
        try:
            config = from_toml((path / "config.toml").read_text("utf-8"))
            manifest = json.loads((path / "manifest.json").read_text("utf-8"))
        except OSError as error:
            raise UsageError(f"{path}: not a run folder: {Path(error.filename).name}: {error.strerror}") from None
        except (ValueError, UsageError) as error:
            raise UsageError(f"{path}: not a run folder of this package: {error}") from None
        model = _new_manifest("", config)
        if not isinstance(manifest, dict) or any(type(manifest.get(key)) is not type(model[key]) for key in model):
            raise UsageError(f"{path}: not a run folder of this package: manifest.json lacks entries or has others")
        if manifest["config_hash"] != config_hash(config):
            version = manifest["packages"].get("tasam_ref")
            raise UsageError(f"{path}: config.toml was changed after the run began, or tasam_ref {version} wrote it: "
                             "its hash is not the manifest's")
        return cls(path, config, manifest)

    @property
    def method(self):
        """Name of the run's method."""
        return self.manifest["method"]

    @property
    def status(self):
        """One of running, interrupted, failed, complete."""
        return self.manifest["status"]

    def final_networks(self):
        """The checkpoint of a complete run.  Raises UsageError for a run that is not, or that has lost it."""
        if self.status != COMPLETE:
            raise UsageError(f"{self.path}: is {self.status}: must be complete; go on with: tasam-ref train --out "
                             f"{shlex.quote(str(self.path))} --resume")
        networks = self.load_checkpoint()
        if networks is None:
            raise UsageError(f"{self.path}: its networks, checkpoint.npz, are missing")
        return networks

    def write_manifest(self, **changes):
        """Write the manifest with some entries changed."""
        self.manifest |= changes
        with write_atomically(self.path / "manifest.json") as file:
            file.write(json.dumps(self.manifest, indent=1) + "\n")

    def save_checkpoint(self, state):
        """Replace the checkpoint."""
        save_checkpoint(self.path / "checkpoint.npz", state, config_hash(self.config))

    def load_checkpoint(self):
        """Return the checkpoint's arrays, or None when there is none yet."""
        path = self.path / "checkpoint.npz"
        return load_checkpoint(path, config_hash(self.config)) if path.exists() else None

    def write_metrics(self, lines):
        """Replace metrics.csv by these lines, the header first."""
        with write_atomically(self.path / "metrics.csv") as file:
            file.writelines(lines)

    def read_metric_lines(self, before_iteration):
        """The header and the rows of iterations below ``before_iteration``, as lines.

        Raises UsageError unless every one of these iterations is there.
        """
        path = self.path / "metrics.csv"
        try:
            lines = path.read_text("utf-8").splitlines(keepends=True)
            kept = lines[:1] + [line for line in lines[1:] if int(line.split(",", 1)[0]) < before_iteration]
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: not readable ({type(error).__name__}), so the run cannot go on") from None
        expected = 1 + before_iteration * self.config.num_agents
        if len(kept) != expected:
            raise UsageError(f"{path}: has {len(kept)} lines up to the checkpoint: must be {expected} for the run to "
                             "go on")
        return kept

    @contextmanager
    def locked(self):
        """Keep other processes from training this run; the lock falls with the process.  Raises UsageError."""
        with open(self.path / "config.toml", "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(f"{self.path}: another process is training this run") from None
            yield

    def sweep(self):
        """Remove temporary files that a killed process left."""
        for leftover in self.path.glob(".*.tmp"):
            leftover.unlink(missing_ok=True)

    def metrics(self):
        """metrics.csv as a dictionary of columns of numbers.  Raises UsageError when it is not that."""
        path = self.path / "metrics.csv"
        try:
            with open(path, encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            columns = {name: [float(row[name]) for row in rows] for name in rows[0]}
        except (OSError, ValueError, TypeError, IndexError) as error:
            raise UsageError(f"{path}: not readable ({type(error).__name__}); train this run anew") from None
        if len(rows) % self.config.num_agents:
            raise UsageError(f"{path}: not the metrics of {self.config.num_agents} agents; train this run anew")
        return columns

    def write_evaluation(self, evaluations, name="evaluation.json"):
        """Replace evaluation.json, or another file of an Evaluation by each reading of R56."""
        lists = {reading: evaluation.to_lists() for reading, evaluation in evaluations.items()}
        with write_atomically(self.path / name) as file:
            file.write(json.dumps(lists, indent=1) + "\n")

    def evaluation(self, reading=None):
        """The stored Evaluation by a reading of R56, ``run.evaluation`` by default.  Raises UsageError without one."""
        return self._evaluation("evaluation.json", reading)

    def evaluation_at_equal_gradients(self, reading=None):
        """The Evaluation after as many gradient evaluations as a run without SAM takes: at the end, if not before."""
        name = "equal_gradients.json"
        return self._evaluation(name if (self.path / name).exists() else "evaluation.json", reading)

    def _evaluation(self, name, reading):
        reading = reading or self.config.run.evaluation
        return self._read(name, lambda text: Evaluation.from_lists(json.loads(text)[reading]))

    def write_regimes(self, evaluations):
        """Replace regimes.json: a mapping stage -> regime -> Evaluation."""
        lists = {stage: {name: e.to_lists() for name, e in row.items()} for stage, row in evaluations.items()}
        with write_atomically(self.path / "regimes.json") as file:
            file.write(json.dumps(lists, indent=1) + "\n")

    def regimes(self):
        """What ``write_regimes`` stored.  Raises UsageError when it is not that."""
        regimes = self.config.regimes

        def parse(text):
            stored = json.loads(text)
            if len(stored) != 1 + len(regimes.sequence) or any(tuple(row) != regimes.names for row in stored.values()):
                raise ValueError("stages and regimes")
            return {stage: {name: Evaluation.from_lists(lists) for name, lists in row.items()}
                    for stage, row in stored.items()}

        return self._read("regimes.json", parse)

    def _read(self, name, parse):
        path = self.path / name
        try:
            return parse(path.read_text("utf-8"))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UsageError(f"{path}: not a readable evaluation ({type(error).__name__}); 'tasam-ref evaluate "
                             f"{self.path}' makes it anew") from None


def metric_lines(iteration, columns):
    """CSV rows of one iteration, one per agent, from a dictionary of columns (M,)."""
    agents = range(len(next(iter(columns.values()))))
    return [",".join([str(iteration), str(i)] + [repr(column[i].item()) for column in columns.values()]) + "\n"
            for i in agents]


def metric_header(columns):
    """The first line of metrics.csv."""
    return ",".join(["iteration", "agent", *columns]) + "\n"


def _new_manifest(method, config):
    packages = {name: metadata.version(name) for name in ("numpy", "numba", "scipy")}
    return {
        "method": method, "seed": config.run.seed, "config_hash": config_hash(config), "status": RUNNING,
        "iterations_done": 0, "wall_seconds": 0.0, "message": "",
        "packages": {"tasam_ref": __version__, "python": platform.python_version(), **packages},
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
    }
