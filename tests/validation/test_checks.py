"""The checks themselves, as tests; and the machinery that declares, selects, runs and reports them."""

import json
import subprocess
import sys

import pytest

from tasam_ref.errors import UsageError
from validation import report
from validation.__main__ import main
from validation.checks import FOLDER, Check, Skip, all_checks, run, select

CHECKS = all_checks()


@pytest.mark.parametrize("check", [c for c in CHECKS if not c.slow], ids=lambda c: f"{c.name} {' '.join(c.equations)}")
def test_a_quick_check_passes(check):
    result = run(check)
    if result.verdict == "skipped":
        pytest.skip(result.message)
    assert result.verdict == "pass", f"error {result.error} above {check.tolerance}: {result.message}"


def made(function, tolerance=0.5, slow=False, name="topic.name", equations=("(8)",)):
    return Check(name, equations, "an oracle", tolerance, "a reason", slow, function)


@pytest.mark.parametrize(("error", "verdict"), [(0.0, "pass"), (0.5, "pass"), (0.51, "FAIL"), (float("nan"), "FAIL"),
                                                (float("inf"), "FAIL")])
def test_an_error_passes_up_to_the_tolerance(error, verdict):
    result = run(made(lambda: error))
    assert result.verdict == verdict
    assert result.seconds >= 0


def test_what_a_check_raises_is_its_failure_and_a_missing_oracle_is_none():
    def broken():
        raise ZeroDivisionError("by hand")

    def lacking():
        raise Skip("PyTorch is not installed")

    assert (run(made(broken)).verdict, run(made(broken)).message) == ("FAIL", "ZeroDivisionError: by hand")
    assert (run(made(lacking)).verdict, run(made(lacking)).message) == ("skipped", "PyTorch is not installed")


def test_selection_by_name_equation_and_speed():
    one, two = made(None, name="sam.norm", equations=("(12)",)), made(None, name="rate.log", slow=True)
    assert select([one, two], "", quick=False) == [one, two]
    assert select([one, two], "", quick=True) == [one]
    assert select([one, two], "SAM.n", quick=False) == [one]
    assert select([one, two], "(12)", quick=False) == [one]
    for text, quick, reason in (("nothing", False, "matches none of the 2 checks"), ("rate", True, "slow checks only")):
        with pytest.raises(UsageError, match=reason):
            select([one, two], text, quick)


def test_names_are_unique_and_belong_to_their_topic():
    assert len({c.name for c in CHECKS}) == len(CHECKS)
    topics = {path.stem.removeprefix("validate_") for path in FOLDER.glob("validate_*.py")}
    assert {c.name.split(".")[0] for c in CHECKS} == topics


@pytest.fixture
def two_checks(monkeypatch):
    checks = [made(lambda: 0.25, name="a.first"), made(lambda: 2.0, name="b.second")]
    monkeypatch.setattr("validation.__main__.all_checks", lambda: checks)
    return checks


def test_a_failure_is_exit_code_1_and_stands_in_both_reports(two_checks, tmp_path, capsys):
    assert main(["--out", str(tmp_path / "new" / "folder")]) == 1
    assert "2 checks: 1 passed, 1 failed, 0 skipped" in capsys.readouterr().out
    stored = json.loads((tmp_path / "new" / "folder" / "report.json").read_text())["checks"]
    assert [(c["check"], c["error"], c["verdict"]) for c in stored] == [("a.first", 0.25, "pass"),
                                                                       ("b.second", 2.0, "FAIL")]
    assert "| second | (8) | an oracle | 2 | 0.5 | a reason | FAIL |" in (
        tmp_path / "new" / "folder" / "report.md").read_text()


def test_a_selection_writes_no_report_unless_asked(two_checks, monkeypatch):
    monkeypatch.setattr(report, "write", lambda *arguments: pytest.fail("wrote a report"))
    assert main(["-k", "first"]) == 0
    assert main(["--quick"]) == 1


def test_a_report_that_cannot_be_written_is_refused_before_anything_runs(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("validation.__main__.all_checks", lambda: [made(lambda: pytest.fail("ran"))])
    (tmp_path / "file").write_text("")
    assert main(["--out", str(tmp_path / "file")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("validation: refused: --out ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(("arguments", "reason"), [
    (["-k", "no such check"], "-k no such check: matches none of the"),
    (["mutants", "-k", "no such mutant"], "-k no such mutant: matches no mutant"),
    (["mutants", "--jobs", "0"], "--jobs = 0: must be at least 1"),
    (["readings", "--jobs", "0"], "--jobs = 0: must be at least 1"),
])
def test_bad_input_is_one_line_and_exit_code_2(arguments, reason):
    done = subprocess.run([sys.executable, "-m", "validation", *arguments], cwd=FOLDER.parent, capture_output=True,
                          text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"validation: refused: {reason}")
    assert done.stderr.count("\n") == 1


def test_one_check_from_the_command_line():
    done = subprocess.run([sys.executable, "-m", "validation", "-k", "sam.perturbation_has_length_rho"],
                          cwd=FOLDER.parent, capture_output=True, text=True)
    assert done.returncode == 0
    assert "1 checks: 1 passed, 0 failed" in done.stdout
