"""Figures of held-out means: over the number of DUs, of eigenvalues, of regimes."""

import numpy as np
import pytest
from reading import bars, caption, half_width, lines, rewards
from scipy.stats import gmean
from synthetic import results

from figures import fig07, fig08, fig09, forgetting
from tasam_ref.errors import UsageError
from tasam_ref.experiments.store import Results
from tasam_ref.experiments.table import Table

DUS = {"dus_2": 2, "dus_4": 4, "headline": 6, "dus_8": 8, "dus_10": 10}


@pytest.fixture(scope="module")
def found():
    return results(iterations=6)


def ticks(axes):
    return [label.get_text() for label in axes.get_xticklabels()]


def with_table(found, name, rows):
    return Results(found.plan, found.tables | {name: Table.of_rows(rows)}, {})


def test_fig08_draws_means_runs_and_differences_over_the_number_of_dus(found):
    left, middle, right, *_ = fig08.draw(found).axes
    assert set(lines(left)) == {"no-SAM", "L2-reg", "TA-SAM"} and set(lines(right)) == {"L2-reg", "TA-SAM"}
    assert list(left.get_xticks()) == list(DUS.values())
    for name, method in (("L2-reg", "l2"), ("TA-SAM", "ta_sam")):
        held = [rewards(found, group, method) for group in DUS]
        pairs = [[reward - rewards(found, group, "no_sam")[seed] for seed, reward in runs.items()]
                 for group, runs in zip(DUS, held)]
        assert np.allclose(lines(left)[name].get_xdata(), list(DUS.values()), atol=0.4)
        assert np.allclose(lines(left)[name].get_ydata(), [np.mean(list(runs.values())) for runs in held])
        assert np.allclose(lines(middle)[name].get_ydata(), [
            np.mean(list(runs.values())) * count for runs, count in zip(held, (2, 4, 6, 8, 10))])
        assert np.allclose(lines(right)[name].get_ydata(), np.array([np.mean(values) for values in pairs]))
    assert np.allclose(np.diff(bars(right)[1][:, 1:]).ravel(), [2 * half_width(values) for values in pairs])
    dots = [sorted(line.get_ydata()) for line in left.get_lines() if line.get_markersize() == 3]
    assert sorted(dots) == sorted(sorted(rewards(found, group, method).values()) for group in DUS
                                  for method in ("no_sam", "l2", "ta_sam"))
    assert "200 users share the network, 100 RBs per RU" in caption(fig08.draw(found))


def test_fig08_draws_a_row_for_every_judge(found):
    figure = fig08.draw(found)
    assert [axes.get_title() for axes in figure.axes[1::3]] == ["judged by the policies' means",
                                                                "judged by draws from the policies"]
    for axes, judge in zip(figure.axes[::3], ("deterministic", "stochastic")):
        assert np.allclose(lines(axes)["TA-SAM"].get_ydata(), [
            np.mean(list(rewards(found, group, "ta_sam", judge).values())) for group in DUS])
    scores = found["scores"].where(evaluation="stochastic")
    assert len(fig08.draw(Results(found.plan, found.tables | {"scores": scores}, {})).axes) == 3


def test_fig09_draws_geometric_means_and_ratios_of_what_was_measured(found):
    critic, actors, critic_ratio, _ = fig09.draw(found).axes
    measured = ["no-SAM", "actor-SAM", "critic-SAM", "both-SAM", "TA-SAM", "TA-SAM, static rho", "L2-reg"]
    assert ticks(critic_ratio) == measured
    values = {(row["method"], row["seed"]): row["lambda_max_critic"] for row in found["scores"].rows()
              if row["group"] == "headline"}
    of_no_sam, of_both = ([values[method, seed] for seed in range(10)] for method in ("no_sam", "both_sam"))
    (_, low, high), = bars(critic)[5]                           # behind no-SAM and both norms of actor- and critic-SAM
    assert np.sqrt(low * high) == pytest.approx(gmean(of_both))
    assert np.log(high / low) / 2 == pytest.approx(half_width(np.log(of_both)))
    (_, low, high), = bars(critic_ratio)[4]
    assert np.sqrt(low * high) == pytest.approx(gmean(np.divide(of_both, of_no_sam)))
    assert {axes.get_yscale() for axes in (critic, actors, critic_ratio)} == {"log"}


def hollow(axes):
    """The values of each line of hollow marks, sorted."""
    return [sorted(line.get_ydata()) for line in axes.get_lines() if line.get_markerfacecolor() == "white"]


