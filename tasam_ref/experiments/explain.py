"""What SAM does to a run's critics: its training replayed and looked at on the way.

A run is its configuration: the replay takes the same steps, to the bit on the same machine.  Three things are measured:

steps       every step of every critic, on the batch of the step itself (``watched``)
networks    at some stages, on held-out transitions that are made alike for every run: where the radius reaches in the
            landscape of the loss, and what the ascent to theta_adv does to Q
orderings   there as well: what the critic values beside what the network pays (``probe``)

The frozen batch is that of ``run_curvature``, the norm and the radius of (12) are the run's own.
"""

import json
from dataclasses import asdict
from itertools import pairwise

import numpy as np

from ..analysis import steps
from ..analysis.curvature import hessian_product, largest_eigenvalue
from ..errors import UsageError
from ..files import write_atomically
from ..optim.norms import scale_of
from ..optim.sam import perturbed
from .probe import probe
from .progress import Progress
from .run_curvature import frozen_learner, losses
from .watched import summary, watched_trainer

NETWORKS = ("critic", "all")
FILE = "explain.json"
TOLERANCE = 1e-3                        # of eigenvalues: they are compared by orders of magnitude


def explain_run(folder, stages=5, network="critic", states=8, actions=32):
    """Explain a complete run: the content of RUN/explain.json, which is written unless it holds the same already.

    ``stages`` stretches of equal length have their ends measured, the untrained networks with them; ``network`` is one
    of ``NETWORKS``; ``states`` and ``actions`` are those of ``probe``.  Raises UsageError for a run that is
    not complete, for more stages than iterations, and for networks without a Hessian before anything is trained.
    """
    stored, total = folder.final_networks(), folder.manifest["iterations_done"]
    if stages > total:
        raise UsageError(f"--stages = {stages}: must be at most the {total} iterations of {folder.path}")
    asked = {"stages": stages, "network": network, "states": states, "actions": actions}
    path = folder.path / FILE
    content = read_file(path) if path.exists() else {}
    if content.get("asked") != asked:
        content = {"run": _describe(folder), "asked": asked} | _replay(folder, stored, asked)
        with write_atomically(path) as file:
            file.write(json.dumps(content, indent=1) + "\n")
    return content


def _describe(folder):
    config = folder.config
    return {"method": folder.method, "seed": config.run.seed, "norm": config.sam.norm, "perturbs": config.sam.perturbs,
            "radii": [config.sam.rho_init, config.sam.rho_final], "with_sam": config.sam.use_sam_critic,
            "iterations": folder.manifest["iterations_done"], "gamma": config.agent.gamma}


def _replay(folder, stored, asked):
    """What is measured on the way, and whether the replay ended with the ``stored`` networks."""
    total, label = folder.manifest["iterations_done"], f"{folder.method} seed {folder.config.run.seed}, again"
    at = [round(k * total / asked["stages"]) for k in range(asked["stages"] + 1)]
    trainer, measured = watched_trainer(folder.config), []
    _refuse_without_hessian(folder.config, trainer.agents.parameters(), asked["network"])
    with Progress(label, total) as progress:
        for iteration, parameters, columns in _stops(trainer, at, progress):
            measured.append({"iteration": iteration} | measure(folder.config, parameters, columns, asked))
    stretches = [{"from": start, "to": end} | {f"critic {c}": summary(
        [step for step in seen if start <= step["iteration"] < end]) for c, seen in enumerate(trainer.learner.seen)}
        for start, end in pairwise(at)]
    ended = trainer.agents.parameters()
    same = all(np.array_equal(array, stored[name]) for name, array in ended.items())
    return {"same_bits": same, "steps": stretches, "stages": measured}


def _stops(trainer, at, progress):
    """Yield (iteration, parameters there, columns of the iteration that begins there) of the iterations ``at``.

    At the end, where none begins, the columns are those of the last: its radius is the one that led there.
    """
    while trainer.iteration < at[-1]:
        here = trainer.iteration
        parameters = _copied(trainer) if here in at else None
        columns = trainer.iterate()
        progress.update(trainer.iteration)
        if here in at:
            yield here, parameters, columns
    yield at[-1], _copied(trainer), columns


def _copied(trainer):
    return {name: array.copy() for name, array in trainer.agents.parameters().items()}


def _refuse_without_hessian(config, parameters, network):
    for _, loss, theta in losses(frozen_learner(config, parameters, 1), network):
        hessian_product(loss, theta)


def measure(config, parameters, columns, asked):
    """The "networks" and "orderings" of a stage, given the networks' parameters and the radii in ``columns``."""
    learner, networks = frozen_learner(config, parameters, config.agent.batch_size), {}
    for name, loss, theta in losses(learner, asked["network"]):
        kind, number = name.split()
        scale = scale_of(config.sam.norm, config.sam.perturbs, getattr(learner.networks, kind))
        rho = float(columns["rho_critic"][0] if kind == "critic" else columns["rho_actor"][int(number)])
        networks[name] = landscape(loss, theta, rho, np.ones_like(theta) if scale is None else scale(theta),
                                   kind == "critic")
    orderings = probe(learner, config, asked["states"], asked["actions"])
    return {"networks": networks, "orderings": {
        name: {kind: asdict(found) | {"verdict": found.verdict} for kind, found in of_critic.items()}
        for name, of_critic in orderings.items()}}


def landscape(loss, theta, rho, scale, critic):
    """Where the radius reaches at theta, in the norm of the diagonal T (n_params,), as ``scale``.

    rho; sharpness: the largest eigenvalue of T H T; slope: ||T g||; reach: rho sharpness / slope, above 1 where
    curvature outweighs slope at theta_adv.  Of a ``critic`` also
    common: curvature along the gradient m of mean Q over the sharpness, 1 where the two are one direction.
    error: mean of Q - y; lift: how far the ascent to theta_adv moves mean Q.
    cos_there: cosine of the gradient at theta_adv with the gradient of mean Q there.
    """
    product = steps.scaled_product(hessian_product(loss, theta), scale)
    sharpness, gradient = largest_eigenvalue(product, theta.size, TOLERANCE).value, loss(theta)[1].copy()
    slope = float(np.linalg.norm(scale * gradient))
    found = {"rho": rho, "sharpness": sharpness, "slope": slope, "reach": steps.ratio(rho * sharpness, slope)}
    if not critic:
        return found
    theta_adv, value = perturbed(theta, gradient, rho, scale), steps.values(loss, theta)
    curvature = steps.rayleigh(product, scale * steps.mean_gradient(loss, theta))
    gradient_adv = loss(theta_adv)[1].copy()
    return found | {
        "common": steps.ratio(curvature, sharpness), "error": float(np.mean(value - steps.targets(loss))),
        "lift": float(np.mean(steps.values(loss, theta_adv) - value)),
        "cos_there": steps.cosine(gradient_adv, steps.mean_gradient(loss, theta_adv))}


def read_file(path):
    """A stored explain.json.  Raises UsageError when it is not one."""
    try:
        content = json.loads(path.read_text("utf-8"))
        return {name: content[name] for name in ("run", "asked", "same_bits", "steps", "stages")}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path}: not a readable {FILE} ({type(error).__name__}); remove it") from None
