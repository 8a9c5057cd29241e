"""Learning curves: lines and bands are those of the tables, and differences are taken seed by seed."""

from dataclasses import replace

import numpy as np
import pytest
from reading import bars, caption, curve, half_width, lines, rewards
from synthetic import results

from figures import fig05, fig06, steps
from figures.style import NAMES
from tasam_ref.errors import UsageError
from tasam_ref.experiments.store import Results


@pytest.fixture(scope="module")
def found():
    return results(iterations=6)


def means(runs):
    return [np.mean([run[k][1] for run in runs.values()]) for k in range(len(next(iter(runs.values()))))]


@pytest.mark.parametrize(("draw", "held"), [
    (fig05.equal_rho, {"actor-SAM": ("equal_rho", "actor_sam"), "critic-SAM": ("equal_rho", "critic_sam"),
                       "both-SAM": ("equal_rho", "both_sam")}),
    (fig05.non_equal_rho, {"actor-SAM": ("non_equal_rho", "actor_sam"), "critic-SAM": ("equal_rho", "critic_sam"),
                           "both-SAM": ("non_equal_rho", "both_sam")}),
    (fig05.dynamic_rho, {"actor-SAM": ("headline", "actor_sam"), "critic-SAM": ("headline", "critic_sam"),
                         "both-SAM": ("headline", "both_sam"), "TA-SAM": ("headline", "ta_sam"),
                         "TA-SAM, rho by TD-error": ("td_driven_rho", "ta_sam"),
                         "TA-SAM, rho by entropy": ("entropy_rho", "ta_sam")}),
])
def test_fig05_draws_the_runs_of_its_radii(found, draw, held):
    left, right = draw(found).axes
    assert set(lines(left)) == {"no-SAM", *held} and set(lines(right)) == set(held)
    reference = curve(found, "headline", "no_sam")
    assert np.allclose(lines(left)["no-SAM"].get_ydata(), means(reference))
    for name, (group, method) in held.items():
        runs = curve(found, group, method)
        assert list(lines(left)[name].get_xdata()) == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
        assert np.allclose(lines(left)[name].get_ydata(), means(runs))
        pairs = [[run[k][1] - reference[seed][k][1] for seed, run in runs.items()] for k in range(6)]
        assert np.allclose(lines(right)[name].get_ydata(), np.mean(pairs, axis=1))


def test_fig05s_bands_are_t_intervals_of_single_runs_and_of_differences(found):
    left, right = fig05.equal_rho(found).axes
    reference, runs = curve(found, "headline", "no_sam"), curve(found, "equal_rho", "actor_sam")
    assert (len(reference), len(runs)) == (10, 5)
    for axes, place, samples in (
            (left, 1, [[run[k][1] for run in runs.values()] for k in range(6)]),
            (right, 0, [[run[k][1] - reference[seed][k][1] for seed, run in runs.items()] for k in range(6)])):
        (vertices,) = (path.vertices for path in axes.collections[place].get_paths())
        for k, values in enumerate(samples):
            ys = vertices[np.isclose(vertices[:, 0], k + 0.5), 1]
            assert np.isclose(ys.max(), np.mean(values) + half_width(values))
            assert np.isclose(ys.min(), np.mean(values) - half_width(values))


def test_fig05s_caption_gives_the_radii_and_the_paired_difference_of_held_out_rewards(found):
    reference = rewards(found, "headline", "no_sam")
    pairs = [reward - reference[seed] for seed, reward in rewards(found, "non_equal_rho", "both_sam").items()]
    low, high = np.mean(pairs) - half_width(pairs), np.mean(pairs) + half_width(pairs)
    text = caption(fig05.non_equal_rho(found))
    assert f"both-SAM {np.mean(pairs):.3f} [{low:.3f}, {high:.3f}]" in text
    assert "0.005 for actors, 0.05 for the critic" in text
    assert "0.05 for actors and critic" in caption(fig05.equal_rho(found))
    assert "from 0.5 to 0.01, linear" in caption(fig05.dynamic_rho(found))


