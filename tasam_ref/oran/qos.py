"""Slice QoS (6) and the QoS metrics of Section VI-E, from the KPIs (2)-(5) of ``kernels.kpis``."""

import numpy as np


def weighted_qos(kpis, weights):
    """(6)  Q_l = sum over i of omega_{i,l} M_i.

    kpis (M, L, 4) in the order latency, throughput, availability, density; weights omega (L, 4).  Returns (M, L).
    The KPIs must come in comparable units, since (6) gives none: see ``scaled_kpis`` (R15).
    """
    return np.einsum("mli,li->ml", kpis, weights)


def scaled_kpis(kpis, best_rate, latency_max):
    """Make the KPIs of (6) comparable, each in [0, 1] with 1 the best (R15).

    Latency l becomes 1 - l / latency_max and the mean throughput min(1, mu_r / best_rate); availability and density
    are shares already.  kpis (M, L, 4), best_rate (L,) bit/s.
    """
    scaled = kpis.copy()
    scaled[..., 0] = 1 - kpis[..., 0] / latency_max
    scaled[..., 1] = np.minimum(1.0, kpis[..., 1] / best_rate)
    return scaled


def sum_throughput(kpis, counts):
    """Slice 1 of Sec. VI-E: aggregated user throughput  N_u mu_r, in bit/s, from kpis (M, L, 4), counts (M, L)."""
    return counts * kpis[..., 1]


def quality_weighted_capacity(kpis, counts):
    """Slice 2 of Sec. VI-E: aggregated throughput times the share of satisfied users  N_u mu_r d_s, in bit/s."""
    return sum_throughput(kpis, counts) * kpis[..., 3]


def latency_metric(kpis, counts):
    """Slice 3 of Sec. VI-E: the largest user latency, in s; smaller is better."""
    return kpis[..., 0]


SECTION_VI_E = {"sum_throughput": sum_throughput, "quality_weighted_capacity": quality_weighted_capacity,
                "max_latency": latency_metric}
