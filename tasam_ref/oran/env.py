"""The O-RAN cells as a Markov decision process: one step is one time frame of all DUs."""

from dataclasses import dataclass

import numpy as np

from ..errors import UsageError
from ..kernels.kpis import slice_kpis
from ..parameters import refuse
from . import qos, reward
from .action import build_codec
from .constraints import qos_holds
from .radio import RadioFrame, RadioNetwork
from .spaces import spaces
from .topology import build_topology


@dataclass(frozen=True)
class StepInfo:
    """Everything a frame produced.  M DUs, L slices.

    radio: rates, delays, SINR and RB use of the frame.  kpis (M, L, 4): latency, throughput, availability, density.
    qos (M, L) in the metric's unit; qos_scaled (M, L) in [0, 1]; violated (M, L) where (7d) fails;
    sensitivity alpha (M, L); resource_penalty (M,); quality_penalty (M,).
    """

    radio: RadioFrame
    kpis: np.ndarray
    qos: np.ndarray
    qos_scaled: np.ndarray
    violated: np.ndarray
    sensitivity: np.ndarray
    resource_penalty: np.ndarray
    quality_penalty: np.ndarray


class OranEnv:
    """``reset(seed=...)`` starts an episode and ``step(action)`` runs one frame of it.

    Observations are (num_agents, obs_dim): the scaled QoS of the DU's slices, its users per slice relative to an
    average cell of ``mdp.reference_ues`` users in all, the executed action of the last frame, and with
    ``identity = one_hot`` the DU's number (Sec. IV-A1, R27).  With ``single_agent`` there is one agent: its observation
    and action are those of all DUs in a row, its reward is the mean of theirs (R53).  An episode has no end of its own:
    nothing is ever terminal.
    """

    def __init__(self, config):
        self.config = config
        self.topology = build_topology(config.radio, config.slices)
        self.codec = build_codec(config, self.topology)
        self.network = RadioNetwork(config, self.topology)
        counts = self.topology.counts
        self.num_dus, self.num_slices = counts.shape
        self.num_agents, self.obs_dim, self.action_dim = spaces(config)
        self.slice_names = config.slices.names
        self.executed = self.codec.executed
        self._group = self.topology.serving * self.num_slices + self.topology.slice_of
        self._threshold = np.array(config.slices.rate_threshold_bps)[self.topology.slice_of]
        self._empty = counts == 0
        self._load = counts * (self.num_dus / (config.mdp.reference_ues or config.radio.num_ues))
        self._identity = np.eye(self.num_dus)[:, : self.num_dus * (config.mdp.identity == "one_hot")]
        self._priorities, self._targets = np.array(config.reward.priorities), qos_targets(config.reward)
        self._progress = {}

    def reset(self, *, seed):
        """Start the episode of this seed, a whole number from 0.  Returns the observation: nothing allocated yet."""
        if not isinstance(seed, (int, np.integer)) or seed < 0:
            raise refuse("seed", seed, "a whole number of at least 0")
        self.network.reset(seed)
        self._progress = {
            "satisfied_frames": np.zeros(self._threshold.size),
            "lowest": np.full(self.num_slices, np.inf), "highest": np.full(self.num_slices, -np.inf),
        }
        return self._observe(np.zeros(self.topology.counts.shape), np.zeros((self.num_dus, self.codec.action_dim)))

    def step(self, action):
        """Run one frame.

        action (num_agents, action_dim) in [0, 1].  Returns observation (num_agents, obs_dim), reward (num_agents,)
        by (8), and StepInfo.  Raises UsageError for an action of another shape or outside [0, 1].
        """
        action = self._checked(action)
        executed = self.executed(action)
        allocation = self.codec.decode(executed)
        frame = self.network.transmit(allocation)
        kpis = self._kpis(frame)
        info = self._judge(frame, kpis, allocation.claimed)
        utility = reward.UTILITIES[self.config.reward.sigmoid]
        value = reward.reward(info.qos_scaled, info.sensitivity, utility, info.resource_penalty, info.quality_penalty)
        return self._observe(info.qos_scaled, executed), self.per_agent(value[:, None])[:, 0], info

    def per_agent(self, values):
        """Values (M, n) of DUs as means over the DUs of each agent, (num_agents, n)."""
        return values.reshape(self.num_agents, -1, values.shape[1]).sum(axis=1) / (self.num_dus // self.num_agents)

    def state(self):
        """A copy of everything that ``set_state`` needs to go on from here, as a dictionary of arrays."""
        return {name: value.copy() for name, value in (self.network.state | self._progress).items()}

    def set_state(self, state):
        """Go on from a state that ``state`` returned."""
        self.network.state = {name: state[name] for name in state if name not in _PROGRESS}
        self._progress = {name: state[name] for name in _PROGRESS}

    def _checked(self, action):
        if not self.network.state:
            raise UsageError("step: must come after reset(seed=...)")
        action = np.asarray(action, dtype=float)
        expected = (self.num_agents, self.action_dim)
        if action.shape != expected:
            raise refuse("action.shape", action.shape, expected)
        if not (action.min() >= 0 and action.max() <= 1):
            raise UsageError("action: every entry must lie in [0, 1]")
        return action.reshape(self.num_dus, -1)

    def _kpis(self, frame):
        """(2)-(5), stacked to (M, L, 4)."""
        satisfied = frame.rate_bps >= self._threshold
        self._progress["satisfied_frames"] = self._progress["satisfied_frames"] + satisfied
        frames, group, shape = int(self.network.state["frame"]), self._group, self.topology.counts.shape
        return slice_kpis(frame.latency_s, frame.rate_bps, satisfied, self._progress["satisfied_frames"], frames, group,
                          shape)

    def _judge(self, frame, kpis, claimed):
        """QoS of every slice, how it scales, what it violates and what that costs.

        A slice without users wants nothing: it scales to 1 and violates nothing.
        """
        settings, empty = self.config.reward, self._empty
        quality = slice_qos(kpis, self.topology.counts, self.config)
        q_min, worst, best = self._targets
        larger_is_better = best > worst
        if settings.normalisation == "running":
            worst, best = self._running_bounds(quality)
        scaled = np.where(empty, 1.0, reward.min_max_scale(quality, worst, best))
        required = reward.scale(q_min, worst, best)
        reached = np.where(empty, required, reward.scale(quality, worst, best))
        return StepInfo(
            radio=frame, kpis=kpis, qos=quality, qos_scaled=scaled,
            violated=~empty & ~qos_holds(quality, q_min, larger_is_better),
            sensitivity=reward.SENSITIVITIES[settings.sensitivity](
                scaled, self._priorities, settings.steepness),
            resource_penalty=reward.resource_penalty(claimed, self.config.radio.num_rbs, settings.penalty),
            quality_penalty=reward.quality_penalty(reached, required, settings.penalty),
        )

    def _running_bounds(self, quality):
        """Extremes of Q_l over the DUs and frames of the episode so far, Q_min included (R25), as worst and best.

        Slices without users do not count; where there are none but such, the fixed bounds remain.  With Q_min among the
        extremes a slice that misses it never scales to 1.
        """
        q_min, worst, best = self._targets
        lowest = np.minimum(self._progress["lowest"], np.where(self._empty, np.inf, quality).min(axis=0))
        highest = np.maximum(self._progress["highest"], np.where(self._empty, -np.inf, quality).max(axis=0))
        self._progress |= {"lowest": lowest, "highest": highest}
        ends = np.minimum(lowest, q_min), np.maximum(highest, q_min)
        extremes = np.where(best > worst, ends, ends[::-1])
        return np.where(np.isfinite(lowest), extremes, (worst, best))

    def _observe(self, qos_scaled, executed):
        of_dus = np.concatenate((qos_scaled, self._load, executed, self._identity), axis=1)
        return of_dus.reshape(self.num_agents, -1)


_PROGRESS = ("satisfied_frames", "lowest", "highest")


def slice_qos(kpis, counts, config):
    """Q_l of every DU and slice, (M, L), by the reading R15: the metrics of Sec. VI-E, or the weighted sum (6)."""
    settings = config.reward
    if settings.qos_reading == "weighted_sum":
        scaled = qos.scaled_kpis(kpis, np.array(settings.kpi_best_rate_bps), config.slices.latency_max_s)
        return qos.weighted_qos(scaled, np.array(settings.kpi_weights))
    quality = np.empty(counts.shape)
    for s, metric in enumerate(settings.metrics):
        quality[:, s] = qos.SECTION_VI_E[metric](kpis[:, s], counts[:, s])
    return quality


def qos_targets(settings):
    """Q_min, and the QoS that scales to 0 and to 1, each (L,), in the unit of the chosen QoS reading (R15, R16).

    The weighted sum has no requirement in the paper; it takes that of Sec. VI-E at the same scaled height.
    """
    q_min, worst, best = np.array(settings.q_min), np.array(settings.q_worst), np.array(settings.q_best)
    if settings.q_min_order == "swapped":
        q_min[:2] = q_min[1::-1]
    if settings.qos_reading == "weighted_sum":
        full = np.array(settings.kpi_weights).sum(axis=1)
        return reward.scale(q_min, worst, best) * full, np.zeros_like(full), full
    return q_min, worst, best
