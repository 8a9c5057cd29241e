"""The constraints of (7) as checks on an allocation.  b (L, K) and e (N_m, K) are binary, of one RU-DU m."""

import numpy as np


def rb_budget_holds(b, e, slice_of):
    """(7b)  sum over l, u, k of e_{u,k} b_{l,k} <= K_m, a user counting with its own slice only.

    slice_of (N_m,) is the slice of each user.  This counts, and no more: two users may share one RB while another
    idles.  That is what ``one_user_per_rb`` forbids (R12).
    """
    return bool(np.sum(e * b[slice_of]) <= b.shape[1])


def one_slice_per_rb(b):
    """(7c)  sum over l of b_{l,k} <= 1 for every RB."""
    return bool(np.all(b.sum(axis=0) <= 1))


def one_user_per_rb(b, e, slice_of):
    """sum over u of e_{u,k} b_{l(u),k} <= 1 for every RB.

    This is the orthogonality that (7) claims and that (7b) leaves out (R12).
    """
    return bool(np.all(np.sum(e * b[slice_of], axis=0) <= 1))


def qos_holds(qos, q_min, larger_is_better):
    """(7d)  Q_l >= Q_min_l, elementwise; with <= for a metric of which less is better (R16)."""
    return np.where(larger_is_better, qos >= q_min, qos <= q_min)
