"""Committed figures, tables and verdicts are what the committed results give: byte for byte, PNGs pixel by pixel."""

import re
from pathlib import Path

import matplotlib
import pytest
from matplotlib.image import imread

from figures.__main__ import main
from figures.registry import PRODUCTS
from tasam_ref.experiments.store import read_plan

REFERENCE = Path(__file__).parents[2] / "figures" / "laptop"
DRAWN = sorted(path.name for path in REFERENCE.iterdir() if path.is_file())
DRAWN_WITH = re.search(r"Matplotlib ([0-9.]+)", (REFERENCE / "fig07.svg").read_text("utf-8"))[1]


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    assert main([str(REFERENCE), "--out", str(folder)]) == 0
    return folder


def test_every_product_that_the_plan_of_the_results_has_runs_for_is_committed():
    assert {Path(name).stem for name in DRAWN} == PRODUCTS.keys() & read_plan(REFERENCE / "results").needs.keys()


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_committed_is_rebuilt_byte_for_byte(rebuilt, name):
    if name.endswith((".svg", ".png")) and matplotlib.__version__ != DRAWN_WITH:
        pytest.skip(f"drawn with Matplotlib {DRAWN_WITH}, here is {matplotlib.__version__}")
    here, there = rebuilt / name, REFERENCE / name
    if name.endswith(".png"):                                   # the compression is another library's
        assert (imread(here) == imread(there)).all()
    else:
        assert here.read_bytes() == there.read_bytes()
