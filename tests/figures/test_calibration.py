"""Every measure at the numbers of seeds that are used: it reaches both verdicts, and rarely one where nothing is true.

Runs are drawn, not trained: pairs of methods whose runs of one seed share half their variance, in groups of their own.
"""

import numpy as np
import pytest

from figures.claims.measures import MEASURES
from figures.claims.verdicts import side
from tasam_ref.experiments.plan import Group, Plan
from tasam_ref.experiments.store import Results
from tasam_ref.experiments.table import Table

GROUPS, BLOCKS = 25, 20
METHODS = ("ta_sam", "no_sam")
SEVEN = ("no_sam", "l2", "actor_sam", "critic_sam", "both_sam", "ta_sam", "ta_sam_static_rho")


def noise(generator, seeds, methods=2):
    """(GROUPS, methods, seeds) of variance 1, correlated by one half between methods."""
    shared, own = generator.normal(size=(GROUPS, 1, seeds)), generator.normal(size=(GROUPS, methods, seeds))
    return np.sqrt(0.5) * (shared + own)


def first(effect):
    """The effect on the first of two methods."""
    return effect * np.array([[1.0], [0.0]])


def rewards(generator, seeds, effect):
    return {"reward": noise(generator, seeds) + first(effect)}


def eigenvalues(generator, seeds, effect):
    return {"lambda_max_critic": np.exp(0.4 * (noise(generator, seeds) + first(effect)))}


def qos(generator, seeds, effect):
    """A fifth of the mean is noise; a latency gains by falling.  The means are what Q_min requires."""
    return {f"qos_{name}": level * (1 + 0.2 * (noise(generator, seeds) + sign * first(effect)))
            for name, level, sign in (("eMBB", 1e7, 1), ("mMTC", 5e7, 1), ("URLLC", 2e-3, -1))}


def spreads(generator, seeds, effect):
    """The first method has the smaller spread, which speaks for it."""
    return {"reward": noise(generator, seeds) * np.exp(first(-effect))}


def curves(generator, seeds, effect):
    """Rewards that rise to 1, and how fast differs from run to run."""
    pace = np.exp(0.3 * (noise(generator, seeds) + first(effect)))
    rise = np.minimum(1, pace[..., None] * np.arange(BLOCKS) / 12)
    return {"reward": rise + generator.normal(0, 0.05, (*pace.shape, BLOCKS))}


def cloud(generator, seeds, effect):
    """Two quantities of seven methods, for one another as strongly as the effect says."""
    x, y = generator.normal(size=(2, GROUPS, len(SEVEN), seeds))
    return {"lambda_max_critic": x, "reward": y + effect * x}


ORDER = {"order": [["ta_sam"], ["no_sam"]]}
CASES = {
    "difference": (rewards, ORDER, 3), "ratio": (eigenvalues, ORDER | {"quantity": "lambda_max_critic"}, 3),
    "gain": (qos, ORDER, 3), "level": (rewards, {"methods": ["ta_sam"], "quantity": "reward", "boundary": 0}, 3),
    "requirements": (qos, {"methods": ["ta_sam"]}, 3), "median": (rewards, ORDER, 6), "spread": (spreads, ORDER, 4),
    "iterations": (curves, ORDER, 4),
    "correlation": (cloud, {"methods": SEVEN, "x": "lambda_max_critic", "y": "reward"}, 2)}


def sides(name, seeds, effect, cases):
    """What each of so many independent parts says, 1, 0 or -1."""
    (draw, arguments, _), generator, found = CASES[name], np.random.default_rng(seeds), []
    while len(found) < cases:
        made = results(draw(generator, seeds, effect))
        found += map(side, MEASURES[name](made, groups=made["groups"]["group"].tolist(), **arguments))
    return np.array(found[:cases])


def results(columns):
    """Results with (GROUPS, methods, seeds) of each column in scores, or with their blocks in curves."""
    groups, methods, seeds, *blocks = next(iter(columns.values())).shape
    names = SEVEN if methods == len(SEVEN) else METHODS
    index = np.indices((groups, methods, seeds, *blocks)).reshape(3 + len(blocks), -1)
    keys = {"group": np.array([f"g{k}" for k in range(groups)])[index[0]], "method": np.array(names)[index[1]],
            "seed": index[2], "evaluation": np.full(index.shape[1], "deterministic")}
    table = Table(keys | {"iteration": index[-1] + 0.5} | {name: values.ravel() for name, values in columns.items()})
    named = np.unique(keys["group"])
    required = {"q_min_eMBB": 1e7, "q_min_mMTC": 5e7, "q_min_URLLC": 2e-3}
    tables = {"scores": table, "curves": table,
              "groups": Table({"group": named} | {q: np.full(len(named), value) for q, value in required.items()})}
    return Results(Plan({name: Group(names, "quick", seeds) for name in named}, {}, {}, {}), tables, {})


def test_every_measure_is_tried():
    assert CASES.keys() == MEASURES.keys()


@pytest.mark.parametrize("seeds", [5, 10])
@pytest.mark.parametrize("name", CASES)
def test_a_measure_reaches_both_verdicts(name, seeds):
    """Of effects that are plain to see four in five are found at five seeds, on their side, and none on the other."""
    for sign in (1, -1):
        found = sides(name, seeds, sign * CASES[name][2], 50)
        assert np.mean(found == sign) > 0.8 and not np.any(found == -sign)


@pytest.mark.parametrize("seeds", [5, 10])
@pytest.mark.parametrize("name", CASES)
def test_a_measure_rarely_decides_where_nothing_is_true(name, seeds):
    """In one case of twenty at most: of 1000 in 50, and twice their standard deviation of 7."""
    assert np.sum(sides(name, seeds, 0, 1000) != 0) <= 50 + 2 * 7
