"""The ledger cannot drift: every function exists and cites its equation, every check ran, no citation is missing."""

import ast
import json
import re
from pathlib import Path

import pytest

from tasam_ref.errors import UsageError
from validation.checks import FOLDER, all_checks
from validation.ledger import load_ledger, load_report, module_path, render, resolve

ROWS = load_ledger()
PACKAGE = FOLDER.parent / "tasam_ref"
NUMBERED = re.compile(r"\((?:1[0-2]|[1-9])[a-d]?\)")
# Classes that describe a configuration or a result, and steps that call the functions of the ledger.
USES = {"config.RewardConfig", "config.SamConfig", "oran.env.StepInfo", "oran.env.OranEnv.step",
        "experiments.evaluation.Evaluation"}


def docstring(name):
    found = resolve(name)
    return getattr(found, "py_func", found).__doc__


def public_docstrings():
    """(name below tasam_ref, docstring) of every public function, class and method, read from the source."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        bodies = [(module, ast.parse(path.read_text("utf-8")).body)]
        while bodies:
            prefix, body = bodies.pop()
            for node in body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                    yield f"{prefix}.{node.name}", ast.get_docstring(node) or ""
                    if isinstance(node, ast.ClassDef):
                        bodies.append((f"{prefix}.{node.name}", node.body))


def test_every_numbered_equation_and_every_line_of_algorithm_1_has_a_row():
    ids = [row.id for row in ROWS]
    assert len(ids) == len(set(ids))
    numbered = {f"({n})" for n in range(1, 13) if n != 7} | {"(7a)", "(7b)", "(7c)", "(7d)"}
    assert numbered <= set(ids)
    lines = set()
    for text in (i.removeprefix("A1 l.") for i in ids if i.startswith("A1 l.")):
        first, _, last = text.partition("-")
        lines |= set(range(int(first), int(last or first) + 1))
    # 1 names the input; 18, 19, 25 to 27 end blocks
    assert lines | {1, 18, 19, 25, 26, 27} == set(range(1, 29))


@pytest.mark.parametrize("name, cites", [(name, row.cites) for row in ROWS for name in row.functions])
def test_every_function_of_the_ledger_exists_and_cites_its_equation(name, cites):
    assert cites in docstring(name)
    assert (FOLDER / module_path(name)).resolve().exists()


def test_no_function_that_cites_an_equation_is_missing_from_the_ledger():
    listed = {name for row in ROWS for name in row.functions}
    citing = {name for name, text in public_docstrings() if NUMBERED.search(text)}
    assert len(citing) > 30
    assert citing - listed - USES == set()
    assert USES <= citing


def test_every_row_has_a_check_and_every_check_a_row():
    ids, named = {row.id for row in ROWS}, {e for c in all_checks() for e in c.equations}
    assert ids - named == set()
    assert named - ids == {f"N{n}" for n in (1, 2, 3, 4, 6)}          # findings about the paper, not equations of it


def test_the_report_is_that_of_a_complete_run_of_these_checks():
    report = {c["check"]: c for c in load_report()}
    assert set(report) == {c.name for c in all_checks()}
    for c in all_checks():
        stored = report[c.name]
        assert (stored["tolerance"], stored["oracle"], tuple(stored["equations"])) == (
            c.tolerance, c.oracle, c.equations), c.name
        assert stored["verdict"] in ("pass", "skipped")


def test_no_tolerance_is_wider_than_ten_times_the_error_seen():
    for c in load_report():
        if c["verdict"] == "pass":
            assert c["error"] <= c["tolerance"] <= 10 * c["error"], c["check"]


def test_the_ledger_is_what_its_sources_give():
    assert (FOLDER / "EQUATIONS.md").read_text("utf-8") == render(ROWS, load_report())


def test_readings_of_the_ledger_stand_in_the_register():
    register = (FOLDER / "READINGS.md").read_text("utf-8")
    for reading in {r for row in ROWS for r in row.readings}:
        assert f'<a id="{reading}"></a>' in register


def test_a_name_that_does_not_exist_is_not_resolved():
    for name in ("nowhere.function", "optim.sam.nothing", "optim.sam.perturbed.nothing"):
        with pytest.raises(LookupError, match=name):
            resolve(name)
    with pytest.raises(LookupError, match="named in ledger"):
        module_path("nowhere.function")


def test_a_missing_report_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no readable report"):
        load_report(tmp_path / "report.json")
    (tmp_path / "report.json").write_text(json.dumps([]))
    with pytest.raises(UsageError, match="no readable report"):
        load_report(tmp_path / "report.json")


def test_every_check_says_what_it_proves():
    for c in all_checks():
        assert c.function.__doc__ and c.because and c.oracle
        assert Path(c.function.__code__.co_filename).name == f"validate_{c.name.split('.')[0]}.py"
