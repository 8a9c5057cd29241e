"""The bench: what it times, in which order, what it makes of times, and what it refuses.  No time is tested."""

import json

import pytest
from command_line import refused
from conftest import TINY_SETTINGS

from tasam_ref.cli import main
from tasam_ref.commands import bench as command
from tasam_ref.experiments import bench, bench_report
from tasam_ref.experiments.bench import Timing, time_in_turns

SMALL = [word for setting in (*TINY_SETTINGS, "radio.num_dus=3") for word in ("--set", setting)]


def test_functions_take_turns_and_the_first_round_does_not_count(monkeypatch):
    """The functions advance the clock: by 9 in the first round, then by 1, 2, 3, 4, 5; the other by ten times that."""
    clock, calls = [0.0], []

    def advance(name, factor):
        def run():
            calls.append(name)
            turn = calls.count(name) - 1
            clock[0] += factor * (turn or 9)

        return run

    monkeypatch.setattr(bench.time, "perf_counter", lambda: clock[0])
    assert time_in_turns([advance("a", 1), advance("b", 10)], 5) == [Timing(3, 2, 4), Timing(30, 20, 40)]
    assert calls == ["a", "b"] * 6


def test_shares_and_growth_are_ratios_of_medians(monkeypatch, tiny_config):
    def timing(seconds):
        return Timing(seconds, seconds / 2, 2 * seconds)

    monkeypatch.setattr(bench_report, "bench_peak", lambda *_: (2e9, (1, 2, 3)))
    monkeypatch.setattr(bench_report, "bench_update", lambda *_: [
        ("without SAM", 4e6, timing(0.003), timing(0.004))])
    monkeypatch.setattr(bench_report, "bench_iteration", lambda *_: timing(0.01))
    monkeypatch.setattr(bench_report, "bench_growth",
                        lambda *_: {("users", 50): timing(0.002), ("users", 200): timing(0.004)})
    monkeypatch.setattr(bench_report, "bench_sizes", lambda *_: {("agents", 1): timing(1.0)})
    monkeypatch.setattr(bench_report, "bench_threads", lambda *_: {
        1: [timing(0.04), timing(0.06), timing(0.1)], 2: [timing(0.05), timing(0.04), timing(0.08)]})
    peak, at_peak, products, update, whole = bench_report.update_rows(tiny_config, 1)
    assert (peak["value"], peak["unit"]) == (2.0, "GFLOP/s")
    assert (at_peak["value"], at_peak["unit"]) == (2.0, "ms")
    assert (products["value"], products["low"], products["high"]) == (3.0, 1.5, 6.0)
    assert update["note"] == "75 % of it is its products"
    assert whole["value"] == 10.0
    assert peak["what"] == "fastest product, 1 x 2 x 3"
    assert [row["note"] for row in bench_report.thread_rows(tiny_config, 1)] == [
        f"{gain} times one" for gain in ("1.00", "1.00", "1.00", "1.60", "1.50", "1.25")]
    assert [row["note"] for row in bench_report.growth_rows(tiny_config, 1)] == [
        "1.00 of linear growth", "0.50 of linear growth", "1.00 of linear growth"]


def test_every_section_prints_and_stores_the_same_rows(capsys, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text('settings = ["radio.num_ues=18", "radio.num_rbs=8", "agent.hidden_sizes=[4]"]\n'
                    '[groups.a]\nmethods = ["no_sam"]\n', "utf-8")
    words = ["bench", "memory", "update", "parts", "threads", "environment", "--repeats", "1", *SMALL]
    assert main([*words, "--json", "--plan", str(plan)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["processor", "memory", "update", "parts", "threads", "environment", "plans"]
    processor = found.pop("processor")
    assert all(row["value"] > 0 for rows in found.values() for row in rows)
    assert found["plans"][0]["what"] == f"{plan}: 1 runs"
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"processor: {processor}\n") and processor
    assert all(row["what"] in printed for rows in list(found.values())[2:5] for row in rows)


def test_memory_is_taken_when_the_replay_has_all_that_a_run_stores(monkeypatch, tiny_config):
    """Six iterations of four frames."""
    trainers, make = [], bench_report.Trainer
    monkeypatch.setattr(bench_report, "Trainer", lambda *parts: trainers.append(make(*parts)) or trainers[0])
    list(bench_report.memory_rows(tiny_config, 1))
    replay = trainers[0].agents.replay
    assert replay.size == 24 and replay.state()["obs"].any(axis=-1).all()


def test_memory_is_taken_before_what_would_count_in_it(capsys):
    assert main(["bench", "parts", "memory", "--repeats", "1", "--json", *SMALL]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["processor", "memory", "parts"]


def test_the_command_knows_every_section():
    assert command._SECTIONS == tuple(bench_report.SECTIONS)


@pytest.mark.parametrize(("words", "said"), [
    (["--repeats", "0"], "--repeats = 0: must be at least 1"),
    (["updates"], "SECTION = updates: must be one of memory, update, parts"),
    (["memory", "--plan", "nowhere.toml", *SMALL], "nowhere.toml: cannot be read"),
])
def test_what_cannot_be_measured_is_refused(capsys, words, said):
    assert said in refused(capsys, "bench", *words)
