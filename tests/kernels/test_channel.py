"""Received power, fading and SINR of (1): hand-worked cells, a NumPy twin, invariances, and Rayleigh closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import exp1

from tasam_ref.kernels.channel import activity, mean_power, rayleigh_power, sinr_literal, sinr_physical
from tasam_ref.kernels.rate import link_rate

SEEDS = st.integers(0, 2**32 - 1)


def random_cells(seed):
    """A random network: power, fading, claims, served, serving, noise."""
    rng = np.random.default_rng(seed)
    num_rus, per_group, num_slices, num_rbs = rng.integers(1, 5), rng.integers(1, 3), rng.integers(1, 4), 5
    num_ues = num_rus * num_slices * per_group
    power = rng.lognormal(-20, 3, (num_ues, num_rus))
    fading = rng.exponential(size=(num_ues, num_rus, num_rbs))
    claims = rng.dirichlet(np.ones(num_slices + 1), (num_rus, num_rbs))[..., :num_slices].transpose(0, 2, 1)
    first = per_group * np.arange(num_rus * num_slices).reshape(num_rus, num_slices, 1)
    served = first + rng.integers(-1, per_group, (num_rus, num_slices, num_rbs))
    served[served < first] = -1
    serving = np.repeat(np.arange(num_rus), num_slices * per_group)
    return power, fading, np.ascontiguousarray(claims), served, serving, rng.lognormal(-20, 1)


def fading_of(random_bytes):
    """|h|^2 (N,) of three bytes each, (N, 3) with the low one first."""
    power = np.full(len(random_bytes), np.nan, dtype=np.float32)
    rayleigh_power(np.ascontiguousarray(np.array(random_bytes, dtype=np.uint8).T), power)
    return power


def random_fading(seed, *shape):
    """|h|^2 of this shape from random bytes."""
    return fading_of(np.random.default_rng(seed).integers(0, 256, (math.prod(shape), 3))).reshape(shape)


def strangers(serving, num_rus):
    """(U, M) matrix of ones where the RU does not serve the user."""
    return 1.0 - np.eye(num_rus)[serving]


def own(power, fading, serving):
    """Useful power (U, K) by fancy indexing."""
    users = np.arange(serving.size)
    return power[users, serving][:, None] * fading[users, serving]


def twin_physical(power, fading, activity, serving, noise):
    interference = np.einsum("um,um,umk,mk->uk", strangers(serving, power.shape[1]), power, fading, activity)
    return own(power, fading, serving) / (noise + interference)


def twin_literal(power, fading, claims, served, serving, noise):
    """The sum of (1) over all users u', with e as the full binary tensor."""
    e = (served[..., None] == np.arange(len(serving))).astype(float)
    sent = np.einsum("mlku,mlk,um,umk->mk", e, claims, power, fading)
    return own(power, fading, serving) / (noise + strangers(serving, power.shape[1]) @ sent)


