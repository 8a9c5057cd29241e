"""The curvature of a stored run: against dense Hessians of the plain twin's losses, what is stored, what is refused."""

import json

import numpy as np
import pytest
from command_line import listing, refused
from conftest import TINY_SETTINGS
from plain_twin import actor_loss, complex_gradient, critic_loss, least_q, log_density, logistic, policy

from tasam_ref.cli import main
from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.errors import UsageError
from tasam_ref.experiments.run_curvature import (
    FILE,
    frozen_learner,
    is_measured,
    line,
    losses,
    measure_run,
    measure_sharpness,
)
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.training import train
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import configure
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import evaluation_episode_seed, stream

SETTINGS = (*TINY_SETTINGS, "radio.num_rbs=1", "agent.hidden_sizes=[2]", "agent.batch_size=7", "agent.gamma=0.8",
            "agent.temperature=0.2", "agent.polyak=0.3", "agent.learning_rate=1e-2")
AGENTS, OBS, ACTION, ROWS = 3, 8, 2, 7
ACTOR, CRITIC = (OBS, 2, 2 * ACTION), (OBS + ACTION, 2, 1)
NAMES = ["critic 0", "actor 0", "actor 1", "actor 2"]


def config_of(method="ta_sam", *settings):
    return configure(method, apply_settings(Config(), SETTINGS), settings)


