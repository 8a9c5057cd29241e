"""A plan of small runs with everything that results can hold, and its runs."""

from conftest import TINY_SETTINGS

from tasam_ref.experiments.plan import load_plan
from tasam_ref.experiments.runner import run_entry
from tasam_ref.experiments.store import write_plan

PLAN = """
seeds = 2
settings = [{settings}]

[groups.headline]
methods = ["no_sam", "ta_sam"]

[groups."rho_0.1"]
methods = ["ta_sam"]
settings = ["sam.rho_init=0.1"]
seeds = 1

[groups.forgetting]
methods = ["no_sam"]
scenarios = ["forgetting"]
settings = ["run.num_iterations=6", "mdp.episode_frames=4", "run.eval_frames=2"]
seeds = 1

[measure.curvature]
headline = ["no_sam", "ta_sam"]

[measure.distributions]
headline = ["ta_sam"]

[needs]
picture = ["headline"]
marl_eval = ["headline"]
detectable = ["headline"]
"""


def write_small_plan(folder):
    """The plan's file."""
    path = folder / "plan.toml"
    path.write_text(PLAN.format(settings=", ".join(f'"{s}"' for s in TINY_SETTINGS)), "utf-8")
    return path


def finish(plan_file, out):
    """Train and measure every run of the plan, as a sweep does, in this process."""
    plan = load_plan(plan_file)
    write_plan(out, plan)
    for entry in plan.entries(out):
        run_entry(entry)
    return out
