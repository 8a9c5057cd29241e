"""Rewards against the bound and against what does not learn, read back from the axes; profiles and probabilities."""

import numpy as np
import pytest
from scipy.stats import sem, t
from synthetic_scenes import REFERENCES, SLICES, results

from figures import profile, rivals, style
from tasam_ref.errors import UsageError
from tasam_ref.streams import stream

REWARDS = {"no_sam": (2.0, 1.8, 2.2), "ta_sam": (1.0, 1.4, 1.2), "dropout": (1.9, 2.1, 1.5)}


def half(values):
    return t.ppf(0.975, len(values) - 1) * sem(values)


def rows(axes, named=None):
    """{name along the y axis: (single points, mean, (low, high))} of each row; the panel ``named`` names them."""
    lines = [line for line in axes.get_lines() if line.get_marker() not in ("None", "", None)]
    segments = [c.get_segments()[0] for c in axes.collections if hasattr(c, "get_segments") and c.get_segments()]
    found = {}
    for tick, label in zip(axes.get_yticks(), (named or axes).get_yticklabels()):
        here = [line for line in lines if abs(line.get_ydata()[0] - tick) < 0.5]
        (mean,) = (line.get_xdata()[0] for line in here if line.get_alpha() is None)
        bars = [segment[:, 0].tolist() for segment in segments if abs(segment[0, 1] - tick) < 0.5]
        runs = [x for line in here if line.get_alpha() is not None for x in line.get_xdata()]
        found[label.get_text()] = runs, mean, bars[0] if bars else None
    return found


def test_gaps_are_what_lacks_to_the_bound_sorted():
    axes = rivals.draw_gap(results(seeds=3, rewards=REWARDS)).axes[0]
    drawn = rows(axes)
    assert list(drawn) == ["TA-SAM", "best static split (20/40/40 %)", "dropout", "no-SAM",
                           "greedy on the true channel"]                                    # from the worst upwards
    for name, method in (("no-SAM", "no_sam"), ("TA-SAM", "ta_sam"), ("dropout", "dropout")):
        gaps = [2.74 - reward for reward in REWARDS[method]]
        runs, mean, bar = drawn[name]
        assert runs == pytest.approx(gaps) and mean == pytest.approx(np.mean(gaps))
        assert bar == pytest.approx([np.mean(gaps) - half(gaps), np.mean(gaps) + half(gaps)])
    assert drawn["greedy on the true channel"][1:] == (pytest.approx(2.74 - 2.31), pytest.approx([0.38, 0.48]))
    assert drawn["best static split (20/40/40 %)"][1] == pytest.approx(2.74 - 1.62)
    (band,) = axes.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((-0.05, 0.05))
    assert "2.74" in axes.get_xlabel()


def test_every_method_of_the_headline_has_its_gap():
    found = results(seeds=2)
    drawn = rows(rivals.draw_gap(found).axes[0])
    assert set(drawn) == {style.NAMES[method] for method in found["scores"].unique("method")} | {
        "greedy on the true channel", "best static split (20/40/40 %)"}
    assert [gap for _, gap, _ in drawn.values()] == sorted((gap for _, gap, _ in drawn.values()), reverse=True)


def test_without_a_bound_there_is_no_gap():
    with pytest.raises(UsageError, match=r"references\.csv has no 'bound'"):
        rivals.draw_gap(results(seeds=2, bound=False))


def test_schedulers_stand_below_what_has_learned():
    found = results(seeds=5)
    reward, *violated = rivals.draw_schedulers(found).axes
    drawn = rows(reward)
    assert list(drawn)[::-1] == ["TA-SAM", "no-SAM", "centralised", *(
        name for name in REFERENCES if name not in ("idle", "random", "bound"))]
    assert drawn["equal split, maximum rate"][1:] == (pytest.approx(1.11), pytest.approx([1.06, 1.16]))
    rewards = found["scores"].where(method="centralised_sac")["reward"]
    runs, mean, _ = drawn["centralised"]
    assert runs == pytest.approx(rewards) and mean == pytest.approx(rewards.mean())
    (line,) = (line for line in reward.get_lines() if len(set(line.get_ydata())) == 1 and line.get_marker() == "None")
    assert line.get_ydata()[0] == 5.5 and list(drawn)[6] == "centralised"
    assert [axes.get_title() for axes in violated] == list(SLICES)


def test_violations_are_in_per_cent_of_frames_and_dus():
    found = results(seeds=5)
    panels = rivals.draw_schedulers(found).axes
    for axes, name in zip(panels[1:], SLICES):
        drawn = rows(axes, panels[0])
        shares = found["scores"].where(method="ta_sam")[f"violated_{name}"] * 100
        assert drawn["TA-SAM"][0] == pytest.approx(shares) and drawn["TA-SAM"][1] == pytest.approx(shares.mean())
        (row,) = found["references"].where(policy="demand-proportional split").rows()
        assert drawn["demand-proportional split"][1] == pytest.approx(100 * row[f"violated_{name}"])
        assert axes.get_xlabel() == "missed, %" and axes.get_xlim() == (-4, 104)


def test_profiles_step_down_where_a_run_stands():
    left, _ = profile.draw(results(seeds=3, rewards=REWARDS)).axes
    drawn = {line.get_color(): line for line in left.get_lines()}
    for method, rewards in REWARDS.items():
        line = drawn[style.LOOKS[method][0]]
        assert line.get_drawstyle() == "steps-post"
        for tau in (0.99, 1.0, 1.3, 1.8, 1.95, 2.0, 2.2):
            last = np.searchsorted(line.get_xdata(), tau, side="right") - 1
            assert line.get_ydata()[last] == pytest.approx(sum(reward > tau for reward in rewards) / 3)


def test_probabilities_are_shares_of_pairs_against_no_sam():
    """TA-SAM wins none of nine pairs; dropout three: 1.9 over 1.8, 2.1 over 1.8 and 2.0, 1.5 over none."""
    figure = profile.draw(results(seeds=3, rewards=REWARDS))
    axes = figure.axes[1]
    drawn = rows(axes)
    assert list(drawn) == ["TA-SAM", "dropout"]
    assert drawn["TA-SAM"][1:] == (0, [0, 0])
    assert drawn["dropout"][1] == pytest.approx(3 / 9)
    low, high = drawn["dropout"][2]
    assert 0 <= low < 3 / 9 < high <= 1
    assert "fewer than 4 runs" in " ".join(figure.get_supxlabel().split())
    assert "fewer than" not in profile.draw(results(seeds=4)).get_supxlabel()


def test_intervals_are_the_quantiles_of_all_resamples():
    """Two runs each: all 16 pairs of resamples are known, so the ends are, at the tail's level, 0 and 1."""
    found = profile.improvement(np.array([1.0, 3.0]), np.array([2.0, 2.5]), stream(0, "test"))
    assert (found.mean, found.low, found.high) == (0.5, 0, 1)
    scores, others = np.arange(10.0), np.arange(10.0) + 0.5
    found = profile.improvement(scores, others, stream(0, "test"))
    generator = np.random.default_rng(5)
    drawn = [np.mean(generator.choice(scores, 10)[:, None] > generator.choice(others, 10)) for _ in range(4000)]
    assert found.mean == 0.45
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, (0.0239, 0.9761)), abs=0.06)
