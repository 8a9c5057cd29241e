"""Named random streams.

Every use of randomness has its own stream, addressed by a seed, a name and whole numbers such as the frame
or the iteration.  A stream depends on its address alone, never on what was drawn before: two methods under
one seed meet the same users, channels and traffic, and a resumed run needs no saved generator.
"""

from zlib import crc32

from numpy.random import SFC64, Generator, SeedSequence

_TRAINING, _EVALUATION = 0, 1


def stream(seed, name, *index):
    """Return the generator at the address (seed, name, index...).

    The number of indices is part of the address: a seed sequence alone takes (1,) and (1, 0) for the same.
    """
    return Generator(SFC64(SeedSequence((seed, crc32(name.encode()), len(index), *index))))


def training_episode_seed(run_seed, episode):
    """Seed of a training episode: even, so that it never meets an evaluation seed."""
    return _episode_seed(_TRAINING, run_seed, episode)


def evaluation_episode_seed(episode):
    """Seed of a held-out episode: odd, and the same for every run and method."""
    return _episode_seed(_EVALUATION, 0, episode)


def _episode_seed(parity, run_seed, episode):
    words = SeedSequence((run_seed, episode, parity)).generate_state(1, "uint64")
    return (int(words[0]) >> 2) * 2 + parity
