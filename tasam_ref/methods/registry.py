"""What the paper compares.  Each method is a description, its place in the paper, and the settings that make it."""

from dataclasses import dataclass

from ..config_io import apply_settings, split_setting, update
from ..errors import UsageError
from ..scenarios import scenario_settings


@dataclass(frozen=True)
class Method:
    """``settings`` maps section to field to value; they belong to the method and cannot be set otherwise."""

    description: str
    source: str
    settings: dict


def _sam(actor, critic, selective, **others):
    return {"sam": {"use_sam_actor": actor, "use_sam_critic": critic, "selective": selective, **others}}


def _without_sam(**others):
    return _sam(False, False, False) | others


METHODS = {
    "no_sam": Method("soft actor-critic with the base optimiser alone", "Sec. VI-B, no-SAM; Table 2, w/o SAM",
                     _without_sam()),
    "actor_sam": Method("SAM on every actor", "Sec. VI-B, actor-SAM", _sam(True, False, False)),
    "critic_sam": Method("SAM on the global critic", "Sec. VI-B, critic-SAM", _sam(False, True, False)),
    "both_sam": Method("SAM on every actor and on the critic", "Sec. VI-B, both-SAM", _sam(True, True, False)),
    "ta_sam": Method("SAM on the critic, and on actors whose TD-error variance is high",
                     "Algorithm 1; Table 2, Full Model", _sam(True, True, True)),
    "ta_sam_unselective": Method("ta_sam without its gate, which makes it both_sam", "Table 2, w/o Selective SAM",
                                 _sam(True, True, False)),
    "ta_sam_static_rho": Method("ta_sam with its first radius throughout", "Table 2, w/ Static rho",
                                _sam(True, True, True, rho_schedule="static")),
    "policy_anchor": Method("ta_sam that stays near a slow average of its policies", "Sec. V-C",
                            _sam(True, True, True) | {"agent": {"forgetting": "policy_anchor"}}),
    "l2": Method("no_sam with the squared norm of the parameters in every loss", "Sec. VI-A, L2-reg",
                 _without_sam(agent={"l2_weight": 1e-4})),
    "dropout": Method("no_sam that leaves a tenth of the neurons out of every gradient", "Table 3, SAC + Dropout",
                      _without_sam(agent={"dropout": 0.1})),
    "spectral_norm": Method("no_sam with weights divided by their largest singular value",
                            "Table 3, SAC + Spectral Normalization", _without_sam(agent={"spectral_norm": True})),
    "centralised_sac": Method("no_sam as a single agent that sees and acts for all DUs",
                              "Sec. VI-G, the single centralised DRL agent", _without_sam(mdp={"single_agent": True})),
    "plastic_as_described": Method("no_sam distilled from its own earlier policies under perturbed inputs",
                                   "Sec. V-B and VI-G, PLASTIC (adapted)", _without_sam(agent={"teachers": 2})),
    "plastic_lee2023": Method("layer normalisation, concatenated rectifiers, SAM but for the heads, and resets of them",
                              "[30], PLASTIC as published", _sam(True, True, False, rho_schedule="static", rho_init=0.1,
                                                                 actor_rho_ratio=1.0, norm="l2", perturbs="hidden")
                              | {"agent": {"layer_norm": True, "crelu": True, "resets": 4}}),
}


def configure(name, config, settings=(), scenarios=()):
    """Return the Config of a method: ``config``, then the named scenarios, then ``section.field=value`` settings, then
    the method's own.

    Raises UsageError for an unknown method, and for a setting of a field that is the method's own.
    """
    if name not in METHODS:
        raise UsageError(f"method = {name!r}: must be one of {', '.join(METHODS)}")
    own = METHODS[name].settings
    given = [(f"--scenario {scenario}", setting) for scenario, setting in scenario_settings(scenarios)]
    given += [(f"--set {setting}", setting) for setting in settings]
    for option, setting in given:
        section, field, _ = split_setting(setting)
        if field in own.get(section, {}):
            raise UsageError(f"{option}: {section}.{field} is what makes the method {name}; choose another method")
    return update(apply_settings(config, [setting for _, setting in given]), own)
