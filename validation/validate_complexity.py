"""N5: an iteration's cost against the bench's list of products and against what networks are seen to multiply."""

from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import partial
from types import SimpleNamespace

from tasam_ref.config import AgentConfig, Config, RunConfig
from tasam_ref.config_io import apply_settings
from tasam_ref.experiments.bench_update import watched_products
from tasam_ref.marl import cost
from tasam_ref.marl.critic_scope import CriticScope
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import METHODS, configure
from tasam_ref.nn.mlp import MLP
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import stream

from .checks import check
from .oracles import largest
from .paper_arithmetic import complexity
from .validate_arithmetic import EXACT

TINY = ("radio.num_dus=3", "radio.num_ues=18", "radio.num_rbs=8", "agent.hidden_sizes=[8, 6]", "agent.batch_size=11",
        "run.frames_per_iteration=4", "sam.td_var_scale=relative", "sam.td_var_threshold=1.0")


def _networks(size):
    """The count asks networks for nothing but their shapes and their agents."""
    return SimpleNamespace(actor=MLP((size.obs, *size.hidden, 2 * size.action)),
                           critic=MLP((size.obs + size.action, *size.hidden, 1)),
                           scope=CriticScope(1, size.agents, size.obs, size.action))


def _listed_update(size, sam):
    rows = Fraction(size.critic_rows, size.agents)
    parts = cost.update_products(AgentConfig(batch_size=size.batch), _networks(size), rows,
                                 size.agents if sam else 0, sam)
    return Fraction(sum(map(cost.flops, parts.values())))


@check("N5", oracle="the bench's list of products", **EXACT)
def formula_is_the_sum_of_the_benchs_products():
    """Update, acting and TD-errors at Table 1's size and at forty random ones of one to four hidden layers."""
    generator, sizes, mismatches = stream(1, "sizes"), [complexity.paper_size()], 0
    for _ in range(40):
        agents, frames, obs, action, batch, rows = generator.integers(1, 50, 6).tolist()
        hidden = tuple(generator.integers(1, 50, generator.integers(1, 5)).tolist())
        sizes.append(complexity.Size(agents, frames, obs, action, hidden, batch, agents * rows))
    for size in sizes:
        listed = cost.iteration_products(Config(run=RunConfig(frames_per_iteration=size.frames)), _networks(size), 0)
        formula = complexity.cost(size, "no_sam")
        mismatches += sum(formula[part] != cost.flops(listed[part]) for part in complexity.ACTING) + sum(
            complexity.update_cost(size, method) != _listed_update(size, method == "both_sam")
            for method in ("no_sam", "both_sam"))
    return mismatches


@contextmanager
def _counted():
    """Collect the operations of every product that a network takes within the block, by its shapes."""
    seen = []

    def note(kind, left, right, out):
        inner = left.shape[0] if kind == "tn" else left.shape[1]
        seen.append(2 * out.size * inner)

    with watched_products(note):
        yield seen


def _tiny(method):
    """A trainer of three agents in miniature, and its sizes for the formula."""
    config = configure(method, apply_settings(Config(), TINY))
    env = OranEnv(config)
    return Trainer(config, env), complexity.Size(3, 4, env.obs_dim, env.action_dim, (8, 6), 11, 12)


@check("N5", oracle="products that networks are seen to take in one update", **EXACT)
def formula_is_what_each_method_multiplies():
    """Steps of all actors and of the critic; ta_sam with none, one, two and all of three actors taking SAM."""
    missed = set()
    for method, count in [*((m, 3 * METHODS[m].settings["sam"]["use_sam_actor"]) for m in complexity.SAM),
                          *(("ta_sam", k) for k in range(3))]:
        trainer, size = _tiny(method)
        trainer.iterate()
        with _counted() as seen:
            trainer.learner.update_actors(1, 0, [0.1 if i < count else None for i in range(3)])
            trainer.learner.update_critic(1, 0, 0.1 if trainer.config.sam.use_sam_critic else None)
        if sum(seen) != complexity.update_cost(size, method, Fraction(count, 3)):
            missed.add((method, count))
    return len(missed)


@check("N5", oracle="products that networks are seen to take in one iteration", **EXACT)
def formula_is_a_whole_iteration_of_each_method():
    """Acting, TD-errors and update of Algorithm 1, the gate open for the two of three actors above the median."""
    mismatches = 0
    for method in complexity.SAM:
        trainer, size = _tiny(method)
        with _counted() as seen:
            share = Fraction(int(trainer.iterate()["sam_actor"].sum()), 3)
        mismatches += sum(complexity.cost(size, method, share).values()) != sum(seen)
        mismatches += method == "ta_sam" and share != Fraction(2, 3)
    return mismatches


@check("N5", oracle="finite differences of the bench's list, exact for polynomials", **EXACT)
def log_slopes_and_doubling_follow_the_bench():
    """x f'(x) / f(x) and f(2x) / f(x) of N_m, d, widths, batch; the claim has 1, 1, 0, 0 and grows by 2, 2, 1, 1."""
    size, worst = complexity.paper_size(), 0
    d = size.obs + size.action
    wide, wider = (replace(size, hidden=tuple(k * h for h in size.hidden)) for k in (2, 3))
    batches = replace(size, batch=2 * size.batch, critic_rows=2 * size.critic_rows)
    one_rb, rbs = (replace(size, obs=size.obs + k, action=size.action + k) for k in (2, d // 2))
    one_agent, agents = (replace(size, agents=n) for n in (size.agents + 1, 2 * size.agents))
    doubled = {"N_m": agents, "d_{s,a}": rbs, "hidden widths": wide, "batch": batches}
    for method, sam in (("no_sam", False), ("both_sam", True)):
        at = partial(_listed_update, sam=sam)
        slopes = {"N_m": size.agents * (at(one_agent) - at(size)), "d_{s,a}": Fraction(d, 4) * (at(one_rb) - at(size)),
                  "hidden widths": 2 * at(wide) - Fraction(3, 2) * at(size) - Fraction(1, 2) * at(wider),
                  "batch": at(batches) - at(size)}
        for quantity, slope in slopes.items():
            case = partial(complexity.update_cost, method=method), quantity, size
            worst = largest(worst, abs(complexity.log_slope(*case) - slope / at(size)),
                        abs(complexity.growth(*case) - at(doubled[quantity]) / at(size)))
    claims = [f(complexity.claimed_cost, q, size) for f in (complexity.log_slope, complexity.growth) for q in doubled]
    return float(worst) + (claims != [1, 1, 0, 0, 2, 2, 1, 1])


@check("N5", oracle="the first and last layers' products by hand", **EXACT)
def only_outer_layers_grow_as_claimed():
    """2 N_m B d (5/2 h_1 + 3 h_3) of the update without SAM is all that is proportional to N_m d_{s,a}: 31 %."""
    size = complexity.paper_size()
    outer = 2 * size.agents * size.batch * (size.obs + size.action) * (Fraction(5 * 300, 2) + 3 * 400)
    share = complexity.share_as_claimed(lambda at: complexity.update_cost(at, "no_sam"), size)
    return float(abs(share - outer / _listed_update(size, False))) + (int(100 * share) != 31)
