"""What an update allocates: arrays of its batch, and the perturbed parameters.  Counted, so no drift goes unseen."""

import tracemalloc

import pytest
from trainings import start

SLACK = 4_000                           # bytes of Python's own objects
STEPS = {"actor": lambda learner, rho: learner.update_actor(0, 1, 0, rho),
         "critic": lambda learner, rho: learner.update_critic(1, 0, rho)}


def learner_of(config, *settings):
    trainer = start(config, "both_sam", "agent.batch_size=32", "agent.dtype=float32", *settings)
    trainer.iterate()
    return trainer.learner


def peak(step):
    """The most bytes that are allocated at a time while ``step`` runs, what it has kept from earlier not counted."""
    step()
    tracemalloc.start()
    try:
        step()
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        step()
        return tracemalloc.get_traced_memory()[1] - held
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("rho", [None, 0.1])
@pytest.mark.parametrize(("which", "thetas"), [("actor", "thetas_p"), ("critic", "thetas_v")])
def test_only_the_perturbed_parameters_of_a_step_grow_with_the_layers(tiny_config, which, thetas, rho):
    """In layers so wide that with SAM nothing else of the critic's step, its targets neither, takes as much."""
    learners = [learner_of(tiny_config, f"agent.hidden_sizes={sizes}") for sizes in ("[400,500]", "[700,800]")]
    narrow, wide = (peak(lambda x=x: STEPS[which](x, rho)) for x in learners)
    of_narrow, of_wide = (getattr(learner.agents, thetas)[0].nbytes for learner in learners)
    assert wide - narrow == pytest.approx(0 if rho is None else of_wide - of_narrow, abs=SLACK)


@pytest.mark.parametrize(("which", "columns", "arrays"), [("actor", 32, 9), ("critic", 33, 13)])
def test_a_step_holds_at_most_so_many_arrays_of_its_batch(tiny_config, which, columns, arrays):
    """An actor's 8.50 arrays (A, B) at a time, of the states, x, the noise, the sample and the gradient.

    The critic's 12.67 are of its batch and the targets' samples, of all DUs at once.
    """
    learner = learner_of(tiny_config, "agent.hidden_sizes=[40,50]", "radio.num_rbs=60", "mdp.action_codec=two_bit")
    array = learner.agents.action_dim * columns * 4
    assert peak(lambda: STEPS[which](learner, None)) <= arrays * array
