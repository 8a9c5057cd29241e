"""Everything that ``python -m figures`` makes, by name: functions of (results, folder, name) that write files."""

import json

from tasam_ref.experiments.marl_eval import as_marl_eval
from tasam_ref.files import write_atomically

from . import detectable, fig07, style


def _figure(draw):
    def write(results, folder, name):
        style.save(draw(results), folder, name)

    return write


def _marl_eval(results, folder, name):
    with write_atomically(folder / f"{name}.json") as file:
        file.write(json.dumps(as_marl_eval(results, "headline"), indent=1) + "\n")


PRODUCTS = {
    "fig07": _figure(fig07.draw),
    "detectable": detectable.write,
    "marl_eval": _marl_eval,
}
SCENES_OF = {"fig03", "gap", "schedulers", "network", "claims"}
"""Those that read what is no run's: collected with all runs only."""
