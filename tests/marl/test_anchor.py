"""The anchor against forgetting (R41): its divergence, its gradient, how it follows, and when it changes nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_twin import complex_gradient, policy
from scipy.integrate import quad
from scipy.stats import norm
from test_losses import ACTION, ACTOR, BATCH, actor_case, plain_actor_loss
from trainings import assert_same, differs, run, start

from tasam_ref.marl.losses import POLICY_GRADIENTS, Anchor
from tasam_ref.nn.squashed_gaussian import kl_divergence, kl_gradient

seeds = st.integers(0, 2**32 - 1)
ANCHORED = "agent.forgetting=policy_anchor"


def row(*values):
    return np.array([values], dtype=float)


@pytest.mark.parametrize("one", [(0.0, 0.0), (1.5, -0.7), (-2.0, 0.4)])
@pytest.mark.parametrize("other", [(0.0, 0.0), (0.3, 0.5), (-1.0, -1.0)])
def test_the_divergence_is_the_integral_of_its_definition(one, other):
    """integral of p log(p / q) over the latent, by adaptive quadrature."""
    p, q = norm(one[0], np.exp(one[1])), norm(other[0], np.exp(other[1]))
    expected, _ = quad(lambda u: p.pdf(u) * (p.logpdf(u) - q.logpdf(u)), p.mean() - 12 * p.std(),
                       p.mean() + 12 * p.std(), epsabs=1e-13, points=[p.mean()])
    value = kl_divergence(row(one[0]), row(one[1]), row(other[0]), row(other[1]))
    assert value == pytest.approx([expected], rel=1e-9, abs=1e-10)


@given(seeds)
def test_the_divergence_is_not_negative_sums_over_dimensions_and_vanishes_at_home(seed):
    mean, log_std, other_mean, other_log_std = np.random.default_rng(seed).normal(size=(4, 3, 2))
    value = kl_divergence(mean, log_std, other_mean, other_log_std)
    assert (value > 0).all()
    parts = [kl_divergence(*(v[[d]] for v in (mean, log_std, other_mean, other_log_std))) for d in range(3)]
    np.testing.assert_allclose(value, sum(parts), rtol=1e-12)
    np.testing.assert_allclose(kl_divergence(mean, log_std, mean, log_std), 0, atol=1e-14)
    assert all((g == 0).all() for g in kl_gradient(mean, log_std, mean, log_std))


@pytest.mark.parametrize("estimate", POLICY_GRADIENTS)
@given(seeds)
def test_the_anchored_loss_adds_the_weighted_mean_divergence_and_its_slope(estimate, seed):
    """The difference to the loss without an anchor, by complex step of the definition; the clip of log_std included."""
    loss, theta = actor_case(seed, estimate, log_std_min=-0.5, log_std_max=0.5)
    generator = np.random.default_rng(seed)
    anchor = Anchor(*generator.normal(size=(2, ACTION, BATCH)), 0.7)

    def pull(theta):
        mean, log_std = policy(ACTOR, theta, loss.obs.T, (-0.5, 0.5))
        ratio = np.exp(2 * (log_std - anchor.log_std.T))
        distance = (mean - anchor.mean.T) ** 2 * np.exp(-2 * anchor.log_std.T)
        return 0.7 * np.mean(0.5 * (ratio + distance - 1 - np.log(ratio)).sum(axis=1))

    extra, slope = complex_gradient(pull, theta)
    value, gradient = loss(theta)
    gradient = gradient.copy()
    pulled_value, pulled_gradient = replace(loss, anchor=anchor)(theta)
    assert pulled_value - value == pytest.approx(extra, rel=1e-9, abs=1e-12)
    scale = np.abs(gradient).max() + np.abs(slope).max()
    np.testing.assert_allclose(pulled_gradient - gradient, slope, rtol=0, atol=1e-12 * scale)


@given(seeds)
def test_the_anchored_loss_is_plain_soft_actor_critic_plus_a_divergence(seed):
    """The whole composed loss against one complex step."""
    loss, theta = actor_case(seed, "reparameterised", critics=2)
    anchor, plain = Anchor(*np.zeros((2, ACTION, BATCH)), 0.2), plain_actor_loss(loss)

    def composed(theta):
        mean, log_std = policy(ACTOR, theta, loss.obs.T)
        return plain(theta) + 0.2 * np.mean((0.5 * (np.exp(2 * log_std) + mean**2 - 1) - log_std).sum(axis=1))

    expected_value, expected = complex_gradient(composed, theta)
    value, gradient = replace(loss, anchor=anchor)(theta)
    assert value == pytest.approx(expected_value, rel=1e-11)
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("method", ["no_sam", "ta_sam"])
def test_a_weight_of_zero_is_no_anchor(tiny_config, method):
    anchored = run(tiny_config, method, ANCHORED, "agent.anchor_weight=0.0")
    plain = run(tiny_config, method)
    assert not differs(anchored, plain)


def test_an_anchor_that_is_the_actor_itself_pulls_nowhere(tiny_config):
    """At rate 1 the anchor stands where the actor stands: divergence and gradient vanish up to rounding."""
    settings = "agent.dtype=float64", "agent.anchor_rate=1.0", "agent.anchor_weight=50.0"
    (anchored, _), (plain, _) = run(tiny_config, "no_sam", ANCHORED, *settings), run(tiny_config, "no_sam", *settings)
    np.testing.assert_allclose(anchored.agents.thetas_p, plain.agents.thetas_p, rtol=1e-6, atol=1e-9)


def test_the_anchor_holds_back(tiny_config):
    """The heavier the anchor, the less the actors have moved in the end."""
    def distance(weight):
        trainer = start(tiny_config, "no_sam", ANCHORED, f"agent.anchor_weight={weight}", "agent.anchor_rate=1e-6")
        first = trainer.agents.thetas_p.copy()
        for _ in range(6):
            trainer.iterate()
        return np.linalg.norm(trainer.agents.thetas_p - first)

    assert distance(100.0) < 0.9 * distance(0.0)


def test_the_anchor_follows_slowly_before_it_is_asked(tiny_config):
    trainer = start(tiny_config, "no_sam", ANCHORED, "agent.anchor_rate=0.25", "agent.dtype=float64")
    trainer.iterate()
    agents = trainer.agents
    anchor, actor = agents.thetas_anchor[1].copy(), agents.thetas_p[1].copy()
    others = agents.thetas_anchor[[0, 2]].copy()
    trainer.learner.update_actor(1, 1, 0)
    np.testing.assert_allclose(agents.thetas_anchor[1], 0.75 * anchor + 0.25 * actor, rtol=1e-12, atol=1e-14)
    assert (agents.thetas_anchor[[0, 2]] == others).all()


def test_a_run_with_an_anchor_goes_on_after_a_break(tiny_config):
    """The anchor is saved with everything else."""
    trainer = start(tiny_config, "both_sam", ANCHORED)
    for _ in range(3):
        trainer.iterate()
    again = start(tiny_config, "both_sam", ANCHORED)
    again.set_state({name: value.copy() for name, value in trainer.state().items()})
    rows = [t.iterate() for t in (trainer, again)]
    assert_same((trainer, rows[:1]), (again, rows[1:]))
    assert trainer.agents.thetas_anchor.shape == trainer.agents.thetas_p.shape