class TestMeanPower:
    def test_by_hand(self):
        """3-4-5 triangle: 2 W, 30 dB loss at 1 m, exponent 2, 50 m: 2e-3 / 2500 W."""
        power = mean_power(np.array([[30.0, 40.0]]), np.zeros((1, 2)), 2.0, 1e-3, 2.0, 1.0)
        assert power[0, 0] == pytest.approx(8e-7, rel=1e-14)

    @given(SEEDS)
    def test_equals_the_twin(self, seed):
        rng = np.random.default_rng(seed)
        position, site = rng.normal(0, 300, (6, 2)), rng.normal(0, 300, (4, 2))
        distance = np.abs((position @ [1, 1j])[:, None] - (site @ [1, 1j])[None, :])
        expected = 3.0 * 0.02 / np.maximum(distance, 35.0) ** 3.76
        np.testing.assert_allclose(mean_power(position, site, 3.0, 0.02, 3.76, 35.0), expected, rtol=1e-12)

    @given(st.floats(1.5, 6.0), st.floats(1.0, 20.0), st.floats(1.0, 1e3))
    def test_distance_scales_by_the_exponent(self, exponent, factor, distance):
        """Moving `factor` times further divides the power by factor^eta."""
        site = np.zeros((1, 2))
        near = mean_power(np.array([[distance, 0.0]]), site, 1.0, 1.0, exponent, 0.5)
        far = mean_power(np.array([[0.0, -factor * distance]]), site, 1.0, 1.0, exponent, 0.5)
        assert near[0, 0] / far[0, 0] == pytest.approx(factor**exponent, rel=1e-11)

    @given(st.floats(0.0, 1.0), st.floats(0.0, 7.0))
    def test_inside_the_minimum_distance_power_is_that_at_its_edge(self, share, angle):
        site, edge = np.array([[10.0, -20.0]]), 35.0
        inside = site + share * 0.999 * edge * np.array([[np.cos(angle), np.sin(angle)]])
        power = mean_power(inside, site, 5.0, 0.1, 3.0, edge)
        assert power[0, 0] == pytest.approx(0.5 / 42875.0, rel=1e-13)

    def test_power_and_gain_are_factors(self):
        position, site = np.array([[100.0, 7.0], [3.0, 400.0]]), np.array([[0.0, 0.0], [200.0, 10.0]])
        one = mean_power(position, site, 1.0, 1.0, 3.76, 35.0)
        np.testing.assert_allclose(mean_power(position, site, 8.0, 0.25, 3.76, 35.0), 2 * one, rtol=1e-14)


def test_rayleigh_power_by_hand():
    """U = 1 fades to nothing, 1/2 to ln 2, 1/256 to ln 256; the least U is 2^-24.  The low byte counts once."""
    power = fading_of([(255, 255, 255), (255, 255, 127), (255, 255, 0), (0, 0, 0), (1, 0, 0), (0, 1, 0)])
    assert power[0] == 0.0 and not np.signbit(power[0])
    expected = [0.6931471805599453, 5.545177444479562, 16.635532333438686, 15.942385152878742, 11.086457]
    np.testing.assert_allclose(power[1:], expected, rtol=3e-7)


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=40))
def test_rayleigh_power_equals_the_twin(random_bytes):
    """The logarithm of the C library, whatever the position in a vector and however long the rest."""
    expected = [-math.log((1 + int.from_bytes(bytes(b), "little")) / 2**24) for b in random_bytes]
    np.testing.assert_allclose(fading_of(random_bytes), expected, rtol=3e-7)


def test_rayleigh_power_falls_strictly_across_every_seam_of_the_series():
    """Where n passes 2^e or sqrt(1/2) 2^e, |h|^2 falls strictly as n grows."""
    seams = np.concatenate((2.0 ** np.arange(3, 24), 2.0 ** (np.arange(3, 25) - 0.5))).astype(int)
    near = seams[:, None] + np.arange(-4, 4)
    power = fading_of(np.stack((near & 255, near >> 8 & 255, near >> 16), axis=-1).reshape(-1, 3))
    assert np.all(np.diff(power.reshape(near.shape), axis=1) < 0)


class TestActivity:
    def test_by_hand(self):
        """RU 0 sends for both slices, RU 1 not for its second, where nobody is."""
        claims = np.array([[[0.5, 0.25], [0.5, 0.25]], [[0.0, 0.75], [1.0, 0.125]]])
        somebody = np.array([[[True, True], [True, True]], [[True, True], [False, False]]])
        assert activity(claims, somebody).tolist() == [[1.0, 0.5], [0.0, 0.75]]

    @given(SEEDS)
    def test_equals_the_twin(self, seed):
        _, _, claims, served, _, _ = random_cells(seed)
        expected = [[math.fsum(b for b, u in zip(claims[m, :, k], served[m, :, k]) if u >= 0)
                     for k in range(claims.shape[2])] for m in range(len(claims))]
        np.testing.assert_allclose(activity(claims, served >= 0), expected, rtol=1e-15, atol=1e-16)


