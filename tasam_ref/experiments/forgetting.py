"""The experiment that Sec. V-C talks about: train on one regime, switch, switch back, and see what is left."""

import numpy as np

from ..analysis.stats import mean_interval
from ..analysis.transfer import transfers
from ..marl.agents import initial_actors
from ..marl.networks import build_networks
from ..oran.env import OranEnv
from ..regimes import regime_config
from .evaluation import evaluate_actors
from .tables import format_table, group_by_method

_COLUMNS = {"retention": "retention", "recovery": "recovery", "forward_transfer": "forward transfer",
            "held_out": "never trained on"}


def evaluate_regimes(config, snapshots, actors):
    """Evaluations, a mapping stage -> regime -> Evaluation, of the actors before training and after every stage.

    snapshots: those of the run by name; actors (M, n_params): those at its end.  Every regime is there, trained on or
    not, on the same held-out episodes.
    """
    sequence = config.regimes.sequence
    ends = {f"stage_{k}": snapshots[f"stage_{k}"] for k in range(1, len(sequence))} | {f"stage_{len(sequence)}": actors}
    networks = {name: regime_config(config, name) for name in config.regimes.names}
    reading, actors = config.run.evaluation, {"untrained": untrained_actors(config)} | ends
    found = {name: evaluate_actors(network, actors, [reading]) for name, network in networks.items()}
    return {stage: {name: found[name][stage][reading] for name in networks} for stage in actors}


def untrained_actors(config):
    """The actors (M, n_params) that the run of this Config begins with, from its seed."""
    env = OranEnv(regime_config(config, config.regimes.sequence[0]))
    networks = build_networks(config.agent, env.num_agents, env.obs_dim, env.action_dim)
    return initial_actors(networks, config.run.seed, env.num_agents)


def regime_rows(folders):
    """One flat dictionary per run, stage and regime, for CSV: the mean held-out reward."""
    return [{"method": folder.method, "seed": folder.config.run.seed, "stage": stage, "regime": name,
             "reward": evaluation.reward.mean()}
            for folder in folders for stage, row in folder.regimes().items() for name, evaluation in row.items()]


def forgetting_table(folders):
    """Retention, recovery, forward transfer and the reward where nothing was trained, as text: a line per method.

    Means over seeds with their intervals; ``analysis.transfer`` has the formulas.
    """
    regimes = folders[0].config.regimes
    body = []
    for method, runs in group_by_method(folders).items():
        measured = [transfers(_rewards(run), regimes.names, regimes.sequence) for run in runs]
        body.append([method, *(_cell([getattr(m, name) for m in measured]) for name in _COLUMNS)])
    never = ", ".join(name for name in regimes.names if name not in regimes.sequence) or "none"
    title = f"stages {', '.join(regimes.sequence)}; never trained on: {never}; in held-out reward\n"
    return title + format_table(["", *_COLUMNS.values()], body)


def _rewards(folder):
    """R (stages + 1, regimes): mean held-out rewards, row 0 before training."""
    return np.array([[evaluation.reward.mean() for evaluation in row.values()] for row in folder.regimes().values()])


def _cell(values):
    return "" if None in values else str(mean_interval(values))
