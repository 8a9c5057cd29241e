"""What the package says of itself to those who install it."""

import configparser
import importlib
import re
import tomllib
from pathlib import Path

import pytest

import tasam_ref

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def setup():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def names(requirements):
    return {re.match(r"[\w.-]+", line).group().lower() for line in requirements.split("\n") if line.strip()}


def test_exactly_four_packages_are_required(setup):
    assert names(setup["options"]["install_requires"]) == {"numpy", "numba", "scipy", "matplotlib"}


def test_python_is_3_11_or_newer(setup):
    assert setup["options"]["python_requires"] == ">=3.11"


def test_extras(setup):
    extras = setup["options.extras_require"]
    assert {"pytest", "hypothesis"} <= names(extras["test"])
    assert names(extras["progress"]) == {"tqdm"}
    assert names(extras["cluster"]) == {"distributed"}


def test_all_presets_are_package_data(setup):
    patterns = setup["options.package_data"]["tasam_ref"].split()
    package = ROOT / "tasam_ref"
    matched = {path for pattern in patterns for path in package.glob(pattern)}
    code = (".py", ".pyc", ".nbi", ".nbc")
    data = {path for path in package.rglob("*") if path.is_file() and path.suffix not in code}
    assert data
    assert matched == data


def test_every_folder_with_modules_is_a_package():
    folders = {path.parent for path in (ROOT / "tasam_ref").rglob("*.py")}
    assert len(folders) > 8
    assert all((folder / "__init__.py").exists() for folder in folders)


def test_the_command_is_where_the_entry_point_says(setup):
    name, target = re.fullmatch(r"\s*(\S+)\s*=\s*(\S+)\s*", setup["options.entry_points"]["console_scripts"]).groups()
    module, function = target.split(":")
    assert name == "tasam-ref"
    assert callable(getattr(importlib.import_module(module), function))


def test_the_version_is_written_once(setup):
    assert setup["metadata"]["version"] == "attr: tasam_ref.__version__"
    assert re.fullmatch(r"\d+\.\d+\.\d+", tasam_ref.__version__)


def test_pyproject_names_the_build_backend_and_nothing_else():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert set(project) == {"build-system"}


def test_the_licence_is_there_and_is_the_one_named(setup):
    assert setup["metadata"]["license"] == "BSD-3-Clause"
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Redistribution and use in source and binary forms" in text
    assert "Neither the name" in text
