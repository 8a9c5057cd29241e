"""Explained runs: the replay is the run, stages against dense Hessians, what is printed, stored, drawn and refused."""

import json

import numpy as np
import pytest
from command_line import listing, number_of_colours, refused
from conftest import TINY_SETTINGS

from tasam_ref.analysis.curvature import hessian_product
from tasam_ref.cli import main
from tasam_ref.config import Config
from tasam_ref.errors import UsageError
from tasam_ref.experiments import explain
from tasam_ref.experiments.explain import FILE, explain_run
from tasam_ref.experiments.explain_plot import draw
from tasam_ref.experiments.run_curvature import frozen_learner, losses
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.training import train
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import configure
from tasam_ref.oran.env import OranEnv

ASKED = {"stages": 2, "states": 2, "actions": 3}
WORDS = [word for name, value in ASKED.items() for word in (f"--{name}", str(value))]


def trained(path, method="ta_sam", *settings):
    config = configure(method, Config(), (*TINY_SETTINGS, *settings))
    return train(RunFolder.create(path, method, config))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A complete run of six iterations that has not been explained."""
    return trained(tmp_path_factory.mktemp("explain") / "run")


@pytest.fixture
def clean(run):
    """The same without what an earlier test measured."""
    (run.path / FILE).unlink(missing_ok=True)
    return run


def without_training(monkeypatch):
    monkeypatch.setattr(Trainer, "iterate", lambda self: pytest.fail("trained"))


# ---- the replay

@pytest.mark.parametrize(("method", "settings"), [
    ("ta_sam", ()), ("ta_sam", ("sam.norm=layer", "sam.rho_schedule=entropy_annealed")),
    ("no_sam", ("agent.critic_scope=joint", "agent.critic_target=twin_target")), ("plastic_as_described", ()),
    ("centralised_sac", ("agent.gradient_steps=2", "agent.critic_steps=3")), ("dropout", ())])
def test_the_replay_ends_with_the_runs_own_networks(tmp_path, method, settings):
    """For every reading of the critic; each of its steps is counted once, in its stretch."""
    folder = trained(tmp_path / "run", method, *settings)
    content = explain_run(folder, **ASKED)
    agent = folder.config.agent
    critics = [f"critic {c}" for c in range(2 if agent.critic_target == "twin_target" else 1)]
    assert content["same_bits"] is True
    assert [(s["from"], s["to"]) for s in content["steps"]] == [(0, 3), (3, 6)]
    for stretch in content["steps"]:
        assert list(stretch) == ["from", "to", *critics]
        assert all(stretch[name]["steps"] == 3 * agent.gradient_steps * agent.critic_steps for name in critics)
    for stage in content["stages"]:
        assert list(stage["networks"]) == list(stage["orderings"]) == critics
    assert [stage["iteration"] for stage in content["stages"]] == [0, 3, 6]


def test_other_bits_are_told(tmp_path, run, capsys):
    """As of another machine: one weight differs."""
    folder = RunFolder.create(tmp_path / "run", run.method, run.config)
    results = run.load_checkpoint()
    results["critics"][0, 0] += 1
    folder.save_checkpoint(results)
    folder.write_manifest(status="complete", iterations_done=6)
    assert main(["explain", str(folder.path), *WORDS]) == 0
    assert "replayed but to other bits" in capsys.readouterr().out
    assert json.loads((folder.path / FILE).read_text())["same_bits"] is False


def test_a_run_that_converged_is_replayed_to_its_own_end(tmp_path):
    folder = trained(tmp_path / "run", "ta_sam", "run.convergence_tolerance=1e9")
    assert folder.manifest["iterations_done"] == 1
    content = explain_run(folder, stages=1, states=2, actions=3)
    assert content["same_bits"] and [stage["iteration"] for stage in content["stages"]] == [0, 1]
    with pytest.raises(UsageError, match=r"^--stages = 2: must be at most the 1 iterations of "):
        explain_run(folder, stages=2)


def test_nothing_but_the_file_is_written(clean):
    before = {path: path.read_bytes() for path in clean.path.iterdir()}
    explain_run(clean, **ASKED)
    assert listing(clean.path) == sorted([FILE, *(path.name for path in before)])
    assert all(path.read_bytes() == content for path, content in before.items())


# ---- stages

def test_radii_are_those_of_the_iterations_metrics(clean):
    """Of the iteration that begins at the stage, and at the end of the last."""
    content, metrics = explain_run(clean, network="all", **ASKED), clean.metrics()
    of_critic, of_actors = (np.reshape(metrics[name], (6, 3)) for name in ("rho_critic", "rho_actor"))
    for stage, t in zip(content["stages"], (0, 3, 5), strict=True):
        radii = {name: of["rho"] for name, of in stage["networks"].items()}
        assert radii == pytest.approx({"critic 0": of_critic[t, 0]} | {f"actor {i}": of_actors[t, i] for i in range(3)})
        assert 0.01 <= radii["critic 0"] <= 0.5


def test_the_untrained_networks_are_measured_first(clean):
    """Their slope is that of a learner that was never trained; the next stage's is another."""
    content, config = explain_run(clean, **ASKED), clean.config
    learner = frozen_learner(config, Trainer(config, OranEnv(config)).agents.parameters(), 12)
    _, loss, theta = next(losses(learner))
    slopes = [stage["networks"]["critic 0"]["slope"] for stage in content["stages"]]
    assert slopes[0] == pytest.approx(np.linalg.norm(loss(theta)[1]), rel=1e-12)
    assert slopes[1] != pytest.approx(slopes[0], rel=1e-3)


