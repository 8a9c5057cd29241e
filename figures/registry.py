"""Everything that ``python -m figures`` makes, by name: functions of (results, folder, name) that write files."""

from . import (
    algorithm_1,
    distributions,
    fig03,
    fig05,
    fig06,
    fig07,
    fig08,
    fig09,
    forgetting,
    gate,
    network,
    profile,
    readings,
    rivals,
    style,
)


def _figure(draw):
    def write(results, folder, name):
        style.save(draw(results), folder, name)

    return write


PRODUCTS = {
    "fig03": _figure(fig03.draw),
    "fig05a": _figure(fig05.equal_rho),
    "fig05b": _figure(fig05.non_equal_rho),
    "fig05c": _figure(fig05.dynamic_rho),
    "fig06": _figure(fig06.draw),
    "fig07": _figure(fig07.draw),
    "fig08": _figure(fig08.draw),
    "fig09": _figure(fig09.draw),
    "fig10": _figure(distributions.draw_qos),
    "fig11": _figure(distributions.draw_throughput),
    "gate": _figure(gate.draw),
    "gap": _figure(rivals.draw_gap),
    "schedulers": _figure(rivals.draw_schedulers),
    "profile": _figure(profile.draw),
    "algorithm_1": _figure(algorithm_1.draw),
    "forgetting": _figure(forgetting.draw),
    "network": _figure(network.draw),
    "readings": _figure(readings.draw),
}
SCENES_OF = {"fig03", "gap", "schedulers", "network", "claims"}
"""Those that read what is no run's: collected with all runs only."""
