"""Table 5, which the paper announces and our copy lacks: the parameters beside 3GPP's, ITU-R's and O-RAN's."""

import math
import tomllib
from pathlib import Path

from tasam_ref.oran.topology import build_topology

from .. import style
from . import writer
from .table1 import facts, headline_config, value_of

ROWS = tomllib.loads(Path(__file__).with_name("table5.toml").read_text("utf-8"))["rows"]
HEAD = ("parameter", "paper", "ours", "standard", "document", "ours inside", "note")


def _mmtc_density(config):
    radio, slices = config.radio, config.slices
    users = (build_topology(radio, slices).slice_of == slices.names.index("mMTC")).sum()
    return users / (radio.num_dus * math.pi * (radio.cell_radius_m / 1e3) ** 2)


DERIVED = {
    "bandwidth_hz": lambda config: config.radio.num_rbs * config.radio.rb_bandwidth_hz,
    "path_loss_1km_db": lambda config: config.radio.path_loss_1m_db + 10 * config.radio.path_loss_exponent * 3,
    "speeds_m_s": lambda config: (config.radio.speed_min_m_s, config.radio.speed_max_m_s),
    "urllc_latency_s": lambda config: config.reward.q_min[config.slices.names.index("URLLC")],
    "urllc_packet_bit": lambda config: config.slices.packet_bits[config.slices.names.index("URLLC")],
    "embb_requirement_bps": lambda config: config.reward.q_min[config.slices.names.index("eMBB")],
    "mmtc_density_km2": _mmtc_density,
    "num_slices": lambda config: config.num_slices,
}
"""Quantities that are no field of their own, in SI units unless named otherwise."""


def make(results, folder, name):
    """Write NAME.md and NAME.csv."""
    config = headline_config(results)
    compared = [(row, ours(row, config)) for row in ROWS]
    answers = [inside(row, values) for row, values in compared]
    rows = [(row["what"], row["paper"], _text(row, values), row["standard"], row["document"], answer,
             row.get("note", "")) for (row, values), answer in zip(compared, answers)]
    seeds = style.seeds(results["scores"].where(group="headline"))
    writer.write(folder, name, "Table 5: parameters beside the standards", [
        f"Appendix B announces this comparison; our copy of the paper does not hold it.  *Ours* is the network of the "
        f"headline's runs ({seeds} each).  {answers.count('yes')} values lie inside what the document allows or takes, "
        f"{answers.count('no')} outside; where nothing is said there is no number to compare."], HEAD, rows)


def ours(row, config):
    """Our values in the row's unit, a tuple; empty where ``ours`` is a text."""
    name = row["ours"]
    if name in DERIVED:
        found = DERIVED[name](config)
    elif name in facts():
        found = value_of(config, name)
    else:
        return ()
    return tuple(row.get("scale", 1) * value for value in (found if isinstance(found, tuple) else (found,)))


def inside(row, values):
    """``yes`` or ``no``, or nothing where there is nothing to compare."""
    if not values:
        return row.get("inside", "")
    if "allowed" in row:
        fits = all(any(math.isclose(value, one, rel_tol=1e-9) for one in row["allowed"]) for value in values)
    else:
        fits = all(row.get("low", -math.inf) <= value <= row.get("high", math.inf) for value in values)
    return "yes" if fits else "no"


def _text(row, values):
    if not values:
        return row["ours"]
    return f"{' to '.join(f'{value:.5g}' for value in values)} {row.get('unit', '')}".rstrip()
