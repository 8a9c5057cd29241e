"""Distributions behind the means: of the slices' QoS over frames and DUs, of throughput over users."""

import json

import numpy as np

from ..errors import UsageError
from ..files import write_atomically
from ..oran.topology import build_topology
from ..regimes import regime_config
from .evaluation import READINGS, held_out_seeds, play

FILE = "distributions.json"
LEVELS = np.linspace(0, 1, 51)
QUANTITIES = ("qos", "throughput_bps", "training_throughput_bps")


def is_measured(folder):
    """Whether the run has its distributions.json.  Raises UsageError when that is not one."""
    path = folder.path / FILE
    return path.exists() and bool(read_file(path))


def measure_distributions(folder):
    """Write RUN/distributions.json: quantiles at ``LEVELS``, of the trained actors on the held-out episodes.

    "qos" maps slices to quantiles of Q_l over frames and DUs, in the metric's unit; "throughput_bps" to those of the
    rate that users of the slice have on average over an episode; "training_throughput_bps" to the same of the episodes
    that the run trained on.  Raises UsageError for a run of a version that did not keep those.
    Source: Sec. VI-E, Fig. 10; Sec. VI-F, Fig. 11.
    """
    config, results = folder.config, folder.load_checkpoint()
    if "training_rate_bps" not in results:
        raise UsageError(f"{folder.path}: its checkpoint.npz lacks training_rate_bps; train this run anew")
    qos, rates = held_out_samples(config, READINGS[config.run.evaluation](config, results["actors"]))
    slice_of = build_topology(config.radio, config.slices).slice_of
    trained = results["training_rate_bps"]
    slice_in_training = _slices_in_training(config, trained.shape)
    content = {"levels": LEVELS.tolist()} | {quantity: {} for quantity in QUANTITIES}
    for s, name in enumerate(config.slices.names):
        content["qos"][name] = _quantiles(qos[..., s])
        content["throughput_bps"][name] = _quantiles(rates[:, slice_of == s])
        content["training_throughput_bps"][name] = _quantiles(trained[slice_in_training == s].astype(float))
    with write_atomically(folder.path / FILE) as file:
        file.write(json.dumps(content, indent=1) + "\n")


def held_out_samples(config, policy):
    """Q_l of every episode, frame, DU and slice, (E, T, M, L), and the users' mean rates in bit/s, (E, U)."""
    qos, rates = [], 0.0
    for _, infos in play(config, policy, held_out_seeds(config), config.run.eval_frames):
        qos.append([info.qos for info in infos])
        rates = rates + np.array([info.radio.rate_bps for info in infos])
    return np.array(qos).swapaxes(0, 1), rates / config.run.eval_frames


def _slices_in_training(config, shape):
    """The slice of every user in every training episode, of ``shape`` (episodes, U); -1 where there is no user."""
    sequence, slices = config.regimes.sequence, np.full(shape, -1)
    for k, of_stage in enumerate(np.array_split(slices, len(sequence))):
        network = regime_config(config, sequence[k])
        of_users = build_topology(network.radio, network.slices).slice_of
        of_stage[:, : of_users.size] = of_users
    return slices


def _quantiles(samples):
    """At LEVELS; an empty slice has none."""
    return np.quantile(samples, LEVELS).tolist() if samples.size else [None] * LEVELS.size


def read_file(path):
    """A stored distributions.json.  Raises UsageError when it is not one."""
    try:
        content = json.loads(path.read_text("utf-8"))
        columns = [content["levels"], *(c for quantity in QUANTITIES for c in content[quantity].values())]
        if {len(column) for column in columns} != {LEVELS.size}:
            raise ValueError("levels")
        return {name: content[name] for name in ("levels", *QUANTITIES)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{path}: not a readable {FILE} ({type(error).__name__}); remove it") from None
