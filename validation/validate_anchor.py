"""The anchor against forgetting (Sec. V-C, R41): its moving average, and the loss that a real training descends.

The average is written out as a sum over all earlier policies; the loss comes from the plain twin, whose anchor is that.
"""

import numpy as np

from . import twins
from .checks import check
from .oracles import complex_gradient, largest, relative_error
from .validate_algorithm import mismatches, run, start, watched_steps

RATE, WEIGHT = 0.3, 0.7
ANCHORED = ("agent.forgetting=policy_anchor", f"agent.anchor_rate={RATE}", f"agent.anchor_weight={WEIGHT}",
            "agent.learning_rate=0.02", "agent.hidden_sizes=[4]", "agent.gradient_steps=2", "radio.num_rbs=2")


def average(policies):
    """(1 - r)^k theta_1 + sum over j of r (1 - r)^(k - j) theta_j, for the policies theta_1 .. theta_k met so far."""
    keep = (1 - RATE) ** np.arange(len(policies))[::-1]
    return keep[0] * (1 - RATE) * policies[0] + RATE * keep @ np.array(policies)


def watched_training(watch):
    """Train 3 iterations of 2 steps; ``watch(agents, i, policies, loss)`` sees actor i's policies up to each step."""
    trainer, met = start("both_sam", *ANCHORED), [[], [], []]

    def on_step(i, loss, theta):
        if i is not None:
            met[i].append(theta.copy())
            watch(trainer.agents, i, met[i], loss)

    with watched_steps(trainer.agents, on_step):
        for _ in range(3):
            trainer.iterate()


@check("anchor", oracle="the sum over all earlier policies", tolerance=2e-15, because="rounding of six products")
def anchor_is_the_moving_average_of_its_actors_policies():
    """theta' <- theta' + 0.3 (theta - theta') before each step, from theta' = theta_1, written out, for every actor."""
    worst = []
    watched_training(lambda agents, i, policies, loss: worst.append(
        relative_error(agents.thetas_anchor[i], average(policies))))
    return largest(*worst) if len(worst) == 18 else np.inf


@check("anchor", "(9)", oracle="complex step of a twin", tolerance=1e-13, because="rounding of a small network")
def training_descends_the_loss_with_the_divergence_from_the_anchor():
    """Value and gradient of E[beta log pi - Q] + 0.7 E[KL(pi || pi')] on the batch of every step."""
    worst = []

    def watch(agents, i, policies, loss):
        agent = agents.config.agent
        twin = twins.Situation(
            "shared_local", agent.hidden_sizes, (agent.log_std_min, agent.log_std_max), agent.temperature, agent=0,
            critics=agents.thetas_v.copy(), obs=loss.obs.T[None], latent=np.zeros((1, *loss.noise.T.shape)),
            noise=loss.noise.T, anchor=(average(policies), WEIGHT))
        value, gradient = loss(policies[-1])
        worst.extend((relative_error(value, twin.loss(policies[-1])),
                      relative_error(gradient, complex_gradient(twin.loss, policies[-1]))))

    watched_training(watch)
    return largest(*worst) if len(worst) == 36 else np.inf


@check("anchor", oracle="the run without an anchor", tolerance=0, because="the same bits")
def anchor_without_weight_changes_nothing():
    """With a weight of 0 the run is that of forgetting=none, the anchors themselves aside; with one it is another."""
    plain = run("ta_sam")
    idle = run("ta_sam", "agent.forgetting=policy_anchor", "agent.anchor_weight=0.0")
    heavy, aside = run("ta_sam", *ANCHORED[:3]), ("anchors",)
    return mismatches(idle, plain, aside) + (mismatches(heavy, plain, aside) == 0)
