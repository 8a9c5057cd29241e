"""What figures show beside runs: rivals that do not learn, the loss around one SAM step, and the network itself."""

import numpy as np

from ..analysis.stats import mean_interval
from ..kernels.channel import mean_power
from ..optim.sam import perturbed
from ..oran.env import OranEnv
from .ceiling import reward_ceiling
from .evaluation import best_split, held_out_seeds, reference_evaluations, static_grid
from .run_curvature import frozen_learner, losses
from .table import Table

GRID = 41


def references(config):
    """{"references": a row per policy that does not learn, and one for the bound on the reward (``ceiling``)}."""
    rows = []
    for name, found in reference_evaluations(config, best_split(static_grid(config))).items():
        interval = mean_interval(found.reward)
        row = {"policy": name, "reward": interval.mean, "low": interval.low, "high": interval.high}
        for s, slice_name in enumerate(config.slices.names):
            row[f"qos_{slice_name}"] = found.qos[:, s].mean()
            row[f"violated_{slice_name}"] = found.violated[:, s].mean()
        rows.append(row)
    ceiling = reward_ceiling(config)
    if not ceiling.missing:
        interval = mean_interval(ceiling.every)
        rows.append({"policy": "bound", "reward": interval.mean, "low": interval.low, "high": interval.high})
    return {"references": Table.of_rows(rows)}


def shown_run(runs):
    """The first run whose critic takes SAM steps, or the first of all: whose loss ``landscape`` shows."""
    runs = list(runs)
    return next((run for run in runs if run.config.sam.use_sam_critic), runs[0])


def landscape(run):
    """{"landscape": the critic's loss on a grid; "sam_step": the points of one SAM step on it}.

    The plane through the run's critic theta is spanned by the unit gradient g (x) and the part of the unit gradient
    at theta_adv that is normal to it (y), so that the step lies in it.  The radius is ``sam.rho_init``; both
    descents are drawn as long as that.  Source: Sec. IV-C, Fig. 3.
    """
    config = run.config
    learner = frozen_learner(config, run.load_checkpoint(), config.agent.batch_size)
    _, loss, theta = next(losses(learner, "critic"))
    rho, theta = config.sam.rho_init, theta.astype(float)
    gradient = loss(theta)[1].copy()
    gradient_adv = loss(perturbed(theta, gradient, rho))[1].copy()
    x_axis, adverse = gradient / np.linalg.norm(gradient), gradient_adv / np.linalg.norm(gradient_adv)
    y_axis = adverse - (adverse @ x_axis) * x_axis
    y_axis /= np.linalg.norm(y_axis)
    points = {"theta": (0.0, 0.0), "theta_adv": (rho, 0.0), "plain": (-rho, 0.0),
              "sam": (-rho * (adverse @ x_axis), -rho * (adverse @ y_axis))}

    def row(x, y):
        return {"x": x, "y": y, "loss": loss(theta + x * x_axis + y * y_axis)[0]}

    ticks = np.linspace(-2 * rho, 2 * rho, GRID)
    return {"landscape": Table.of_rows([row(x, y) for y in ticks for x in ticks]),
            "sam_step": Table.of_rows([{"point": name} | row(*point) for name, point in points.items()])}


def network(config):
    """{"users": where RUs and users stand at the start of the first held-out episode; "sir": in dB, on a grid}.

    The SIR is that of the strongest RU against all others, all sending on the same RB, without fading.
    """
    env = OranEnv(config)
    env.reset(seed=held_out_seeds(config)[0])
    net, topology, radio = env.network, env.topology, config.radio
    users = [{"x_m": x, "y_m": y, "du": m, "slice": "RU"} for m, (x, y) in enumerate(topology.ru_position)]
    users += [{"x_m": x, "y_m": y, "du": m, "slice": config.slices.names[s]}
              for (x, y), m, s in zip(net.state["position"], topology.serving, topology.slice_of)]
    low, high = (end(topology.ru_position, axis=0) for end in (np.min, np.max))
    across, up = (np.linspace(low[k] - radio.cell_radius_m, high[k] + radio.cell_radius_m, GRID) for k in (0, 1))
    points = np.array([(x, y) for y in up for x in across])
    power = mean_power(points, topology.ru_position, net.rb_power_w, net.gain_1m, radio.path_loss_exponent,
                       radio.min_distance_m)
    best = power.max(axis=1)
    sir = 10 * np.log10(best / np.maximum(power.sum(axis=1) - best, np.finfo(float).tiny))
    return {"users": Table.of_rows(users),
            "sir": Table.of_rows([{"x_m": x, "y_m": y, "sir_db": value} for (x, y), value in zip(points, sir)])}
