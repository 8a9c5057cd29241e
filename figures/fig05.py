"""Fig. 5: learning curves under equal, non-equal and dynamic radii."""

from tasam_ref.analysis.stats import mean_interval

from . import runs, style

DYNAMIC = ("actor_sam", "critic_sam", "both_sam", "ta_sam")
RULES = {"td_driven_rho": "the actors' by their TD-error variance", "entropy_rho": "all by the policies' entropy"}


def equal_rho(results):
    """Fig. 5a: one static radius for actors and critic."""
    group = runs.of_group(results, "equal_rho")
    return _draw(results, [("equal_rho", method, method) for method in ("actor_sam", "critic_sam", "both_sam")],
                 f"Equal radii: {group['rho_init']:g} for actors and critic.")


def non_equal_rho(results):
    """Fig. 5b: two static radii.  A critic alone knows no difference between equal and non-equal."""
    group = runs.of_group(results, "non_equal_rho")
    held = [("non_equal_rho", "actor_sam", "actor_sam"), ("equal_rho", "critic_sam", "critic_sam"),
            ("non_equal_rho", "both_sam", "both_sam")]
    return _draw(results, held, f"Non-equal radii: {group['rho_init'] * group['actor_rho_ratio']:g} for actors, "
                                f"{group['rho_init']:g} for the critic.")


def dynamic_rho(results):
    """Fig. 5c: a radius that falls over training; and TA-SAM's by the other rules that the paper speaks of."""
    group = runs.of_group(results, "headline")
    others = {name: rule for name, rule in RULES.items() if name in results.plan.needs["fig05c"]}
    held = [("headline", method, method) for method in DYNAMIC] + [(name, "ta_sam", name) for name in others]
    return _draw(results, held, "; or ".join([
        f"Dynamic radius: from {group['rho_init']:g} to {group['rho_final']:g}, {group['rho_schedule']} over training",
        *others.values()]) + ".")


def _draw(results, held, radii):
    """Curves of no-SAM and of (group, method, look), and their differences to no-SAM seed by seed."""
    figure, (left, right) = style.new(2, height=3.9)
    x, reference = runs.curves(results, "headline", "no_sam")
    style.band(left, x, runs.matrix(reference), "no_sam")
    style.no_difference(right)
    ends = []
    for group, method, look in held:
        x, rewards = runs.curves(results, group, method)
        style.band(left, x, runs.matrix(rewards), look)
        style.band(right, x, runs.paired(rewards, reference), look)
        end = runs.paired(runs.held_out(results, group, method), runs.held_out(results, "headline", "no_sam"))
        ends.append(f"{style.NAMES[look]} {mean_interval(end)}")
    left.set(xlabel="iteration", ylabel=f"training {style.REWARD}")
    right.set(xlabel="iteration", ylabel=style.DIFFERENCE)
    style.legend(figure, left, ncols=3 if len(held) > 3 else 4)
    groups, methods, _ = zip(("headline", "no_sam", "no_sam"), *held)
    scores = results["scores"].where(group=groups, method=methods)
    style.caption(figure, (
        f"{radii} {style.seeds(scores)}, {style.length(results, 'headline')}; lines are means"
        f"{style.of_blocks(x)} over seeds, bands their 95 % t intervals. A return is the "
        "reward times the episode's frames. Users move, so the reward drifts; on the right, where runs that met the "
        f"same users are compared, that cancels. Held-out {style.DIFFERENCE} at the end, seed by seed: "
        f"{'; '.join(ends)}."))
    return figure
