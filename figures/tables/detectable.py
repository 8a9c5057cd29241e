"""Table: the smallest true difference that a number of seeds tells from none."""

from tasam_ref.analysis.aggregates import detectable_difference

from .. import runs
from . import writer

SEEDS = range(2, 21)
TITLE = "Smallest true difference of two methods that N seeds tell from none"
CAPTION = "A paired t-test at 5 % finds it with 80 % power."


def write(results, folder, name):
    """Write the table: in standard deviations, and in reward with that of TA-SAM - no-SAM; empty after one seed."""
    differences = runs.paired(*(runs.held_out(results, "headline", method) for method in ("ta_sam", "no_sam")))
    spread = differences.std(ddof=1) if differences.size > 1 else None
    measured = f"{spread:.3f}" if spread is not None else "unknown"
    head = ["seeds", "in standard deviations of the differences",
            f"in reward, where TA-SAM - no-SAM has the standard deviation {measured} ({differences.size} seeds)"]
    shifts = {seeds: detectable_difference(seeds) for seeds in SEEDS}
    writer.write(folder, name, TITLE, [CAPTION], head, [
        [str(seeds), f"{shift:.2f}", "" if spread is None else f"{spread * shift:.3f}"]
        for seeds, shift in shifts.items()])
