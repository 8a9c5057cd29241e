"""What chance decides in a training: the same for all methods of a seed, another for every seed."""

import numpy as np
import pytest
from addresses import names_in, numbers, opened
from trainings import assert_same, run, start

from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import METHODS, configure
from tasam_ref.oran import draws
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import stream

# Traffic that is drawn, two steps of everyone, a second critic; resets need a run's third iteration at the latest.
ALL_CHANCE = ("slices.latency_model=fifo_queue", "agent.gradient_steps=2", "agent.critic_steps=2",
              "agent.critic_target=twin_target")
TRAININGS = [*(pytest.param(method, ALL_CHANCE, id=method) for method in METHODS), pytest.param(
    "no_sam", (*ALL_CHANCE, "run.num_iterations=14", "regimes.sequence=['usual','crowd']"), id="two regimes")]


@pytest.mark.parametrize("method", ["no_sam", "ta_sam"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(tiny_config, method):
    one = run(tiny_config, method, "run.seed=5")
    assert_same(one, run(tiny_config, method, "run.seed=5"))
    other = run(tiny_config, method, "run.seed=6")
    for name in ("reward", "entropy", "actor_loss", "td_error_variance"):
        assert (one[1][0][name] != other[1][0][name]).any()


@pytest.fixture
def weather(monkeypatch):
    """Records what the network meets in every frame: positions, fading and traffic."""
    met = []

    class Watched(OranEnv):
        def step(self, action):
            result = super().step(action)
            met[-1]["position"] = self.network.state["position"].copy()
            met[-1]["bits"] = self.executed(np.asarray(action)).ravel()
            return result

    draw = draws.draw_frame

    def recorded(*arguments):
        frame = draw(*arguments)
        met.append({name: value.copy() for name, value in vars(frame).items()})
        return frame

    monkeypatch.setattr(draws, "draw_frame", recorded)

    def meets(config, method, *settings):
        met.clear()
        config = configure(method, config, settings)
        trainer = Trainer(config, Watched(config))
        for _ in range(config.run.num_iterations):
            trainer.iterate()
        return list(met)

    return meets


def test_all_methods_meet_the_same_users_channels_and_traffic(tiny_config, weather):
    settings = "agent.learning_rate=0.05", "slices.latency_model=fifo_queue"
    runs = {method: weather(tiny_config, method, *settings) for method in METHODS}
    reference = runs.pop("no_sam")
    assert len(reference) == 24
    for met in runs.values():
        assert any((a["bits"] != b["bits"]).any() for a, b in zip(met, reference))
        for frame, expected in zip(met, reference, strict=True):
            for name in ("position", "direction", "speed", "fading", "arrivals"):
                assert (frame[name] == expected[name]).all(), name


def test_frames_differ_from_each_other_and_seeds_from_seeds(tiny_config, weather):
    one, other = (weather(tiny_config, "no_sam", f"run.seed={s}") for s in (1, 2))
    assert len({frame["fading"].tobytes() for frame in one + other}) == 48
    assert len({frame["position"].tobytes() for frame in one + other}) == 48


def test_exploration_noise_is_keyed_by_iteration(tiny_config):
    """The first frame's latent minus the policy's mean, over its deviation, is the stream's first row."""
    trainer = start(tiny_config, "no_sam", "agent.dtype=float64")
    obs = trainer.obs.copy()
    mean, _ = trainer.learner.act(obs, np.zeros((3, 16)))
    moved, _ = trainer.learner.act(obs, np.ones((3, 16)))
    trainer.iterate()
    latent = np.stack([trainer.agents.replay.of_agent(i, [0]).latent[:, 0] for i in range(3)])
    noise = stream(0, "exploration", 0).standard_normal((4, 3, 16))[0]
    np.testing.assert_allclose((latent - mean) / (moved - mean), noise, rtol=1e-9, atol=1e-10)


def opened_in_training(config, method, settings, seed):
    """The addresses that a whole run opens, its start included."""
    with opened() as addresses:
        trainer = start(config, method, *settings, f"run.seed={seed}")
        for _ in range(trainer.config.run.num_iterations):
            trainer.iterate()
    return addresses


@pytest.mark.parametrize(("method", "settings"), TRAININGS)
def test_every_draw_of_a_training_has_a_stream_of_its_own(tiny_config, method, settings):
    """No address is opened twice, by the same use or by another, and no two give the same numbers."""
    addresses = opened_in_training(tiny_config, method, settings, 3)
    assert set(addresses.values()) == {1}
    assert len(numbers(addresses)) == len(addresses)


@pytest.mark.parametrize("seeds", [(0, 1), (5, 2**40)])
@pytest.mark.parametrize(("method", "settings"), TRAININGS)
def test_no_draw_of_a_training_is_that_of_another_seed(tiny_config, method, settings, seeds):
    one, other = (opened_in_training(tiny_config, method, settings, seed) for seed in seeds)
    assert sorted(address[1:] for address in one) == sorted(address[1:] for address in other)
    assert not numbers(one) & numbers(other)


def test_these_trainings_open_every_stream_of_the_agents_and_of_the_network(tiny_config):
    """A new stream must be met in the tests above."""
    addresses = set().union(*(opened_in_training(tiny_config, method, ALL_CHANCE, 0) for method in METHODS))
    assert {name for _, name, *_ in addresses} == names_in("marl", "oran")
