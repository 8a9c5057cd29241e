"""Tables: the writer, and every number of Tables 1, 2, 3 and 5 against hand calculation and the paper's print."""

import csv
import math
import re
from pathlib import Path

import pytest
from synthetic_scores import results

from figures.tables import improvements, table1, table5, writer
from tasam_ref.analysis.stats import Interval
from tasam_ref.config_io import apply_settings, load_preset
from validation.paper_arithmetic.findings import TABLES

ROOT = Path(__file__).parents[2]
REGISTER = set(re.findall(r'<a id="(R\d\d)">', (ROOT / "validation" / "READINGS.md").read_text("utf-8")))


def read(folder, name):
    """(head, rows) of the CSV, checked against the Markdown's cells."""
    with open(folder / f"{name}.csv", encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    text = (folder / f"{name}.md").read_text("utf-8").splitlines()
    shown = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
             for line in text if line.startswith("|")]
    assert [shown[0], *shown[2:]] == lines
    return lines[0], [dict(zip(lines[0], line)) for line in lines[1:]]


# ---- the writer ----
def test_markdown_and_csv_have_the_same_cells(tmp_path):
    writer.write(tmp_path, "t", "A title", ["one " * 60, "- a list\n- of lines"], ("a", "b"),
                 [(1, 'x, "y"'), ("|B|", 2.5)])
    head, rows = read(tmp_path, "t")
    assert (head, rows) == (["a", "b"], [{"a": "1", "b": 'x, "y"'}, {"a": "|B|", "b": "2.5"}])
    text = (tmp_path / "t.md").read_text("utf-8")
    assert text.startswith("# A title\n\none one") and "\n\n- a list\n- of lines\n\n| a | b |\n| --- | --- |\n" in text
    assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.parametrize(("value", "text"), [
    (1.23456, "1.23"), (0.00123456, "0.00123"), (123.456, "123"), (999.7, "1000"), (12345.6, "12346"),
    (-1234.5, "-1234"), (0, "0"), (math.nan, ""), (math.inf, "inf")])
def test_numbers_have_three_digits_and_all_in_front_of_the_point(value, text):
    assert writer.number(value) == text


def test_intervals_without_limits_or_mean_say_so():
    assert writer.interval(Interval(1.0, 0.5, 1.5)) == "1 [0.5, 1.5]"
    assert writer.interval(Interval(1.0, math.nan, math.nan)) == "1"
    assert writer.interval(Interval(math.nan, math.nan, math.nan)) == "undefined"


# ---- Table 1 ----
PRINTED = {
    "radio.rb_bandwidth_hz": 200e3, "radio.tx_power_dbm": 56.0, "radio.num_rbs": 100, "radio.num_ues": 200,
    "radio.noise_dbm": -173.0, "run.num_iterations": 1000, "radio.num_dus": 6, "run.frames_per_iteration": 10,
    "agent.batch_size": 128, "agent.gradient_steps": 1, "agent.hidden_sizes": (300, 400, 400),
    "agent.learning_rate": 1e-4, "radio.speed_min_m_s": 10.0, "radio.speed_max_m_s": 20.0, "sam.rho_init": 0.5,
    "sam.rho_final": 0.01, "reward.priorities": (1.0, 0.5, 2.0), "reward.q_min": (10e6, 50e6, 2e-3),
}


def test_the_preset_paper_holds_what_the_paper_prints():
    paper = load_preset("paper")
    assert {path: table1.value_of(paper, path) for path in PRINTED} == PRINTED
    listed = {row["field"] for row in table1.ROWS if "field" in row}
    assert listed - PRINTED.keys() == {"sam.base_optimizer", "sam.actor_rho_ratio", "slices.names", "reward.metrics"}
    assert PRINTED.keys() <= listed


def test_what_is_printed_is_what_the_arithmetic_takes():
    printed = {row["paper"] for row in table1.ROWS if row["where"] == "Table 1"}
    assert {str(value).removesuffix(" channel") for value in TABLES["table_1"].values()} == printed


def test_every_field_from_the_papers_tables_and_evaluation_is_listed():
    """But for those that are a method's: L2, dropout and spectral normalisation."""
    listed = {row.get("field") for row in table1.ROWS}
    wanted = {path for path, fact in table1.facts().items()
              if re.match(r"Table 1|Sec\. VI-[ABE]", fact["source"])}
    assert wanted - listed == {"agent.l2_weight", "agent.dropout", "agent.spectral_norm"}


