"""Distributions of held-out QoS and throughput, against a plain loop over the network."""

import json
import math

import numpy as np
import pytest
from conftest import TINY_SETTINGS
from plain_twin import logistic, policy

from tasam_ref.config import Config
from tasam_ref.errors import UsageError
from tasam_ref.experiments.collect import collect_runs
from tasam_ref.experiments.distributions import FILE, is_measured, measure_distributions, read_file
from tasam_ref.experiments.plan import Entry
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.training import train
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import configure
from tasam_ref.oran.env import OranEnv
from tasam_ref.oran.staged_env import build_env
from tasam_ref.oran.topology import build_topology
from tasam_ref.regimes import regime_config
from tasam_ref.streams import evaluation_episode_seed

NAMES = ("eMBB", "mMTC", "URLLC")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = configure("no_sam", Config(), (*TINY_SETTINGS, "agent.dtype=float64", "run.num_iterations=2"))
    folder = train(RunFolder.create(tmp_path_factory.mktemp("distributions") / "run", "no_sam", config))
    measure_distributions(folder)
    return folder


def quantile(values, level):
    """By linear interpolation between the values in order."""
    values = sorted(values)
    place = level * (len(values) - 1)
    low = min(math.floor(place), len(values) - 2)
    return values[low] + (place - low) * (values[low + 1] - values[low])


def played(folder):
    """By slice: Q_l of 2 episodes, 5 frames and 3 DUs; the mean rate of every user of 2 episodes."""
    config, actors = folder.config, folder.load_checkpoint()["actors"]
    qos, rates = {name: [] for name in NAMES}, {name: [] for name in NAMES}
    env = OranEnv(config)
    sizes = (env.obs_dim, 8, 6, 2 * env.action_dim)
    for episode in range(2):
        obs, sums = env.reset(seed=evaluation_episode_seed(episode)), np.zeros(18)
        for _ in range(5):
            action = np.array([logistic(policy(sizes, theta, obs[i : i + 1])[0][0]) for i, theta in enumerate(actors)])
            obs, _, info = env.step(action)
            sums += info.radio.rate_bps
            for du in range(3):
                for s, name in enumerate(NAMES):
                    qos[name].append(info.qos[du, s])
        for user in range(18):
            rates[NAMES[env.topology.slice_of[user]]].append(sums[user] / 5)
    return {"qos": qos, "throughput_bps": rates}


def test_quantiles_are_those_of_a_plain_loop_over_the_network(run):
    content = json.loads((run.path / FILE).read_text("utf-8"))
    assert content["levels"] == pytest.approx([k / 50 for k in range(51)])
    samples = played(run)
    assert [len(samples["qos"][name]) for name in NAMES] == [30, 30, 30]
    assert sum(len(rates) for rates in samples["throughput_bps"].values()) == 36
    for quantity, by_slice in samples.items():
        assert list(content[quantity]) == list(NAMES)
        for name, values in by_slice.items():
            expected = [quantile(values, k / 50) for k in range(51)]
            assert content[quantity][name] == pytest.approx(expected, rel=1e-9), (quantity, name)
            assert max(values) > min(values)


def test_rates_in_training_are_those_of_a_plain_loop_over_the_run(run):
    """Two iterations of four frames in episodes of seven: one whole episode, and one frame of the next."""
    config, levels = run.config, json.loads((run.path / FILE).read_text("utf-8"))["training_throughput_bps"]
    assert (config.run.frames_per_iteration, config.mdp.episode_frames) == (4, 7)
    seen, env = [], build_env(config)
    step = env.step

    def watched(action):
        found = step(action)
        seen.append(found[2].radio.rate_bps)
        return found

    env.step = watched
    trainer = Trainer(config, env)
    for _ in range(2):
        trainer.iterate()
    means = [np.mean(seen[:7], axis=0), seen[7]]
    np.testing.assert_allclose(trainer.rates(), means, rtol=1e-6)
    for name, expected in zip(NAMES, range(3)):
        own = [rates[user] for rates in means for user in range(18) if env.topology.slice_of[user] == expected]
        assert levels[name] == pytest.approx([quantile(own, k / 50) for k in range(51)], rel=1e-6, abs=1e-3)


def test_in_training_through_regimes_a_user_counts_in_the_slice_that_it_had_there(tmp_path, run):
    """From 18 users to 27 and on to other shares: NaN stands where an episode had fewer, and is not counted."""
    config = configure("no_sam", run.config, ("run.num_iterations=21", "regimes.sequence=['usual','crowd','shifted']"))
    folder = train(RunFolder.create(tmp_path / "run", "no_sam", config))
    measure_distributions(folder)
    rates = folder.load_checkpoint()["training_rate_bps"]
    assert np.isnan(rates).sum(axis=1).tolist() == [9] * 4 + [0] * 4 + [9] * 4
    own = {name: [] for name in NAMES}
    for k, regime in enumerate(("usual", "crowd", "shifted")):
        network = regime_config(config, regime)
        slices = build_topology(network.radio, network.slices).slice_of
        for episode in range(4 * k, 4 * k + 4):
            for user, s in enumerate(slices):
                own[NAMES[s]].append(float(rates[episode, user]))
    for name, levels in read_file(folder.path / FILE)["training_throughput_bps"].items():
        assert levels == pytest.approx([quantile(own[name], k / 50) for k in range(51)], rel=1e-6), name


def test_a_run_that_kept_no_rates_is_refused(tmp_path, run):
    older = RunFolder(tmp_path, run.config, run.manifest)
    older.save_checkpoint({key: value for key, value in run.load_checkpoint().items() if key != "training_rate_bps"})
    with pytest.raises(UsageError, match="lacks training_rate_bps; train this run anew"):
        measure_distributions(older)


def test_a_slice_without_users_has_no_throughput(tmp_path, run):
    config = configure("no_sam", run.config, ("slices.shares=[[0.5, 0.5, 0.0]]",))
    folder = train(RunFolder.create(tmp_path / "run", "no_sam", config))
    measure_distributions(folder)
    assert read_file(folder.path / FILE)["throughput_bps"]["URLLC"] == [None] * 51
    entry = Entry("no_sam", 0, config, folder.path, measurements=("distributions",))
    table = collect_runs({entry: folder})["distributions"]
    assert np.isnan(table.where(quantity="throughput_bps")["URLLC"]).all()
    assert not np.isnan(table.where(quantity="throughput_bps")["eMBB"]).any()


def test_the_file_is_whole_or_refused(run, tmp_path):
    assert is_measured(run)
    content = read_file(run.path / FILE)
    for damaged in (content | {"levels": [0.0]}, content | {"qos": [1]}, content | {"qos": {"eMBB": [1.0] * 50}}):
        (tmp_path / FILE).write_text(json.dumps(damaged), "utf-8")
        with pytest.raises(UsageError, match=rf"^{tmp_path / FILE}: not a readable distributions.json \(\w+\); remove"):
            read_file(tmp_path / FILE)
