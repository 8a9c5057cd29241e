"""Sites, users per DU and slice, and where users are dropped."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.oran.topology import apportion, build_topology, drop_users, hexagonal_sites

CONFIG = apply_settings(Config(), ["slices.shares=[[0.4, 0.4, 0.2], [0.25, 0.45, 0.3], [0.3, 0.5, 0.2], "
                                   "[0.45, 0.3, 0.25], [0.2, 0.6, 0.2], [0.35, 0.35, 0.3]]"])


def topology(num_dus, num_ues):
    return build_topology(replace(CONFIG.radio, num_dus=num_dus, num_ues=num_ues), CONFIG.slices)


@st.composite
def integer_shares(draw):
    """A total and shares as exact fractions of small integers."""
    weights = draw(st.lists(st.integers(0, 20), min_size=1, max_size=6).filter(any))
    return draw(st.integers(0, 500)), [Fraction(w, sum(weights)) for w in weights]


class TestSites:
    @pytest.mark.parametrize("count", [2, 3, 6, 7, 8, 19, 20, 40])
    def test_every_site_has_its_nearest_neighbour_at_the_given_distance(self, count):
        site = hexagonal_sites(count, 500.0)
        assert site.shape == (count, 2)
        distance = np.linalg.norm(site[:, None] - site, axis=2) + np.diag(np.full(count, np.inf))
        np.testing.assert_allclose(distance.min(axis=1), 500.0, rtol=1e-12)

    @pytest.mark.parametrize(("rings", "count"), [(0, 1), (1, 7), (2, 19), (3, 37)])
    def test_the_nearest_1_7_19_37_sites_are_the_full_hexagons(self, rings, count):
        """3 n (n + 1) + 1 sites lie within n rings; the next one is clearly farther than n spacings."""
        distance = np.linalg.norm(hexagonal_sites(3 * count + 20, 1.0), axis=1)
        assert np.all(np.diff(distance) > -1e-9)
        assert distance[count - 1] == pytest.approx(rings, abs=1e-12)
        assert distance[count] > rings + 0.4

    def test_six_sites_by_hand(self):
        """The paper's six: the centre, and five neighbours at 0, 60, ... 240 degrees."""
        z = hexagonal_sites(6, 500.0) @ [1, 1j]
        np.testing.assert_allclose(z, [0, *(500 * np.exp(1j * np.pi / 3 * np.arange(5)))], atol=1e-9)

    def test_one_site_stands_at_the_origin_and_distance_is_a_factor(self):
        np.testing.assert_array_equal(hexagonal_sites(1, 500.0), [[0.0, 0.0]])
        np.testing.assert_allclose(hexagonal_sites(9, 250.0), 250 * hexagonal_sites(9, 1.0), rtol=1e-14)

    @given(st.integers(1, 30), st.integers(0, 10))
    def test_fewer_sites_are_the_first_of_more(self, count, extra):
        """So that the sweep over the number of DUs only adds sites."""
        np.testing.assert_array_equal(hexagonal_sites(count + extra, 1.0)[:count], hexagonal_sites(count, 1.0))


class TestApportion:
    def test_by_hand(self):
        """Quotas 4.6, 3.3, 2.1 of 10: floors 4, 3, 2 and the seat left goes to the largest remainder."""
        assert apportion(10, [0.46, 0.33, 0.21]).tolist() == [5, 3, 2]
        assert apportion(200, np.full(6, 1 / 6)).tolist() == [34, 34, 33, 33, 33, 33]
        assert apportion(10, [0.1, 0.2, 0.7]).tolist() == [1, 2, 7]
        assert apportion(0, [0.5, 0.5]).tolist() == [0, 0]

    @given(integer_shares())
    def test_quota_rule_in_exact_arithmetic(self, case):
        """Parts sum to the total and each lies strictly within one of its exact share."""
        total, shares = case
        parts = apportion(total, [float(s) for s in shares]).tolist()
        assert sum(parts) == total
        assert all(abs(p - total * s) < 1 for p, s in zip(parts, shares))
        assert all(p == total * s for p, s in zip(parts, shares) if (total * s).denominator == 1)

    @given(integer_shares())
    def test_no_part_that_was_rounded_down_had_a_larger_remainder(self, case):
        total, shares = case
        parts = apportion(total, [float(s) for s in shares]).tolist()
        up = [total * s % 1 for p, s in zip(parts, shares) if p > total * s]
        down = [total * s % 1 for p, s in zip(parts, shares) if p < total * s]
        assert not up or not down or min(up) >= max(down)


class TestTopology:
    def test_the_papers_network(self):
        """Table 1: 200 users on 6 DUs.  DU 0 has 34 with shares 0.4, 0.4, 0.2: quotas 13.6, 13.6, 6.8."""
        built = topology(6, 200)
        assert built.counts.sum(axis=1).tolist() == [34, 34, 33, 33, 33, 33]
        assert built.counts[0].tolist() == [14, 13, 7]

    @given(st.integers(1, 9), st.integers(1, 120))
    def test_index_arrays_agree_with_the_counts(self, num_dus, num_ues):
        built = topology(num_dus, num_ues)
        assert built.serving.size == built.slice_of.size == num_ues
        for m in range(num_dus):
            for s in range(3):
                users = np.flatnonzero((built.serving == m) & (built.slice_of == s))
                first, end = built.group_start[3 * m + s : 3 * m + s + 2]
                assert users.tolist() == list(range(first, end))
                assert built.counts[m, s] == users.size
        assert np.ptp(built.counts.sum(axis=1)) <= 1

    def test_dus_beyond_the_rows_of_shares_start_over(self):
        built = topology(12, 12 * 40)
        np.testing.assert_array_equal(built.counts[:6], built.counts[6:])
        assert built.counts[4].tolist() == [8, 24, 8]


class TestDrop:
    def test_users_are_uniform_over_the_disc_of_their_du(self):
        """Then (r / R)^2 and both angles are uniform; Kolmogorov-Smirnov at a failure probability of 1e-4."""
        built = topology(3, 3000)
        position, heading = drop_users(built, 250.0, np.random.default_rng(5))
        z = (position - built.ru_position[built.serving]) @ [1, 1j]
        assert np.abs(z).max() <= 250.0
        for sample in ((np.abs(z) / 250) ** 2, np.angle(z) / (2 * np.pi) % 1, heading / (2 * np.pi)):
            assert kstest(sample, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(np.abs(z), heading)[0, 1]) < 4 / np.sqrt(3000)
        assert abs(np.corrcoef(np.angle(z), heading)[0, 1]) < 4 / np.sqrt(3000)

    def test_the_generator_alone_decides(self):
        built = topology(2, 10)
        first, again, other = (drop_users(built, 250.0, np.random.default_rng(s))[0] for s in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        assert not np.isclose(first, other).any()
