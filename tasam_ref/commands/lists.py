"""``tasam-ref methods`` and ``scenarios``: what there is to choose from."""

from .options import add_command


def add_methods(commands):
    """Declare ``methods``."""
    add_command(commands, "methods", _methods, "list the methods and what they cost",
             "List the methods, one line each, with what they train and compute at Table 1's size: parameters of all "
             "actors and critics; operations of one iteration's matrix products, two per multiply-add, a range where "
             "it depends on the gate.")


def _methods(options):
    from ..experiments.costs import methods_table

    for line in methods_table():
        print(line)
    return 0


def add_scenarios(commands):
    """Declare ``scenarios``."""
    add_command(commands, "scenarios", _scenarios, "list the settings of the paper's experiments",
             "List what --scenario takes, one line each: the settings of the paper's experiments.")


def _scenarios(options):
    from ..scenarios import load_scenarios

    scenarios = load_scenarios()
    width = max(map(len, scenarios))
    for name, scenario in scenarios.items():
        print(f"{name.ljust(width)}  {scenario.description} ({scenario.source})")
    return 0
