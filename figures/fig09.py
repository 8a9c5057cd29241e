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
        found = _eigenvalues(results, column)
        places = style.side_by_side(list(found))
        reference = found.get(("headline", "no_sam"), {})
        style.no_difference(below, 1)
        for x, ((group, method), values) in zip(places, found.items()):
            style.dots(above, x, list(values.values()), method, geometric_interval, **style.fill(group))
            ratios = [value / reference[seed] for seed, value in values.items() if seed in reference]
            if ratios and method != "no_sam":
                style.dots(below, x, ratios, method, geometric_interval, **style.fill(group))
        style.ticks(below, *style.middles(found, places))
        above.set_title(f"Hessian of the loss: {title}")
        for axis in (above, below):
            axis.set_yscale("log")
            style.logarithmic_ticks(axis.yaxis)
    axes[0, 0].set(ylabel="largest eigenvalue")
    axes[1, 0].set(ylabel="ratio to no-SAM's")
    groups, methods = zip(*found)
    style.caption(figure, (
        f"{style.seeds(results['scores'].where(group=groups, method=methods))}, {style.length(results, 'headline')}. "
        "Points are runs, bars the geometric mean over seeds with the 95 % t interval of its logarithm. "
        "Every run's networks at one batch from its own policy on the first held-out episodes; L2-reg's loss includes "
        "its penalty. Below: ratios of runs of one seed, which met the same users, channels and traffic; under 1 a "
        f"method is flatter than no-SAM, as the paper says of SAM. {style.hollow(groups)}"))
    return figure


def _eigenvalues(results, column):
    """{(group, method): {seed: value}} of the runs where one was measured and can stand on a logarithmic axis."""
    methods = results["scores"].where(group="headline").unique("method")
    found = {pair: runs.by_seed(runs.of(results, "scores", *pair), column)
             for pair in runs.by_norm(results, "headline", methods)}
    positive = {pair: {seed: value for seed, value in values.items() if value > 0} for pair, values in found.items()}
    return {pair: values for pair, values in positive.items() if values}