@pytest.mark.parametrize("norm", ["l2", "adaptive"])
def test_the_last_stage_is_that_of_dense_matrices(tmp_path, norm):
    """T H T column by column; the ascent and the critic's values by plain loops over the parameters."""
    folder = trained(tmp_path / "run", "ta_sam", f"sam.norm={norm}", "sam.rho_final=0.3")
    networks = explain_run(folder, network="all", **ASKED)["stages"][-1]["networks"]
    learner = frozen_learner(folder.config, folder.load_checkpoint(), 12)
    for name, loss, theta in losses(learner):
        scale = np.abs(theta) if norm == "adaptive" else np.ones(theta.size)
        product, gradient = hessian_product(loss, theta), loss(theta)[1].copy()
        dense = np.array([product(e) for e in np.eye(theta.size)]) * np.outer(scale, scale)
        top, slope = np.linalg.eigvalsh((dense + dense.T) / 2)[-1], np.sqrt(np.sum((scale * gradient) ** 2))
        found, rho = networks[name], networks[name]["rho"]
        assert found["sharpness"] == pytest.approx(top, rel=1e-4)
        assert found["slope"] == pytest.approx(slope)
        assert found["reach"] == pytest.approx(rho * top / slope, rel=1e-4)
        assert ("lift" in found) == name.startswith("critic")
        if "lift" in found:
            assert rho == pytest.approx(0.3)
            theta_adv = theta + rho * scale**2 * gradient / slope
            here, there = (np.hstack([p.work.forward(at, p.x).ravel().copy() for p in loss.losses])
                           for at in (theta, theta_adv))
            assert found["lift"] == pytest.approx(np.mean(there - here))
            assert found["error"] == pytest.approx(np.mean(here - np.hstack([p.target.ravel() for p in loss.losses])))
            slopes = scale * np.array([(mean_q(loss, theta + h) - mean_q(loss, theta - h)) / 2e-5
                                       for h in 1e-5 * np.eye(theta.size)])
            assert found["common"] == pytest.approx(slopes @ dense @ slopes / (slopes @ slopes) / top, rel=1e-4)
            beyond = np.array([(mean_q(loss, theta_adv + h) - mean_q(loss, theta_adv - h)) / 2e-5
                               for h in 1e-5 * np.eye(theta.size)])
            there = loss(theta_adv)[1]
            assert found["cos_there"] == pytest.approx(
                beyond @ there / np.sqrt((beyond @ beyond) * (there @ there)), rel=1e-5)


def mean_q(loss, theta):
    return np.mean(np.hstack([part.work.forward(theta, part.x).ravel().copy() for part in loss.losses]))


def test_without_sam_nothing_is_reached_or_lifted(tmp_path):
    content = explain_run(trained(tmp_path / "run", "no_sam"), **ASKED)
    for stage in content["stages"]:
        of_critic = stage["networks"]["critic 0"]
        assert of_critic["rho"] == of_critic["reach"] == of_critic["lift"] == 0
    for stretch in content["steps"]:
        assert stretch["critic 0"]["cos"] == stretch["critic 0"]["cos_adv"]
        assert stretch["critic 0"]["kept"] == pytest.approx(1, abs=1e-5)
        assert stretch["critic 0"]["length"] == stretch["critic 0"]["length_adv"]


