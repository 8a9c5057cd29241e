"""Training that is broken off and goes on, converges, or diverges."""

import numpy as np
import pytest
from trainings import assert_same, run, run_with_a_break, start, through_a_file

from tasam_ref.config_io import apply_settings
from tasam_ref.errors import RunFailure

BREAKS = ("agent.buffer_size=10", "sam.td_var_window=2", "run.num_iterations=9", "agent.critic_target=twin_target",
          "slices.latency_model=fifo_queue", "reward.normalisation=running", "agent.forgetting=policy_anchor",
          "sam.rho_schedule=entropy_annealed")


@pytest.mark.parametrize("broken_at", [0, 1, 3, 5, 7, 8])
def test_a_run_that_was_broken_off_ends_with_the_same_bits(tiny_config, broken_at):
    """Four frames an iteration and episodes of seven: 7 ends an episode, the others fall inside one; 3 has wrapped."""
    config = apply_settings(tiny_config, BREAKS)
    assert_same(run(config), run_with_a_break(lambda: start(config), broken_at, 9, through_a_file))


def test_a_state_can_be_used_twice(tiny_config):
    """Going on from a state leaves the state itself alone."""
    config = apply_settings(tiny_config, BREAKS)
    trainer = start(config)
    for _ in range(3):
        trainer.iterate()
    state = through_a_file(trainer.state())
    ends = []
    for _ in range(2):
        trainer.set_state(state)
        ends.append((trainer, [trainer.iterate() for _ in range(3)]))
    for one, other in zip(ends[0][1], ends[1][1]):
        assert all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(("tolerance", "expected"), [(1e9, True), (0.0, False), (1e-12, False)])
def test_convergence_is_a_small_relative_move_of_every_actor(tiny_config, tolerance, expected):
    trainer = start(tiny_config, "ta_sam", f"run.convergence_tolerance={tolerance}")
    assert not trainer.converged
    for _ in range(3):
        trainer.iterate()
        assert trainer.converged is expected


def test_no_tolerance_never_stops_even_a_run_that_stands_still(tiny_config):
    trainer = start(tiny_config, "no_sam", "agent.learning_rate=1e-30")
    before = trainer.agents.thetas_p.copy()
    trainer.iterate()
    assert (trainer.agents.thetas_p == before).all()
    assert not trainer.converged


def test_one_restless_actor_keeps_the_run_going(tiny_config):
    """The tolerance is between the relative moves of the quickest and the slowest actor, measured in a first run."""
    trainer = start(tiny_config, "no_sam")
    before = trainer.agents.thetas_p.astype(float)
    trainer.iterate()
    moved = np.sqrt(((trainer.agents.thetas_p - before) ** 2).sum(axis=1) / (before**2).sum(axis=1))
    for tolerance, expected in ((moved.max() * 1.01, True), (moved.max() * 0.99, False), (moved.min() * 1.01, False)):
        trainer = start(tiny_config, "no_sam", f"run.convergence_tolerance={tolerance}")
        trainer.iterate()
        assert trainer.converged is expected


@pytest.mark.parametrize("method", ["no_sam", "both_sam"])
@pytest.mark.parametrize("learning_rate", ["1e20", "1e38", "1e300"])
@pytest.mark.parametrize("base", ["adam", "sgd"])
def test_a_diverging_run_fails_and_names_the_iteration(tiny_config, method, learning_rate, base):
    trainer = start(tiny_config, method, f"agent.learning_rate={learning_rate}", f"sam.base_optimizer={base}")
    with pytest.raises(RunFailure, match=r"diverged in iteration \d+: .* not finite"):
        for _ in range(6):
            trainer.iterate()


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["thetas_p", "thetas_v", "thetas_target"])
def test_a_poisoned_parameter_fails_the_run_in_its_iteration(tiny_config, where, poison):
    trainer = start(tiny_config)
    trainer.iterate()
    trainer.iterate()
    getattr(trainer.agents, where)[0, 0] = poison
    with pytest.raises(RunFailure, match="diverged in iteration 2:"):
        trainer.iterate()


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_a_poisoned_reward_fails_the_run(tiny_config, poison):
    trainer = start(tiny_config, "no_sam")
    step = trainer.env.step

    def poisoned(action):
        obs, reward, info = step(action)
        return obs, reward + poison, info

    trainer.env.step = poisoned
    with pytest.raises(RunFailure, match="diverged in iteration 0:"):
        trainer.iterate()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_whose_squares_overflow_are_finite_and_infinity_and_nan_are_not(tiny_config, dtype):
    trainer, large = start(tiny_config), np.sqrt(np.finfo(dtype).max).astype(dtype) * 3
    with np.errstate(over="ignore", invalid="ignore"):
        trainer._refuse_non_finite({"it": np.array([[large, -large], [1, 0]], dtype)})
        for wrong in (np.inf, -np.inf, np.nan):
            with pytest.raises(RunFailure, match="it is not finite"):
                trainer._refuse_non_finite({"it": np.array([[large, wrong], [1, 0]], dtype)})
