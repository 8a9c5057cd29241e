"""How fast this machine runs the update, as ratios within one run.

The bound is the update's matrix products alone: those of a real update, in its own buffers, nothing between.
"""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from unittest import mock

from ..config_io import update
from ..marl.agents import Agents
from ..marl.cost import flops, update_products
from ..marl.learner import Learner
from ..marl.policy import Policy, drawn
from ..marl.trainer import Trainer
from ..methods.registry import configure
from ..nn import passes, products, regularised
from ..oran.env import OranEnv
from ..streams import stream
from .bench import time_in_turns

SAM = {"without SAM": None, "with SAM everywhere": 0.1}


@contextmanager
def watched_products(note):
    """While it lasts, ``note(kind, left, right, out)`` is called after every product nn, tn or nt of a network.

    The passes then run as plain Python between their products.
    """
    def watching(kind):
        product = getattr(products, kind)

        def multiply(left, right, out):
            product(left, right, out)
            note(kind, left, right, out)

        return multiply

    kinds = {kind: watching(kind) for kind in ("nn", "tn", "nt")}
    plain = {name: getattr(getattr(passes, name), "py_func", getattr(passes, name))
             for name in ("forward", "backward", "below", "input_gradient")}
    with mock.patch.multiple(passes, **kinds, **plain), mock.patch.multiple(regularised, **kinds):
        yield


def products_of(function):
    """The products that ``function`` takes: which, both operands, and where the result goes."""
    steps = []
    with watched_products(lambda *step: steps.append(step)):
        function()
    return steps


def repeat(steps):
    """A function that takes such products, and does nothing else."""
    steps = [(getattr(products, kind), *operands) for kind, *operands in steps]

    def run():
        for product, left, right, out in steps:
            product(left, right, out)

    return run


def filled_learner(config, threads=1):
    """A Learner whose buffers hold one batch of made-up transitions."""
    env = OranEnv(config)
    agents = Agents(config, env.num_agents, env.obs_dim, env.action_dim)
    fill(agents, config.agent.batch_size)
    return Learner(config, agents, env.executed, threads)


def fill(agents, transitions):
    """Add so many made-up transitions to every buffer."""
    generator, obs_shape = stream(0, "bench_replay"), (agents.count, agents.obs_dim)
    for _ in range(transitions):
        agents.replay.add(generator.random(obs_shape), generator.standard_normal((agents.count, agents.action_dim)),
                          generator.random(agents.count), generator.random(obs_shape))


def updates(learner, rho):
    """A function that takes one step of every actor and ``critic_steps`` of the critic."""
    def run():
        learner.update_actors(0, 0, [rho] * learner.agents.count)
        for k in range(learner.settings.critic_steps):
            learner.update_critic(0, k, rho)

    return run


def listed_products(learner, rho):
    """The matrix products of that step as ``marl.cost`` lists them."""
    agents, transitions = learner.agents.count, learner.networks.scope.transitions(learner.settings.batch_size)
    parts = update_products(learner.settings, learner.networks, transitions, 0 if rho is None else agents,
                            rho is not None)
    return [product for listed in parts.values() for product in listed]


def bench_update(config, repeats):
    """Rows (name, operations, two Timings) for the update without and with SAM everywhere: of its products, of it."""
    learner, rows = filled_learner(config), []
    for name, rho in SAM.items():
        run = updates(learner, rho)
        timings = time_in_turns([repeat(products_of(run)), run], repeats)
        rows.append((name, flops(listed_products(learner, rho)), *timings))
    return rows


def bench_peak(config, repeats):
    """The highest rate in operations per second that one of the update's products reaches, and its shape.

    Each of the largest is taken again and again on the same operands.
    """
    steps = {}
    for kind, left, right, out in products_of(updates(filled_learner(config), None)):
        steps[len(out), left.size // len(out) if kind != "tn" else len(left), out.shape[1]] = kind, left, right, out
    shapes = sorted(steps, key=math.prod)[-6:]
    timings = time_in_turns([repeat([steps[shape]] * 20) for shape in shapes], repeats)
    return max((20 * 2 * math.prod(shape) / timing.median, shape) for shape, timing in zip(shapes, timings))


def bench_parts(config, repeats):
    """A mapping from the parts of an update without SAM to their Timing."""
    learner = filled_learner(config)
    agents, batch, dtype = learner.agents, config.agent.batch_size, learner.networks.dtype
    theta, optimizer, policy = agents.thetas_p[0].copy(), agents.actor_optimizers[0], Policy(learner.networks, batch)
    generator = stream(0, "bench_parts")
    gradient, rows = generator.standard_normal(theta.size).astype(dtype), generator.integers(batch, size=batch)
    noise = generator.standard_normal((agents.action_dim, batch)).astype(dtype)
    obs = agents.replay.of_agent(0, rows).obs

    parts = {
        "one actor's step": lambda: learner.update_actor(0, 0, 0),
        "the critic's step": lambda: learner.update_critic(0, 0),
        "Adam, of one actor": lambda: optimizer.step(theta, gradient),
        "an actor's forward pass, of one batch": lambda: policy.law(theta, obs),
        "the same, a sample and its log-density": lambda: drawn(policy.law(theta, obs), noise),
        "replay, of one batch": lambda: agents.replay.of_agent(0, rows).obs,
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
