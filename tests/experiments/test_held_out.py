"""Held-out episodes: the same for every run, whatever is measured on them, and met by nobody who learns or chooses."""

import numpy as np
import pytest
from addresses import names_in, numbers, opened

from tasam_ref.config_io import apply_settings
from tasam_ref.experiments import evaluation
from tasam_ref.experiments.ceiling import reward_ceiling
from tasam_ref.experiments.evaluation import best_split, reference_evaluations, static_grid
from tasam_ref.experiments.forgetting import evaluate_regimes, untrained_actors
from tasam_ref.experiments.probe import probe
from tasam_ref.experiments.run_curvature import frozen_learner, losses
from tasam_ref.experiments.scenes import network
from tasam_ref.marl.agents import Agents
from tasam_ref.marl.trainer import Trainer
from tasam_ref.oran.env import OranEnv
from tasam_ref.oran.staged_env import build_env
from tasam_ref.streams import evaluation_episode_seed

SETTINGS = ("slices.latency_model=fifo_queue", "run.num_iterations=14", "regimes.sequence=['usual','crowd']",
            "agent.teachers=1")                                        # traffic and perturbations are drawn
HELD_OUT = {evaluation_episode_seed(episode) for episode in range(1000)}


def actors(config):
    evaluation.evaluate_actors(config, {"": untrained_actors(config)})


def stages(config):
    evaluate_regimes(config, {"stage_1": untrained_actors(config)}, untrained_actors(config))


def untrained(config):
    env = OranEnv(config)
    return frozen_learner(config, Agents(config, env.num_agents, env.obs_dim, env.action_dim).parameters(), 12)


def curvature(config):
    list(losses(untrained(config)))


def orderings(config):
    probe(untrained(config), config, states=2, actions=3)


def rivals(config):
    reference_evaluations(config, np.full(3, 1 / 3))


MEASUREMENTS = (actors, stages, curvature, orderings, rivals, reward_ceiling, evaluation.share_above_0_db, network)


def met_by(measure, config, seed):
    """The addresses that a measurement of a run opens, without the networks that the run begins with."""
    with opened() as addresses:
        measure(apply_settings(config, (*SETTINGS, f"run.seed={seed}")))
    return {address for address in addresses if not address[1].startswith("initial_")}


def episodes(addresses):
    """Seeds of the episodes in which users were dropped."""
    return {seed for seed, name, *_ in addresses if name == "topology"}


def train(config):
    trainer = Trainer(config, build_env(config))
    for _ in range(config.run.num_iterations):
        trainer.iterate()


@pytest.mark.parametrize("measure", MEASUREMENTS)
def test_what_is_measured_meets_the_same_chance_for_every_seed_of_a_run(tiny_config, measure):
    """The same addresses for three seeds, all of held-out episodes."""
    met, *others = (met_by(measure, tiny_config, seed) for seed in (0, 1, 2**40))
    assert all(other == met for other in others)
    assert episodes(met)
    assert episodes(met) <= HELD_OUT


@pytest.mark.parametrize("seed", [0, 1])
def test_no_training_meets_the_chance_of_a_measurement(tiny_config, seed):
    learned = met_by(train, tiny_config, seed)
    assert len(episodes(learned)) == 8
    for measure in MEASUREMENTS:
        assert not numbers(learned) & numbers(met_by(measure, tiny_config, seed))


def test_these_measurements_open_every_stream_of_the_experiments_and_of_the_rivals(tiny_config):
    """But those of ``bench``, which measures time.  A new stream must be met in the tests above."""
    met = {name for measure in MEASUREMENTS for _, name, *_ in met_by(measure, tiny_config, 0)}
    assert {name for name in names_in("experiments", "methods") if not name.startswith("bench_")} <= met


def test_the_best_static_split_is_chosen_without_a_held_out_episode(tiny_config):
    """On five episodes that no seed of a run changes; shown on the held-out ones, which only then are met."""
    def choose(config):
        best.append(best_split(static_grid(config, steps=2)))

    best = []
    met, other = (met_by(choose, tiny_config, seed) for seed in (0, 1))
    assert np.array_equal(*best)
    assert met == other
    assert len(episodes(met)) == 5
    shown = met_by(lambda config: reference_evaluations(config, best[0]), tiny_config, 0)
    assert episodes(shown) == {evaluation_episode_seed(0), evaluation_episode_seed(1)}
    assert not episodes(met) & HELD_OUT
    assert not numbers(met) & numbers(shown)
