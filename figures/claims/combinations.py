"""Every claim by both readings that decide the headline: the norm of (12), R55, and who is judged, R56.

The norm is read for a claim as a whole: where every method of ours with SAM that it names was trained with the adaptive
norm too, they take the places of those by (12) as printed.  A method that sets the norm itself, like PLASTIC of 2023,
keeps it.
"""

from dataclasses import replace

from tasam_ref.experiments.evaluation import READINGS
from tasam_ref.methods.registry import METHODS

from ..runs import ADAPTIVE
from .quantities import place

NORMS = "l2", "adaptive"
WITH_SAM = {name for name, method in METHODS.items() if "norm" not in method.settings["sam"]
            and (method.settings["sam"]["use_sam_actor"] or method.settings["sam"]["use_sam_critic"])}


def combinations(claim):
    """{(norm, evaluation): Claim}: the claim as it stands first, then all that differs from it.

    The evaluation is empty where nothing held out is measured.
    """
    others = [name for name in READINGS if claim.evaluation and name != claim.evaluation]
    adaptive = with_adaptive_norm(claim)
    return {(norm, evaluation): replace(one, evaluation=evaluation)
            for norm, one in zip(NORMS, (claim, adaptive)) if one
            for evaluation in (claim.evaluation, *others)}


def with_adaptive_norm(claim):
    """The Claim of runs with the adaptive norm, or None where it has no SAM of ours or not all of it was run so."""
    (group, *more), named = claim.arguments.get("groups", ["headline"]), {
        key: value for key, value in claim.arguments.items() if key in ("methods", "order", "points_over")}
    with_sam = {own for own, method in _places(list(named.values()), group) if method in WITH_SAM}
    if more or not with_sam or not with_sam <= ADAPTIVE.keys():
        return None
    return replace(claim, arguments=claim.arguments | {key: _moved(value, group) for key, value in named.items()})


def _places(names, group):
    """(group, method) of every name in nested lists."""
    if isinstance(names, str):
        return [place(names, group)]
    return [one for inner in names for one in _places(inner, group)]


def _moved(names, group):
    """Nested lists of names with every method of ours with SAM from the group of the adaptive norm."""
    if not isinstance(names, str):
        return [_moved(inner, group) for inner in names]
    own, method = place(names, group)
    return f"{ADAPTIVE[own] if method in WITH_SAM else own}/{method}"
