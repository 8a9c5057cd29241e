"""Sees the matrix products that NumPy takes."""

from math import prod

import numpy as np

from tasam_ref.nn import passes


def count_products(monkeypatch, note):
    """Call note(left, right, how many) for every product of matrices, or stacks of them, those with a vector left out.

    Products with one inner column, in which nothing is summed, are taken by ``passes.outer``.
    """
    matmul, outer = np.matmul, passes.outer

    def noted_matmul(left, right, **options):
        if right.ndim > 1:
            note(left, right, prod(np.broadcast_shapes(left.shape[:-2], right.shape[:-2])))
        return matmul(left, right, **options)

    def noted_outer(left, right, out):
        note(left[..., None], right[..., None, :], len(out))
        return outer(left, right, out)

    monkeypatch.setattr(np, "matmul", noted_matmul)
    monkeypatch.setattr(passes, "outer", noted_outer)
