"""How fast this machine runs the update, as ratios within one run.

The bound is the update's matrix products alone: the same shapes, operands transposed alike, nothing between.
"""

import os

import numpy as np

from ..config_io import update
from ..marl.cost import flops, update_products
from ..marl.learner import Learner
from ..marl.trainer import Trainer
from ..methods.registry import configure
from ..nn.squashed_gaussian import log_prob, sample_latent, sigmoid
from ..oran.env import OranEnv
from ..streams import stream
from .bench import time_in_turns

SAM = {"without SAM": None, "with SAM everywhere": 0.1}


def product_runner(products, dtype):
    """A function that runs the products, each into a buffer of its own, over operands of its own shape."""
    generator, steps, buffers = stream(0, "bench"), [], {}
    for m, k, n, layout in products:
        if (m, k, n, layout) not in buffers:
            left = generator.standard_normal((k, m) if layout == "tn" else (m, k)).astype(dtype)
            right = generator.standard_normal((n, k) if layout == "nt" else (k, n)).astype(dtype)
            buffers[m, k, n, layout] = (left.T if layout == "tn" else left, right.T if layout == "nt" else right,
                                        np.empty((m, n), dtype))
        steps.append(buffers[m, k, n, layout])

    def run():
        for left, right, out in steps:
            np.matmul(left, right, out=out)

    return run


def filled_learner(config, threads=1):
    """A Learner whose buffers hold one batch of made-up transitions."""
    env = OranEnv(config)
    learner = Learner(config, env.num_agents, env.obs_dim, env.action_dim, env.executed, threads)
    generator, agents = stream(0, "bench_replay"), env.num_agents
    for _ in range(config.agent.batch_size):
        learner.replay.add(generator.random((agents, env.obs_dim)), generator.standard_normal((agents, env.action_dim)),
                           generator.random(agents), generator.random((agents, env.obs_dim)))
    return learner


def updates(learner, rho):
    """A function that takes one step of every actor and of the critic."""
    def run():
        learner.update_actors(0, 0, [rho] * learner.num_agents)
        learner.update_critic(0, 0, rho)

    return run


def products_of(learner, rho):
    """The matrix products of that step, by part."""
    agents, transitions = learner.num_agents, learner.networks.scope.transitions(learner.config.agent.batch_size)
    return update_products(learner.config.agent, learner.networks, transitions, 0 if rho is None else agents,
                           rho is not None)


def bench_update(config, repeats):
    """Rows (name, operations, Timing of the products, Timing) for the update without and with SAM everywhere."""
    learner, rows = filled_learner(config), []
    for name, rho in SAM.items():
        products = [product for part in products_of(learner, rho).values() for product in part]
        timings = time_in_turns([product_runner(products, learner.networks.dtype), updates(learner, rho)], repeats)
        rows.append((name, flops(products), *timings))
    return rows


def bench_peak(config, repeats):
    """The highest rate in operations per second that a product of the update's own shapes reaches, and that shape."""
    learner = filled_learner(config)
    shapes = sorted({p for part in products_of(learner, None).values() for p in part}, key=lambda p: -flops([p]))[:6]
    timings = time_in_turns([product_runner([shape] * 20, learner.networks.dtype) for shape in shapes], repeats)
    rates = [20 * flops([shape]) / timing.low for shape, timing in zip(shapes, timings)]
    best = int(np.argmax(rates))
    return rates[best], shapes[best]


def bench_parts(config, repeats):
    """A mapping from the parts of an update without SAM to their Timing."""
    learner = filled_learner(config)
    batch, count = config.agent.batch_size, learner.action_dim
    theta, optimizer = learner.thetas_p[0].copy(), learner.actor_optimizers[0]
    generator, dtype = stream(0, "bench_parts"), learner.networks.dtype
    gradient, rows = generator.standard_normal(theta.size).astype(dtype), generator.integers(batch, size=batch)
    mean, log_std, noise = (generator.standard_normal((batch, count)).astype(dtype) for _ in range(3))

    def sample():
        latent = sample_latent(mean, log_std, noise)
        return sigmoid(latent), log_prob(latent, noise, log_std)

    parts = {
        "one actor's step": lambda: learner.update_actor(0, 0, 0, None),
        "the critic's step": lambda: learner.update_critic(0, 0, None),
        "Adam, of one actor": lambda: optimizer.step(theta, gradient),
        "sample and log-density, of one batch": sample,
        "replay, of one batch": lambda: learner.replay.of_agent(0, rows),
    }
    return dict(zip(parts, time_in_turns(list(parts.values()), repeats)))


def bench_iteration(config, repeats):
    """The Timing of a whole iteration of Algorithm 1 with SAM everywhere, acting and TD-errors included."""
    trainer = Trainer(configure("both_sam", config), OranEnv(config))
    return time_in_turns([trainer.iterate], repeats)[0]


def bench_threads(config, repeats):
    """A mapping from numbers of threads, up to the cores, to the Timings of the update without and with SAM."""
    counts = range(1, min(os.cpu_count() or 1, config.num_agents) + 1)
    learners = [filled_learner(config, threads) for threads in counts]
    timings = time_in_turns([updates(learner, rho) for learner in learners for rho in SAM.values()], repeats)
    return {threads: timings[2 * t : 2 * t + 2] for t, threads in enumerate(counts)}


def bench_sizes(config, repeats):
    """A mapping (what, size) -> Timing of the update without SAM, over numbers of agents and batch sizes."""
    sized = {("agents", n): {"radio": {"num_dus": n}} for n in (1, 3, 6, 12)}
    sized |= {("batch", n): {"agent": {"batch_size": n, "buffer_size": max(n, config.agent.buffer_size)}}
              for n in (32, 128, 512)}
    functions = [updates(filled_learner(update(config, change)), None) for change in sized.values()]
    return dict(zip(sized, time_in_turns(functions, repeats)))
