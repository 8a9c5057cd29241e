"""Results as a sweep might leave them, drawn from a generator: no run is trained."""

from functools import cache
from pathlib import Path

import numpy as np

from tasam_ref.experiments.collect import MOST_BLOCKS, _group_rows
from tasam_ref.experiments.plan import load_plan, plan_of
from tasam_ref.experiments.store import Results
from tasam_ref.experiments.table import Table

PLANS = Path(__file__).parents[2] / "figures" / "plans"
LEVEL = {"no_sam": 1.9, "l2": 1.9, "actor_sam": 1.9, "critic_sam": 1.1, "both_sam": 1.0, "ta_sam": 1.05}
SHARPNESS = {"no_sam": 4.0, "l2": 5.0, "actor_sam": 3.5}
REGIMES = {"usual": 0.0, "crowd": -0.8, "quiet": 0.5, "shifted": -0.2}


@cache
def results(plan="laptop", seeds=None, iterations=None, change=None):
    """Results of a plan of figures/plans, with that many seeds and iterations in every group if given.

    But forgetting's stages are whole episodes: it keeps its length.  ``change`` may change the plan's tables first.
    Nobody writes to what is returned.
    """
    tables = load_plan(PLANS / f"{plan}.toml").tables
    if change:
        change(tables)
    for name, group in tables["groups"].items():
        if seeds:
            group["seeds"] = seeds
        if iterations and name != "forgetting":
            group["settings"] = [*group.get("settings", ()), f"run.num_iterations={iterations}"]
    plan = plan_of(tables, plan)
    entries = plan.entries("")
    generator = np.random.default_rng(0)
    skill = {seed: generator.normal(0, 0.1) for seed in range(max(group.seeds for group in plan.groups.values()))}
    rows = {name: [] for name in ("scores", "curves", "gates", "regimes")}
    for entry in entries:
        reward = LEVEL.get(entry.method, 1.5) + skill[entry.seed] + generator.normal(0, 0.08)
        _add_run(rows, entry, reward, generator)
    found = {name: Table.of_rows(table) for name, table in rows.items()}
    return Results(plan, found | {"groups": Table.of_rows(_group_rows({entry: entry for entry in entries}))}, {})


def _add_run(rows, entry, reward, generator):
    key, config = {"group": entry.label, "method": entry.method, "seed": entry.seed}, entry.config
    measured = {}
    if "curvature" in entry.measurements:
        sharpness = SHARPNESS.get(entry.method, 1.5) * np.exp(generator.normal(0, 0.3))
        measured = {"lambda_max_critic": sharpness, "lambda_max_actor": sharpness / 50}
    for evaluation, shift in (("deterministic", 0.0), ("stochastic", generator.normal(-0.3, 0.05))):
        rows["scores"].append(key | {"evaluation": evaluation, "reward": reward + shift} | measured)
    total = config.run.num_iterations
    size = -(-total // MOST_BLOCKS)
    fall = config.sam.rho_schedule != "static"
    for start in range(0, total, size):
        middle = (start + min(start + size, total)) / 2
        drift = 0.15 * np.sin(9 * middle / total + entry.seed)
        rho = config.sam.rho_init + fall * (config.sam.rho_final - config.sam.rho_init) * middle / total
        rows["curves"].append(key | {
            "iteration": middle, "rho_critic": rho * config.sam.use_sam_critic,
            "reward": 1.2 + (reward - 1.2) * middle / total + drift + generator.normal(0, 0.05)})
        if config.sam.use_sam_actor and config.sam.selective:
            for agent in range(config.num_agents):
                variance = 10 ** generator.normal(-0.6 + 0.5 * (agent % 3 - 1), 0.5)
                opened = float(variance >= 0.5)
                rows["gates"].append(key | {"agent": agent, "iteration": middle, "td_error_variance": variance,
                                            "sam_actor": opened, "rho_actor": opened * rho})
    sequence = config.regimes.sequence
    for k, stage in enumerate(("untrained", *(f"stage_{k + 1}" for k in range(len(sequence))))):
        if len(sequence) > 1:
            rows["regimes"] += [key | {"stage": stage, "regime": regime, "reward": generator.normal(shift + (
                reward - 0.4 if k else 0.8) + 0.2 * (k > 0 and sequence[k - 1] == regime), 0.08)}
                for regime, shift in REGIMES.items()]
