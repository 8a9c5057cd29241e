"""The paper's claims, from a file of them: where each stands, what it says in our words, and how to measure it.

    evaluation = "deterministic"                      # who is judged (R56), unless a claim says otherwise

    [[claims]]
    id = "fig7_critic_over_actor"
    where = "Sec. VI-B, Fig. 7"
    says = "critic-SAM slightly above actor-SAM in reward"
    note = "..."                                      # may be left out
    measure = "difference"                            # one of ``measures``; what follows are its arguments
    order = [["critic_sam"], ["actor_sam"]]
    hold = "any"                                      # for a claim of "up to"; otherwise all parts must hold
    evaluation = "stochastic"
    [[claims.readings]]                               # another reading: what differs from the claim above
    reading = "at equal gradients"
    quantity = "reward_equal_gradients"

``untestable = "why"`` stands in the place of a measure.
"""

import inspect
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from tasam_ref.errors import UsageError
from tasam_ref.experiments.evaluation import READINGS
from tasam_ref.methods.registry import METHODS

from .measures import MEASURES
from .quantities import OF_SLICES, QUANTITIES, SLICES, is_judged, place

PATH = Path(__file__).parents[1] / "claims.toml"
HOLD, DIRECTIONS = ("all", "any"), ("higher", "lower")


@dataclass(frozen=True)
class Claim:
    """One reading of a claim: ``arguments`` go to the measure, ``untestable`` says why there is none.

    ``evaluation`` is the reading of R56 by which the claim is judged, empty where nothing held out is measured.
    """

    id: str
    where: str
    says: str
    reading: str = ""
    note: str = ""
    measure: str = ""
    hold: str = "all"
    untestable: str = ""
    evaluation: str = ""
    arguments: dict = field(default_factory=dict)


TEXTS = ("id", "where", "says", "reading", "note", "measure", "hold", "untestable", "evaluation")


def load_claims(path=PATH):
    """The Claims of a file, a claim's readings right behind it.  Raises UsageError, naming file and entry."""
    try:
        content = tomllib.loads(Path(path).read_text("utf-8"))
        entries = content["claims"]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{path}: not a list of claims: {error}") from None
    claims = []
    for count, entry in enumerate(entries, 1):
        name = entry.get("id", f"number {count}")
        try:
            if name in {claim.id for claim in claims}:
                raise UsageError("there is another of this id")
            shared = {key: content[key] for key in ("evaluation",) if key in content}
            shared |= {key: value for key, value in entry.items() if key != "readings"}
            claims.append(_claim(shared))
            for reading in entry.get("readings", ()):
                if "reading" not in reading:
                    raise UsageError("a reading lacks reading, its name")
                claims.append(_claim(_without(shared, reading) | reading))
        except UsageError as error:
            raise UsageError(f"{path}: claim {name}: {error}") from None
    return claims


def _without(shared, reading):
    """What a reading takes over from its claim: of one with a measure of its own, or with none, the texts alone."""
    if not {"measure", "untestable"} & reading.keys():
        return shared
    return {key: value for key, value in shared.items() if key in ("id", "where", "says", "evaluation")}


def _claim(entry):
    texts = {key: value for key, value in entry.items() if key in TEXTS}
    for key in ("id", "where", "says"):
        if not texts.get(key):
            raise UsageError(f"lacks {key}")
    for key, value in texts.items():
        if not isinstance(value, str):
            raise UsageError(f"{key} = {value!r}: must be a text")
    if ("measure" in texts) == ("untestable" in texts):
        raise UsageError("must have a measure, or say in untestable why there is none")
    arguments = {key: value for key, value in entry.items() if key not in TEXTS}
    _choose("hold", texts.get("hold", "all"), HOLD)
    evaluation = texts.pop("evaluation", "deterministic")
    _choose("evaluation", evaluation, READINGS)
    judged = "measure" in texts and any(map(is_judged, _checked(texts["measure"], arguments)))
    return Claim(**texts, evaluation=evaluation if judged else "", arguments=arguments)


def _checked(measure, arguments):
    """The quantities that the measure reads.  Refuses what it does not take, and methods and quantities unknown."""
    _choose("measure", measure, MEASURES)
    try:
        bound = inspect.signature(MEASURES[measure]).bind(None, **arguments)
    except TypeError as error:
        raise UsageError(f"measure {measure}: {error}") from None
    bound.apply_defaults()
    named = [*arguments.get("methods", ()), *(name for tier in arguments.get("order", ()) for name in tier)]
    for name in (*named, *filter(None, [arguments.get("points_over")])):
        _choose("method", place(name)[-1], METHODS)
    if len(bound.arguments.get("least", SLICES)) != len(SLICES):
        raise UsageError(f"least = {arguments['least']!r}: must be {len(SLICES)} numbers, one per slice")
    _choose("direction", arguments.get("direction", "higher"), DIRECTIONS)
    _choose("cost", arguments.get("cost", "iteration"), ("iteration", "gradient_evaluations"))
    if measure == "requirements":
        return ["qos"]
    given = [bound.arguments[key] for key in ("quantity", "x", "y") if key in bound.arguments]
    names = [name for one in given for name in ([one] if isinstance(one, str) else one)]
    for name in names:
        _choose("quantity", name, OF_SLICES if measure == "gain" else QUANTITIES)
    return names


def _choose(name, value, choices):
    if value not in choices:
        raise UsageError(f"{name} = {value!r}: must be one of {', '.join(choices)}")