def test_long_runs_say_what_blocks_they_are_averaged_over():
    long = results(seeds=1, iterations=101)
    for draw in (fig05.equal_rho, fig06.draw):
        assert "means of blocks of 3 iterations" in caption(draw(long))
    assert "means over seeds, of 50 blocks of iterations at most" in caption(steps.draw(long))


def largest(found, group, method):
    return {seed: max(value for _, value in run) for seed, run in curve(found, group, method).items()}


def test_fig06_draws_the_largest_and_the_held_out_rewards_over_the_radius(found):
    axes = np.reshape(fig06.draw(found).axes, (2, 2))
    radii = {"rho_0.01": 0.01, "rho_0.02": 0.02, "equal_rho": 0.05, "rho_0.1": 0.1, "rho_0.2": 0.2, "rho_0.5": 0.5}
    for (above, below), measure in zip(axes.T, (largest, rewards)):
        reference = measure(found, "headline", "no_sam")
        assert np.allclose(lines(above)["no-SAM"].get_ydata(), np.mean(list(reference.values())))
        assert {above.get_xscale(), below.get_xscale()} == {"log"}
        for name, method in (("actor-SAM", "actor_sam"), ("critic-SAM", "critic_sam"), ("both-SAM", "both_sam")):
            assert np.allclose(lines(above)[name].get_xdata(), list(radii.values()), rtol=0.1)
            held = [measure(found, group, method) for group in radii]
            assert np.allclose(lines(above)[name].get_ydata(), [np.mean(list(runs.values())) for runs in held])
            assert np.allclose(lines(below)[name].get_ydata(), [
                np.mean([reward - reference[seed] for seed, reward in runs.items()]) for runs in held])
        values = list(measure(found, "rho_0.01", "actor_sam").values())
        x, low, high = bars(above)[0][0]
        assert (x, low, high) == pytest.approx((x, np.mean(values) - half_width(values),
                                                np.mean(values) + half_width(values)))


METHODS = ("no_sam", "critic_sam", "both_sam", "ta_sam")


def test_steps_draws_curves_over_gradient_steps_and_held_out_rewards_of_both_norms(found):
    *panels, below = steps.draw(found).axes
    groups = {"quick": ("no_sam", "ta_sam"), "headline": METHODS, "utd1": METHODS}
    assert [axes.get_title() for axes in panels] == [
        f"6 iterations\nof {count}" for count in ("10 gradient steps", "1 gradient step", "10 gradient steps")]
    for axes, (group, methods), count in zip(panels, groups.items(), (10, 1, 10)):
        assert list(lines(axes)) == [NAMES[method] for method in methods]
        for method in methods:
            line = lines(axes)[NAMES[method]]
            assert np.allclose(line.get_xdata(), count * np.arange(0.5, 6))
            assert np.allclose(line.get_ydata(), means(curve(found, group, method)))
    norms = {"quick": "quick_adaptive", "headline": "adaptive", "utd1": "utd1_adaptive"}
    pairs = [(one, method) for group, methods in groups.items() for method in methods
             for one in ((group,) if method == "no_sam" else (group, norms[group]))]
    drawn = [line for line in below.get_lines() if line.get_marker() != "None"]
    assert [sorted(line.get_ydata()) for line in drawn] == [sorted(rewards(found, *pair).values()) for pair in pairs]
    assert [line.get_markerfacecolor() == "white" for line in drawn] == ["adaptive" in group for group, _ in pairs]
    joined = [list(line.get_ydata()) for line in below.get_lines() if line.get_color() == "0.8"]
    assert joined[:10] == [[rewards(found, *pair)[seed] for pair in pairs[:3]] for seed in range(10)]
    assert [label.get_text() for label in below.get_xticklabels()] == [
        NAMES[method] for methods in groups.values() for method in methods]


def test_steps_needs_another_length_than_the_headlines(found):
    plan = replace(found.plan, needs={"steps": ("headline", "adaptive")})
    with pytest.raises(UsageError, match="needs runs of another length than the headline's"):
        steps.draw(Results(plan, found.tables, {}))
