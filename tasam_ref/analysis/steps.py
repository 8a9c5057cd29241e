"""What a step of the critic goes along: the common offset of Q, or what tells states and actions apart.

With Q_b = Q(s_b, a_b; theta) on a batch of B, y_b its targets and  m = d/dtheta mean_b Q_b,  the gradient of the
critic's loss has two parts, the first of which moves all values alike:

    g = (2/B) sum_b (Q_b - y_b) dQ_b/dtheta = 2 mean(Q - y) m + 2 cov(Q - y, dQ/dtheta)

The loss also bends most along m where most of all dQ_b/dtheta is common to them.  SAM ascends from theta by
rho T^2 g / ||T g||; to first order, in coordinates in which T is 1,

    T g_adv = T g + rho (T H T) T g / ||T g||

so that curvature outweighs slope where rho times the largest eigenvalue of T H T, the ``reach``, exceeds ||T g||: then
g_adv points along the top of H, wherever g does.  Source: (10), (11) and (12) of the paper; the decomposition is ours.

Vectors are (n_params,).  Everything is summed in float64, whatever the networks are.
"""

import numpy as np

from ..marl.losses import CriticLoss


def critic_parts(loss):
    """The CriticLosses that a critic's loss is the sum of, with or without an L2 term."""
    if isinstance(loss, CriticLoss):
        return [loss]
    inner = loss.losses if hasattr(loss, "losses") else [loss.loss]
    return [part for each in inner for part in critic_parts(each)]


def values(loss, theta):
    """Q_b (B,) of a critic's loss at theta; of a joint critic all outputs of all columns."""
    return np.concatenate([part.work.forward(theta, part.x).ravel() for part in critic_parts(loss)]).astype(float)


def targets(loss):
    """y_b (B,) of a critic's loss, in the order of ``values``."""
    return np.concatenate([part.target.ravel() for part in critic_parts(loss)]).astype(float)


def mean_gradient(loss, theta):
    """m = d/dtheta mean_b Q_b at theta, on the batch of a critic's loss.  Source: ``explain``."""
    total = np.zeros(theta.size)
    for part in critic_parts(loss):
        outputs = part.work.forward(theta, part.x)
        total += part.work.backward(theta, np.full_like(outputs, 1 / part.size))
    return total


def cosine(one, other):
    """a.b / (||a|| ||b||), and 0 where one of them is 0."""
    one, other = np.asarray(one, float), np.asarray(other, float)
    return ratio(one @ other, np.sqrt((one @ one) * (other @ other)))


def remainder(vector, direction):
    """v - (v.d) d / ||d||^2: what a vector has beside its part along a direction, and v where that is 0."""
    vector, direction = np.asarray(vector, float), np.asarray(direction, float)
    return vector - ratio(vector @ direction, direction @ direction) * direction


def kept(gradient, gradient_adv, offset):
    """(g_adv . r) / (r . r)  with r the ``remainder`` of g beside the offset's direction m.

    1 where g_adv holds all of r, whatever it holds besides; 0 where nothing is left of it.  Source: ``explain``.
    """
    rest = remainder(gradient, offset)
    return ratio(np.asarray(gradient_adv, float) @ rest, rest @ rest)


def common_share(change):
    """mean(d)^2 / mean(d^2), in [0, 1], of changes d (B,) of Q: 1 where all move alike, 0 where their mean stays.

    Source: ``explain``.
    """
    return ratio(np.mean(change) ** 2, np.mean(np.square(change)))


def learned_share(change, error):
    """cov(d, e) / var(e)  of changes d (B,) of Q and what was missing, e = y - Q (B,): the share of the differences
    between states and actions that a step learns.  An offset, of d or of e, is not seen.  Source: ``explain``."""
    error = error - np.mean(error)
    return ratio(np.mean(change * error), np.mean(error * error))


def turns(steps):
    """The share of consecutive steps (n,) along a direction whose signs differ, steps of 0 left out; 0 for n < 2.

    1 where they alternate, 0 where all go one way, 1/2 where signs are drawn by chance.  Source: ``explain``.
    """
    signs = np.sign([step for step in steps if step != 0])
    return float(np.mean(signs[1:] != signs[:-1])) if signs.size > 1 else 0.0


def scaled_product(product, scale):
    """v -> T H T v of a product v -> H v and the diagonal T (n_params,).  Source: ``explain``, R55."""
    return lambda v: scale * product(scale * v)


def rayleigh(product, v):
    """v.Hv / v.v, the curvature along v, and 0 where v is 0.  Source: ``explain``."""
    return ratio(v @ product(v), v @ v)


def ratio(part, whole):
    """part / whole, and 0 where the whole is 0."""
    return float(part / whole) if whole else 0.0
