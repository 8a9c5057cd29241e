"""How many frames the environment runs per second, and where a frame's time goes."""

from dataclasses import replace

import numpy as np

from ..config_io import update
from ..kernels import channel, mobility, rate
from ..oran.draws import draw_frame
from ..oran.env import OranEnv
from ..oran.radio import SCHEDULERS
from ..streams import stream
from .bench import time_in_turns


def steps(config):
    """A function that runs one frame under a random action."""
    env = OranEnv(config)
    env.reset(seed=1)
    action = stream(0, "bench_action").random((env.num_agents, env.action_dim))
    return lambda: env.step(action)


def bench_schedulers(config, frames):
    """A mapping from every scheduler to the Timing of a frame."""
    functions = [steps(replace(config, radio=replace(config.radio, scheduler=name))) for name in SCHEDULERS]
    return dict(zip(SCHEDULERS, time_in_turns(functions, frames)))


def bench_frame(config, frames):
    """A mapping from the pieces of a frame to their Timing, "whole frame" last."""
    env = OranEnv(config)
    env.reset(seed=1)
    action = stream(0, "bench_action").random((env.num_agents, env.action_dim))
    net, topology, radio = env.network, env.topology, config.radio
    _, _, info = env.step(action)
    draws, position, heading = net.ahead()
    claims, served, sinr = info.radio.claims, info.radio.served, info.radio.sinr
    places = position, topology.ru_position, net.rb_power_w, net.gain_1m, radio.path_loss_exponent
    power = channel.mean_power(*places, radio.min_distance_m)
    activity = claims.sum(axis=1)
    users = topology.serving, topology.slice_of
    link = rate.link_rate(sinr, claims, *users, radio.rb_bandwidth_hz)
    fading = np.empty_like(draws.fading)
    pieces = {
        "fading, traffic, turns": lambda: draw_frame(1, 2, radio, net.packets_per_frame, fading),
        "mobility": lambda: mobility.move(position, heading, draws.speed, net.centre, radio.cell_radius_m,
                                          radio.frame_s),
        "path loss": lambda: channel.mean_power(*places, radio.min_distance_m),
        "SINR": lambda: channel.sinr_physical(power, draws.fading, activity, topology.serving, net.noise_w),
        "rates of the links": lambda: rate.link_rate(sinr, claims, *users, radio.rb_bandwidth_hz),
        "schedule": lambda: net.schedule(claims, link, topology.group_start, net.state["mean_rate"],
                                         net.state["pointer"], 1 / radio.fairness_window_frames),
        "rates of the users": lambda: rate.user_rate(link, claims, served),
        "whole frame": lambda: env.step(action),
    }
    return dict(zip(pieces, time_in_turns(list(pieces.values()), frames)))


def bench_growth(config, frames):
    """A mapping (what, size) -> Timing of a frame, over numbers of users and of RBs."""
    sized = {("users", n): {"radio": {"num_ues": n}} for n in (50, 200, 500, 1000, 2000)}
    sized |= {("RBs", n): {"radio": {"num_rbs": n}} for n in (25, 50, 100, 275)}
    functions = [steps(update(config, change)) for change in sized.values()]
    return dict(zip(sized, time_in_turns(functions, frames)))