def test_fig07_draws_both_judges_and_both_norms(found):
    """Means of the policies above, draws below; the adaptive norm hollow beside (12) as printed."""
    methods = ("no_sam", "l2", "actor_sam", "critic_sam", "both_sam", "ta_sam")
    for axes, judge in zip(fig07.draw(found).axes, ("deterministic", "stochastic")):
        assert axes.get_title() == {"deterministic": "judged by the policies' means",
                                    "stochastic": "judged by draws from the policies"}[judge]
        filled = [sorted(line.get_ydata()) for line in axes.get_lines()
                  if line.get_marker() not in ("None", "") and line.get_markerfacecolor() != "white"]
        assert filled == [sorted(rewards(found, "headline", method, judge).values()) for method in methods]
        assert hollow(axes) == [sorted(rewards(found, "adaptive", method, judge).values()) for method in methods[2:]]
        intervals = [bar[0, 1:] for bar in bars(axes)]
        last = list(rewards(found, "adaptive", "ta_sam", judge).values())
        assert np.allclose(intervals[-1], [np.mean(last) - half_width(last), np.mean(last) + half_width(last)])
    assert ticks(axes) == ["no-SAM", "L2-reg", "actor-SAM", "critic-SAM", "both-SAM", "TA-SAM"]
    assert "Hollow: with the norm of adaptive SAM in (12)." in caption(fig07.draw(found))


def test_fig07_draws_what_there_is_of_judges_and_norms(found):
    scores = found["scores"].where(evaluation="deterministic", group="headline")
    (axes,) = fig07.draw(Results(found.plan, found.tables | {"scores": scores}, {})).axes
    assert hollow(axes) == [] and axes.get_title() == "judged by the policies' means"
    assert "Hollow" not in caption(axes.figure)


def test_fig09_draws_the_adaptive_norm_hollow(found):
    critic, actors, critic_ratio, _ = fig09.draw(found).axes
    values = {(row["group"], row["method"], row["seed"]): row for row in found["scores"].rows()}
    for axes, column in ((critic, "lambda_max_critic"), (actors, "lambda_max_actor")):
        assert hollow(axes) == [sorted(values["adaptive", method, seed][column] for seed in range(10)) for method in (
            "actor_sam", "critic_sam", "both_sam", "ta_sam", "ta_sam_static_rho")]
    column = "lambda_max_critic"
    assert hollow(critic_ratio)[3] == pytest.approx(sorted(
        values["adaptive", "ta_sam", seed][column] / values["headline", "no_sam", seed][column] for seed in range(10)))


def test_fig09_leaves_out_what_cannot_stand_on_a_logarithmic_axis(found):
    rows = found["scores"].rows()
    for row in rows:
        row["lambda_max_critic"] *= -1 if row["method"] == "l2" else 1
    *_, critic_ratio, actor_ratio = fig09.draw(with_table(found, "scores", rows)).axes
    assert "L2-reg" not in ticks(critic_ratio) and "L2-reg" in ticks(actor_ratio)


def test_fig09_refuses_runs_without_any_curvature(found):
    rows = [{name: value for name, value in row.items() if "lambda" not in name} for row in found["scores"].rows()]
    with pytest.raises(UsageError, match=r"measure\.curvature"):
        fig09.draw(with_table(found, "scores", rows))


# Reward by stage in usual, crowd, quiet, shifted; the sequence is usual, crowd, usual.
BY_HAND = {"untrained": (1.0, 0.0, 2.0, 3.0), "stage_1": (2.0, 0.25, 2.5, 3.0), "stage_2": (1.5, 1.0, 2.0, 3.5),
           "stage_3": (2.25, 0.5, 2.0, 4.0)}
KEPT = {"retention": -0.5, "recovery": 0.25, "forward transfer": 0.25}


def test_forgetting_draws_what_a_hand_calculation_gives(found):
    """Every seed's reward is this plus the seed's own shift, which no difference of two stages sees."""
    rows = [{"group": "forgetting", "method": method, "seed": seed, "stage": stage, "regime": regime,
             "reward": value + 0.1 * seed}
            for method in ("no_sam", "ta_sam") for seed in range(3) for stage, values in BY_HAND.items()
            for regime, value in zip(("usual", "crowd", "quiet", "shifted"), values)]
    figure = forgetting.draw(with_table(found, "regimes", rows))
    panels = {axes.get_title(): axes for axes in figure.axes}
    assert list(panels) == ["usual", "crowd", "quiet, never trained", "shifted, never trained", *KEPT]
    for r, axes in enumerate(list(panels.values())[:4]):
        assert np.allclose(lines(axes)["TA-SAM"].get_ydata(), [values[r] + 0.1 for values in BY_HAND.values()])
    for name, expected in KEPT.items():
        drawn = [line.get_ydata() for line in panels[name].get_lines() if line.get_marker() in ("o", "s")]
        assert len(drawn) == 2 and np.allclose(drawn, expected)
    shaded = [sorted(patch.get_x() for patch in axes.patches) for axes in panels.values()]
    assert shaded == [[0, 2], [1], [], [], [], [], []]


def test_a_sequence_that_does_not_come_back_has_no_recovery():
    away = results(seeds=2, iterations=6, change=lambda tables: tables["groups"]["forgetting"].update(
        settings=["regimes.sequence=['usual','crowd']", "run.num_iterations=20"], scenarios=[]))
    titles = [axes.get_title() for axes in forgetting.draw(away).axes]
    assert titles[-2:] == ["retention", "forward transfer"] and "recovery" not in titles
