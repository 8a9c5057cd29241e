"""Runs through several regimes: what is evaluated of them, and what a comparison says."""

import json

import numpy as np
import pytest
from command_line import listing

from tasam_ref.cli import main
from tasam_ref.config_io import apply_settings
from tasam_ref.errors import UsageError
from tasam_ref.experiments.evaluation import (
    Evaluation,
    deterministic_policy,
    evaluate_held_out,
    stochastic_policy,
)
from tasam_ref.experiments.forgetting import evaluate_regimes, forgetting_table, regime_rows, untrained_actors
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.training import store_evaluations, train
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import configure
from tasam_ref.oran.staged_env import build_env
from tasam_ref.regimes import regime_config

STAGED = ("run.num_iterations=6", "mdp.episode_frames=8", "regimes.sequence=['usual','crowd','usual']",
          "run.eval_frames=3", "agent.learning_rate=0.05")
STAGES, REGIMES = ("untrained", "stage_1", "stage_2", "stage_3"), ("usual", "crowd", "quiet", "shifted")


@pytest.fixture
def config(tiny_config):
    return configure("both_sam", tiny_config, STAGED)


@pytest.fixture
def folder(tmp_path, config):
    return train(RunFolder.create(tmp_path / "run", "both_sam", config))


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))


def test_a_run_through_regimes_stores_what_its_actors_do_in_each(folder, config):
    """Against a trainer that is stopped by hand at the end of every stage."""
    trainer = Trainer(config, build_env(config))
    found = folder.regimes()
    assert tuple(found) == STAGES and all(tuple(row) == REGIMES for row in found.values())
    for stage in STAGES:
        for name, evaluation in found[stage].items():
            network = regime_config(config, name)
            expected = evaluate_held_out(network, deterministic_policy(network, trainer.agents.thetas_p))
            assert same(evaluation, expected), (stage, name)
        if stage != "stage_3":
            trainer.iterate()
            trainer.iterate()
    assert same(found["stage_3"]["usual"], folder.evaluation())
    assert len({evaluation.reward.mean() for row in found.values() for evaluation in row.values()}) == 16


def test_regimes_are_judged_by_the_readings_own_policy(config):
    """Actors that stay as they began, drawn from instead of taken by their means."""
    config = apply_settings(config, ["run.evaluation=stochastic"])
    thetas = Trainer(config, build_env(config)).agents.thetas_p
    found = evaluate_regimes(config, {"stage_1": thetas, "stage_2": thetas}, thetas)
    assert tuple(found) == STAGES
    for name in REGIMES:
        network = regime_config(config, name)
        expected = evaluate_held_out(network, stochastic_policy(network, thetas))
        assert all(same(row[name], expected) for row in found.values())
        assert not same(expected, evaluate_held_out(network, deterministic_policy(network, thetas)))


def test_untrained_actors_are_those_that_the_run_begins_with(config):
    for method, settings in (("both_sam", ()), ("both_sam", ("run.seed=3", "agent.dtype=float64")),
                             ("spectral_norm", ()), ("plastic_lee2023", ()), ("centralised_sac", ())):
        changed = configure(method, config, settings)
        expected = Trainer(changed, build_env(changed)).agents.thetas_p
        found = untrained_actors(changed)
        assert found.dtype == expected.dtype and (found == expected).all()


def test_evaluating_a_stored_run_makes_its_files_anew(folder, capsys):
    files = ("evaluation.json", "equal_gradients.json", "regimes.json")
    assert set(files) <= set(listing(folder.path))
    before = {name: (folder.path / name).read_bytes() for name in files}
    for name in files:
        (folder.path / name).unlink()
    assert main(["evaluate", str(folder.path)]) == 0
    assert {name: (folder.path / name).read_bytes() for name in files} == before


def test_the_evaluation_at_equal_gradients_is_that_of_half_a_run_with_sam_everywhere(folder, config):
    trainer = Trainer(config, build_env(config))
    for _ in range(3):
        trainer.iterate()
    expected = evaluate_held_out(config, deterministic_policy(config, trainer.agents.thetas_p))
    assert same(folder.evaluation_at_equal_gradients(), expected)
    assert not same(folder.evaluation(), expected)


def test_a_evaluations_without_sam_is_at_equal_gradients_at_its_end(tmp_path, tiny_config):
    folder = train(RunFolder.create(tmp_path / "run", "no_sam", configure("no_sam", tiny_config)))
    assert {"equal_gradients.json", "regimes.json"} & set(listing(folder.path)) == set()
    assert same(folder.evaluation_at_equal_gradients(), folder.evaluation())