def test_what_the_paper_leaves_open_has_a_row_of_the_register():
    rows = {path: fact["source"] for path, fact in table1.left_open()}
    assert {"agent.gamma", "agent.temperature", "sam.td_var_threshold", "radio.path_loss_exponent", "radio.frame_s",
            "reward.penalty", "slices.shares"} <= rows.keys()
    assert all(re.search(r"R\d\d", source) for source in rows.values())
    assert not rows.keys() & {row.get("field") for row in table1.ROWS}
    named = [*rows.values(), *(row.get("note", "") for row in (*table1.ROWS, *table5.ROWS))]
    assert {one for text in named for one in re.findall(r"R\d\d", text)} <= REGISTER


TWO = {"headline/no_sam": {"reward": [1, 2]}, "headline/ta_sam": {"reward": [1, 2]}}


def test_table_1_shows_presets_runs_and_seeds(tmp_path):
    table1.make(results(TWO, settings=["run.num_iterations=7", "agent.gamma=0.5"]), tmp_path, "table1")
    _, rows = read(tmp_path, "table1")
    rows = {row["field"]: row for row in rows}
    length, gamma, steps = (rows[name] for name in ("run.num_iterations", "agent.gamma", "agent.gradient_steps"))
    columns = ("as printed", "paper", "paper_utd1", "quick", "these runs")
    assert [length[name] for name in columns] == ["1000", "1000", "1000", "30", "7"]
    assert [steps[name] for name in columns] == ["1, as printed", "1", "10", "10", "10"]
    assert [gamma[name] for name in columns] == ["not given", "0.2", "0.2", "0.2", "0.5"]
    assert gamma["note"].startswith("R28: ")
    assert rows["radio.tx_power_dbm"]["unit"] == "dBm"
    assert "of 2 seeds each" in (tmp_path / "table1.md").read_text("utf-8")


# ---- Tables 2 and 3 ----
def test_table_2_by_hand(tmp_path):
    """Three seeds with gains of 10, 20 and 30 %: mean 20, half width 10 * 4.302653 / sqrt(3) = 24.84."""
    base = {"qos_eMBB": [10e6] * 3, "qos_mMTC": [20e6] * 3, "qos_URLLC": [4e-3] * 3, "violated_eMBB": [0.5] * 3,
            "violated_mMTC": [1.0] * 3, "violated_URLLC": [0.25] * 3}
    drawn = {"stochastic qos_eMBB": [9e6] * 3, "stochastic violated_eMBB": [0.9] * 3}            # not the runs' default
    made = results({"headline/centralised_sac": base,
                    "headline/no_sam": base | {"qos_URLLC": [2e-3] * 3},
                    "headline/ta_sam": base | drawn | {"qos_eMBB": [11e6, 12e6, 13e6], "qos_URLLC": [1e-3] * 3}})
    improvements.make(2)(made, tmp_path, "table2")
    _, rows = read(tmp_path, "table2")
    cells = {(row["method"], row["slice"]): row for row in rows}
    assert len(rows) == 4 * 3
    embb, urllc = cells["ta_sam", "eMBB"], cells["ta_sam", "URLLC"]
    assert embb["over centralised_sac, %"] == embb["over no_sam, %"] == "20 [-4.84, 44.8]"
    assert (embb["paper, %"], embb["paper over its no SAM, %"]) == ("23.67", "8.58")
    assert (embb["QoS"], embb["Q_min met, %"]) == ("12 [9.52, 14.5] Mbit/s", "50 [50, 50]")
    assert (urllc["paper, %"], urllc["over centralised_sac, %"], urllc["over no_sam, %"], urllc["QoS"]) == (
        "42.1", "75 [75, 75]", "50 [50, 50]", "1 [1, 1] ms")
    assert urllc["paper over its no SAM, %"] == f"{100 * (74.9 - 57.9) / 74.9:.2f}" == "22.70"
    none = cells["no_sam", "URLLC"]
    assert (none["over centralised_sac, %"], none["over no_sam, %"], none["paper over its no SAM, %"]) == (
        "50 [50, 50]", "", "")
    assert cells["both_sam", "mMTC"]["over no_sam, %"] == "these results lack both_sam in group headline"
    assert cells["both_sam", "mMTC"]["paper, %"] == "9.81"
    assert "intervals over 3 seeds." in " ".join((tmp_path / "table2.md").read_text("utf-8").split())


def test_table_3_has_both_plastics_and_the_papers_entries(tmp_path):
    improvements.make(3)(results(TWO), tmp_path, "table3")
    _, rows = read(tmp_path, "table3")
    assert [(row["method"], row["paper, %"]) for row in rows if row["slice"] == "eMBB"] == [
        ("plastic_as_described", "15.1"), ("plastic_lee2023", "15.1"), ("l2", "1.81"), ("dropout", "0.67"),
        ("spectral_norm", "3.1")]
    l2 = next(row for row in rows if (row["method"], row["slice"]) == ("l2", "URLLC"))
    assert l2["paper over its no SAM, %"] == f"{100 * (74.9 - 95.2) / 74.9:.2f}" == "-27.10"


