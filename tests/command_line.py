"""Helpers of the tests that run the command line."""

import re
import subprocess
import sys

import numpy as np
from conftest import TINY_SETTINGS
from matplotlib.image import imread

from tasam_ref.cli import main

_MAIN = "import sys; from tasam_ref.cli import main; sys.exit(main())"


def tiny_options(*changes):
    """``--set`` options for the small network of ``tiny_config``, with further settings after it."""
    return [word for setting in (*TINY_SETTINGS, *changes) for word in ("--set", setting)]


def command(*arguments):
    """The words that start the command in a process of its own."""
    return [sys.executable, "-c", _MAIN, *map(str, arguments)]


def run_command(*arguments, cwd):
    """Run the command to its end in a process of its own."""
    return subprocess.run(command(*arguments), cwd=cwd, capture_output=True, text=True, timeout=240)


def complaints(done):
    """What an ended process wrote to stderr, without the lines of progress that a slow or a new machine gets to see."""
    lines, progress = done.stderr.splitlines(keepends=True), r": \d+/\d+ iterations, about \d+ s left|^compiling for "
    return "".join(line for line in lines if not re.search(progress, line))


def refused(capsys, *arguments):
    """Run the command in this process, check that it refuses in one line, and return that line."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tasam-ref: refused: ")
    assert captured.err.count("\n") == 1 and captured.err.endswith("\n")
    return captured.err


def listing(folder):
    """Names of everything below a folder, hidden files too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def number_of_colours(path):
    """How many different colours a picture has."""
    red, green, blue = np.moveaxis((imread(path)[..., :3] * 255).round().astype(int), -1, 0)
    return np.unique((red << 16) + (green << 8) + blue).size
