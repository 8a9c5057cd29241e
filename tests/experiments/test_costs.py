"""Parameters and operations of each method, as numbers and as the lines of ``tasam-ref methods``."""

import re
import subprocess
import sys
from math import isqrt

import pytest

from tasam_ref.cli import main
from tasam_ref.config_io import apply_settings, load_preset
from tasam_ref.experiments import bench_update
from tasam_ref.experiments.costs import costs
from tasam_ref.marl.agents import Agents
from tasam_ref.methods.registry import METHODS, configure
from tasam_ref.nn import products
from tasam_ref.oran.env import OranEnv


@pytest.mark.parametrize(("method", "settings"), [
    ("ta_sam", ()), ("policy_anchor", ("agent.critic_target=twin_target",)), ("plastic_as_described", ()),
    ("plastic_lee2023", ("agent.critic_scope=joint",)), ("centralised_sac", ())])
def test_trained_parameters_are_those_of_the_agents_actors_and_critics(tiny_config, method, settings):
    config = configure(method, tiny_config, settings)
    env, found = OranEnv(config), costs(config)
    agents = Agents(config, env.num_agents, env.obs_dim, env.action_dim)
    assert (found.actor, found.critic) == (agents.thetas_p[0].size, agents.thetas_v[0].size)
    assert found.trained == agents.thetas_p.size + agents.thetas_v.size


def test_spectral_directions_are_not_trained(tiny_config):
    spectral, plain = (costs(configure(method, tiny_config)) for method in ("spectral_norm", "no_sam"))
    assert (spectral.actor, spectral.critic, spectral.trained) == (plain.actor, plain.critic, plain.trained)


def test_the_papers_networks_by_hand():
    """Six actors 206-300-400-400-400 and a critic 406-300-400-400-1, weights and biases."""
    actor = 206 * 300 + 300 * 400 + 400 * 400 + 400 * 400 + 300 + 400 + 400 + 400
    critic = 406 * 300 + 300 * 400 + 400 * 400 + 400 + 300 + 400 + 400 + 1
    found = costs(configure("ta_sam", load_preset("paper")))
    assert (found.actor, found.critic, found.trained) == (actor, critic, 6 * actor + critic)


@pytest.mark.parametrize(("method", "setting", "times"), [
    ("no_sam", (), (1, 1)), ("actor_sam", (), (2, 2)), ("ta_sam", (), (1, 2)), ("both_sam", (), (2, 2)),
    ("critic_sam", (), (1, 1))])
def test_the_gate_is_all_that_lies_between_least_and_most(tiny_config, method, setting, times):
    """Of all parts the actors' gradients alone depend on it, and SAM takes them twice."""
    found, plain = costs(configure(method, tiny_config, setting)), costs(configure("no_sam", tiny_config))
    gradients = plain.least["actors' gradients"]
    assert tuple(parts["actors' gradients"] for parts in (found.least, found.most)) == tuple(
        n * gradients for n in times)
    for parts in (found.least, found.most):
        assert {name: value for name, value in parts.items() if "gradient" not in name} == {
            name: value for name, value in plain.least.items() if "gradient" not in name}


def test_methods_prints_what_each_trains_and_computes(capsys):
    """128 rows of each of 6 actors, 132 of the critic, 60 fresh; two operations for each weight and row."""
    assert main(["methods"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines}
    assert list(rows) == list(METHODS)
    assert head.split() == ["parameters", "GFLOP", "per", "iteration"]
    w_p = 206 * 300 + 300 * 400 + 400 * 400 + 400 * 400
    w_v = 406 * 300 + 300 * 400 + 400 * 400 + 400
    fixed = 2 * 60 * w_p + 2 * 60 * (w_p + 2 * w_v) + 2 * 132 * (w_p + w_v)
    actors = 2 * 6 * 128 * (3 * w_p + 2 * w_v - 2 * 206 * 300)
    critic = 2 * 132 * (3 * w_v - 406 * 300)
    low, high = fixed + actors + 2 * critic, fixed + 2 * actors + 2 * critic
    assert re.search(rf" 3,423,101  {low / 1e9:.2f} to {high / 1e9:.2f} ", rows["ta_sam"])
    assert re.search(rf" 3,423,101  {high / 1e9:.2f}  ", rows["both_sam"])
    for name, method in METHODS.items():
        assert rows[name].endswith(f"  {method.description} ({method.source})")


def test_methods_needs_no_compiler():
    code = ("import sys; from tasam_ref.cli import main\nmain(['methods'])\n"
            "print([name for name in ('numba', 'scipy', 'matplotlib', 'tqdm') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("settings", [(), (
    "agent.critic_target=twin_target", "agent.critic_scope=joint", "agent.forgetting=policy_anchor", "agent.teachers=2",
    "agent.crelu=true", "agent.layer_norm=true"), ("agent.critic_steps=3",)])
def test_bench_counts_the_update_that_it_times(tiny_config, monkeypatch, settings):
    """Under any reading: it states the operations of its products alone, and of the update."""
    seen, runs = [0], []

    def counting(product):
        def counted(left, right, out):
            seen[0] += 2 * isqrt(left.size * right.size * out.size)             # m k times k n times m n
            product(left, right, out)

        return counted

    def once(functions, repeats):
        for function in functions:
            seen[0] = 0
            with bench_update.watched_products(lambda *product: None):
                function()
            runs.append(seen[0])
        return [1.0] * len(functions)

    for kind in ("nn", "tn", "nt"):
        monkeypatch.setattr(products, kind, counting(getattr(products, kind)))
    monkeypatch.setattr(bench_update, "time_in_turns", once)
    rows = bench_update.bench_update(apply_settings(tiny_config, settings), 1)
    assert [operations for _, operations, *_ in rows for _ in range(2)] == runs
    assert rows[1][1] > rows[0][1] > 0
