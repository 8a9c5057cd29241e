"""Where the RUs stand, which users belong to which DU and slice, and where users are dropped."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Topology:
    """What stays fixed during a run.  Users are ordered by DU, then by slice.

    ru_position (M, 2) m; serving (U,) DU of each user; slice_of (U,); counts N_u^l (M, L);
    group_start (M L + 1,) first user of each (DU, slice).
    """

    ru_position: np.ndarray
    serving: np.ndarray
    slice_of: np.ndarray
    counts: np.ndarray
    group_start: np.ndarray


def hexagonal_sites(count, distance):
    """Positions (count, 2) of RUs on a hexagonal grid with the given spacing, nearest to the origin first.

    Equally near sites follow counter-clockwise from the x axis, so that six RUs are a centre and five neighbours.
    Source: Sec. VI-A, R09.
    """
    reach = int(np.ceil(np.sqrt(count))) + 1
    q, r = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    q, r = q.ravel(), r.ravel()
    x, y = q + 0.5 * r, np.sqrt(3) / 2 * r
    ring = q * q + q * r + r * r
    angle = np.round(np.arctan2(y, x) % (2 * np.pi), 9)
    order = np.lexsort((angle, ring))[:count]
    return distance * np.column_stack((x, y))[order]


def apportion(total, shares):
    """Split ``total`` users by ``shares`` (which sum to 1) into whole numbers, by largest remainder.

    Every part differs from total * share by less than one, and the parts sum to ``total``.  Source: Sec. VI-A, R09.
    """
    exact = total * np.asarray(shares)
    parts = np.floor(exact + 1e-9).astype(int)
    remainders = parts - exact
    parts[np.argsort(remainders, kind="stable")[: total - parts.sum()]] += 1
    return parts


def build_topology(radio, slices):
    """Return the Topology of a configuration: users spread evenly over DUs, and over slices by each DU's shares.

    Source: Sec. VI-A, R09.
    """
    per_du = apportion(radio.num_ues, np.full(radio.num_dus, 1 / radio.num_dus))
    counts = np.array([apportion(n, slices.shares[m % len(slices.shares)]) for m, n in enumerate(per_du)])
    num_slices = counts.shape[1]
    return Topology(
        ru_position=hexagonal_sites(radio.num_dus, radio.inter_site_distance_m),
        serving=np.repeat(np.arange(radio.num_dus), per_du),
        slice_of=np.repeat(np.tile(np.arange(num_slices), radio.num_dus), counts.ravel()),
        counts=counts,
        group_start=np.concatenate(([0], np.cumsum(counts))),
    )


def drop_users(topology, radius, generator):
    """Return positions (U, 2) m, uniform over the disc of each user's DU, and headings (U,) rad, uniform.

    Source: Sec. VI-A, R09.
    """
    num_ues = topology.serving.size
    distance = radius * np.sqrt(generator.random(num_ues))
    angle = 2 * np.pi * generator.random(num_ues)
    offset = distance[:, None] * np.column_stack((np.cos(angle), np.sin(angle)))
    return topology.ru_position[topology.serving] + offset, 2 * np.pi * generator.random(num_ues)
