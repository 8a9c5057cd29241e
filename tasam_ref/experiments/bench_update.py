"""How fast this machine runs the update, as ratios within one run.

The bound is the update's matrix products alone: those of a real update, in its own buffers, nothing between.
"""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from unittest import mock

import numpy as np

from ..config_io import update
from ..marl.cost import flops, update_products
from ..marl.learner import Learner
from ..marl.losses import PARTS
from ..marl.passes import drawn
from ..marl.trainer import Trainer
from ..methods.registry import configure
from ..nn import passes
from ..oran.env import OranEnv
from ..streams import stream
from .bench import time_in_turns

SAM = {"without SAM": None, "with SAM everywhere": 0.1}


def products_of(function):
    """The products of (stacks of) two matrices that ``function`` takes: both operands, and where the result goes."""
    steps, product = [], passes.product

    def recording(left, right, out=None):
        result = product(left, right, out)
        steps.append((left, right, result))
        return result

    with mock.patch.object(passes, "product", recording):
        function()
    return steps


def repeat(steps):
    """A function that takes such products, and does nothing else."""
    def run():
        for left, right, out in steps:
            passes.product(left, right, out)

    return run


def filled_learner(config, threads=1):
    """A Learner whose buffers hold one batch of made-up transitions."""
    env = OranEnv(config)
    learner = Learner(config, env.num_agents, env.obs_dim, env.action_dim, env.executed, threads)
    fill(learner, config.agent.batch_size)
    return learner


def fill(learner, transitions):
    """Add so many made-up transitions to every buffer."""
    generator, obs_shape = stream(0, "bench_replay"), (learner.num_agents, learner.obs_dim)
    for _ in range(transitions):
        learner.replay.add(generator.random(obs_shape), generator.standard_normal((obs_shape[0], learner.action_dim)),
                           generator.random(obs_shape[0]), generator.random(obs_shape))


def updates(learner, rho):
    """A function that takes one step of every actor and of the critic."""
    def run():
        learner.update_actors(0, 0, [rho] * learner.num_agents)
        learner.update_critic(0, 0, rho)

    return run


def listed_products(learner, rho):
    """The matrix products of that step as ``marl.cost`` lists them."""
    agents, transitions = learner.num_agents, learner.networks.scope.transitions(learner.config.agent.batch_size)
    parts = update_products(learner.config.agent, learner.networks, transitions, 0 if rho is None else agents,
                            rho is not None)
    return [product for products in parts.values() for product in products]


def bench_update(config, repeats):
    """Rows (name, operations, three Timings) for the update without and with SAM everywhere.

    Of the products as the formulas have them, of the products as the update takes them, and of the update.
    """
    learner, rows = filled_learner(config), []
    for name, rho in SAM.items():
        run, listed = updates(learner, rho), listed_products(learner, rho)
        as_written = [_operands(*product, learner.networks.dtype) for product in listed]
        timings = time_in_turns([repeat(as_written), repeat(products_of(run)), run], repeats)
        rows.append((name, flops(listed), *timings))
    return rows


@cache
def _operands(rows, inner, columns, layout, dtype):
    """Arrays for a listed product: row after row in memory, the transposed ones as views.

    Equal products share them: warmer in the cache than an update's own, they show the layout at its best.
    """
    left = np.ones((rows, inner), dtype) if layout[0] == "n" else np.ones((inner, rows), dtype).T
    right = np.ones((inner, columns), dtype) if layout[1] == "n" else np.ones((columns, inner), dtype).T
    return left, right, np.empty((rows, columns), dtype)


def bench_peak(config, repeats):
    """The highest rate in operations per second that one of the update's products reaches, and its shape.

    Each of the largest is taken again and again on the same operands; the shape is that which BLAS is asked for.
    """
    steps = {}
    for operands in products_of(updates(filled_learner(config), None)):
        left, right, out = (array.reshape(-1, *array.shape[-2:])[0] for array in operands)
        steps[*left.shape, right.shape[1]] = left, right, out
    shapes = sorted(steps, key=math.prod)[-6:]
    timings = time_in_turns([repeat([steps[shape]] * 20) for shape in shapes], repeats)
    return max((20 * 2 * math.prod(shape) / timing.median, shape) for shape, timing in zip(shapes, timings))


def bench_parts(config, repeats):
    """A mapping from the parts of an update without SAM to their Timing."""
    learner = filled_learner(config)
    batch, count = config.agent.batch_size, learner.action_dim
    theta, optimizer = learner.thetas_p[0].copy(), learner.actor_optimizers[0]
    generator, dtype = stream(0, "bench_parts"), learner.networks.dtype
    gradient, rows = generator.standard_normal(theta.size).astype(dtype), generator.integers(batch, size=batch)
    output, noise = (generator.standard_normal((n, batch)).astype(dtype).T for n in (2 * count, count))

    parts = {
        "one actor's step": lambda: learner.update_stack([0], 0, 0),
        "the critic's step": lambda: learner.update_critic(0, 0, None),
        "Adam, of one actor": lambda: optimizer.step(theta, gradient),
        "sample and log-density, of one batch": lambda: drawn(learner.networks, output, noise),
        "replay, of one batch": lambda: learner.replay.of_agent(0, rows, PARTS[config.agent.policy_gradient]),
    }
    return dict(zip(parts, time_in_turns(list(parts.values()), repeats)))


def bench_iteration(config, repeats):
    """The Timing of a whole iteration of Algorithm 1 with SAM everywhere, acting and TD-errors included."""
    trainer = Trainer(configure("both_sam", config), OranEnv(config))
    return time_in_turns([trainer.iterate], repeats)[0]


def bench_threads(config, repeats):
    """What threads bring, up to the cores: a mapping from their number to three Timings.

    Of products alone, a whole update's on each thread; of the update without and with SAM, one divided among them.
    """
    counts = range(1, min(_cores(), config.num_agents) + 1)
    learners = [filled_learner(config, threads) for threads in counts]
    alone, functions = [repeat(products_of(updates(learner, None))) for learner in learners], []
    with ThreadPoolExecutor() as pool:
        for threads, learner in zip(counts, learners):
            functions.append(lambda threads=threads: list(pool.map(lambda run: run(), alone[:threads])))
            functions += [updates(learner, rho) for rho in SAM.values()]
        timings = time_in_turns(functions, repeats)
    return {threads: timings[3 * t : 3 * t + 3] for t, threads in enumerate(counts)}


def _cores():
    """The cores that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def bench_sizes(config, repeats):
    """A mapping (what, size) -> Timing of the update without SAM, over numbers of agents and batch sizes."""
    sized = {("agents", n): {"radio": {"num_dus": n}} for n in (1, 3, 6, 12)}
    sized |= {("batch", n): {"agent": {"batch_size": n, "buffer_size": max(n, config.agent.buffer_size)}}
              for n in (32, 128, 512)}
    functions = [updates(filled_learner(update(config, change)), None) for change in sized.values()]
    return dict(zip(sized, time_in_turns(functions, repeats)))
