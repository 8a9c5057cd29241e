"""What a learner keeps and carries over when the regimes it trains on change.

All of it follows from one matrix: R[k, r] is the mean held-out reward in regime r of the actors after stage k, and of
the untrained ones for k = 0.  Source: Sec. V-C, R54, with the usual measures of continual learning.
"""

from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Transfers:
    """What ``transfers`` measures, in units of reward; None where the sequence has no such thing."""

    retention: float | None
    recovery: float | None
    forward_transfer: float | None
    held_out: float | None


def transfers(rewards, names, sequence):
    """Return the Transfers of rewards R (S + 1, regimes) in the order of ``names``, for a sequence s_1 .. s_S.

    A is the first regime; training leaves it after stage i and meets it again from stage b on, until stage e:

        retention         R[b - 1, A] - R[i, A]    what training elsewhere did to it; below 0 is forgetting.  Backward
                                                   transfer of the first task; b - 1 is S if A does not come back
        recovery          R[e, A] - R[i, A]        what is left of that after switching back
        forward transfer  mean over regimes B, first met at stage k > 1, of R[k - 1, B] - R[0, B]
        held out          mean of R[S, r] over the regimes r that are not in the sequence

    Stages of one regime in a row count as one stage, in which it ends.
    """
    blocks = _blocks(sequence)
    first = names.index(sequence[0])
    learned = rewards[blocks[0][2], first]
    again = next((block for block in blocks[1:] if block[0] == sequence[0]), None)
    left = rewards[again[1] - 1 if again else len(sequence), first]
    ahead = [rewards[start - 1, names.index(name)] - rewards[0, names.index(name)]
             for k, (name, start, _) in enumerate(blocks) if k and name not in [n for n, _, _ in blocks[:k]]]
    others = [rewards[-1, r] for r, name in enumerate(names) if name not in sequence]
    return Transfers(
        retention=left - learned if len(blocks) > 1 else None,
        recovery=rewards[again[2], first] - learned if again else None,
        forward_transfer=_mean(ahead), held_out=_mean(others))


def _blocks(sequence):
    """Stages of one regime in a row as (name, first stage, last stage), stages counted from 1."""
    blocks, start = [], 1
    for name, stages in groupby(sequence):
        end = start + len(list(stages)) - 1
        blocks.append((name, start, end))
        start = end + 1
    return blocks


def _mean(values):
    return sum(values) / len(values) if values else None
