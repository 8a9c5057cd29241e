"""Plans that lack a group or a method: what can be made is made, the rest is refused by name, nothing breaks."""

import json
import shutil

import pytest

from figures import __main__ as command
from figures import runs, style
from figures.registry import PRODUCTS
from tasam_ref.errors import UsageError
from tasam_ref.experiments.store import read_results


@pytest.fixture
def results(small_results, tmp_path):
    """Results of no-SAM and TA-SAM alone, of which the plan claims to make everything."""
    folder = shutil.copytree(small_results, tmp_path / "results")
    plan = json.loads((folder / "plan.json").read_text("utf-8"))
    plan["needs"] = {name: ["headline"] for name in PRODUCTS}
    (folder / "plan.json").write_text(json.dumps(plan), "utf-8")
    return folder


def test_everything_is_made_or_refused_by_its_name(results, capsys, monkeypatch):
    """Drawn, but for speed not painted."""
    monkeypatch.setattr(style, "save", lambda figure, folder, name: (folder / f"{name}.svg").touch())
    monkeypatch.setattr(style, "write", lambda figure, path: path.touch())
    assert command.main([str(results)]) == 2
    said = capsys.readouterr()
    made = said.out.splitlines()[:-1]
    assert said.err.count("\n") == 1 and said.err.startswith("figures: refused: ")
    refused = said.err[len("figures: refused: "):].strip().split("; ")
    assert [entry.partition(": ")[0] for entry in refused] == [name for name in PRODUCTS if name not in made]
    assert "fig05a: needs groups.equal_rho, and the plan has none" in refused
    assert "fig07: needs runs of l2 in groups.headline, and the plan has none" in refused
    assert {"fig09", "fig10", "gate", "profile", "table2", "claims", "marl_eval", "detectable"} <= set(made)
    files = {path.stem for path in results.parent.iterdir() if path.is_file()}
    assert set(made) <= files and not files & {entry.partition(": ")[0] for entry in refused}


def test_runs_are_looked_up_by_group_and_method(small_results):
    found = read_results(small_results)
    assert runs.of(found, "curves", "headline", "ta_sam").unique("seed") == [0, 1]
    assert runs.by_norm(found, "headline", ["ta_sam"]) == [("headline", "ta_sam")]
    assert runs.of_group(found, "rho_0.1")["rho_init"] == 0.1
    for look_up in (lambda: runs.held_out(found, "headline", "l2"), lambda: runs.curves(found, "headline", "l2")):
        with pytest.raises(UsageError, match=r"^needs runs of l2 in groups\.headline, and the plan has none$"):
            look_up()
    with pytest.raises(UsageError, match=r"^needs groups\.equal_rho, and the plan has none$"):
        runs.of_group(found, "equal_rho")
