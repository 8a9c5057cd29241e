"""Who may import whom, and what the house rules say of every module, read from the source text."""

import ast
import graphlib
import sys
from pathlib import Path

import pytest

import tasam_ref

ROOT = Path(tasam_ref.__file__).parent
MODULES = {".".join(("tasam_ref", *path.relative_to(ROOT).with_suffix("").parts)): path
           for path in sorted(ROOT.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}
ROOMS = {"kernels", "oran", "nn", "optim", "marl", "methods", "analysis", "experiments", "commands"}
REQUIRED = {"numpy", "numba", "scipy", "matplotlib"}
OPTIONAL = {"tasam_ref.experiments.progress": "tqdm", "tasam_ref.experiments.cluster": "distributed"}
WITH_NUMBA = {"tasam_ref.nn.products": "llvmlite"}                                # Numba requires it
MAY_IMPORT = {
    "kernels": set(),
    "nn": {"compiled"},
    "optim": {"compiled"},
    "analysis": {"nn", "optim", "kernels", "oran", "marl", "streams", "errors", "parameters"},
    "oran": {"kernels", "config", "regimes", "streams", "errors", "parameters"},
    "marl": {"nn", "optim", "config", "streams", "errors", "files", "compiled"},
    "methods": ROOMS - {"experiments", "commands"} | {"config", "config_io", "scenarios", "streams", "errors"},
}


def imports(name):
    """Full names of what a module imports, at its top or inside functions, with relative names resolved."""
    path = MODULES[name]
    package = name.rsplit(".", 1)[0]
    assert path.exists()
    found = []
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            found += [f"{base}.{alias.name}" for alias in node.names]
    return found


def room(full_name):
    """The part of the package that a name of ours belongs to; "" for the package's own names."""
    part = full_name.split(".")[1]
    return part if part in ROOMS or f"tasam_ref.{part}" in MODULES else ""


def ours(name):
    return {room(full) for full in imports(name) if full.split(".")[0] == "tasam_ref"} - {""}


def in_room(which):
    return [name for name in MODULES if name.split(".")[1] == which]


def test_every_room_of_the_house_is_there():
    assert {name.split(".")[1] for name in MODULES if name.count(".") == 2} == ROOMS


@pytest.mark.parametrize("which", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(which):
    assert in_room(which)
    for name in in_room(which):
        assert ours(name) - {which} <= MAY_IMPORT[which], name


@pytest.mark.parametrize(("folder", "may"), [
    ("tasam_ref", {"tasam_ref"}), ("validation", {"tasam_ref", "validation"}),
    ("figures", {"tasam_ref", "validation", "figures"})])
def test_figures_read_validation_and_both_the_package_never_the_other_way(folder, may):
    for path in sorted((ROOT.parent / folder).rglob("*.py")):
        named = [alias.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Import)
                 for alias in node.names]
        named += [node.module for node in ast.walk(ast.parse(path.read_text("utf-8")))
                  if isinstance(node, ast.ImportFrom) and not node.level]
        assert {name.split(".")[0] for name in named} & {"tasam_ref", "validation", "figures"} <= may, path


def test_kernels_import_nothing_of_ours_not_even_each_other():
    for name in in_room("kernels"):
        assert ours(name) == set()
        assert {full.split(".")[0] for full in imports(name)} <= {"numpy", "numba"}


def test_configuration_and_tools_import_no_room():
    for tool in ("config", "config_io", "regimes", "scenarios", "parameters", "streams", "files", "errors",
                 "compiled"):
        assert ours(f"tasam_ref.{tool}") & (ROOMS | {"cli"}) == set()


def test_nothing_imports_the_command_line():
    assert [name for name in MODULES if "cli" in ours(name)] == []


def test_data_flow_one_way():
    graph = {}
    for name in MODULES:
        graph.setdefault(name.split(".")[1], set()).update(ours(name) - {name.split(".")[1]})
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert order.index("kernels") < order.index("oran") < order.index("experiments") < order.index("cli")


def test_modules_do_not_import_each_other_in_circles():
    graph = {name: {known for full in imports(name) for known in (full, full.rpartition(".")[0]) if known in MODULES}
             for name in MODULES}
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_only_required_packages_are_imported(name):
    outside = {full.split(".")[0] for full in imports(name)} - {"tasam_ref"} - set(sys.stdlib_module_names)
    assert outside - REQUIRED <= {OPTIONAL.get(name), WITH_NUMBA.get(name)}


@pytest.mark.parametrize("name", OPTIONAL)
def test_extras_are_imported_inside_a_function_only(name):
    at_top = [node for node in TREES[name].body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert at_top
    assert OPTIONAL[name] not in "".join(ast.dump(node) for node in at_top)


def test_pictures_are_drawn_without_a_display():
    for name in MODULES:
        assert not any(full.startswith("matplotlib.pyplot") for full in imports(name)), name


@pytest.mark.parametrize("name", MODULES)
def test_no_module_grows_beyond_350_lines_of_120_characters(name):
    lines = MODULES[name].read_text("utf-8").splitlines()
    assert len(lines) <= 350
    assert max(map(len, lines), default=0) <= 120


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_has_a_docstring(name):
    assert ast.get_docstring(TREES[name])
    bare, bodies = [], [TREES[name].body]
    while bodies:
        for node in bodies.pop():
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                if not ast.get_docstring(node):
                    bare.append(node.name)
                if isinstance(node, ast.ClassDef):
                    bodies.append(node.body)
    assert bare == []


def decorators(function):
    return [node.func if isinstance(node, ast.Call) else node for node in function.decorator_list]


@pytest.mark.parametrize("name", in_room("kernels"))
def test_every_function_of_a_kernel_module_is_compiled(name):
    for node in TREES[name].body:
        if isinstance(node, ast.FunctionDef):
            assert [d.id for d in decorators(node)] == ["njit"], node.name
        else:
            assert isinstance(node, (ast.Import, ast.ImportFrom, ast.Expr)), "state in a kernel module"


@pytest.mark.parametrize("name", MODULES)
def test_a_loop_over_the_numbers_of_an_array_is_compiled(name):
    """One over range(... a.shape ...) or range(... a.size ...): Python is too slow there."""
    for function in ast.walk(TREES[name]):
        if isinstance(function, ast.FunctionDef):
            ranges = [loop.iter for loop in ast.walk(function)
                      if isinstance(loop, ast.For) and getattr(getattr(loop.iter, "func", None), "id", "") == "range"]
            over = {node.attr for call in ranges for node in ast.walk(call) if isinstance(node, ast.Attribute)}
            if over & {"shape", "size"}:
                assert [getattr(d, "id", "") for d in decorators(function)] in (["njit"], ["compiled"]), function.name


@pytest.mark.parametrize("name", MODULES)
def test_what_is_compiled_is_kept_and_the_networks_loops_let_go_of_pythons_lock(name):
    """Only sums over a batch may be reordered, and a NaN is respected everywhere."""
    expected = {"cache": True, "error_model": "numpy"}
    if name not in in_room("kernels"):
        fastmath = {"contract", "reassoc"} if name == "tasam_ref.nn.passes" else {"contract"}
        expected |= {"nogil": True, "fastmath": fastmath}
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "njit":
            assert {keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords} == expected


def test_numba_compiles_kernels_what_compiled_decorates_and_the_sum_over_a_batch():
    users = {name for name in MODULES if "numba.njit" in imports(name)}
    assert users - set(in_room("kernels")) == {"tasam_ref.compiled", "tasam_ref.nn.passes"}
    names = {full for name in MODULES for full in imports(name) if full.startswith("numba.")}
    assert names == {"numba.njit", "numba.config", "numba.types"}
    assert [node.name for node in TREES["tasam_ref.nn.passes"].body
            if isinstance(node, ast.FunctionDef) and [d.id for d in decorators(node)] == ["njit"]] == ["sum_columns"]


@pytest.mark.parametrize("name", MODULES)
def test_only_the_command_line_and_the_experiments_print(name):
    prints = [node.lineno for node in ast.walk(TREES[name])
              if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"]
    assert not prints or name.split(".")[1] in ("cli", "commands", "experiments")


@pytest.mark.parametrize("name", MODULES)
def test_there_is_no_global_random_state(name):
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "random":
            assert not isinstance(node.value.value, ast.Name) or node.value.value.id not in ("np", "numpy")
    drawn_from = [full for full in imports(name) if full.split(".")[0] in ("random", "secrets")
                  or full.startswith("numpy.random")]
    assert not drawn_from or name == "tasam_ref.streams"
    assert set(drawn_from) <= {"numpy.random.SFC64", "numpy.random.Generator", "numpy.random.SeedSequence"}
