"""What figures show beside runs: the loss around a SAM step against the plain twin, the map and the rivals by hand."""

from collections import Counter
from math import dist, log10
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import TINY_SETTINGS
from plain_twin import complex_gradient
from scipy.stats import sem, t
from test_run_curvature import plain_losses, trained

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.experiments import scenes
from tasam_ref.experiments.evaluation import evaluate_held_out
from tasam_ref.methods.fixed import split_policy
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import evaluation_episode_seed

RHO = 0.05


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("scenes") / "run", "ta_sam", "agent.dtype=float64", f"sam.rho_init={RHO}")


@pytest.fixture(scope="module")
def tables(run):
    return scenes.landscape(run)


@pytest.fixture(scope="module")
def twin(run):
    """The twin's loss, its theta, and by complex steps the gradients there and at theta_adv."""
    loss, theta = plain_losses(run.config, run.load_checkpoint())["critic 0"]
    gradient = complex_gradient(loss, theta)[1]
    gradient_adv = complex_gradient(loss, theta + RHO * gradient / np.linalg.norm(gradient))[1]
    return loss, theta, gradient, gradient_adv


def points(tables):
    return {row["point"]: row for row in tables["sam_step"].rows()}


def test_losses_are_the_twins_in_the_plane_of_both_gradients(tables, twin):
    """Any orthonormal basis of the plane whose first axis is the gradient: here by QR, its signs set by the axes'."""
    loss, theta, gradient, gradient_adv = twin
    basis, sizes = np.linalg.qr(np.column_stack((gradient, gradient_adv)))
    basis *= np.sign(np.diag(sizes))
    for table in tables.values():
        direct = [loss(theta + basis @ (row["x"], row["y"])) for row in table.rows()]
        np.testing.assert_allclose(table["loss"], direct, rtol=1e-5)
    assert len(tables["landscape"]) == 41 * 41 and np.ptp(tables["landscape"]["loss"]) > 0


def test_the_points_are_those_of_11_and_12(tables, twin):
    loss, theta, gradient, gradient_adv = twin
    placed = points(tables)
    assert (placed["theta"]["x"], placed["theta"]["y"]) == (0, 0)
    assert (placed["theta_adv"]["x"], placed["theta_adv"]["y"]) == (RHO, 0)
    assert (placed["plain"]["x"], placed["plain"]["y"]) == (-RHO, 0)
    for name, direction in (("theta_adv", gradient), ("plain", -gradient), ("sam", -gradient_adv)):
        there = loss(theta + RHO * direction / np.linalg.norm(direction))
        assert placed[name]["loss"] == pytest.approx(there, rel=1e-5)
    cosine = gradient @ gradient_adv / np.linalg.norm(gradient) / np.linalg.norm(gradient_adv)
    assert placed["sam"]["x"] == pytest.approx(-RHO * cosine, rel=1e-5)
    assert placed["sam"]["y"] == pytest.approx(-RHO * np.sqrt(1 - cosine**2), rel=1e-4) and cosine < 0.9999


def test_the_loss_rises_by_rho_times_the_gradients_norm_to_first_order(tables, twin):
    placed = points(tables)
    rise = placed["theta_adv"]["loss"] - placed["theta"]["loss"]
    fall = placed["theta"]["loss"] - placed["plain"]["loss"]
    assert (rise + fall) / 2 == pytest.approx(RHO * np.linalg.norm(twin[2]), rel=1e-2)     # without the second order
    assert rise > 0


def test_the_plane_holds_all_of_both_gradients(tables, twin):
    """Slopes within the plane, by differences between grid points, are as steep as the whole gradients."""
    x, y = (np.array(tables["landscape"].unique(name)) for name in ("x", "y"))
    slopes = np.gradient(tables["landscape"]["loss"].reshape(y.size, x.size), y, x)
    for place, gradient in ((0.0, twin[2]), (RHO, twin[3])):
        across = np.flatnonzero(np.isclose(x, place, atol=1e-9)).item()
        steepness = np.hypot(*(slope[20, across] for slope in slopes))
        assert steepness == pytest.approx(np.linalg.norm(gradient), rel=5e-3)
        assert (abs(slopes[0][20, across]) < 1e-3 * steepness) == (place == 0)


def test_the_run_that_is_shown_takes_sam_steps_with_its_critic_if_one_does():
    runs = [SimpleNamespace(config=SimpleNamespace(sam=SimpleNamespace(use_sam_critic=used)))
            for used in (False, True, True)]
    assert scenes.shown_run(runs) is runs[1]
    assert scenes.shown_run(iter(runs[:1])) is runs[0]


@pytest.fixture
def mapped(tiny_config):
    return scenes.network(tiny_config)


