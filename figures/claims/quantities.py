"""What claims and tables compare: one number per run, by name, from the tables of the results."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from tasam_ref.analysis.transfer import transfers
from tasam_ref.config import SliceConfig

SLICES = SliceConfig().names
OF_SLICES = ("qos", "met", "throughput", "training_throughput")
LAST = 0.2
"""Share of a training run that counts as its end."""


class Lacking(LookupError):
    """The results do not hold what is asked of them; the text says what."""


@dataclass(frozen=True)
class Quantity:
    """``of(results, group, method)`` maps seeds to numbers; ``scale`` turns them into ``unit``.

    ``judged`` says whether it is a held-out evaluation's, stored by every reading of R56.
    """

    unit: str
    scale: float
    of: object
    judged: bool = False


def rows_of(results, table, group, method):
    """The rows of one group's method.  Raises Lacking when there are none."""
    if group not in results["scores"]["group"]:
        raise Lacking(f"group {group}")
    if not len(results["scores"].where(group=group, method=method)):
        raise Lacking(f"{method} in group {group}")
    rows = results[table].where(group=group, method=method) if len(results[table]) else ()
    if not len(rows):
        raise Lacking(f"{table} of {method} in group {group}")
    return rows


def is_judged(name):
    """Whether a quantity, or one of ``OF_SLICES``, is a held-out evaluation's."""
    return QUANTITIES[f"{name}_{SLICES[0]}" if name in OF_SLICES else name].judged


def judged_by(results, evaluation):
    """The Results with the scores of one reading of R56 alone.  Raises Lacking when there are none."""
    scores = results["scores"].where(evaluation=evaluation)
    if not len(scores):
        raise Lacking(f"{evaluation} evaluations")
    return replace(results, tables=results.tables | {"scores": scores})


def place(name, group="headline"):
    """(group, method) of ``method`` or ``group/method``."""
    return tuple(name.split("/")) if "/" in name else (group, name)


def per_seed(results, quantity, group, method):
    """{seed: number} in the quantity's unit.  Raises Lacking where the results have none."""
    known = QUANTITIES[quantity]
    found = {seed: known.scale * float(value) for seed, value in known.of(results, group, method).items()}
    if not all(np.isfinite(value) for value in found.values()):
        raise Lacking(f"{quantity} of {method} in group {group}")
    return found


def lower_is_better(results, name, group, method):
    """Whether a slice's QoS is a latency."""
    reward = _config(results, group, method).reward
    return reward.qos_reading == "section_vi_e" and reward.metrics[SLICES.index(name)] == "max_latency"


def requirement(results, name, group):
    """Q_min of a slice, in the unit of its QoS."""
    if group not in results["groups"]["group"]:
        raise Lacking(f"group {group}")
    return QUANTITIES[f"qos_{name}"].scale * float(results["groups"].where(group=group)[f"q_min_{name}"][0])


def _config(results, group, method):
    groups = results.plan.groups
    if group not in groups:
        raise Lacking(f"group {group}")
    if method not in groups[group].methods:
        raise Lacking(f"{method} in group {group}")
    return _config_of(groups[group], method)


@cache
def _config_of(group, method):
    return replace(group, methods=(method,)).configs()[method]


def _score(column, sign=1, offset=0):
    def of(results, group, method):
        rows = rows_of(results, "scores", group, method)
        if column not in rows.columns:
            raise Lacking(f"{column} of {method} in group {group}")
        return dict(zip(rows["seed"].tolist(), offset + sign * rows[column]))

    return of


def _sum_over_dus(results, group, method):
    rewards = QUANTITIES["reward"].of(results, group, method)
    (dus,) = results["groups"].where(group=group)["num_dus"]
    return {seed: dus * reward for seed, reward in rewards.items()}


def _curve(column, reduce):
    def of(results, group, method):
        rows = rows_of(results, "curves", group, method)
        return {seed: reduce(rows.where(seed=seed)[column]) for seed in rows.unique("seed")}

    return of


def at_end(values):
    """The mean over the last fifth of the blocks of a learning curve, one at least."""
    return np.mean(values[-max(1, round(LAST * len(values))):])


def _median(quantity, name):
    def of(results, group, method):
        rows = rows_of(results, "distributions", group, method).where(quantity=quantity, level=0.5)
        if not len(rows):
            raise Lacking(f"{quantity} of {method} in group {group}")
        return dict(zip(rows["seed"].tolist(), rows[name]))

    return of


def _transfer(kind):
    def of(results, group, method):
        rows, regimes = rows_of(results, "regimes", group, method), _config(results, group, method).regimes
        found = {}
        for seed in rows.unique("seed"):
            held = {(row["stage"], row["regime"]): row["reward"] for row in rows.where(seed=seed).rows()}
            stages = ["untrained", *(f"stage_{k + 1}" for k in range(len(regimes.sequence)))]
            matrix = np.array([[held[stage, name] for name in regimes.names] for stage in stages])
            value = getattr(transfers(matrix, regimes.names, regimes.sequence), kind)
            found[seed] = np.nan if value is None else value
        return found

    return of


QUANTITIES = {
    "reward": Quantity("", 1, _score("reward"), True),
    "reward_sum": Quantity("", 1, _sum_over_dus, True),
    "reward_equal_gradients": Quantity("", 1, _score("reward_equal_gradients"), True),
    "training_reward": Quantity("", 1, _curve("reward", np.mean)),
    "best_training_reward": Quantity("", 1, _curve("reward", np.max)),
    "entropy": Quantity("nat", 1, _curve("entropy", np.mean)),
    "td_error_variance": Quantity("", 1, _curve("td_error_variance", at_end)),
    "gradient_evaluations": Quantity("", 1, _score("gradient_evaluations")),
    "lambda_max_critic": Quantity("", 1, _score("lambda_max_critic")),
    "lambda_max_actor": Quantity("", 1, _score("lambda_max_actor")),
    **{kind: Quantity("", 1, _transfer(kind)) for kind in ("retention", "recovery", "forward_transfer", "held_out")},
    "qos_eMBB": Quantity("Mbit/s", 1e-6, _score("qos_eMBB"), True),
    "qos_mMTC": Quantity("Mbit/s", 1e-6, _score("qos_mMTC"), True),
    "qos_URLLC": Quantity("ms", 1e3, _score("qos_URLLC"), True),
    **{f"met_{name}": Quantity("%", 100, _score(f"violated_{name}", -1, 1), True) for name in SLICES},
    **{f"{kind}_{name}": Quantity("Mbit/s", 1e-6, _median(f"{kind}_bps", name))
       for kind in ("throughput", "training_throughput") for name in SLICES},
}
"""Held-out means, but for those of learning curves: the run's mean reward, its best block's, its mean entropy, its
TD-errors' variance at the end.  ``reward_sum`` is the sum over DUs, ``met`` the share of DUs and frames that reach
Q_min, ``throughput`` the median over users and episodes, held out or in training; retention and the like are those of
``analysis.transfer``."""
