"""Distillation from earlier policies under perturbed inputs (Sec. V-B, R43): the composed loss and its teachers.

Oracle: complex steps of the twin's loss plus its divergences; the teachers of a real training, copied as it goes.
"""

import numpy as np

from tasam_ref.marl.distillation import DistillationLoss
from tasam_ref.marl.passes import policy_of
from tasam_ref.nn.passes import Workspace

from . import twins
from .checks import check
from .composed import sam_error, slope_error
from .validate_actor_loss import NARROW, WIDE, draw, package_loss
from .validate_algorithm import start

WEIGHT = 0.8


def lessons():
    """(the package's loss, the twin, theta): wide and narrow clip of log_std, one teacher and three."""
    for bounds, count in ((WIDE, 1), (WIDE, 3), (NARROW, 3)):
        s, theta = draw(bounds=bounds)
        generator = np.random.default_rng(count)
        seen, true = s.obs[s.agent] + 0.2 * generator.standard_normal(s.obs[s.agent].shape), s.obs[s.agent]
        thetas = theta + 0.3 * generator.standard_normal((count, theta.size))
        loss = package_loss(s, "reparameterised")
        work = Workspace(loss.networks.actor, len(true), np.float64)
        teachers = [policy_of(loss.networks, teacher, true, work) for teacher in thetas]

        def twin(t, s=s, seen=seen, true=true, thetas=thetas):
            student = twins.policy(s.sizes, t, seen, s.bounds)
            return s.loss(t) + WEIGHT * np.mean([
                twins.divergence(*student, *twins.policy(s.sizes, teacher, true, s.bounds)) for teacher in thetas])

        yield DistillationLoss(loss, loss.networks, seen, teachers, WEIGHT, work), twin, theta


@check("PLASTIC", "(9)", oracle="complex step of a twin", tolerance=1e-14, because="rounding of a small network")
def gradient_is_the_slope_of_the_distilled_loss():
    """E[beta log pi - Q] + w / K sum of E[KL(pi(.|s + e) || teacher(.|s))], coordinate by coordinate."""
    return slope_error(lessons())


@check("PLASTIC", "(11)", oracle="complex step of the twin at its own theta_adv", tolerance=1e-14,
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
        before.append(trainer.learner.thetas_p.copy())
        trainer.iterate()
        wrong += sum(int(np.sum(held != before[k])) for held, k in zip(trainer.learner.thetas_teacher, expected))
    return wrong