def trained(path, method="ta_sam", *settings):
    return train(RunFolder.create(path, method, config_of(method, *settings)))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A complete run that has not been measured."""
    return trained(tmp_path_factory.mktemp("curvature") / "run")


@pytest.fixture
def clean(run):
    """The same without what an earlier test measured."""
    (run.path / FILE).unlink(missing_ok=True)
    return run


def normal(shape, name, *index):
    return stream(0, name, *index).standard_normal(shape)


def play(config, actors):
    """Seven frames of held-out episodes, five frames each, under the twin's actors: obs, latent, reward, next_obs."""
    env, frames = OranEnv(config), []
    for t in range(ROWS):
        if t % 5 == 0:
            obs = env.reset(seed=evaluation_episode_seed(t // 5))
        noise = normal((AGENTS, ACTION), "curvature_exploration", t)
        heads = [policy(ACTOR, theta, obs[i : i + 1]) for i, theta in enumerate(actors)]
        latent = np.concatenate([mean + np.exp(log_std) * noise[i] for i, (mean, log_std) in enumerate(heads)])
        next_obs, reward, _ = env.step(logistic(latent))
        frames.append((obs, latent, reward, next_obs))
        obs = next_obs
    return [np.array(column) for column in zip(*frames)]


def plain_losses(config, state):
    """The twin's loss and the parameters of every network, by name.  The critic sees frames 0, 2 and 4 of each DU."""
    actors, critics, targets = (state[name].astype(float) for name in ("actors", "critics", "targets"))
    obs, latent, reward, next_obs = play(config, actors)
    target, moments = [], [0, 2, 4]                                # 7 transitions over 3 DUs: 3 of each
    noise = np.split(normal((AGENTS * 3, ACTION), "curvature_target"), AGENTS)
    for i, theta in enumerate(actors):
        mean, log_std = policy(ACTOR, theta, next_obs[moments, i])
        u = mean + np.exp(log_std) * noise[i]
        ahead = least_q(CRITIC, targets, next_obs[moments, i], (u > 0).astype(float))
        target.append(reward[moments, i] + 0.8 * (ahead - 0.2 * log_density(u, mean, log_std)))
    here = [np.concatenate([a[moments, i] for i in range(AGENTS)]) for a in (obs, (latent > 0).astype(float))]
    found = {f"critic {c}": (critic_loss(CRITIC, *here, np.concatenate(target)), theta)
             for c, theta in enumerate(critics)}
    for i, theta in enumerate(actors):
        noise = normal((ROWS, ACTION), "curvature_policy", i)
        alone, teachers = actor_loss(ACTOR, CRITIC, critics, obs[:, i], noise, 0.2), state.get("teachers", [])
        perturbed = obs[:, i] + config.agent.input_perturbation * normal((OBS, ROWS), "curvature_perturbation", i).T
        past = [policy(ACTOR, teacher[i].astype(float), obs[:, i]) for teacher in teachers]
        found[f"actor {i}"] = taught(alone, perturbed, past), theta
    return found


def taught(alone, perturbed, teachers):
    """A loss plus half the mean divergence of the policy on perturbed states from each teacher's on the true ones."""
    def loss(theta):
        mean, log_std = policy(ACTOR, theta, perturbed)
        pulls = [(b - log_std + (np.exp(2 * log_std) + (mean - a) ** 2) / (2 * np.exp(2 * b)) - 0.5).sum(axis=1).mean()
                 for a, b in teachers]
        return alone(theta) + 0.5 * sum(pulls) / max(len(pulls), 1)

    return loss


def spectrum(loss, theta):
    """Eigenvalues, in rising order, of the Hessian by differences of complex-step gradients, h^2 removed."""
    def column(e):
        near, far = ((complex_gradient(loss, theta + h * e)[1] - complex_gradient(loss, theta - h * e)[1]) / (2 * h)
                     for h in (1e-3, 2e-3))
        return (4 * near - far) / 3

    hessian = np.array([column(e) for e in np.eye(theta.size)])
    return np.linalg.eigvalsh((hessian + hessian.T) / 2)


@pytest.mark.parametrize(("method", "settings", "names"), [
    ("ta_sam", (), NAMES), ("l2", (), NAMES), ("dropout", (), NAMES),
    ("plastic_as_described", ("agent.distillation_weight=0.5",), NAMES),
    ("no_sam", ("agent.critic_target=twin_target",), ["critic 0", "critic 1", *NAMES[1:]])])
def test_both_ends_are_those_of_the_twins_dense_hessian(tmp_path, method, settings, names):
    """Of every network's loss, at a batch that the twin plays, draws and labels by itself."""
    folder = trained(tmp_path / "run", method, *settings)
    measured = dict(measure_run(folder))
    assert list(measured) == names
    expected = plain_losses(folder.config, folder.load_checkpoint())
    for name, (loss, theta) in expected.items():
        lift = 2e-4 if method == "l2" else 0.0                     # twice the weight of ||theta||^2
        values = spectrum(loss, theta) + lift
        scale = np.abs(values).max()
        assert measured[name]["parameters"] == theta.size
        assert measured[name]["largest"]["value"] == pytest.approx(values[-1], abs=2e-6 * scale), name
        assert measured[name]["smallest"]["value"] == pytest.approx(values[0], abs=2e-6 * scale), name


def test_every_run_meets_the_same_world_and_the_same_noise(run):
    """With equal networks, methods of other seeds and other gates measure at the same bits."""
    state = run.load_checkpoint()
    one, other = (frozen_learner(config_of(*words), state, ROWS)
                  for words in (["ta_sam"], ["no_sam", "run.seed=5", "run.num_iterations=9"]))
    for loss, twin in zip(losses(one), losses(other)):
        value, gradient = loss[1](loss[2])
        assert (loss[0], value) == (twin[0], twin[1](twin[2])[0])
        assert gradient.dtype == np.float64
        assert (gradient == twin[1](twin[2])[1]).all()


def test_a_batch_is_the_beginning_of_a_larger_one(run):
    small, large = (frozen_learner(run.config, run.load_checkpoint(), n).agents.replay.state() for n in (3, 8))
    for name in ("obs", "latent", "reward", "next_obs"):
        assert (large[name][:, :3] == small[name]).all()


def test_the_joint_critic_is_asked_about_all_the_moments_that_the_actors_meet():
    joint = config_of("ta_sam", "agent.critic_scope=joint")
    trainer = Trainer(joint, OranEnv(joint))
    learner = frozen_learner(joint, trainer.agents.parameters(), 8)
    (_, critic, _), (_, actor, _), *_ = losses(learner)
    of_critic, of_actor, at = np.hstack([part.x for part in critic.losses]), actor.q.x, actor.q.place[0]
    assert of_critic.shape == of_actor.shape == (3 * (OBS + ACTION), 8)
    assert (np.delete(of_critic, at, axis=0) == np.delete(of_actor, at, axis=0)).all()


def test_measuring_moves_nothing_but_the_file(clean):
    before = {path: path.read_bytes() for path in clean.path.iterdir()}
    list(measure_run(clean, "critic"))
    assert listing(clean.path) == sorted([FILE, *(path.name for path in before)])
    assert all(path.read_bytes() == content for path, content in before.items())


def test_the_anchor_holds_still_while_it_is_looked_at(tmp_path):
    config = config_of("ta_sam", "agent.forgetting=policy_anchor")
    state = Trainer(config, OranEnv(config)).agents.parameters()
    state["anchors"] += 0.1
    learner = frozen_learner(config, state, ROWS)
    assert all(loss.anchor is not None for _, loss, _ in losses(learner, "actors"))
    assert (learner.agents.thetas_anchor == state["anchors"].astype(float)).all()


# ---- the command

def test_the_command_prints_a_line_per_network_and_stores_the_same(capsys, clean):
    assert main(["curvature", str(clean.path)]) == 0
    head, *lines, last = capsys.readouterr().out.splitlines()
    stored = json.loads((clean.path / FILE).read_text())
    assert head.split() == ["largest", "residual", "smallest", "residual", "products", "seconds"]
    assert last == f"stored in {clean.path / FILE}"
    assert list(stored["networks"]) == NAMES
    for text, (name, entry) in zip(lines, stored["networks"].items(), strict=True):
        assert text.startswith(name)
        largest, small_residual, smallest, large_residual, products, seconds = map(float, text[len(name):].split())
        assert largest == pytest.approx(entry["largest"]["value"], rel=1e-5)
        assert smallest == pytest.approx(entry["smallest"]["value"], rel=1e-5)
        assert small_residual == pytest.approx(entry["largest"]["residual"], rel=0.1)
        assert large_residual == pytest.approx(entry["smallest"]["residual"], rel=0.1)
        assert products == entry["largest"]["products"] + entry["smallest"]["products"] > 0
        assert seconds == pytest.approx(entry["seconds"], abs=0.051)


def test_a_line_has_its_numbers_below_their_heads():
    value = {"value": -12.3456789, "residual": 2.5e-7, "products": 30}
    entry = {"largest": value, "smallest": value | {"value": -123.5, "products": 41}, "seconds": 5.25}
    assert line("actor 3", entry).split() == ["actor", "3", "-12.3457", "2.5e-07", "-123.5", "2.5e-07", "71", "5.2"]


def test_the_file_says_how_the_batch_was_made(clean):
    list(measure_run(clean, "critic"))
    batch = json.loads((clean.path / FILE).read_text())["batch"]
    assert {key: batch[key] for key in batch if key not in ("from", "targets")} == {
        "noise_seed": 0, "episodes": 2, "frames_per_episode": 5, "transitions_per_actor": 7,
        "transitions_of_critic": 9}


def test_networks_may_be_measured_one_after_the_other(clean):
    assert main(["curvature", str(clean.path), "--network", "critic"]) == 0
    critic = json.loads((clean.path / FILE).read_text())["networks"]
    assert list(critic) == NAMES[:1]
    assert main(["curvature", str(clean.path), "--network", "actors"]) == 0
    both = json.loads((clean.path / FILE).read_text())["networks"]
    assert list(both) == NAMES
    assert both["critic 0"] == critic["critic 0"]


def test_what_was_measured_at_another_batch_is_not_lost(capsys, clean):
    list(measure_run(clean))
    before = (clean.path / FILE).read_bytes()
    line = refused(capsys, "curvature", clean.path, "--network", "critic", "--transitions", "4")
    assert "holds another batch, 7 transitions of every DU: measure at that with --transitions" in line
    assert (clean.path / FILE).read_bytes() == before
    (clean.path / FILE).unlink()
    assert main(["curvature", str(clean.path), "--network", "critic", "--transitions", "4"]) == 0
    stored = json.loads((clean.path / FILE).read_text())
    assert list(stored["networks"]) == NAMES[:1]
    assert (stored["batch"]["transitions_per_actor"], stored["batch"]["episodes"]) == (4, 1)


def test_sharpness_is_the_upper_end_of_the_full_measure(clean):
    full = dict(measure_run(clean))
    (clean.path / FILE).unlink()
    assert not is_measured(clean)
    measure_sharpness(clean)
    stored = json.loads((clean.path / FILE).read_text())["networks"]
    assert list(stored) == NAMES and is_measured(clean)
    for name, entry in stored.items():
        assert entry["largest"]["value"] == pytest.approx(full[name]["largest"]["value"], rel=1e-6)
        assert "smallest" not in entry


def test_a_measurement_that_was_cut_off_is_completed(clean):
    """Whoever was killed behind the critic goes on with the actors; the file says so in between."""
    measuring = measure_run(clean, smallest=False)
    next(measuring)
    assert not is_measured(clean)
    next(measuring)
    measuring.close()
    before = json.loads((clean.path / FILE).read_text())["networks"]
    assert list(before) == NAMES[:2] and not is_measured(clean)
    measure_sharpness(clean)
    after = json.loads((clean.path / FILE).read_text())["networks"]
    assert is_measured(clean) and list(after) == NAMES
    assert all(after[name]["largest"] == before[name]["largest"] for name in before)


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_a_run_that_is_not_complete_is_refused(capsys, tmp_path, status):
    config = config_of()
    folder = RunFolder.create(tmp_path / "a run", "ta_sam", config)
    folder.save_checkpoint(Trainer(config, OranEnv(config)).state())
    folder.write_manifest(status=status)
    before = listing(tmp_path)
    said = refused(capsys, "curvature", folder.path)
    assert f"is {status}: must be complete; go on with: tasam-ref train --out '{folder.path}' --resume" in said
    assert listing(tmp_path) == before


def test_a_run_without_networks_is_refused(capsys, tmp_path):
    folder = RunFolder.create(tmp_path / "run", "ta_sam", config_of())
    folder.write_manifest(status="complete")
    assert "checkpoint.npz" in refused(capsys, "curvature", folder.path)
    assert "not a run folder" in refused(capsys, "curvature", tmp_path / "nowhere")


@pytest.mark.parametrize("count", ["0", "-3"])
def test_a_batch_of_nothing_is_refused(capsys, clean, count):
    assert f"--transitions = {count}: must be at least 1" in refused(
        capsys, "curvature", clean.path, "--transitions", count)
    assert not (clean.path / FILE).exists()


def test_a_loss_without_a_hessian_is_refused_before_anything_is_measured(tmp_path):
    folder = trained(tmp_path / "run", "no_sam", "agent.policy_gradient=score_function")
    with pytest.raises(UsageError, match=r"^agent\.policy_gradient=score_function: .* allowed: reparameterised$"):
        list(measure_run(folder))
    assert not (folder.path / FILE).exists()
    assert [name for name, _ in measure_run(folder, "critic")] == ["critic 0"]


@pytest.mark.parametrize("content", ["", "[]", '{"networks": {}}', '{"batch": 1, "networks": '])
def test_a_file_that_is_not_ours_is_refused_and_kept(capsys, clean, content):
    (clean.path / FILE).write_text(content)
    assert "curvature.json" in refused(capsys, "curvature", clean.path, "--network", "critic")
    assert (clean.path / FILE).read_text() == content


def test_an_unknown_network_cannot_be_parsed(capsys, clean):
    with pytest.raises(SystemExit) as ended:
        main(["curvature", str(clean.path), "--network", "teacher"])
    assert ended.value.code == 2
    assert "--network" in capsys.readouterr().err


def test_a_single_agent_has_a_single_actor(tmp_path):
    folder = trained(tmp_path / "run", "centralised_sac")
    assert [name for name, _ in measure_run(folder)] == ["critic 0", "actor 0"]
    assert json.loads((folder.path / FILE).read_text())["batch"]["transitions_of_critic"] == 7
