"""Curvature of a stored run: both ends of the Hessian's spectrum of every network's loss at a frozen batch.

The batch comes from the first held-out episodes under the run's own stochastic policy;
users, channels, traffic and noise are the same for every run, whatever its method and seed.  Targets are those of the
run's own networks, and the losses are those that its training descends, without dropout.  Everything is in float64.
"""

import json
import time
from dataclasses import asdict

import numpy as np

from ..analysis.curvature import extreme_eigenvalues, hessian_product, largest_eigenvalue
from ..config_io import update
from ..errors import UsageError
from ..files import write_atomically
from ..marl.agents import Agents
from ..marl.learner import Learner
from ..marl.networks import num_critics
from ..nn.squashed_gaussian import sigmoid
from ..oran.env import OranEnv
from ..streams import evaluation_episode_seed, stream

NETWORKS = ("all", "critic", "actors")
FILE = "curvature.json"
HEAD = f"{'':<10}{'largest':>12}{'residual':>10}{'smallest':>13}{'residual':>10}{'products':>10}{'seconds':>9}"


def is_measured(folder):
    """Whether the run's curvature.json holds every network, at the batch of ``agent.batch_size`` transitions."""
    if not (folder.path / FILE).exists():
        return False
    stored = read_file(folder.path / FILE)
    names = [f"critic {c}" for c in range(num_critics(folder.config.agent))]
    names += [f"actor {i}" for i in range(folder.config.num_agents)]
    return set(names) <= set(stored["networks"]) and (
        stored["batch"].get("transitions_per_actor") == folder.config.agent.batch_size)


def measure_sharpness(folder):
    """Measure what Fig. 9 shows of a complete run, and only that: the largest eigenvalue of every network."""
    for _ in measure_run(folder, smallest=False):
        pass


def measure_run(folder, network="all", transitions=None, smallest=True):
    """Measure a complete run's networks one by one: yields (name, its entry in curvature.json) once that is stored.

    ``network`` is one of ``NETWORKS``; ``transitions`` of every DU are frozen, by default ``agent.batch_size``;
    without ``smallest`` the lower end, most of the work, is left out.  What the file holds of other networks at the
    same batch stays.  Raises UsageError for a run that is not complete, and
    for a loss without a Hessian before anything is measured.  Source: Sec. VI-C, Fig. 9; R44.
    """
    parameters = folder.final_networks()
    size = folder.config.agent.batch_size if transitions is None else transitions
    learner = frozen_learner(folder.config, parameters, size)
    batch = describe(learner)
    entries = _stored(folder.path / FILE, batch)
    products = {name: (hessian_product(loss, theta), theta.size) for name, loss, theta in losses(learner, network)}
    for name, (product, size) in products.items():
        start = time.perf_counter()
        ends = asdict(extreme_eigenvalues(product, size)) if smallest else {
            "largest": asdict(largest_eigenvalue(product, size))}
        entries[name] = {"parameters": size, **ends, "seconds": round(time.perf_counter() - start, 3)}
        with write_atomically(folder.path / FILE) as file:
            file.write(json.dumps({"batch": batch, "networks": entries}, indent=1) + "\n")
        yield name, entries[name]


def frozen_learner(config, parameters, transitions):
    """A float64 Learner with a run's ``parameters`` whose buffers hold ``transitions`` held-out ones of every DU."""
    config = update(config, {"agent": {"dtype": "float64", "batch_size": transitions, "dropout": 0.0,
                                       "buffer_size": max(transitions, config.run.frames_per_iteration)}})
    env = OranEnv(config)
    agents = Agents(config, env.num_agents, env.obs_dim, env.action_dim)
    agents.set_parameters(parameters)
    learner = Learner(config, agents, env.executed)
    for t in range(transitions):
        episode, frame = divmod(t, config.run.eval_frames)
        if frame == 0:
            obs = env.reset(seed=evaluation_episode_seed(episode))
        latent, _ = learner.act(obs, _noise((env.num_agents, env.action_dim), "curvature_exploration", t))
        next_obs, reward, _ = env.step(sigmoid(latent))
        agents.replay.add(obs, latent, reward, next_obs)
        obs = next_obs
    return learner


def losses(learner, network="all"):
    """Triples (name, loss, theta) of the networks that are asked for.

    An actor's batch is all that its buffer holds, the critic's evenly spaced moments of it, as many as in training.
    """
    agents = learner.agents
    held, action_dim = agents.replay.size, agents.action_dim
    if network != "actors":
        rows = np.tile(_critic_moments(learner), (agents.count, 1))
        for c, loss in enumerate(learner.critic_losses(rows, _noise((rows.size, action_dim), "curvature_target").T)):
            yield f"critic {c}", loss, agents.thetas_v[c]
    if network != "critic":
        for i, theta in enumerate(agents.thetas_p):
            noise = _noise((held, action_dim), "curvature_policy", i).T
            moved = _noise((agents.obs_dim, held), "curvature_perturbation", i)
            yield f"actor {i}", learner.actor_loss(i, np.arange(held), noise, moved), theta


def describe(learner):
    """How the batch of a ``frozen_learner`` was made, for those who read the file."""
    held, frames = learner.agents.replay.size, learner.agents.config.run.eval_frames
    return {"from": "the first held-out episodes, under the run's own stochastic policy",
            "targets": "of the run's own target networks and actors", "noise_seed": 0,
            "episodes": -(-held // frames), "frames_per_episode": frames, "transitions_per_actor": held,
            "transitions_of_critic": learner.agents.count * len(_critic_moments(learner))}


def line(name, entry):
    """An entry as a line below ``HEAD``."""
    largest, smallest = entry["largest"], entry["smallest"]
    return (f"{name:<10}{largest['value']:>12.6g}{largest['residual']:>10.1e}{smallest['value']:>13.6g}"
            f"{smallest['residual']:>10.1e}{largest['products'] + smallest['products']:>10}{entry['seconds']:>9.1f}")


def _critic_moments(learner):
    held = learner.agents.replay.size
    taken = learner.networks.scope.transitions(held)
    return np.arange(taken) * held // taken


def _noise(shape, name, *index):
    return stream(0, name, *index).standard_normal(shape)


def _stored(path, batch):
    """What the file holds so far, by network.  Raises UsageError when it is not one of ours, or of another batch."""
    if not path.exists():
        return {}
    content = read_file(path)
    if content["batch"] != batch:
        raise UsageError(f"{path}: holds another batch, {content['batch'].get('transitions_per_actor')} transitions of "
                         "every DU: measure at that with --transitions, or move the file away")
    return content["networks"]


def read_file(path):
    """A stored curvature.json: its "batch" and "networks".  Raises UsageError when it is not one."""
    try:
        content = json.loads(path.read_text("utf-8"))
        return {name: dict(content[name]) for name in ("batch", "networks")}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path}: not a readable curvature.json ({type(error).__name__}); remove it") from None
