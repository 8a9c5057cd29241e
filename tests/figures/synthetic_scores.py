"""Results made by hand: a few runs with chosen numbers, as a sweep's would be."""

from tasam_ref.experiments.plan import plan_of
from tasam_ref.experiments.store import Results
from tasam_ref.experiments.table import Table

Q_MIN = {"q_min_eMBB": 10e6, "q_min_mMTC": 50e6, "q_min_URLLC": 2e-3}


def results(scores, settings=(), **tables):
    """Results of {"group/method": {column: a number per seed}}; ``tables`` are lists of rows by table name."""
    runs = {tuple(name.split("/")): columns for name, columns in scores.items()}
    groups = {}
    for (group, method), columns in runs.items():
        entry = groups.setdefault(group, {"methods": [], "seeds": 1, "settings": list(settings)})
        entry["methods"].append(method)
        entry["seeds"] = max(entry["seeds"], *map(len, columns.values()))
    rows = [{"group": group, "method": method, "seed": seed} | {name: values[seed] for name, values in columns.items()}
            for (group, method), columns in runs.items() for seed in range(len(next(iter(columns.values()))))]
    found = {"groups": [{"group": group} | Q_MIN for group in groups], "scores": rows,
             "curves": [], "distributions": [], "regimes": []} | tables
    return Results(plan_of({"groups": groups, "preset": "quick"}, "synthetic"),
                   {name: Table.of_rows(rows) for name, rows in found.items()}, {})


def curve(group, method, seed, rewards, gradients_each=1, **others):
    """Rows of a learning curve, one block per iteration."""
    return [{"group": group, "method": method, "seed": seed, "iteration": k + 0.5, "reward": reward,
             "gradient_evaluations": (k + 1) * gradients_each} | others for k, reward in enumerate(rewards)]