class TestPhysicalInterference:
    def test_by_hand(self):
        """Two cells, one RB, RU 1 sends half the frame: 12 / (1 + 0.5 * 4 * 3) and, RU 0 idle, 10 / 1."""
        power = np.array([[6.0, 4.0], [9.0, 5.0]])
        fading = np.array([[[2.0], [3.0]], [[7.0], [2.0]]])
        sinr = sinr_physical(power, fading, np.array([[0.0], [0.5]]), np.array([0, 1]), 1.0)
        np.testing.assert_allclose(sinr, [[12 / 7], [10.0]], rtol=1e-15)

    @given(SEEDS)
    def test_equals_the_twin(self, seed):
        power, fading, claims, _, serving, noise = random_cells(seed)
        activity = claims.sum(axis=1)
        expected = twin_physical(power, fading, activity, serving, noise)
        np.testing.assert_allclose(sinr_physical(power, fading, activity, serving, noise), expected, rtol=1e-12)

    @given(SEEDS)
    def test_lies_between_everybody_sending_and_nobody(self, seed):
        """Signal over full interference <= SINR <= SNR, and less activity never hurts."""
        power, fading, claims, _, serving, noise = random_cells(seed)
        activity = claims.sum(axis=1)
        sinr, less = (sinr_physical(power, fading, a, serving, noise) for a in (activity, 0.5 * activity))
        full = sinr_physical(power, fading, np.ones_like(activity), serving, noise)
        assert np.all(full <= sinr * (1 + 1e-14))
        assert np.all(sinr <= less)
        assert np.all(less <= own(power, fading, serving) / noise * (1 + 1e-14))

    @given(SEEDS)
    def test_own_cell_never_interferes(self, seed):
        """What an RU sends on its own RBs changes nothing for its users (OFDM)."""
        power, fading, claims, _, serving, noise = random_cells(seed)
        activity = claims.sum(axis=1)
        silenced = activity.copy()
        silenced[serving[0]] = 0.0
        before, after = (sinr_physical(power, fading, a, serving, noise) for a in (activity, silenced))
        np.testing.assert_array_equal(before[serving == serving[0]], after[serving == serving[0]])

    @given(SEEDS, st.integers(-30, 30))
    def test_common_gain_of_signal_interference_and_noise_cancels(self, seed, exponent):
        power, fading, claims, _, serving, noise = random_cells(seed)
        factor, activity = 2.0**exponent, claims.sum(axis=1)
        np.testing.assert_array_equal(sinr_physical(power, fading, activity, serving, noise),
                                      sinr_physical(factor * power, fading, activity, serving, factor * noise))

    @given(SEEDS)
    def test_relabelling_users_rus_and_rbs_relabels_the_result(self, seed):
        power, fading, claims, _, serving, noise = random_cells(seed)
        activity, rng = claims.sum(axis=1), np.random.default_rng(seed)
        users, rus, rbs = (rng.permutation(n) for n in fading.shape)
        moved = (power[np.ix_(users, rus)], fading[np.ix_(users, rus, rbs)], activity[np.ix_(rus, rbs)])
        relabelled = sinr_physical(*moved, np.argsort(rus)[serving[users]], noise)
        np.testing.assert_allclose(relabelled, sinr_physical(power, fading, activity, serving, noise)[users][:, rbs],
                                   rtol=1e-12)


