"""The norm of (12) as a reading (R55): a diagonal T of theta's size, with  theta_adv = theta + rho T^2 g / ||T g||.

    l2         T = 1                                       (12) as printed
    adaptive   T = |theta|, entry by entry                 adaptive SAM (Kwon et al., 2021)
    layer      T = root mean square of theta, by layer     the same, a layer at a time

Where T is 0 nothing is perturbed, and nothing enters the norm.  ``perturbs`` leaves out all but the weight matrices
(``weights``) or the output layer (``hidden``).
"""

import numpy as np


def ones(net, theta):
    """T = 1.  Source: (12)."""
    return np.ones_like(theta)


def adaptive(net, theta):
    """T = |theta|.  Source: the abstract's "adaptive" SAM, R55."""
    return np.abs(theta)


def layer(net, theta):
    """T = sqrt(mean of theta^2 over the layer), a layer being its weight, bias, gain and shift.  Source: R55."""
    scale = np.zeros_like(theta)
    for own, out in zip(net.parts(theta), net.parts(scale)):
        mean_square = sum(np.vdot(part, part) for part in own) / sum(part.size for part in own)
        for part in out:
            part[...] = np.sqrt(mean_square)
    return scale


NORMS = {"l2": ones, "adaptive": adaptive, "layer": layer}


def scale_of(norm, perturbs, net):
    """The function theta (n,) -> T (n,) of one network; None where T is 1, as printed."""
    if norm == "l2" and perturbs == "all":
        return None

    def scale(theta):
        entries = NORMS[norm](net, theta)
        parts = net.parts(entries)
        left_out = {"all": [], "weights": [part for _, *rest in parts for part in rest], "hidden": parts[-1]}[perturbs]
        for part in left_out:
            part[...] = 0
        return entries

    return scale
