"""Random streams: the address decides, and it alone."""

import numpy as np
import pytest
from addresses import names_in
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import stats

from tasam_ref.streams import evaluation_episode_seed, stream, training_episode_seed

NAMES = ("topology", "mobility", "fading", "traffic", "exploration", "replay")
words = st.integers(0, 2**32 - 1)
addresses = st.tuples(words, st.sampled_from(NAMES), st.lists(st.integers(0, 2**31), max_size=3).map(tuple))


def draw(address, count=4):
    seed, name, index = address
    return stream(seed, name, *index).integers(2**63, size=count)


@given(addresses)
def test_one_address_gives_one_stream(address):
    np.testing.assert_array_equal(draw(address, 50), draw(address, 50))


@given(st.lists(addresses, min_size=2, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_the_order_in_which_streams_are_drawn_from_does_not_matter(list_of, random):
    in_order = {address: draw(address) for address in list_of}
    shuffled = random.sample(list_of, len(list_of))
    streams = {(seed, name, index): stream(seed, name, *index) for seed, name, index in shuffled}
    for position in range(4):
        for address in shuffled:
            assert streams[address].integers(2**63) == in_order[address][position]


@given(addresses, addresses)
@example((3, "topology", ()), (3, "topology", (0,)))
@example((3, "replay", (1,)), (3, "replay", (1, 0)))
@example((0, "replay", (0,)), (0, "replay", (0, 0, 0)))
@example((3, "replay", (1, 2)), (3, "replay", (2, 1)))
@example((3, "fading", (1,)), (1, "fading", (3,)))
@example((3, "fading", (1,)), (3, "traffic", (1,)))
@example((3, "topology", ()), (3, "mobility", ()))
def test_different_addresses_give_different_streams(one, other):
    assume(one != other)
    assert not np.any(draw(one) == draw(other))


def test_the_names_used_in_the_package_do_not_collide():
    names = names_in("")
    assert len(names) >= 25
    assert len({tuple(draw((7, name, (1, 2)))) for name in names}) == len(names)


@pytest.mark.parametrize("name", NAMES)
def test_neighbouring_streams_are_uniform_and_unrelated(name):
    first = np.array([stream(7, name, frame).random(2) for frame in range(1500)])
    assert stats.kstest(first[:, 0], "uniform").pvalue > 1e-3
    counts = np.histogram(first[:, 0], bins=30, range=(0, 1))[0]
    assert stats.chisquare(counts).pvalue > 1e-3
    assert stats.pearsonr(first[1:, 0], first[:-1, 0]).pvalue > 1e-3
    assert stats.pearsonr(first[:, 0], first[:, 1]).pvalue > 1e-3


def test_neighbouring_seeds_are_uniform_and_unrelated():
    first = np.array([stream(seed, "fading", 0).random() for seed in range(1500)])
    assert stats.kstest(first, "uniform").pvalue > 1e-3
    assert stats.pearsonr(first[1:], first[:-1]).pvalue > 1e-3


@given(words, words, words)
def test_training_and_evaluation_never_share_an_episode(run_seed, training, evaluation):
    assert training_episode_seed(run_seed, training) % 2 == 0
    assert evaluation_episode_seed(evaluation) % 2 == 1
    assert training_episode_seed(run_seed, training) != evaluation_episode_seed(evaluation)


@given(words, words)
def test_episode_seeds_fit_a_signed_64_bit_number(run_seed, episode):
    for seed in (training_episode_seed(run_seed, episode), evaluation_episode_seed(episode)):
        assert type(seed) is int
        assert 0 <= seed < 2**63


def test_episode_seeds_are_all_different():
    training = [training_episode_seed(run_seed, episode) for run_seed in range(40) for episode in range(100)]
    evaluation = [evaluation_episode_seed(episode) for episode in range(4000)]
    assert len(set(training + evaluation)) == 8000


def test_episode_seeds_spread_over_their_range():
    shares = np.array([evaluation_episode_seed(episode) for episode in range(2000)]) / 2**63
    assert stats.kstest(shares, "uniform").pvalue > 1e-3
