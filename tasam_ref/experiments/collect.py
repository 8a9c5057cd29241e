"""From run folders to the tables of ``store``."""

import numpy as np

from ..oran.env import qos_targets
from . import distributions, run_curvature
from .forgetting import regime_rows
from .table import Table
from .tables import summary_rows

MOST_BLOCKS = 50
"""Points of a learning curve: longer runs are averaged over blocks of iterations."""

GATE = ("td_error_variance", "sam_actor", "rho_actor")


def collect_runs(runs):
    """The tables of a mapping Entry -> RunFolder, by name."""
    return {
        "groups": Table.of_rows(_group_rows(runs)),
        "scores": Table.of_rows([_key(entry) | row for entry, run in runs.items() for row in _scores(run)]),
        "episodes": Table.of_rows([_key(entry) | {"episode": e, "reward": reward} for entry, run in runs.items()
                                   for e, reward in enumerate(run.evaluation().reward)]),
        "curves": Table.of_rows([_key(entry) | row for entry, run in runs.items() for row in _curve(run)]),
        "gates": Table.of_rows([_key(entry) | row for entry, run in runs.items() for row in _gate(run)]),
        "distributions": Table.of_rows([_key(entry) | row for entry, run in runs.items()
                                        if "distributions" in entry.measurements for row in _quantiles(run)]),
        "regimes": Table.of_rows([_key(entry) | row for entry, run in runs.items()
                                  if len(run.config.regimes.sequence) > 1 for row in regime_rows([run])]),
    }


def _key(entry):
    return {"group": entry.label, "method": entry.method, "seed": entry.seed}


def _group_rows(runs):
    """What the runs of a group have in common, from its first."""
    first = {}
    for entry, run in runs.items():
        first.setdefault(entry.label, run.config)
    for group, config in first.items():
        radio, sam, settings = config.radio, config.sam, config.run
        yield {"group": group, "num_dus": radio.num_dus, "num_ues": radio.num_ues, "num_rbs": radio.num_rbs,
               "num_iterations": settings.num_iterations, "gradient_steps": config.agent.gradient_steps,
               "frames_per_iteration": settings.frames_per_iteration, "eval_episodes": settings.eval_episodes,
               "eval_frames": settings.eval_frames, "evaluation": settings.evaluation, "norm": sam.norm,
               "rho_schedule": sam.rho_schedule, "rho_init": sam.rho_init, "rho_final": sam.rho_final,
               "actor_rho_ratio": sam.actor_rho_ratio, "td_var_threshold": sam.td_var_threshold,
               **{f"q_min_{name}": value for name, value in zip(config.slices.names, qos_targets(config.reward)[0])}}


def _scores(run):
    """Rows of ``summary_rows`` with the configuration's hash and, where measured, the curvature."""
    shared = {"config_hash": run.manifest["config_hash"]}
    if run_curvature.is_measured(run):
        found = run_curvature.read_file(run.path / run_curvature.FILE)["networks"]
        for kind in ("critic", "actor"):
            shared[f"lambda_max_{kind}"] = np.mean([entry["largest"]["value"] for name, entry in found.items()
                                                    if name.startswith(kind)])
    return [row | shared for row in summary_rows([run])]


def _curve(run):
    """Rows of the means over agents and blocks of iterations; ``iteration`` counts those behind the block's middle."""
    columns, agents = run.metrics(), run.config.num_agents
    values = {name: np.reshape(column, (-1, agents)).mean(axis=1) for name, column in columns.items()
              if name not in ("iteration", "agent")}
    return _blocks(values)


def _gate(run):
    """Rows of each agent's gate in blocks of iterations; none without a gate."""
    sam = run.config.sam
    if not (sam.use_sam_actor and sam.selective):
        return
    columns, agents = run.metrics(), run.config.num_agents
    for agent in range(agents):
        for row in _blocks({name: np.reshape(columns[name], (-1, agents))[:, agent] for name in GATE}):
            yield {"agent": agent} | row


def _blocks(columns):
    length = len(next(iter(columns.values())))
    size = -(-length // MOST_BLOCKS)
    for start in range(0, length, size):
        end = min(start + size, length)
        yield {"iteration": (start + end) / 2} | {name: column[start:end].mean() for name, column in columns.items()}


def _quantiles(run):
    content = distributions.read_file(run.path / distributions.FILE)
    for quantity in distributions.QUANTITIES:
        for k, level in enumerate(content["levels"]):
            yield {"quantity": quantity, "level": level} | {
                name: values[k] for name, values in content[quantity].items()}