class TestLiteralInterference:
    def test_by_hand(self):
        """User 0 of RU 0; RU 1 serves user 1, at its own 5 W x 2: 12 / (1 + 10), while 4 W x 3 is not looked at."""
        power = np.array([[6.0, 4.0], [9.0, 5.0]])
        fading = np.array([[[2.0], [3.0]], [[7.0], [2.0]]])
        claims, served = np.array([[[0.0]], [[1.0]]]), np.array([[[-1]], [[1]]])
        sinr = sinr_literal(power, fading, claims, served, np.array([0, 1]), 1.0)
        np.testing.assert_allclose(sinr, [[12 / 11], [10.0]], rtol=1e-15)

    @given(SEEDS)
    def test_equals_the_twin(self, seed):
        power, fading, claims, served, serving, noise = random_cells(seed)
        expected = twin_literal(power, fading, claims, served, serving, noise)
        np.testing.assert_allclose(sinr_literal(power, fading, claims, served, serving, noise), expected, rtol=1e-12)

    @given(SEEDS)
    def test_the_victims_own_path_to_the_interferer_does_not_matter(self, seed):
        """R01: only d(u', m') and h(u') enter.  The physical reading does see the change."""
        power, fading, claims, served, serving, noise = random_cells(seed)
        moved = np.where(strangers(serving, power.shape[1]) > 0, 10 * power, power)
        literal = [sinr_literal(p, fading, claims, served, serving, noise) for p in (power, moved)]
        np.testing.assert_array_equal(*literal)
        if power.shape[1] > 1:
            activity = claims.sum(axis=1)
            near, far = (sinr_physical(p, fading, activity, serving, noise) for p in (moved, power))
            assert np.all(near < far)

    @given(SEEDS)
    def test_relabelling_rbs_relabels_the_result(self, seed):
        power, fading, claims, served, serving, noise = random_cells(seed)
        rbs = np.random.default_rng(seed).permutation(fading.shape[2])
        moved = (np.take(x, rbs, axis=2) for x in (fading, claims, served))
        relabelled = sinr_literal(power, *moved, serving, noise)
        np.testing.assert_array_equal(relabelled,
                                      sinr_literal(power, fading, claims, served, serving, noise)[:, rbs])

    def test_one_ru_has_no_interference_in_either_reading(self):
        power, fading = np.array([[3.0], [5.0]]), np.arange(1.0, 7.0).reshape(2, 1, 3)
        claims, served, serving = np.ones((1, 1, 3)), np.array([[[0, 1, 0]]]), np.zeros(2, dtype=int)
        expected = np.array([[1.5, 3.0, 4.5], [10.0, 12.5, 15.0]])
        np.testing.assert_allclose(sinr_literal(power, fading, claims, served, serving, 2.0), expected, rtol=1e-15)
        np.testing.assert_allclose(sinr_physical(power, fading, np.ones((1, 3)), serving, 2.0), expected, rtol=1e-15)


class TestRayleighClosedForms:
    """Simulated channel against theory.  Seeds are fixed; the bands are those a fresh seed would meet."""

    @pytest.mark.parametrize("snr", [0.3, 3.0, 100.0])
    def test_ergodic_capacity_without_interference(self, snr):
        """E log2(1 + g |h|^2) = exp(1/g) E1(1/g) / ln 2; the sample mean within 4 standard errors."""
        exact = np.exp(1 / snr) * exp1(1 / snr) / np.log(2)
        assert exact == pytest.approx(quad(lambda x: np.log2(1 + snr * x) * np.exp(-x), 0, np.inf)[0], rel=1e-7)
        fading = random_fading(11, 100, 1, 400)
        serving = np.zeros(100, dtype=int)
        sinr = sinr_physical(np.full((100, 1), 5 * snr), fading, np.ones((1, 400)), serving, 5.0)
        sample = link_rate(sinr, np.ones((1, 1, 400)), serving, serving, 1.0).ravel()
        assert abs(sample.mean() - exact) < 4 * sample.std() / np.sqrt(sample.size)

    @pytest.mark.parametrize("noise", [1e-12, 0.5])
    def test_outage_with_interference(self, noise):
        """P(SINR < t) = 1 - exp(-t s / g_0) prod_j 1 / (1 + t a_j g_j / g_0), a_j the share of the frame RU j sends.

        The empirical distribution stays within the Dvoretzky-Kiefer-Wolfowitz band of failure probability 1e-6.
        """
        gain, activity = np.array([0.4, 2.0, 1.0, 0.7]), np.array([1.0, 0.0, 1.0, 0.5])
        fading = random_fading(12, 50, 4, 400)
        sinr = np.sort(sinr_physical(np.tile(gain, (50, 1)), fading, np.tile(activity[:, None], (1, 400)),
                                     np.ones(50, dtype=int), noise).ravel())
        ratio = sinr[:, None] * (activity * gain)[[0, 2, 3]] / gain[1]
        exact = 1 - np.exp(-sinr * noise / gain[1]) / np.prod(1 + ratio, axis=1)
        empirical = np.arange(1, sinr.size + 1) / sinr.size
        assert np.max(np.abs(empirical - exact)) < np.sqrt(np.log(2e6) / (2 * sinr.size))