def test_the_critics_of_the_two_norms_are_told_apart(tmp_path):
    """From the same start, with the same radius: the printed norm reaches farther and lifts Q by more."""
    settings = "agent.hidden_sizes=[40, 40]", "sam.rho_final=0.5"
    printed, adaptive = (explain_run(trained(tmp_path / norm, "ta_sam", f"sam.norm={norm}", *settings), **ASKED)
                         for norm in ("l2", "adaptive"))
    for one, other in zip(printed["stages"], adaptive["stages"], strict=True):
        one, other = (stage["networks"]["critic 0"] for stage in (one, other))
        assert one["reach"] > 1.5 * other["reach"]
        assert abs(one["lift"]) > 1.5 * abs(other["lift"])
    for one, other in zip(printed["steps"], adaptive["steps"], strict=True):
        assert one["critic 0"]["length_adv"] / one["critic 0"]["length"] > (
            1.2 * other["critic 0"]["length_adv"] / other["critic 0"]["length"])


# ---- the command

def test_the_command_prints_what_it_stores(capsys, clean):
    assert main(["explain", str(clean.path), "--network", "all", *WORDS]) == 0
    said, content = capsys.readouterr().out, json.loads((clean.path / FILE).read_text())
    assert said.startswith(
        f"{clean.path}: ta_sam seed 0, critic with norm l2, rho 0.5 to 0.01, 6 iterations, replayed to the same bits\n")
    assert said.endswith(f"stored in {clean.path / FILE}\n")
    assert "gamma           0.2, which discounts what follows" in said
    steps, networks, orderings = (part.splitlines()[1:] for part in said.split("\n\n")[1:4])
    for line, stretch in zip(steps, content["steps"], strict=True):
        of = stretch["critic 0"]
        assert line.split()[:6] == [str(stretch["from"]), "to", str(stretch["to"]), "0", f"{of['cos']:.2f}",
                                    f"{of['cos_adv']:.2f}"]
        assert line.split()[-3:] == [f"{1000 * of['learned']:.2f}", f"{of['turns']:.2f}", f"{of['turns_adv']:.2f}"]
    rows = [(stage["iteration"], name, of) for stage in content["stages"] for name, of in stage["networks"].items()]
    for line, (t, name, of) in zip(networks, rows, strict=True):
        cells = line.split()
        assert cells[:3] == [str(t), *name.split()] and float(cells[6]) == pytest.approx(of["reach"], rel=5e-3)
        assert len(cells) == (11 if name == "critic 0" else 7)
    kinds = [line.split()[2] for line in orderings]
    assert kinds == ["all", "all", "all", "policy", "uniform", "blocks"]
    last = content["stages"][-1]["orderings"]["critic 0"]["all"]
    assert orderings[2].split()[-1] == last["verdict"]
    assert orderings[2].split()[-4:-1] == [f"{last[name]:.2f}" for name in ("favourite", "mean_reward", "best")]


def test_what_is_stored_is_not_measured_again_until_something_else_is_asked(monkeypatch, clean):
    first = explain_run(clean, **ASKED)
    before = (clean.path / FILE).read_bytes()
    with monkeypatch.context() as patch:
        without_training(patch)
        assert explain_run(clean, **ASKED) == json.loads(before) == json.loads(json.dumps(first))
    other = explain_run(clean, **(ASKED | {"stages": 3}))
    assert [stage["iteration"] for stage in other["stages"]] == [0, 2, 4, 6]
    assert (clean.path / FILE).read_bytes() != before
    (clean.path / FILE).unlink()
    explain_run(clean, **ASKED)
    assert (clean.path / FILE).read_bytes() == before


def test_several_runs_are_drawn_together_always_alike(tmp_path, clean):
    paths = [str(folder.path) for folder in (clean, trained(tmp_path / "other", "no_sam"))]
    for name in ("one", "two"):
        assert main(["explain", *paths, *WORDS, "--figure", str(tmp_path / f"{name}.png")]) == 0
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert number_of_colours(tmp_path / "one.png") > 20