def test_an_unfinished_run_has_no_regimes_yet(tmp_path, config):
    folder = RunFolder.create(tmp_path / "run", "both_sam", config)
    trainer = Trainer(config, build_env(config))
    for _ in range(4):
        trainer.iterate()
    folder.save_checkpoint(trainer.state())
    store_evaluations(folder)
    assert "equal_gradients.json" in listing(folder.path) and "regimes.json" not in listing(folder.path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stage_1": 3}', '{"stage_1": {"usual": {"mirth": [1.0]}}}'])
def test_broken_regimes_are_refused(folder, text):
    (folder.path / "regimes.json").write_text(text)
    with pytest.raises(UsageError, match=r"regimes\.json: not a readable evaluation"):
        folder.regimes()


# ---- what a comparison says, from folders written by hand

# Mean rewards of two seeds: rows untrained and after three stages, columns REGIMES.
BY_HAND = {
    "ta_sam": ([[-3, -3, -3, -3], [2.0, 1, 1, 1], [1.5, 2, 1, 1], [2.25, 2, 1.0, 0.5]],
               [[-3, -3, -3, -3], [2.0, 1, 1, 1], [1.0, 2, 1, 1], [1.75, 2, 1.0, 1.5]]),
    "no_sam": ([[-3, -3, -3, -3], [1.0, 0, 1, 1], [0.0, 2, 1, 1], [1.0, 2, 0.0, 0.0]],) * 2,
}


@pytest.fixture
def compared(tmp_path, config):
    def one(reward):
        return Evaluation(np.array([reward - 0.5, reward + 0.5]), *[np.zeros((2, 3))] * 3)

    folders = []
    for method, seeds in BY_HAND.items():
        for seed, rewards in enumerate(seeds):
            run = RunFolder.create(tmp_path / method / str(seed), method, apply_settings(config, [f"run.seed={seed}"]))
            run.write_regimes({stage: {name: one(r) for name, r in zip(REGIMES, row)}
                               for stage, row in zip(STAGES, rewards)})
            folders.append(run)
    return folders


def test_the_table_has_the_four_measures_with_intervals_over_seeds(compared):
    title, head, ta_sam, no_sam = forgetting_table(compared).splitlines()
    assert title == "stages usual, crowd, usual; never trained on: quiet, shifted; in held-out reward"
    assert head.split("  ")[-1].strip() == "never trained on" and "forward transfer" in head
    # retention -0.5 and -1: mean -0.75, half width 12.706 * 0.25; recovery 0.25 and -0.25: half width 12.706 * 0.25;
    # forward 4 and 4; never trained on (1 + 0.5) / 2 and (1 + 1.5) / 2
    assert ta_sam.split("  ")[0] == "ta_sam"
    for cell in ("-0.750 [-3.927, 2.427]", "0.000 [-3.177, 3.177]", "4.000 [4.000, 4.000]", "1.000 [-2.177, 4.177]"):
        assert cell in ta_sam
    assert no_sam.split() == ["no_sam", *"-1.000 [-1.000, -1.000] 0.000 [0.000, 0.000] 3.000 [3.000, 3.000]".split(),
                              *"0.000 [0.000, 0.000]".split()]


def test_the_table_is_at_most_150_characters_wide(compared):
    for run in compared[:2]:
        run.manifest["method"] = "ta_sam_unselective"
    assert max(map(len, forgetting_table(compared).splitlines())) <= 150


def test_measures_that_a_sequence_does_not_have_are_left_empty(tmp_path, config):
    run = RunFolder.create(tmp_path / "run", "ta_sam", apply_settings(
        config, ["regimes.sequence=['usual','crowd']", "run.num_iterations=4"]))
    run.write_regimes({stage: {name: Evaluation(np.array([float(k)]), *[np.zeros((1, 3))] * 3) for name in REGIMES}
                       for k, stage in enumerate(STAGES[:3])})
    assert forgetting_table([run]).splitlines()[2].split() == ["ta_sam", "1.000", "1.000", "2.000"]


def test_the_csv_rows_hold_every_stage_and_regime(compared):
    rows = regime_rows(compared)
    assert len(rows) == 4 * 4 * 4
    found = {(r["method"], r["seed"], r["stage"], r["regime"]): r["reward"] for r in rows}
    assert found["ta_sam", 1, "stage_2", "usual"] == 1.0 and found["no_sam", 0, "untrained", "quiet"] == -3.0
    assert list(rows[0]) == ["method", "seed", "stage", "regime", "reward"]


def test_stored_regimes_are_plain_json(folder, config):
    stored = json.loads((folder.path / "regimes.json").read_text())
    assert stored["stage_2"]["crowd"]["reward"] == folder.regimes()["stage_2"]["crowd"].reward.tolist()
    again = evaluate_regimes(config, {name: folder.load_checkpoint()[f"snapshot/{name}"] for name in STAGES[1:3]},
                             folder.load_checkpoint()["actors"])
    assert same(again["untrained"]["shifted"], folder.regimes()["untrained"]["shifted"])
