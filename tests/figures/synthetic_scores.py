"""Results made by hand: a few runs with chosen numbers, as a sweep's would be, judged alike by every reading of R56."""

from tasam_ref.experiments.plan import plan_of
from tasam_ref.experiments.store import Results
from tasam_ref.experiments.table import Table

Q_MIN = {"q_min_eMBB": 10e6, "q_min_mMTC": 50e6, "q_min_URLLC": 2e-3}


def results(scores, settings=(), **tables):
    """Results of {"group/method": {column: a number per seed}}; ``tables`` are lists of rows by table name.

    A column "stochastic reward" is of that evaluation alone.
    """
    runs = {tuple(name.split("/")): columns for name, columns in scores.items()}
    groups = {}
    for (group, method), columns in runs.items():
        entry = groups.setdefault(group, {"methods": [], "seeds": 1, "settings": list(settings)})
        entry["methods"].append(method)
        entry["seeds"] = max(entry["seeds"], *map(len, columns.values()))
    rows = [{"group": group, "method": method, "seed": seed, "evaluation": evaluation}
            | _of(evaluation, {name: values[seed] for name, values in columns.items()})
            for (group, method), columns in runs.items() for seed in range(len(next(iter(columns.values()))))
            for evaluation in ("deterministic", "stochastic")]
    shared = Q_MIN | {"evaluation": "deterministic", "num_dus": 6}
    found = {"groups": [{"group": group} | shared for group in groups], "scores": rows,
             "curves": [], "distributions": [], "regimes": []} | tables
    return Results(plan_of({"groups": groups, "preset": "quick"}, "synthetic"),
                   {name: Table.of_rows(rows) for name, rows in found.items()}, {})


def _of(evaluation, values):
    """The values by one evaluation."""
    own = {name.removeprefix(f"{evaluation} "): value for name, value in values.items()}
    return {name: value for name, value in own.items() if " " not in name}


def curve(group, method, seed, rewards, gradients_each=1, **others):
    """Rows of a learning curve, one block per iteration."""
    return [{"group": group, "method": method, "seed": seed, "iteration": k + 0.5, "reward": reward,
             "gradient_evaluations": (k + 1) * gradients_each} | others for k, reward in enumerate(rewards)]