def test_users_stand_where_the_first_held_out_episode_starts_inside_their_cells(mapped, tiny_config):
    env = OranEnv(tiny_config)
    env.reset(seed=evaluation_episode_seed(0))
    rows = mapped["users"].rows()
    sites = {row["du"]: (row["x_m"], row["y_m"]) for row in rows if row["slice"] == "RU"}
    assert list(sites.values()) == [(0, 0), (500, 0), (250, pytest.approx(250 * 3**0.5, rel=1e-5))]
    users = [row for row in rows if row["slice"] != "RU"]
    np.testing.assert_allclose([(row["x_m"], row["y_m"]) for row in users], env.network.state["position"], rtol=1e-5)
    assert all(dist((row["x_m"], row["y_m"]), sites[row["du"]]) <= 250 for row in users)


def test_users_are_counted_by_slice_as_apportioned_by_hand(mapped):
    """Six users of every DU: 2.4, 2.4 and 1.2; 1.5, 2.7 and 1.8; 1.8, 3 and 1.2, rounded by largest remainder."""
    users = [row for row in mapped["users"].rows() if row["slice"] != "RU"]
    assert Counter((row["du"], row["slice"]) for row in users) == {
        (0, "eMBB"): 3, (0, "mMTC"): 2, (0, "URLLC"): 1, (1, "eMBB"): 1, (1, "mMTC"): 3, (1, "URLLC"): 2,
        (2, "eMBB"): 2, (2, "mMTC"): 3, (2, "URLLC"): 1}


def test_the_sir_is_the_strongest_rus_power_over_the_others(mapped):
    """Distances of at least 35 m to the power of -3.76; transmit power and the gain at 1 m cancel."""
    sites = [(0, 0), (500, 0), (250, 250 * 3**0.5)]
    for row in mapped["sir"].rows():
        gains = sorted(max(dist((row["x_m"], row["y_m"]), site), 35) ** -3.76 for site in sites)
        assert row["sir_db"] == pytest.approx(10 * log10(gains[2] / (gains[0] + gains[1])), abs=2e-3)
    assert len(mapped["sir"]) == 41 * 41
    assert (min(mapped["sir"]["x_m"]), max(mapped["sir"]["x_m"])) == (-250, 750)
    assert (min(mapped["sir"]["y_m"]), max(mapped["sir"]["y_m"])) == (-250, pytest.approx(683.013))


@pytest.fixture(scope="module")
def small():
    """A network of two DUs, four users and four RBs: its linear programmes are solved at once."""
    return apply_settings(Config(), (*TINY_SETTINGS, "radio.num_dus=2", "radio.num_ues=4", "radio.num_rbs=4",
                                     "run.eval_frames=3"))


def grid_of(*rewards):
    """What a grid of static splits may have found on training episodes: the k-th leaves k tenths idle."""
    return [(np.array([0.5, 0.5 - k / 10, 0.0]), SimpleNamespace(reward=np.array([reward, reward])))
            for k, reward in enumerate(rewards)]


@pytest.fixture(scope="module")
def rows(small):
    """The second of three splits was the best."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenes, "static_grid", lambda config: grid_of(0.0, 0.7, 0.2))
        return {row["policy"]: row for row in scenes.references(small)["references"].rows()}


def test_nothing_earns_more_than_the_bound(rows):
    assert len(rows) == 9
    assert rows["bound"]["reward"] > max(row["reward"] for name, row in rows.items() if name != "bound")
    assert np.isnan(rows["bound"]["violated_eMBB"])


@pytest.mark.parametrize(("name", "shares"), [("equal split, proportional fair", (0.25, 0.5, 0.25)),
                                              ("best static split (50/40/0 %)", (0.5, 0.5, 0.0))])
def test_rivals_are_evaluated_on_the_held_out_episodes(rows, small, name, shares):
    """Split in thirds four RBs go 1, 2 and 1; 50 % and 40 % of them are 2 and 2 by rounding their bounds."""
    found, row = evaluate_held_out(small, split_policy(small, shares)), rows[name]
    half = t.ppf(0.975, 1) * sem(found.reward)
    for name, expected in (("reward", found.reward.mean()), ("low", found.reward.mean() - half),
                           ("high", found.reward.mean() + half), ("qos_eMBB", found.qos[:, 0].mean()),
                           ("violated_mMTC", found.violated[:, 1].mean()), ("qos_URLLC", found.qos[:, 2].mean())):
        assert row[name] == pytest.approx(expected, rel=1e-5), name


def test_without_a_bound_there_is_no_row_of_one(small, monkeypatch):
    monkeypatch.setattr(scenes, "static_grid", lambda config: grid_of(0.0))
    config = apply_settings(small, ["reward.normalisation=running"])
    assert "bound" not in scenes.references(config)["references"]["policy"]
