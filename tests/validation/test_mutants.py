"""The mutants: that they are what they say, that harmless ones survive and that accidents are no kills."""

from dataclasses import replace

import pytest

from tasam_ref.errors import RunFailure, UsageError
from validation.checks import all_checks
from validation.mutants.hunt import ROOT, Mutant, hunt, load_mutants, main

MUTANTS = load_mutants()
COUNTED_TWICE = next(m for m in MUTANTS if m.name == "counted-twice")


def test_there_are_at_least_25_and_all_are_different():
    assert len(MUTANTS) >= 25
    assert len({(m.file, m.before, m.after) for m in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_mutant_is_valid_code_with_killers_that_exist(mutant):
    source = (ROOT / mutant.file).read_text("utf-8").replace(mutant.before, mutant.after)
    compile(source, mutant.file, "exec")
    assert mutant.before != mutant.after and mutant.bug and mutant.checks
    assert set(mutant.checks) <= {c.name for c in all_checks()}
    for test in mutant.tests:
        file, _, function = test.partition("::")
        assert f"def {function}(" in (ROOT / file).read_text("utf-8")


def test_a_real_mutant_is_killed_and_a_harmless_one_survives_what_kills_it():
    assert hunt(COUNTED_TWICE)[0] == []
    harmless = replace(COUNTED_TWICE, after=COUNTED_TWICE.before + "  # the same")
    assert hunt(harmless)[0] == [*COUNTED_TWICE.checks, *COUNTED_TWICE.tests]


def test_the_package_itself_is_not_touched():
    path = ROOT / COUNTED_TWICE.file
    before = path.read_bytes()
    hunt(replace(COUNTED_TWICE, tests=()))
    assert path.read_bytes() == before


def test_an_accident_is_no_kill():
    with pytest.raises(RunFailure, match=r"no\.such\.check did not fail but broke: .*matches none"):
        hunt(replace(COUNTED_TWICE, checks=("no.such.check",), tests=()))
    raising = replace(COUNTED_TWICE, after="raise ZeroDivisionError", tests=())
    with pytest.raises(RunFailure, match="did not fail but broke: ZeroDivisionError"):
        hunt(raising)
    with pytest.raises(RunFailure, match="did not fail but broke"):
        hunt(replace(COUNTED_TWICE, checks=(), tests=("tests/optim/test_optimizers.py::test_nothing",)))


def test_a_mutant_without_a_place_is_refused(tmp_path):
    path = tmp_path / "mutants.toml"
    path.write_text('[lost]\nbug = "x"\nfile = "tasam_ref/optim/sam.py"\nbefore = "nowhere"\nafter = ""\nchecks = []\n')
    with pytest.raises(UsageError, match="mutant lost: its text stands 0 times in tasam_ref/optim/sam"):
        load_mutants(path)


def test_a_survivor_is_exit_code_1(monkeypatch, capsys):
    mutants = [Mutant(name, "", "", "", "", ("a.check",), ()) for name in ("one", "two")]
    monkeypatch.setattr("validation.mutants.hunt.load_mutants", lambda: mutants)
    monkeypatch.setattr("validation.mutants.hunt.hunt", lambda m: (["a.check"] if m.name == "two" else [], 1.0))
    assert main(["--jobs", "1"]) == 1
    said = capsys.readouterr().out
    assert "one    1.0 s  killed by a.check" in said
    assert "two    1.0 s  SURVIVED a.check" in said
    assert "2 mutants, 1 killed, 1 alive" in said
    assert main(["-k", "one"]) == 0
