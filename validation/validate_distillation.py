"""Distillation from earlier policies under perturbed inputs (Sec. V-B, R43): the composed loss and its teachers.

Oracle: complex steps of the twin's loss plus its divergences; the teachers of a real training, copied as it goes.
"""

import numpy as np

from . import twins
from .checks import check
from .composed import sam_error, slope_error
from .validate_actor_loss import NARROW, WIDE, draw, learner_in
from .validate_algorithm import start

WEIGHT = 0.8


def lessons():
    """(the package's loss, the twin, theta): wide and narrow clip of log_std, one teacher and three."""
    for bounds, count in ((WIDE, 1), (WIDE, 3), (NARROW, 3)):
        s, theta = draw(bounds=bounds)
        generator = np.random.default_rng(count)
        true = s.obs[s.agent]
        moved, thetas = generator.standard_normal(true.shape), theta + 0.3 * generator.standard_normal(
            (count, theta.size))
        learner = learner_in(s, teachers=count, distillation_weight=WEIGHT, input_perturbation=0.2)
        learner.agents.thetas_teacher[:, s.agent] = thetas
        loss = learner.actor_loss(s.agent, np.arange(len(true)), *map(twins.as_columns, (s.noise, moved)))

        def twin(t, s=s, seen=true + 0.2 * moved, true=true, thetas=thetas):
            student = twins.policy(s.sizes, t, seen, s.bounds)
            return s.loss(t) + WEIGHT * np.mean([
                twins.divergence(*student, *twins.policy(s.sizes, teacher, true, s.bounds)) for teacher in thetas])

        yield loss, twin, theta


@check("PLASTIC", "(9)", oracle="complex step of a twin", tolerance=5e-15, because="rounding of a small network")
def gradient_is_the_slope_of_the_distilled_loss():
    """E[beta log pi - Q] + w / K sum of E[KL(pi(.|s + e) || teacher(.|s))], coordinate by coordinate."""
    return slope_error(lessons())


@check("PLASTIC", "(11)", oracle="complex step of the twin at its own theta_adv", tolerance=5e-15,
       because="rounding of theta_adv")
def sam_gradient_has_the_same_lessons_in_both_passes():
    """grad L at theta + rho grad L / ||grad L||, the perturbed states and the teachers' answers those of theta."""
    return sam_error(lessons(), 0.2)


@check("PLASTIC", oracle="copies made as the training goes", tolerance=0, because="a count of parameters that differ")
def teachers_are_the_actors_of_earlier_iterations():
    """Two teachers, renewed every 2 iterations: in iterations 1 to 6 they are the actors before iterations
    (1, 1), (1, 1), (1, 3), (1, 3), (5, 3) and (5, 3), counted from 1."""
    trainer = start("no_sam", "agent.teachers=2", "agent.teacher_every=2", "agent.learning_rate=0.02")
    wrong, before = 0, []
    for expected in ((0, 0), (0, 0), (0, 2), (0, 2), (4, 2), (4, 2)):
        before.append(trainer.agents.thetas_p.copy())
        trainer.iterate()
        wrong += sum(int(np.sum(held != before[k])) for held, k in zip(trainer.agents.thetas_teacher, expected))
    return wrong
