"""Tables 2 and 3: QoS of the ablations and baselines, over a single centralised agent and over no SAM."""

from tasam_ref.analysis.stats import mean_interval
from validation.paper_arithmetic.findings import SLICES, TABLES, compared

from .. import runs, style
from ..claims.measures import percent
from ..claims.quantities import QUANTITIES, Lacking, judged_by, lower_is_better, per_seed
from . import writer

GROUP, BASES = "headline", ("centralised_sac", "no_sam")
METHODS = {"ta_sam": ["ta_sam"], "both_sam": ["both_sam"], "static_rho": ["ta_sam_static_rho"], "no_sam": ["no_sam"],
           "plastic": ["plastic_as_described", "plastic_lee2023"], "l2": ["l2"], "dropout": ["dropout"],
           "spectral": ["spectral_norm"]}
"""The methods that stand for a row of the paper's tables."""

TITLES = {2: "Table 2: ablation of TA-SAM", 3: "Table 3: baselines and regularisations"}
HEAD = ("as printed", "method", "slice", "paper, %", "over centralised_sac, %", "paper over its no SAM, %",
        "over no_sam, %", "QoS", "Q_min met, %")
CAPTION = """Improvement of a slice's QoS, for URLLC the reduction of its latency, in per cent, paired by seed; means
with 95 % t intervals over {}.  The paper does not say what its entries are relative to.  Of the readings in
validation/PAPER_ARITHMETIC.md (N3) one fits its text, gains over a single centralised agent: compare *paper* with
*over centralised_sac*, and *paper over its no SAM*, its entries compounded as (100 + a) / (100 + b) - 1, for URLLC as
1 - (100 - a) / (100 - b), with *over no_sam*.  If Table 3's entries are gains over SAC without SAM, compare them with
the latter as printed.  *Q_min met* is the share of DUs and frames that reach the requirement, another thing that the
paper's "QoS satisfaction" may mean."""


def make(number):
    """The product for the paper's Table 2 or 3."""
    def write(results, folder, name):
        seeds = style.seeds(results["scores"].where(group=GROUP))
        results = judged_by(results, runs.of_group(results, GROUP)["evaluation"])
        rows = [_row(results, entry, method, s) for entry in TABLES["rows"] if entry["table"] == number
                for method in METHODS[entry["key"]] for s in range(len(SLICES))]
        writer.write(folder, name, TITLES[number], [CAPTION.format(seeds)], HEAD, rows)

    return write


def improvement(results, method, base, slice_name):
    """Interval of the improvement of a method's QoS over another's, in per cent."""
    sign = -1 if lower_is_better(results, slice_name, GROUP, method) else 1
    values = [per_seed(results, f"qos_{slice_name}", GROUP, name) for name in (method, base)]
    return mean_interval(list(percent(*values, sign).values()))


def _row(results, entry, method, s):
    name, over_none = SLICES[s], compared("compounded", entry["key"], "no_sam")[s]
    ours = [_cell(improvement, results, method, base, name) if method != base else "" for base in BASES]
    printed = "" if entry["key"] == "no_sam" else f"{float(over_none):.2f}"
    return (entry["printed"], method, name, entry["qos"][s], ours[0], printed, ours[1],
            _cell(_mean, results, f"qos_{name}", method, unit=f" {QUANTITIES[f'qos_{name}'].unit}"),
            _cell(_mean, results, f"met_{name}", method))


def _mean(results, quantity, method):
    return mean_interval(list(per_seed(results, quantity, GROUP, method).values()))


def _cell(measure, results, *arguments, unit=""):
    try:
        return writer.interval(measure(results, *arguments)) + unit
    except Lacking as lacking:
        return f"these results lack {lacking}"
