"""layout: where the RUs stand and how many users each DU and slice has (Sec. VI-A, R09), by brute force and by hand."""

from fractions import Fraction
from itertools import product

import numpy as np
from scipy.spatial import KDTree

from tasam_ref.config import Config
from tasam_ref.oran.topology import apportion, build_topology, hexagonal_sites

from .checks import check
from .oracles import largest, relative_error

COUNTS = range(2, 128)


@check("layout", oracle="a k-d tree", tolerance=1e-15, because="rounding of a root")
def nearest_neighbours_stand_at_the_spacing():
    """The nearest other site of every site is 500 m away, for 2 to 127 sites."""
    worst = 0.0
    for count in COUNTS:
        sites = hexagonal_sites(count, 500.0)
        nearest = KDTree(sites).query(sites, k=2)[0][:, 1]
        worst = largest(worst, relative_error(nearest, np.full(count, 500.0)))
    return worst


@check("layout", oracle="the pairs of a hexagon of k rings", tolerance=0, because="a count of pairs")
def complete_rings_have_all_their_neighbours():
    """1 + 3 k (k + 1) sites have 9 k^2 + 3 k pairs of neighbours, for k of 1 to 6: no grid is denser."""
    return sum(len(KDTree(hexagonal_sites(1 + 3 * k * (k + 1), 1.0)).query_pairs(1.001)) != 9 * k**2 + 3 * k
               for k in range(1, 7))


@check("layout", oracle="two interleaved rectangular grids, sorted", tolerance=1e-15, because="rounding of a root")
def sites_are_the_nearest_of_the_grid_and_in_order():
    """Distances from the origin are the smallest of (i, j sqrt 3) and (i + 1/2, (j + 1/2) sqrt 3), in that order."""
    steps = np.arange(-12, 13)
    grid = [np.hypot(i + half, (j + half) * 3**0.5) for half in (0.0, 0.5) for i, j in product(steps, repeat=2)]
    return max(relative_error(np.linalg.norm(hexagonal_sites(count, 2.0), axis=1), 2 * np.sort(grid)[:count])
               for count in COUNTS)


@check("layout", oracle="cosines and sines of multiples of 60 degrees", tolerance=3e-15, because="rounding of a root")
def first_seven_are_a_centre_and_its_ring():
    """The origin, then 500 m at 0, 60, .. 300 degrees; six RUs lack the last of them."""
    turns = np.exp(1j * np.pi / 3 * np.arange(6))
    expected = 500 * np.array([(0, 0), *zip(turns.real, turns.imag)])
    return largest(*(relative_error(hexagonal_sites(count, 500.0), expected[:count]) for count in (6, 7)))


def splits(total, parts):
    """All ways to write a whole number as a sum of whole numbers."""
    if parts == 1:
        return [(total,)]
    return [(first, *rest) for first in range(total + 1) for rest in splits(total - first, parts - 1)]


@check("layout", oracle="every split into whole numbers", tolerance=0, because="a count of splits that are not best")
def apportioned_users_are_the_nearest_whole_numbers():
    """No whole numbers of the same sum are nearer to total * share in squares; each is less than one off."""
    wrong = 0
    for parts, unit in ((2, 12), (3, 10), (4, 6)):
        for weights in splits(unit, parts):
            shares = [Fraction(w, unit) for w in weights]
            for total in (1, 2, 5, 9):
                exact = [total * share for share in shares]
                found = [int(n) for n in apportion(total, [float(share) for share in shares])]
                squares = [sum((n - x) ** 2 for n, x in zip(split, exact)) for split in (found, *splits(total, parts))]
                wrong += sum(found) != total or squares[0] > min(squares)
                wrong += any(abs(n - x) >= 1 for n, x in zip(found, exact))
    return wrong


@check("layout", oracle="largest remainders by hand", tolerance=0, because="whole numbers")
def table_1_gives_33_or_34_users_per_du():
    """200 users on six DUs: two of 34, four of 33; by slice as worked out by hand from the shares, user by user."""
    topology = build_topology(Config().radio, Config().slices)
    # 13.6 13.6 6.8, 8.5 15.3 10.2, 9.9 16.5 6.6, 14.85 9.9 8.25, 6.6 19.8 6.6, 11.55 11.55 9.9: floors, then remainders
    by_hand = [[14, 13, 7], [9, 15, 10], [10, 16, 7], [15, 10, 8], [7, 20, 6], [12, 11, 10]]
    told = [[sum((d, s) == (m, each) for d, s in zip(topology.serving, topology.slice_of)) for each in range(3)]
            for m in range(6)]
    bounds = [(m, s) for m in range(6) for s in range(3) for _ in range(by_hand[m][s])]
    first = [bounds.index((m, s)) for m in range(6) for s in range(3)] + [200]
    return (np.sum(topology.counts != by_hand) + (told != by_hand) + np.sum(topology.group_start != first)
            + (sorted(topology.counts.sum(axis=1)) != [33, 33, 33, 33, 34, 34]))
