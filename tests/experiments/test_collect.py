"""Tables of runs: every value against the run folders' own files, read and added up in plain Python."""

import csv
import json
from statistics import fmean

import numpy as np
import pytest

from tasam_ref.experiments.collect import MOST_BLOCKS, collect_runs
from tasam_ref.experiments.evaluation import deterministic_policy, held_out_seeds, play
from tasam_ref.experiments.plan import Entry
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.runner import run_entry
from tasam_ref.experiments.store import read_plan, read_results
from tasam_ref.methods.registry import configure

AGENTS, SLICES = 3, ("eMBB", "mMTC", "URLLC")


@pytest.fixture(scope="module")
def results(small_results):
    return read_results(small_results)


@pytest.fixture(scope="module")
def folders(small_sweep):
    """A mapping (group, method, seed) -> run folder."""
    return {(e.label, e.method, e.seed): e.path for e in read_plan(small_sweep).entries(small_sweep)}


def stored(path, name):
    return json.loads((path / name).read_text("utf-8"))


def metric_rows(path):
    with open(path / "metrics.csv", encoding="utf-8") as file:
        return [{name: float(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def about(value):
    """Six digits are kept."""
    return pytest.approx(value, rel=6e-6, abs=1e-300)


def of(table, key):
    return table.where(**dict(zip(("group", "method", "seed"), key))).rows()


def test_runs_come_seed_by_seed_as_in_the_plan(results, folders):
    for evaluation in ("deterministic", "stochastic"):
        rows = results["scores"].where(evaluation=evaluation).rows()
        assert [(r["group"], r["method"], r["seed"]) for r in rows] == list(folders)
    assert len(results["scores"]) == 2 * len(folders)


def test_scores_are_the_means_of_the_stored_evaluations(results, folders):
    for key, path in folders.items():
        rows, both = of(results["scores"], key), stored(path, "evaluation.json")
        early = stored(path, "equal_gradients.json" if (path / "equal_gradients.json").exists() else "evaluation.json")
        metrics, manifest = metric_rows(path), stored(path, "manifest.json")
        assert [row["evaluation"] for row in rows] == list(both) == ["deterministic", "stochastic"]
        for row, held_out in zip(rows, both.values()):
            assert row["reward"] == about(fmean(held_out["reward"]))
            for s, name in enumerate(SLICES):
                for quantity in ("qos", "violated", "rb_share"):
                    assert row[f"{quantity}_{name}"] == about(fmean(episode[s] for episode in held_out[quantity]))
            assert row["reward_equal_gradients"] == about(fmean(early[row["evaluation"]]["reward"]))
            assert row["sam_actor_share"] == about(fmean(r["sam_actor"] for r in metrics))
            assert row["gradient_evaluations"] == metrics[-1]["gradient_evaluations"]
            assert row["wall_seconds"] == about(manifest["wall_seconds"])
            assert row["config_hash"] == manifest["config_hash"]
        assert rows[0]["reward"] != rows[1]["reward"]


def test_curvatures_are_means_over_networks_where_measured(results, folders):
    for key, path in folders.items():
        for row in of(results["scores"], key):
            if key[0] != "headline":
                assert np.isnan(row["lambda_max_critic"]) and np.isnan(row["lambda_max_actor"])
                continue
            found = stored(path, "curvature.json")["networks"]
            assert row["lambda_max_critic"] == about(found["critic 0"]["largest"]["value"])
            assert row["lambda_max_actor"] == about(
                fmean(found[f"actor {i}"]["largest"]["value"] for i in range(AGENTS)))


def test_episodes_are_the_stored_ones(results, folders):
    for key, path in folders.items():
        rows, rewards = of(results["episodes"], key), stored(path, "evaluation.json")["deterministic"]["reward"]
        assert [row["episode"] for row in rows] == list(range(len(rewards)))
        assert [row["reward"] for row in rows] == about(rewards)


def test_short_curves_have_a_point_per_iteration(results, folders):
    for key, path in folders.items():
        rows, metrics = of(results["curves"], key), metric_rows(path)
        assert [row["iteration"] for row in rows] == [t + 0.5 for t in range(6)]
        for t, row in enumerate(rows):
            for name in set(metrics[0]) - {"iteration", "agent"}:
                mean = sum(r[name] for r in metrics if r["iteration"] == t) / AGENTS
                assert row[name] == pytest.approx(mean, rel=6e-6, abs=1e-12), name


def test_gates_are_told_apart_by_agent_and_only_of_methods_with_one(results, folders):
    assert results["gates"].unique("method") == ["ta_sam"]
    for key, path in folders.items():
        rows = of(results["gates"], key)
        metrics = metric_rows(path) if key[1] == "ta_sam" else []
        assert len(rows) == len(metrics)
        for row in rows:
            (metric,) = [m for m in metrics if (m["agent"], m["iteration"] + 0.5) == (row["agent"], row["iteration"])]
            for name in ("td_error_variance", "sam_actor", "rho_actor"):
                assert row[name] == about(metric[name])


def test_distributions_are_those_that_the_plan_measures(results, folders):
    assert {(r["group"], r["method"]) for r in results["distributions"].rows()} == {("headline", "ta_sam")}
    for key in folders:
        rows = of(results["distributions"], key)
        for row in rows:
            content = stored(folders[key], "distributions.json")
            place = content["levels"].index(pytest.approx(row["level"]))
            for name in SLICES:
                assert row[name] == about(content[row["quantity"]][name][place])


def test_regimes_are_those_of_runs_through_several_stages(results, folders):
    assert results["regimes"].unique("group") == ["forgetting"]
    ((key, path),) = [item for item in folders.items() if item[0][0] == "forgetting"]
    content = stored(path, "regimes.json")
    assert {(r["stage"], r["regime"]): r["reward"] for r in of(results["regimes"], key)} == {
        (stage, regime): about(fmean(evaluation["reward"]))
        for stage, row in content.items() for regime, evaluation in row.items()}


def test_groups_say_what_their_runs_have_in_common(results):
    rows = {row["group"]: row for row in results["groups"].rows()}
    assert list(rows) == ["headline", "rho_0.1", "forgetting"]
    assert (rows["headline"]["num_dus"], rows["headline"]["num_ues"], rows["headline"]["num_rbs"]) == (3, 18, 8)
    assert [rows[group]["rho_init"] for group in rows] == [0.5, 0.1, 0.5]
    assert [rows[group]["eval_frames"] for group in rows] == [5, 5, 2]
    assert {(row["evaluation"], row["norm"]) for row in rows.values()} == {("deterministic", "l2")}


@pytest.mark.parametrize(("settings", "expected"), [
    ([], (10e6, 50e6, 2e-3)), (["reward.q_min_order=swapped"], (50e6, 10e6, 2e-3)),
    (["reward.qos_reading=weighted_sum"], None)])
def test_a_groups_requirements_are_those_that_its_runs_met(tmp_path, tiny_config, settings, expected):
    """A slice violates (7d) where its QoS is worse; of the weighted sum, whose requirement is not printed, a share."""
    config = configure("no_sam", tiny_config, ["run.num_iterations=1", *settings])
    entry = Entry("no_sam", 0, config, tmp_path / "run", "one")
    run_entry(entry)
    (row,) = collect_runs({entry: RunFolder.open(entry.path)})["groups"].rows()
    found = [row[f"q_min_{name}"] for name in SLICES]
    if expected:
        assert found == list(expected)
    policy = deterministic_policy(config, RunFolder.open(entry.path).load_checkpoint()["actors"])
    for _, infos in play(config, policy, held_out_seeds(config), config.run.eval_frames):
        for info in infos:
            worse = [info.qos[:, s] > found[s] if s == 2 and expected else info.qos[:, s] < found[s] for s in range(3)]
            np.testing.assert_array_equal(info.violated, np.transpose(worse))


def test_long_curves_are_averaged_over_blocks_whose_middles_are_told(tmp_path, tiny_config):
    """Of 120 iterations in 50 points at most: 40 blocks of 3."""
    config = configure("no_sam", tiny_config, ["run.num_iterations=120"])
    folder = RunFolder.create(tmp_path / "run", "no_sam", config)
    values = np.random.default_rng(0).uniform(1, 2, (120, AGENTS)).tolist()
    folder.write_metrics(["iteration,agent,reward,sam_actor,gradient_evaluations\n"] + [
        f"{t},{i},{values[t][i]!r},0,{t}\n" for t in range(120) for i in range(AGENTS)])
    lists = {"reward": [1.0], **{name: [[0.5] * 3] for name in ("qos", "violated", "rb_share")}}
    (folder.path / "evaluation.json").write_text(json.dumps({"deterministic": lists, "stochastic": lists}), "utf-8")
    curve = collect_runs({Entry("no_sam", 0, config, folder.path): folder})["curves"]
    assert curve["iteration"].tolist() == [1.5 + 3 * b for b in range(40)]
    assert curve["reward"].tolist() == about(
        [fmean(map(fmean, values[3 * b : 3 * b + 3])) for b in range(40)])
    assert MOST_BLOCKS == 50
