"""What the gate did, told from metrics written by hand."""

import numpy as np
import pytest

from tasam_ref.config_io import apply_settings
from tasam_ref.experiments.gate_report import gate_report
from tasam_ref.experiments.run_folder import RunFolder, metric_header, metric_lines
from tasam_ref.methods.registry import configure

# Four iterations of three actors: who is open, on what variance, with what radius.
OPEN = [[1, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 0]]
VARIANCE = [[0.9, 0.1, 0.0], [0.8, 0.6, 0.2], [0.7, 0.9, 0.5], [0.4, 0.3, 0.1]]
RHO = [0.4, 0.3, 0.2, 0.1]


@pytest.fixture
def told(tmp_path, tiny_config):
    def report(method, seeds=1, settings=()):
        folders = []
        for seed in range(seeds):
            config = apply_settings(configure(method, tiny_config, settings), [f"run.seed={seed}"])
            folders.append(RunFolder.create(tmp_path / method / f"seed_{seed}", method, config))
            columns = [{"sam_actor": np.array(o), "td_error_variance": np.array(v) * (seed + 1),
                        "rho_actor": np.array(o) * r} for o, v, r in zip(OPEN, VARIANCE, RHO)]
            folders[-1].write_metrics(
                [metric_header(columns[0])] + [line for t, c in enumerate(columns) for line in metric_lines(t, c)])
        return gate_report(folders)

    return report


def test_it_says_who_was_open_how_often_and_on_what(told):
    assert told("ta_sam") == (
        "gate of ta_sam at 0.5  open       TD-error variance    rho\n"
        "actor 0                75 %  0.750 (0.625 to 0.825)  0.300\n"
        "actor 1                50 %  0.450 (0.250 to 0.675)  0.250\n"
        "actor 2                25 %  0.150 (0.075 to 0.275)  0.200\n"
        "open for some and shut for others in 50 % of iterations, for all in 25 %, for none in 25 %\n")


def test_seeds_are_taken_together(told):
    """Medians of 0.9 0.8 0.7 0.4 and their doubles: between 0.8 and 0.9."""
    assert "actor 0                75 %  0.850 (" in told("ta_sam", seeds=2)


def test_a_relative_threshold_says_what_it_is_relative_to(told):
    assert "gate of ta_sam at 0.5 times the median " in told("ta_sam", settings=("sam.td_var_scale=relative",))


@pytest.mark.parametrize("method", ["no_sam", "both_sam", "actor_sam", "critic_sam"])
def test_methods_without_a_gate_have_nothing_to_tell(told, method):
    assert told(method) == ""
