"""What an update allocates: arrays of its batch, and the perturbed parameters.  Counted, so no drift goes unseen."""

import tracemalloc

import pytest
from trainings import start

NARROW, WIDE = "agent.hidden_sizes=[40,50]", "agent.hidden_sizes=[400,500]"
SLACK = 4_000                           # bytes of Python's own objects


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


def more_parameters(learners):
    narrow, wide = (learner.thetas_p[0].nbytes for learner in learners)
    return wide - narrow


@pytest.mark.parametrize("rho", [None, 0.1])
def test_only_the_perturbed_parameters_of_an_actors_step_grow_with_its_layers(
        tiny_config, rho):
    learners = [learner_of(tiny_config, setting) for setting in (NARROW, WIDE)]
    narrow, wide = (peak(lambda x=x: x.update_stack([0], 1, 0, rho and [rho])) for x in learners)
    extra = 0 if rho is None else more_parameters(learners)
    assert wide - narrow == pytest.approx(extra, abs=SLACK)


@pytest.mark.parametrize(("rhos", "copies"), [(None, 2), ([0.1, 0.2], 4)])
def test_actors_that_do_not_stand_in_a_row_are_copied_before_they_are_perturbed(tiny_config, rhos, copies):
    """As those are whom the gate chose: parameters of two actors, and with SAM as many perturbed ones."""
    learners = [learner_of(tiny_config, setting) for setting in (NARROW, WIDE)]
    narrow, wide = (peak(lambda x=x: x.update_stack([0, 2], 1, 0, rhos)) for x in learners)
    assert wide - narrow == pytest.approx(copies * more_parameters(learners), abs=SLACK)


@pytest.mark.parametrize("rho", [None, 0.1])
def test_the_critics_step_too(tiny_config, rho):
    """Its targets hold the batch at the time of the perturbation; without them it would be as the actor's."""
    learners = [learner_of(tiny_config, setting) for setting in (NARROW, WIDE)]
    narrow, wide = (peak(lambda x=x: x.update_critic(1, 0, rho)) for x in learners)
    extra = 0 if rho is None else learners[1].thetas_v[0].nbytes
    assert wide - narrow <= extra + SLACK


def test_an_actors_step_holds_at_most_so_many_arrays_of_its_batch(tiny_config):
    """12.91 arrays (B, A) at a time: of the batch, x, the noise, the sample and the gradient."""
    learner = learner_of(tiny_config, NARROW, "radio.num_rbs=60", "mdp.action_codec=two_bit")
    array = 32 * learner.action_dim * learner.thetas_p.itemsize
    assert peak(lambda: learner.update_stack([0], 1, 0)) <= 13 * array
