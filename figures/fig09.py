"""Fig. 9: the largest eigenvalue of the Hessian."""

from tasam_ref.analysis.stats import geometric_interval
from tasam_ref.errors import UsageError

from . import runs, style

NETWORKS = {"lambda_max_critic": "critic", "lambda_max_actor": "actors, mean over DUs"}


def draw(results):
    """Eigenvalues of critic and actors by method, and below their ratios to no-SAM's seed by seed."""
    scores = results["scores"].where(group="headline")
    if not set(NETWORKS) <= set(scores.columns):
        raise UsageError("fig09: of no run was the curvature measured: the plan must name some under measure.curvature")
    figure, axes = style.new(2, 2, height=5.4, sharex="col")
    for (above, below), (column, title) in zip(axes.T, NETWORKS.items()):
        found = _eigenvalues(scores, column)
        reference = found.get("no_sam", {})
        style.no_difference(below, 1)
        for x, (method, values) in enumerate(found.items()):
            style.dots(above, x, list(values.values()), method, geometric_interval)
            ratios = [value / reference[seed] for seed, value in values.items() if seed in reference]
            if ratios and method != "no_sam":
                style.dots(below, x, ratios, method, geometric_interval)
        style.ticks(below, range(len(found)), [style.NAMES[method] for method in found])
        above.set_title(f"Hessian of the loss: {title}")
        for axis in (above, below):
            axis.set_yscale("log")
            style.logarithmic_ticks(axis.yaxis)
    axes[0, 0].set(ylabel="largest eigenvalue")
    axes[1, 0].set(ylabel="ratio to no-SAM's")
    shown = scores.where(method=list(found))
    style.caption(figure, (
        f"{style.seeds(shown)}, {style.length(results, 'headline')}. Points are runs, bars the geometric mean over "
        "seeds with the 95 % t interval of its logarithm. Every run's networks at one batch from its own policy on the "
        "first held-out episodes; L2-reg's loss includes its penalty. Below: ratios of runs of one seed, which met "
        "the same users, channels and traffic; under 1 a method is flatter than no-SAM, as the paper says of SAM."))
    return figure


def _eigenvalues(scores, column):
    """{method: {seed: value}} of the runs where one was measured and can stand on a logarithmic axis."""
    found = {method: runs.by_seed(scores.where(method=method), column) for method in scores.unique("method")}
    positive = {method: {seed: value for seed, value in values.items() if value > 0}
                for method, values in found.items()}
    return {method: values for method, values in positive.items() if values}
