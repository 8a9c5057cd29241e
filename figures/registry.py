"""Everything that ``python -m figures`` makes, by name: functions of (results, folder, name) that write files."""

import json

from tasam_ref.experiments.marl_eval import as_marl_eval
from tasam_ref.files import write_atomically

from . import (
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
    steps,
    style,
)
from .claims import report
from .tables import detectable, headline, improvements, table1, table5


def _figure(draw):
    def write(results, folder, name):
        style.save(draw(results), folder, name)

    return write


def _marl_eval(results, folder, name):
    with write_atomically(folder / f"{name}.json") as file:
        file.write(json.dumps(as_marl_eval(results, "headline"), indent=1) + "\n")


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
    "steps": _figure(steps.draw),
    "forgetting": _figure(forgetting.draw),
    "network": _figure(network.draw),
    "readings": _figure(readings.draw),
    "headline": headline.write,
    "table1": table1.make,
    "table2": improvements.make(2),
    "table3": improvements.make(3),
    "table5": table5.make,
    "claims": report.make,
    "detectable": detectable.write,
    "marl_eval": _marl_eval,
}
SCENES_OF = {"fig03", "gap", "schedulers", "network", "claims"}
"""Those that read what is no run's: collected with all runs only."""
