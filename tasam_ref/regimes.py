"""Traffic and density regimes: how each differs from the configured network, and in which order training meets them.

A regime is a few factors on fields of other sections.  A run meets ``sequence`` in stages of equal length; with one
stage, the default, it is a run on one network as everywhere else.  Source: Sec. V-C, R54.
"""

import re
from dataclasses import replace
from math import gcd

from .parameters import parameter, refuse, section

MOST_USERS = 10**7


@section
class RegimeConfig:
    """Regimes of Sec. V-C, one entry each in every tuple, and the sequence in which training meets them."""

    names: tuple = parameter(("usual", "crowd", "quiet", "shifted"), "names of the regimes", source="assumed, R54")
    users: tuple = parameter((1.0, 1.5, 0.5, 1.0), "factor on radio.num_ues", source="assumed, R54", above=0.0,
                             at_most=1000.0)
    traffic: tuple = parameter((1.0, 1.5, 0.5, 1.0), "factor on slices.arrival_rate_hz", source="assumed, R54",
                               at_least=0.0, at_most=1000.0)
    share_row: tuple = parameter((0, 0, 0, 3), "row of slices.shares that DU 0 takes; DU m takes the m-th after it",
                                 source="assumed, R54: demand moves from cell to cell", at_least=0)
    sequence: tuple = parameter(("usual",), "regime of each stage of a run, all equally long", source="assumed, R54")


def regime_config(config, name):
    """The Config of a network in one regime: the base fields replaced, and no other regimes of its own.

    The state's load still counts users against an average cell of ``config``, so that agents can see a crowd (R27).
    """
    regimes, slices = config.regimes, config.slices
    r = regimes.names.index(name)
    first = regimes.share_row[r] % len(slices.shares)
    return replace(
        config,
        radio=replace(config.radio, num_ues=_num_ues(config, r)),
        slices=replace(slices, shares=slices.shares[first:] + slices.shares[:first],
                       arrival_rate_hz=tuple(regimes.traffic[r] * rate for rate in slices.arrival_rate_hz)),
        mdp=replace(config.mdp, reference_ues=config.mdp.reference_ues or config.radio.num_ues),
        regimes=RegimeConfig())


def _factors(regimes, r):
    return regimes.users[r], regimes.traffic[r], regimes.share_row[r]


def _num_ues(config, r):
    return round(config.radio.num_ues * config.regimes.users[r])


def check_regimes(config):
    """Raise UsageError when the regimes of a Config contradict each other or its other fields."""
    regimes = config.regimes
    names, count = regimes.names, len(regimes.names)
    if len(set(names)) < count or not all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in names):
        raise refuse("regimes.names", names, "different names of letters, digits, - and _")
    for field in ("users", "traffic", "share_row"):
        value = getattr(regimes, field)
        if len(value) != count:
            raise refuse(f"regimes.{field}", value, f"a list of {count}, one per regime of regimes.names")
    for name in regimes.sequence:
        if name not in names:
            raise refuse("regimes.sequence", name, f"made of {', '.join(names)}")
    for name in names if len(regimes.sequence) > 1 else regimes.sequence:      # all are evaluated after several stages
        _check_users(config, names.index(name))
    if len(regimes.sequence) > 1:
        _check_stages(config)
    elif _factors(regimes, names.index(regimes.sequence[0])) != (1, 1, 0):
        raise refuse("regimes.sequence", regimes.sequence, "two stages at least, or one of users and traffic 1 and "
                     "share_row 0; a single other network is what [radio] and [slices] say")


def _check_users(config, r):
    radio, users = config.radio, _num_ues(config, r)
    least = min(radio.num_dus, radio.num_ues)
    if not least <= users <= MOST_USERS:
        raise refuse("regimes.users", config.regimes.users[r],
                     f"a factor on radio.num_ues = {radio.num_ues} that leaves {least} to {MOST_USERS} users, one per "
                     "DU at least")
    if users != radio.num_ues and config.mdp.action_codec == "full_binary":
        raise refuse("mdp.action_codec", "full_binary", f"another one where regimes differ in users (regime "
                     f"{config.regimes.names[r]}): the length of its actions follows from them")


def _check_stages(config):
    run, stages = config.run, len(config.regimes.sequence)
    frames, episode = run.frames_per_iteration, config.mdp.episode_frames
    unit = stages * (episode // gcd(episode, frames))
    if run.num_iterations % unit:
        raise refuse("run.num_iterations", run.num_iterations, f"a multiple of {unit}, so that each of the {stages} "
                     "stages of regimes.sequence is a whole number of episodes")
    if run.convergence_tolerance > 0:
        raise refuse("run.convergence_tolerance", run.convergence_tolerance, "0 where regimes.sequence has several "
                     "stages: all are to be met")
