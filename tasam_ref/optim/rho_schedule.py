"""How the SAM radius rho moves from rho_init to rho_final (Sec. IV-E, VI-B; reading R36).

progress runs from 0 at the first iteration to 1 at ``rho_decay_steps`` and stays there.
"""

import numpy as np


def linear(progress, rho_init, rho_final):
    """rho = rho_init + (rho_final - rho_init) progress.  Source: Sec. VI-B, R36."""
    return (1 - progress) * rho_init + progress * rho_final


def exponential(progress, rho_init, rho_final):
    """rho = rho_init (rho_final / rho_init)^progress.  Source: R36."""
    return rho_init ** (1 - progress) * rho_final**progress


def cosine(progress, rho_init, rho_final):
    """rho = rho_final + (rho_init - rho_final) (1 + cos(pi progress)) / 2.  Source: R36."""
    return linear(0.5 - 0.5 * np.cos(np.pi * progress), rho_init, rho_final)


def static(progress, rho_init, rho_final):
    """rho = rho_init, always.  Source: Table 2, w/ Static rho, R36."""
    return rho_init


DECAYS = {"linear": linear, "exponential": exponential, "cosine": cosine, "static": static}


def rho_at(iteration, sam, num_iterations):
    """Return the scheduled rho at an iteration (from 0); ``rho_decay_steps`` = 0 of ``sam`` means the last iteration.

    The rules that follow what is learned set out from the linear decay: ``td_driven`` takes it for the critic and
    scales the actors' from it, ``entropy_annealed`` replaces it.  Source: Algorithm 1, lines 13 and 22, R36.
    """
    steps = sam.rho_decay_steps or max(num_iterations - 1, 1)
    decay = DECAYS.get(sam.rho_schedule, linear)
    return float(decay(min(iteration / steps, 1.0), sam.rho_init, sam.rho_final))


def anneal_by_entropy(entropy_drop, rho_init, rho_final):
    """One radius for all, in proportion to the width of the policies relative to the first iteration's.

        rho = clip(rho_init e^-drop, between rho_final and rho_init)

    entropy_drop: how far the policies' mean entropy fell since the first iteration, in nat per dimension of the
    action.  This writes down a rule that the paper names, for comparison, and does not give (Sec. IV-C, R36).
    """
    return float(np.clip(rho_init * np.exp(-entropy_drop), min(rho_init, rho_final), max(rho_init, rho_final)))


def scale_by_td_variance(rho, td_variances, rho_init, rho_final):
    """Each agent's radius in proportion to its share of the TD-error variance, around the linear schedule's rho.

        rho_i = clip(rho var_i / mean_j var_j, between rho_final and rho_init);  rho where all variances are zero

    td_variances (M,).  Returns (M,).  This writes down a rule that the paper names and does not give (R36).
    """
    mean = np.mean(td_variances)
    share = td_variances / mean if mean > 0 else np.ones_like(td_variances)
    return np.clip(rho * share, min(rho_init, rho_final), max(rho_init, rho_final))
