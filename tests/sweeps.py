"""Helpers of the tests that sweep: a plan, what its runs left behind, a sweep in a process of its own."""

import subprocess
import time

from command_line import command
from conftest import TINY_SETTINGS

FILES = ("metrics.csv", "evaluation.json", "checkpoint.npz", "distributions.json")


def write_plan(path, *settings):
    """A plan of five small runs: two methods in two seeds, one of them measured, and one more."""
    listed = ", ".join(f'"{s}"' for s in (*TINY_SETTINGS, "run.num_iterations=30", *settings))
    path.write_text(f'seeds = 2\nsettings = [{listed}]\n[groups.a]\nmethods = ["no_sam", "ta_sam"]\n[groups.b]\n'
                    'methods = ["ta_sam"]\nsettings = ["agent.gamma=0.5"]\nseeds = 1\n'
                    '[measure.distributions]\na = ["ta_sam"]\n', "utf-8")
    return path


def contents(out):
    return {str(file.relative_to(out)): file.read_bytes() for name in FILES for file in sorted(out.rglob(name))}


def start(plan, out, *options):
    return subprocess.Popen(command("sweep", plan, "--out", out, *options), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def wait_for_checkpoint(out):
    # Not below every folder: a run's first one has another name, and is gone when it is looked into.
    while not any(out.glob("*/*/seed_*/checkpoint.npz")):
        time.sleep(0.002)
