"""Everything that ``python -m figures`` makes, by name: functions of (results, folder, name) that write files."""

from . import claims_report, fig07, improvements, style, table1, table5


def _figure(draw):
    def write(results, folder, name):
        style.save(draw(results), folder, name)

    return write


PRODUCTS = {
    "fig07": _figure(fig07.draw),
    "table1": table1.make,
    "table2": improvements.make(2),
    "table3": improvements.make(3),
    "table5": table5.make,
    "claims": claims_report.make,
}
SCENES_OF = {"fig03", "gap", "schedulers", "network", "claims"}
"""Those that read what is no run's: collected with all runs only."""
