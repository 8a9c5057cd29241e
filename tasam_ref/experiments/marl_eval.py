"""Scores in the JSON that MARL-eval reads, a tool for aggregates over runs (Gorsane et al., 2022)."""

from ..errors import UsageError

ENVIRONMENT = "oran_slicing"


def as_marl_eval(results, group):
    """A group of the Results as nested dictionaries {environment: {task: {algorithm: {run: {step: metrics}}}}}.

    The group is the task and a seed a run.  Steps are the points of the learning curve, in order: "step_count" counts
    the frames up to a point, "reward" holds the mean of its training frames.  "absolute_metrics", the last, has the
    held-out mean of the trained actors, as the runs are judged by default.  Raises UsageError where runs differ in
    their points, which MARL-eval refuses.
    """
    curves, scores = results["curves"].where(group=group), results.scores(group)
    if not len(scores):
        raise UsageError(f"needs groups.{group}, and the plan has none")
    (frames,) = results["groups"].where(group=group)["frames_per_iteration"]
    algorithms = {}
    for score in scores.rows():
        curve = curves.where(method=score["method"], seed=score["seed"])
        steps = {f"step_{k}": {"step_count": int(point["iteration"] * frames), "reward": [point["reward"]]}
                 for k, point in enumerate(curve.rows())}
        runs = algorithms.setdefault(score["method"], {})
        runs[f"seed_{int(score['seed'])}"] = steps | {"absolute_metrics": {"reward": [score["reward"]]}}
    counts = {tuple(step.get("step_count") for step in run.values()) for runs in algorithms.values()
              for run in runs.values()}
    if len(counts) > 1:
        raise UsageError(f"{group}: has runs of different lengths: must be of one length for MARL-eval")
    return {ENVIRONMENT: {group.lower(): algorithms}}
