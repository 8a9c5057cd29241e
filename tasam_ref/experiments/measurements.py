"""What may be measured of a run once it is complete, by the names that plans use."""

from . import distributions, run_curvature

MEASUREMENTS = {"curvature": (run_curvature.is_measured, run_curvature.measure_sharpness),
                "distributions": (distributions.is_measured, distributions.measure_distributions)}


def missing(folder, names):
    """Those of the named measurements that a complete run still lacks."""
    return [name for name in names if not MEASUREMENTS[name][0](folder)]


def measure(folder, names):
    """Make what is missing.  Raises UsageError for a run that cannot be measured so."""
    for name in missing(folder, names):
        MEASUREMENTS[name][1](folder)
