"""The comparison with other libraries: what it refuses, what it compares first, and how it reads."""

import multiprocessing
import os
from importlib.util import find_spec

import numpy as np
import pytest

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.errors import RunFailure
from validation.__main__ import main
from validation.speed import command

SETTINGS = ("radio.num_dus=3", "radio.num_ues=12", "radio.num_rbs=6", "agent.hidden_sizes=[7, 5]", "agent.batch_size=9")
ON_LINUX = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="binds processes to cores")


@ON_LINUX
@pytest.mark.parametrize(("option", "value"), [("--repeats", "0"), ("--cores", "0"), ("--cores", "4096")])
def test_a_wrong_number_is_refused_in_one_line(capsys, option, value):
    assert main(["speed", option, value]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith(f"validation: refused: {option} = {value}: must be ")


@ON_LINUX
def test_this_package_alone_is_timed_with_and_without_sam():
    config = apply_settings(Config(), SETTINGS)
    versions, seconds = command.measure(["tasam_ref"], config, sorted(os.sched_getaffinity(0)), 2)
    assert list(versions) == ["tasam_ref"]
    assert list(seconds) == [("without SAM", "tasam_ref"), ("with SAM everywhere", "tasam_ref")]
    assert all(times.shape == (2,) and (times > 0).all() for times in seconds.values())


@ON_LINUX
@pytest.mark.parametrize("name", list(command.LIBRARIES)[1:])
def test_every_library_finds_our_gradients_and_is_timed(name):
    """``measure`` compares before it times."""
    if not find_spec(command.LIBRARIES[name][0]):
        pytest.skip(f"{name}: not installed")
    core = sorted(os.sched_getaffinity(0))[:1]
    _, seconds = command.measure(["tasam_ref", name], apply_settings(Config(), SETTINGS), core, 1)
    assert len(seconds) == 4 and all((times > 0).all() for times in seconds.values())


@ON_LINUX
def test_a_library_that_fails_ends_the_comparison_and_its_processes():
    with pytest.raises(RunFailure, match="the process of no such library ended with code 1"):
        command.measure(["tasam_ref", "no such library"], apply_settings(Config(), SETTINGS),
                        sorted(os.sched_getaffinity(0)), 1)
    assert not multiprocessing.active_children()


@ON_LINUX
@pytest.mark.parametrize("asked", [(), ("without SAM",)])
def test_a_process_that_has_ended_is_named_with_its_exit_code(asked):
    near, far = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=print)
    process.start()
    process.join()
    far.close()
    with pytest.raises(RunFailure, match="the process of other ended with code 0"):
        command._answer({"other": (process, near)}, "other", *asked)


@pytest.mark.parametrize("wrong", [3 + 1e-4, np.nan])
def test_gradients_that_differ_are_not_timed(wrong):
    ours = {"without SAM": (np.array([[3.0, 4.0]]), np.array([[1.0]]))}
    command._require_agreement("other", {"without SAM": (np.array([[3.00001, 4.0]]), np.array([[1.0]]))}, ours)
    with pytest.raises(RunFailure, match=r"the gradient of the actors without SAM by other is (2\.0e-05|nan) off ours"):
        command._require_agreement("other", {"without SAM": (np.array([[wrong, 4.0]]), np.array([[1.0]]))}, ours)


def test_the_table_by_hand():
    """Ratios are those within a turn: 2, 1 and 3, not that of the medians 2 and 3."""
    seconds = {("without SAM", "tasam_ref"): np.array([0.001, 0.003, 0.002]),
               ("without SAM", "other"): np.array([0.002, 0.003, 0.006])}
    last = command.as_text(seconds, 2).splitlines()[-1]
    assert last.split() == "other, without SAM 3.0 ms 2.5 to 4.5 2.00 [1.50, 2.50]".split()