# ---- Table 5 ----
@pytest.mark.parametrize(("row", "values", "expected"), [
    ({"allowed": [180, 360]}, (180.0,), "yes"), ({"allowed": [180, 360]}, (200.0,), "no"),
    ({"allowed": [128.1]}, (15.3 + 37.6 * 3,), "yes"), ({"high": 106}, (106,), "yes"), ({"high": 106}, (107,), "no"),
    ({"low": 10, "high": 120}, (36.0, 72.0), "yes"), ({"low": 10, "high": 120}, (36.0, 130.0), "no"),
    ({"low": 10, "high": 120}, (9.0, 72.0), "no"), ({}, (), ""), ({"inside": "no"}, (), "no")])
def test_inside_is_among_the_allowed_or_between_the_limits(row, values, expected):
    assert table5.inside(row, values) == expected


def ours(config):
    return {row["what"]: (table5.ours(row, config), table5.inside(row, table5.ours(row, config)))
            for row in table5.ROWS}


def test_our_values_by_hand():
    """mMTC: 0.4, 0.45, 0.5, 0.3, 0.6 and 0.35 of a sixth of 200 users, in discs of 0.19635 km^2."""
    found = ours(load_preset("paper"))
    for what, value, inside in (
            ("channel bandwidth", 20, "yes"), ("width of a resource block", 200, "no"),
            ("resource blocks in 20 MHz", 100, "yes"), ("occupied bandwidth", 20, "no"),
            ("length of a frame, as a control loop", 100, "yes"), ("length of a frame, as a radio frame", 100, "no"),
            ("path loss at 1 km", 128.1, "yes"), ("URLLC packet", 255, "yes"),
            ("latency required of URLLC, as a packet delay budget", 2, "yes"), ("noise density", -173, "yes"),
            ("latency required of URLLC, by 3GPP's target for the user plane", 2, "no"),
            ("largest delay that is told apart", 10, "yes"), ("throughput required of eMBB", 10, "no")):
        assert found[what] == ((pytest.approx(value),), inside), what
    assert found["speed of users"] == (pytest.approx((36, 72)), "yes")
    (density,), inside = found["density of mMTC devices"]
    assert density == pytest.approx(200 * (0.4 + 0.45 + 0.5 + 0.3 + 0.6 + 0.35) / 6 / (6 * 0.19635), rel=0.03)
    assert inside == "no"


def test_a_network_of_the_standards_numbers_lies_inside():
    found = ours(apply_settings(load_preset("paper"), ["radio.rb_bandwidth_hz=180e3", "radio.num_rbs=106"]))
    assert found["width of a resource block"] == ((pytest.approx(180),), "yes")
    assert found["occupied bandwidth"] == ((pytest.approx(19.08),), "yes")
    assert found["channel bandwidth"][1] == "no"


def test_numbers_of_the_standards_that_follow_from_others():
    """Guard bands halve what 106 RBs and one subcarrier leave of 20 MHz; 256QAM's best code rate is 948 / 1024."""
    text = {row["what"]: row["standard"] for row in table5.ROWS}
    assert f"{(20000 - 106 * 12 * 15 - 15) / 2:g} kHz" in text["occupied bandwidth"]
    assert f"{8 * 948 / 1024:.5g}" == "7.4062" and "7.4063" in text["spectral efficiency of a link"]


def test_every_row_names_its_document_and_a_number_or_a_text():
    for row in table5.ROWS:
        assert {"what", "paper", "ours", "standard", "document"} <= row.keys()
        assert re.search(r"3GPP T[SR] \d\d\.\d{3}|ITU-R M\.\d{4}|O-RAN", row["document"]), row["what"]
        comparable = row["ours"] in table5.DERIVED or row["ours"] in table1.facts()
        assert comparable == bool({"allowed", "low", "high"} & row.keys()), row["what"]


def test_table_5_counts_what_lies_inside(tmp_path):
    table5.make(results(TWO), tmp_path, "table5")
    _, rows = read(tmp_path, "table5")
    answers = [row["ours inside"] for row in rows]
    said = " ".join((tmp_path / "table5.md").read_text("utf-8").split())
    assert f"{answers.count('yes')} values lie inside" in said and f"{answers.count('no')} outside" in said
    assert set(answers) == {"yes", "no", ""}
    assert next(row for row in rows if row["parameter"] == "width of a resource block")["ours"] == "200 kHz"
