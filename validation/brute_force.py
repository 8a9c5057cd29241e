"""(7) by trying everything: every allocation of a small network, its rates by (1), its reward by (8), written out."""

from itertools import product

import numpy as np

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.oran.draws import draw_frame
from tasam_ref.oran.env import OranEnv

SMALL = (
    "reward.q_best=[6e6, 4e6, 0.0]", "reward.q_min=[1e6, 1e6, 2e-3]", "slices.rate_threshold_bps=[1e6, 5e5, 2e5]",
    "slices.arrival_rate_hz=[30.0, 30.0, 10.0]", "slices.packet_bits=[12e3, 1e3, 2e3]", "radio.tx_power_dbm=10",
    "radio.inter_site_distance_m=300.0")


def small_network(seed, *changes):
    """An environment at the start of an episode: 1 or 2 DUs, 1 to 4 RBs and 1 to 4 users, by chance, mixed slices.

    Every tenth seed has the most of each.
    """
    chance = np.random.default_rng(seed)
    shares = chance.choice([0.0, 0.5, 1.0], size=(2, 3)) + np.eye(3)[chance.integers(0, 3, 2)]
    sizes = [f"radio.{name}={chance.integers(low, high + 1) if seed % 10 else high}"
             for name, low, high in (("num_dus", 1, 2), ("num_rbs", 1, 4), ("num_ues", 1, 4))]
    rows = (shares / shares.sum(axis=1, keepdims=True)).tolist()
    env = OranEnv(apply_settings(Config(), (*SMALL, f"slices.shares={rows}", *sizes, *changes)))
    env.reset(seed=seed)
    return env


def every_allocation(env):
    """All (users served (K, M) with -1 for nobody, rates (U,) bit/s) of the coming frame."""
    serving, radio, network = env.topology.serving, env.config.radio, env.network
    state = env.state()
    draws = draw_frame(int(state["seed"]), int(state["frame"]), radio, np.ones(serving.size))
    env.step(np.zeros((env.num_agents, env.action_dim)))
    distance = np.linalg.norm(network.state["position"][:, None] - env.topology.ru_position, axis=2)
    env.set_state(state)
    watt = 10 ** (radio.tx_power_dbm / 10 - 3) / radio.num_rbs
    noise = 10 ** (radio.noise_dbm / 10 - 3) * radio.rb_bandwidth_hz
    mean = watt * 10 ** (-radio.path_loss_1m_db / 10) * np.maximum(distance, 35.0) ** -radio.path_loss_exponent
    options = list(product(*[[-1, *(u for u, home in enumerate(serving) if home == m)] for m in range(radio.num_dus)]))
    table = np.zeros((radio.num_rbs, len(options), serving.size))
    for k, (c, users) in product(range(radio.num_rbs), enumerate(options)):
        for m, u in enumerate(users):
            if u >= 0:
                heard = [u if radio.interference == "physical" else other for other in users]
                noisy = noise + sum(mean[heard[n], n] * draws.fading[heard[n], n, k]
                                    for n in range(radio.num_dus) if n != m and users[n] >= 0)
                table[k, c, u] = radio.rb_bandwidth_hz * np.log2(1 + mean[u, m] * draws.fading[u, m, k] / noisy)
    for chosen in product(range(len(options)), repeat=radio.num_rbs):
        yield np.array([options[c] for c in chosen]), table[range(radio.num_rbs), chosen].sum(axis=0)


def plain_reward(env, rates):
    """(8) of every DU from the users' rates, slice by slice, for the defaults' readings and M/M/1 queues."""
    settings, slices = env.config.reward, env.config.slices
    total, alpha = np.zeros(env.topology.counts.shape[0]), 12 * np.array(settings.priorities) / sum(settings.priorities)
    for m, s in product(range(total.size), range(3)):
        mine = rates[(env.topology.serving == m) & (env.topology.slice_of == s)]
        v = 1.0
        if mine.size:
            spare = mine / slices.packet_bits[s] - slices.arrival_rate_hz[s]
            slowest = max(min(1 / x, 10e-3) if x > 0 else 10e-3 for x in spare)
            metric = (mine.sum(), mine.sum() * np.mean(mine >= slices.rate_threshold_bps[s]), slowest)[s]
            worst, best = settings.q_worst[s], settings.q_best[s]
            v = (metric - worst) / (best - worst)
            total[m] -= 2 * max(0.0, (settings.q_min[s] - worst) / (best - worst) - v)
        total[m] += 1 / (1 + np.exp(-alpha[s] * (2 * min(max(v, 0.0), 1.0) - 1)))
    return total


def best_by_trying(env):
    """Largest sum over the DUs, and largest reward of each DU (M,), over all allocations."""
    rewards = np.array([plain_reward(env, rates) for _, rates in every_allocation(env)])
    return rewards.sum(axis=1).max(), rewards.max(axis=0)
