"""Results with scenes, distributions and rivals, drawn from formulas and a generator: no run is trained."""

from pathlib import Path

import numpy as np

from tasam_ref.experiments.collect import _group_rows
from tasam_ref.experiments.plan import load_plan, plan_of
from tasam_ref.experiments.store import Results
from tasam_ref.experiments.table import Table

PLANS = Path(__file__).parents[2] / "figures" / "plans"
LEVEL = {"no_sam": 1.95, "l2": 1.9, "actor_sam": 1.93, "critic_sam": 1.1, "both_sam": 1.0, "ta_sam": 1.05,
         "centralised_sac": 1.4}
LEVELS = np.linspace(0, 1, 51)
SLICES = ("eMBB", "mMTC", "URLLC")
CENTRE, SPREAD = (25e6, 44e6, 1.6e-3), (0.3, 0.25, 0.2)
REFERENCES = {
    "idle": -3.16, "random": -0.6, "equal split, round robin": 0.93, "equal split, proportional fair": 1.35,
    "equal split, maximum rate": 1.11, "demand-proportional split": 0.72, "best static split (20/40/40 %)": 1.62,
    "greedy on the true channel": 2.31, "bound": 2.74}


def results(seeds=5, rewards=None, groups=("headline",), bound=True):
    """Results of figures/plans/laptop.toml, of its headline alone unless more groups are named.

    ``rewards`` maps methods to the held-out rewards of their seeds, in place of drawn ones.
    """
    tables = load_plan(PLANS / "laptop.toml").tables
    tables["groups"] = {name: tables["groups"][name] | {"seeds": seeds} for name in groups}
    if rewards:
        tables["groups"]["headline"]["methods"] = list(rewards)
    tables["measure"] = {}
    tables["needs"] = {name: needed for name, needed in tables["needs"].items() if set(needed) <= set(groups)}
    plan = plan_of(tables, "synthetic")
    entries = plan.entries("")
    generator = np.random.default_rng(0)
    found = {
        "groups": Table.of_rows(_group_rows({entry: entry for entry in entries})),
        "scores": Table.of_rows([_score(entry, rewards, generator) for entry in entries]),
        "distributions": Table.of_rows([row for entry in entries for row in _quantiles(entry, generator)]),
        "references": Table.of_rows([row for row in _references() if bound or row["policy"] != "bound"]),
        **scenes()}
    return Results(plan, found, {})


def _key(entry):
    return {"group": entry.label, "method": entry.method, "seed": entry.seed}


def _score(entry, rewards, generator):
    reward = LEVEL.get(entry.method, 1.5) + generator.normal(0, 0.08)
    if rewards:
        reward = rewards[entry.method][entry.seed]
    return _key(entry) | {"evaluation": "deterministic", "reward": reward} | {
        f"violated_{name}": generator.uniform(0, 0.9) for name in SLICES}


def _quantiles(entry, generator):
    """Log-logistic quantiles, cut off at the ends; three users in a hundred of the last slice get nothing."""
    skill = LEVEL.get(entry.method, 1.5) / 1.9 * np.exp(generator.normal(0, 0.05))
    odds = np.clip(LEVELS, 0.01, 0.99) / (1 - np.clip(LEVELS, 0.01, 0.99))
    for quantity, scale in (("qos", CENTRE), ("throughput_bps", (2.5e6, 1.4e6, 0.9e6)),
                            ("training_throughput_bps", (2e6, 1.2e6, 0.8e6))):
        for k, level in enumerate(LEVELS):
            row = {name: middle * (1 / skill if middle < 1 else skill) * odds[k] ** spread
                   for name, middle, spread in zip(SLICES, scale, SPREAD)}
            if quantity != "qos" and level <= 0.03:
                row["URLLC"] = 0.0
            yield _key(entry) | {"quantity": quantity, "level": level} | row


def _references():
    for k, (policy, reward) in enumerate(REFERENCES.items()):
        row = {"policy": policy, "reward": reward, "low": reward - 0.05, "high": reward + 0.05}
        if policy != "bound":
            row |= {f"violated_{name}": (k + s) % 9 / 10 for s, name in enumerate(SLICES)}
        yield row


def loss(x, y):
    """A valley that bends, steep along x."""
    return 0.4 + 6 * (x + 0.1) ** 2 + 3 * (y + 0.3 * x) ** 2 + 4 * x**4


def scenes(rho=0.5, of=loss):
    """The tables of the scenes, with a loss of the plane's coordinates."""
    ticks = np.linspace(-2 * rho, 2 * rho, 41)
    points = {"theta": (0.0, 0.0), "theta_adv": (rho, 0.0), "plain": (-rho, 0.0), "sam": (-0.8 * rho, -0.6 * rho)}
    across = np.linspace(-300, 800, 41)
    rus = [(0.0, 0.0), (500.0, 0.0)]
    users = [(100.0, 50.0, 0, "eMBB"), (-80.0, 120.0, 0, "mMTC"), (20.0, -90.0, 0, "mMTC"), (450.0, 60.0, 1, "URLLC"),
             (620.0, -70.0, 1, "eMBB")]
    return {
        "landscape": Table.of_rows([{"x": x, "y": y, "loss": of(x, y)} for y in ticks for x in ticks]),
        "sam_step": Table.of_rows([{"point": name, "x": x, "y": y, "loss": of(x, y)}
                                   for name, (x, y) in points.items()]),
        "users": Table.of_rows([*({"x_m": x, "y_m": y, "du": m, "slice": "RU"} for m, (x, y) in enumerate(rus)),
                                *({"x_m": x, "y_m": y, "du": m, "slice": name} for x, y, m, name in users)]),
        "sir": Table.of_rows([{"x_m": x, "y_m": y, "sir_db": abs(x - 250) / 10 - y / 100}
                              for y in across for x in across])}
