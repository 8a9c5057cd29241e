"""One frame of the radio network: users move, the channel fades, RBs are scheduled, bits flow, queues wait."""

from dataclasses import dataclass

import numpy as np

from ..kernels import channel, mobility, rate, scheduling
from ..streams import stream
from .draws import LastDrawn
from .latency import COUNT_PACKETS, LATENCY_MODELS
from .topology import drop_users
from .units import db_to_linear, rb_noise_w, rb_power_w

SCHEDULERS = {"round_robin": scheduling.round_robin, "proportional_fair": scheduling.proportional_fair,
              "maximum_rate": scheduling.maximum_rate}


@dataclass(frozen=True)
class RadioFrame:
    """What users got: rate_bps c (U,), latency_s tau (U,), sinr (U, K), claims b (M, L, K), served e (M, L, K)."""

    rate_bps: np.ndarray
    latency_s: np.ndarray
    sinr: np.ndarray
    claims: np.ndarray
    served: np.ndarray


class RadioNetwork:
    """The network's physics.  ``state`` is a dictionary of arrays and all there is to save."""

    def __init__(self, config, topology):
        self.radio, self.topology = config.radio, topology
        slices, of_user = config.slices, topology.slice_of
        self.packet_bits = np.array(slices.packet_bits)[of_user]
        self.arrival_rate = np.array(slices.arrival_rate_hz)[of_user]
        self.packets_per_frame = self.arrival_rate * self.radio.frame_s * (slices.latency_model in COUNT_PACKETS)
        self.latency_max = slices.latency_max_s
        self.noise_w, self.rb_power_w = rb_noise_w(self.radio), rb_power_w(self.radio)
        self.gain_1m = db_to_linear(-self.radio.path_loss_1m_db)
        self.populated = np.repeat((topology.counts > 0)[:, :, None], self.radio.num_rbs, axis=2)
        self.centre = topology.ru_position[topology.serving]
        self.schedule = SCHEDULERS[self.radio.scheduler]
        self.latency = LATENCY_MODELS[slices.latency_model]
        self.sinr = {"physical": self._sinr_physical, "literal": self._sinr_literal}[self.radio.interference]
        self.drawn = LastDrawn(self.radio, self.packets_per_frame)
        self.state = {}

    def reset(self, seed):
        """Drop the users anew."""
        position, heading = drop_users(self.topology, self.radio.cell_radius_m, stream(seed, "topology"))
        num_ues = heading.size
        self.state = {
            "seed": np.array(seed), "frame": np.array(0), "position": position, "heading": heading,
            "mean_rate": np.zeros(num_ues), "pointer": np.zeros(self.topology.counts.shape, dtype=np.int64),
            "backlog": np.zeros(num_ues),
        }

    def ahead(self):
        """What no allocation changes in the coming frame: its FrameDraws, and the users' position and heading in it."""
        state, radio = self.state, self.radio
        draws = self.drawn.at(int(state["seed"]), int(state["frame"]))
        turned = state["heading"] + draws.direction if radio.mobility == "turn" else draws.direction
        return draws, *mobility.move(state["position"], turned, draws.speed, self.centre, radio.cell_radius_m,
                                     radio.frame_s)

    def power_ahead(self):
        """What every user receives from every RU on every RB of the coming frame, if that RU sends: (U, M, K) W."""
        draws, position, _ = self.ahead()
        return self._mean_power(position)[:, :, None] * draws.fading

    def transmit(self, allocation):
        """Run one frame under an Allocation and return the RadioFrame."""
        state, radio = self.state, self.radio
        draws, position, heading = self.ahead()
        power = self._mean_power(position)
        sinr, link, served, pointer = self.sinr(power, draws.fading, allocation)
        rates = rate.user_rate(link, allocation.claims, served)
        delay, backlog = self.latency(rates, self.packet_bits, self.arrival_rate, draws.arrivals, state["backlog"],
                                      radio.frame_s, self.latency_max)
        memory = 1 / radio.fairness_window_frames
        self.state = state | {
            "frame": state["frame"] + 1, "position": position, "heading": heading, "pointer": pointer,
            "backlog": backlog, "mean_rate": (1 - memory) * state["mean_rate"] + memory * rates,
        }
        return RadioFrame(rates, delay, sinr, allocation.claims, served)

    def mean_sir(self):
        """SIR of every user at its own RU without fading, all other RUs sending: (U,)."""
        power = self._mean_power(self.state["position"])
        return channel.sinr_physical(power, np.ones((*power.shape, 1)), np.ones((power.shape[1], 1)),
                                     self.topology.serving, 0.0)[:, 0]

    def _mean_power(self, position):
        return channel.mean_power(position, self.topology.ru_position, self.rb_power_w, self.gain_1m,
                                  self.radio.path_loss_exponent, self.radio.min_distance_m)

    def _sinr_physical(self, power, fading, allocation):
        """An RU sends on an RB as far as somebody is there to be served; then SINR, rates, schedule."""
        claims, serving = allocation.claims, self.topology.serving
        somebody = self.populated if allocation.served is None else allocation.served >= 0
        activity = channel.activity(claims, somebody)
        sinr = channel.sinr_physical(power, fading, activity, serving, self.noise_w)
        link = rate.link_rate(sinr, claims, serving, self.topology.slice_of, self.radio.rb_bandwidth_hz)
        return sinr, link, *self._assign(link, allocation)

    def _sinr_literal(self, power, fading, allocation):
        """Here the interference depends on who is served elsewhere, so the schedule looks at the SNR alone."""
        claims, serving, slice_of = allocation.claims, self.topology.serving, self.topology.slice_of
        silence = np.zeros((claims.shape[0], claims.shape[2]))
        snr = channel.sinr_physical(power, fading, silence, serving, self.noise_w)
        alone = rate.link_rate(snr, claims, serving, slice_of, self.radio.rb_bandwidth_hz)
        served, pointer = self._assign(alone, allocation)
        sinr = channel.sinr_literal(power, fading, claims, served, serving, self.noise_w)
        return sinr, rate.link_rate(sinr, claims, serving, slice_of, self.radio.rb_bandwidth_hz), served, pointer

    def _assign(self, link, allocation):
        """The agent's own choice of users where its action has one, else the slice's scheduler."""
        pointer = self.state["pointer"]
        if allocation.served is not None:
            return allocation.served, pointer
        return self.schedule(allocation.claims, link, self.topology.group_start, self.state["mean_rate"], pointer,
                             1 / self.radio.fairness_window_frames)