def test_a_line_of_the_picture_is_what_was_measured(clean, tmp_path):
    contents = [explain_run(folder, **ASKED) for folder in (clean, trained(tmp_path / "other", "no_sam"))]
    figure = draw(contents)
    lines = {axes.get_title(): axes.get_lines() for axes in figure.axes}
    reach, without = lines["reach of the radius"]
    assert reach.get_xydata() == pytest.approx(np.array(
        [(stage["iteration"] / 6, stage["networks"]["critic 0"]["reach"]) for stage in contents[0]["stages"]]))
    assert without.get_xydata().size == 0                                       # no radius, and a logarithmic axis
    for content, line in zip(contents, lines["differences learned by a step"], strict=True):
        assert line.get_xydata() == pytest.approx(np.array([(x, 1000 * stretch["critic 0"]["learned"]) for x, stretch in
                                                            zip((0.25, 0.75), content["steps"], strict=True)]))
    for content, line in zip(contents, lines["spread of Q over actions"], strict=True):
        of_all = [stage["orderings"]["critic 0"]["all"] for stage in content["stages"]]
        assert line.get_ydata() == pytest.approx([of["value_std"] / of["reward_std"] for of in of_all])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["ta_sam, l2 norm", "no_sam"]
    assert [line.get_label() for line in reach.axes.get_lines()] == ["ta_sam, l2 norm", "no_sam"]


def test_seeds_share_a_look_and_a_name(clean):
    content = explain_run(clean, **ASKED)
    figure = draw([content, content | {"run": content["run"] | {"seed": 1, "norm": "layer", "perturbs": "weights"}},
                   content | {"run": content["run"] | {"seed": 2}}])
    colours = [line.get_color() for line in figure.axes[0].get_lines()]
    assert colours[0] == colours[2] != colours[1]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "ta_sam, l2 norm", "ta_sam, layer norm of weights"]


# ---- what is refused

@pytest.mark.parametrize(("words", "reason"), [
    (["--stages", "0"], "--stages = 0: must be at least 1"), (["--states", "1"], "--states = 1: must be at least 2"),
    (["--actions", "2"], "--actions = 2: must be at least 3"),
    (["--stages", "7"], "--stages = 7: must be at most the 6 iterations of "),
    (["--figure", "there.pdf"], "--figure = there.pdf: must end in .png and lie in a folder that exists"),
    (["--figure", "no/where.png"], "--figure = no/where.png: must end in .png and lie in a folder that exists"),
])
def test_bad_arguments_are_refused_before_anything_is_trained(capsys, monkeypatch, clean, words, reason):
    without_training(monkeypatch)
    assert reason in refused(capsys, "explain", clean.path, *words)
    assert not (clean.path / FILE).exists()


def test_a_run_is_named_once(capsys, clean):
    assert "must name each run once" in refused(capsys, "explain", clean.path, clean.path / ".")


def test_a_run_that_is_not_complete_is_refused(capsys, tmp_path):
    config = configure("ta_sam", Config(), TINY_SETTINGS)
    folder = RunFolder.create(tmp_path / "run", "ta_sam", config)
    folder.save_checkpoint(Trainer(config, OranEnv(config)).state())
    said = refused(capsys, "explain", folder.path)
    assert f"is running: must be complete; go on with: tasam-ref train --out {folder.path} --resume" in said
    folder.write_manifest(status="complete")
    (folder.path / "checkpoint.npz").unlink()
    assert "its networks, checkpoint.npz, are missing" in refused(capsys, "explain", folder.path)


@pytest.mark.parametrize(("method", "settings", "network", "reason"), [
    ("plastic_lee2023", (), "critic", "second derivatives are there for the paper's tanh networks alone"),
    ("no_sam", ("agent.policy_gradient=score_function",), "all", "is that of no value and has no Hessian")])
def test_networks_without_a_hessian_are_refused_before_anything_is_trained(tmp_path, monkeypatch, method, settings,
                                                                           network, reason):
    folder = trained(tmp_path / "run", method, *settings)
    without_training(monkeypatch)
    with pytest.raises(UsageError, match=reason):
        explain_run(folder, network=network, **ASKED)
    assert not (folder.path / FILE).exists()


@pytest.mark.parametrize("content", ["", "[]", '{"run": {}, "asked": {}}'])
def test_a_file_that_is_not_ours_is_refused_and_kept(capsys, clean, content):
    (clean.path / FILE).write_text(content)
    assert f"{clean.path / FILE}: not a readable explain.json" in refused(capsys, "explain", clean.path, *WORDS)
    assert (clean.path / FILE).read_text() == content


def test_an_interrupted_replay_leaves_no_file(monkeypatch, clean):
    monkeypatch.setattr(explain, "measure", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        explain_run(clean, **ASKED)
    assert not (clean.path / FILE).exists()
