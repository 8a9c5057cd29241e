"""The package's random streams: their names in its source, and the addresses that are opened while something runs."""

import ast
import importlib
import pkgutil
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import tasam_ref
from tasam_ref.streams import stream

TAKE_A_NAME = ("stream", "_stream", "_normal", "_initial", "_reset", "_noise")


def names_in(*rooms):
    """The names of all streams in these rooms of the package, "" being all of it."""
    names = set()
    for path in (path for room in rooms for path in (Path(tasam_ref.__file__).parent / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in TAKE_A_NAME:
                names |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return names


@contextmanager
def opened():
    """How often each address (seed, name, *index) is opened while this lasts, as a Counter."""
    for module in pkgutil.walk_packages(tasam_ref.__path__, "tasam_ref."):
        importlib.import_module(module.name)                     # one imported later would open its streams unseen
    addresses = Counter()

    def counted(seed, name, *index):
        addresses[(seed, name, *index)] += 1
        return stream(seed, name, *index)

    with ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if name.startswith("tasam_ref.") and getattr(module, "stream", None) is stream:
                stack.enter_context(mock.patch.object(module, "stream", counted))
        yield addresses


def numbers(addresses):
    """What the streams at these addresses give first, 16 bytes of each."""
    return {stream(*address).bytes(16) for address in addresses}
