"""The tables of an explained run."""

from .tables import format_table

HEAD_NETWORKS = ["at", "network", "rho", "sharpness", "slope", "reach", "common", "error", "lift", "cos there"]
HEAD_STEPS = ["steps of", "critic", "|cos|", "|cos adv|", "length", "adv", "kept", "moved", "toward", "common",
              "learned", "turns", "adv"]
HEAD_ORDERINGS = ["at", "critic", "actions", "mean |Q|", "std Q", "std r", "rank correlation", "repeat", "favourite",
                  "mean r", "best", ""]
KEY = {
    "m, g, adv": "gradients of mean Q, of the loss, and the one that is descended, at theta_adv where there is SAM",
    "|cos|, adv": "mean sizes of the cosines of g and of adv with m",
    "length, adv": "mean lengths of g and of adv",
    "kept": "how much of what g has beside m the descended gradient holds",
    "moved, toward": "length of the step in thousandths, and its cosine with descent along what g has beside m",
    "common": "of steps: share of their change of Q that all values have in common; of networks: curvature along m "
              "over sharpness",
    "learned": "share of the differences between targets and Q that a step takes away, in thousandths",
    "turns, adv": "how often the sign along m changes from step to step, and that of the descended gradient",
    "sharpness": "largest eigenvalue of T H T, T being 1 in the norm l2; slope: length of T g",
    "reach": "rho sharpness / slope: above 1 the ascent to theta_adv leaves the slope for the curvature",
    "error, lift": "mean of Q - y, and what the ascent adds to mean Q",
    "cos there": "cosine of adv with m where the ascent ends",
    "std": "standard deviations over actions of Q and of the reward r that they earn",
    "repeat": "rank correlation of r with itself under other draws of chance",
    "favourite, best": "r of the action with the largest Q, and the largest r",
}


def explanation(path, content):
    """What was measured of one run, as text."""
    run = content["run"]
    radii = f"norm {run['norm']}, rho {run['radii'][0]:g} to {run['radii'][1]:g}" if run["with_sam"] else "no SAM"
    same = "to the same bits" if content["same_bits"] else "but to other bits: on another machine or in other versions"
    title = (f"{path}: {run['method']} seed {run['seed']}, critic with {radii}, {run['iterations']} iterations, "
             f"replayed {same}\n")
    return "\n".join((title, format_table(HEAD_STEPS, _steps(content)), format_table(HEAD_NETWORKS, _networks(content)),
                      format_table(HEAD_ORDERINGS, _orderings(content))))


def key(gamma):
    """What the columns are, line by line."""
    meanings = KEY | {"gamma": f"{gamma:g}, which discounts what follows the one frame of r in the return of Q"}
    return "".join(f"{name:<16}{meaning}\n" for name, meaning in meanings.items())


def _steps(content):
    return [[f"{stretch['from']} to {stretch['to']}", name.split()[1],
             *(f"{of[k]:.2f}" for k in ("cos", "cos_adv")), *(f"{of[k]:.3g}" for k in ("length", "length_adv")),
             f"{of['kept']:.2f}", f"{1000 * of['moved']:.2f}", *(f"{of[k]:.2f}" for k in ("toward", "common")),
             f"{1000 * of['learned']:.2f}", *(f"{of[k]:.2f}" for k in ("turns", "turns_adv"))]
            for stretch in content["steps"] for name, of in stretch.items() if name.startswith("critic")]


def _networks(content):
    return [[str(stage["iteration"]), name, *(f"{of[k]:.3g}" for k in ("rho", "sharpness", "slope", "reach")),
             *(f"{of[k]:.2f}" if k in of else "" for k in ("common", "error", "lift", "cos_there"))]
            for stage in content["stages"] for name, of in stage["networks"].items()]


def _orderings(content):
    """All actions together at every stage; at the last one also kind by kind, without a verdict."""
    rows = []
    for stage in content["stages"]:
        for name, kinds in stage["orderings"].items():
            for kind, of in kinds.items():
                if kind == "all" or stage is content["stages"][-1]:
                    rows.append([str(stage["iteration"]), name.split()[1], kind, *_ordering(of, kind)])
    return rows


def _ordering(of, kind):
    rank = of["rank"]
    return [f"{of['mean_size']:.2f}", f"{of['value_std']:.3f}", f"{of['reward_std']:.2f}",
            f"{rank['mean']:.2f} [{rank['low']:.2f}, {rank['high']:.2f}]",
            *(f"{of[k]:.2f}" for k in ("repeat", "favourite", "mean_reward", "best")),
            of["verdict"] if kind == "all" else ""]
