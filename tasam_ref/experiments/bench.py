"""How fast this machine runs the update and the environment, as ratios within one run.

The bound of the update is its matrix products alone: the same shapes, operands transposed alike, nothing between.
"""

import time

import numpy as np

from ..marl.cost import flops, update_products
from ..marl.learner import Learner
from ..marl.trainer import Trainer
from ..methods.registry import configure
from ..oran.env import OranEnv
from ..streams import stream


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


def median_seconds(functions, repeats):
    """Median time of each function, the functions taking turns so that a slow moment hits all alike."""
    times = np.zeros((repeats, len(functions)))
    for function in functions:
        function()
    for r in range(repeats):
        for f, function in enumerate(functions):
            start = time.perf_counter()
            function()
            times[r, f] = time.perf_counter() - start
    return np.median(times, axis=0)


def bench_update(config, repeats):
    """Rows (name, operations, seconds of the products, seconds) for the update without and with SAM everywhere."""
    env = OranEnv(config)
    learner = Learner(config, env.num_agents, env.obs_dim, env.action_dim, env.executed)
    generator, dtype = stream(0, "bench_replay"), learner.networks.dtype
    agents, batch = env.num_agents, config.agent.batch_size
    transitions = learner.networks.scope.transitions(batch)
    for _ in range(batch):
        learner.replay.add(generator.random((agents, env.obs_dim)), generator.standard_normal((agents, env.action_dim)),
                           generator.random(agents), generator.random((agents, env.obs_dim)))

    def update(rho):
        for i in range(agents):
            learner.update_actor(i, 0, 0, rho)
        learner.update_critic(0, 0, rho)

    rows = []
    for sam, name in ((False, "without SAM"), (True, "with SAM everywhere")):
        parts = update_products(config.agent, learner.networks, transitions, agents if sam else 0, sam)
        products = [product for part in parts.values() for product in part]
        bound, seconds = median_seconds(
            [product_runner(products, dtype), lambda rho=0.1 if sam else None: update(rho)], repeats)
        rows.append((name, flops(products), bound, seconds))
    return rows


def bench_iteration(config, repeats):
    """Seconds of a whole iteration of Algorithm 1 with SAM everywhere, acting and TD-errors included."""
    trainer = Trainer(configure("both_sam", config), OranEnv(config))
    return median_seconds([trainer.iterate], repeats)[0]


def bench_environment(config, frames):
    """Frames per second of the environment under random actions."""
    env = OranEnv(config)
    env.reset(seed=1)
    action = stream(0, "bench_action").random((env.num_agents, env.action_dim))
    return 1 / median_seconds([lambda: env.step(action)], frames)[0]
