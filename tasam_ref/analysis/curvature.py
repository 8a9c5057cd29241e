"""Extreme eigenvalues of symmetric matrices that are known by their products alone, as those of ``hessian`` are.

Source: Sec. VI-C, Fig. 9, which shows lambda_max of the Hessian; R44.  lambda_max is the largest eigenvalue with its
sign, not the largest in magnitude: the actor's loss is no least squares and may bend further down than up.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from ..errors import RunFailure, UsageError
from ..streams import stream

KRYLOV_VECTORS = 30                     # memory against products; SciPy's 20 stall where eigenvalues crowd at an end


@dataclass(frozen=True)
class Eigenvalue:
    """An eigenvalue, the length ||H v - value v|| for its unit vector v, and the products with H that it took.

    Some eigenvalue of the symmetric H lies within ``residual`` of ``value``.
    """

    value: float
    residual: float
    products: int


@dataclass(frozen=True)
class Extremes:
    """Both ends of a spectrum; ``largest`` is the paper's lambda_max."""

    largest: Eigenvalue
    smallest: Eigenvalue


def extreme_eigenvalues(hvp, size, tolerance=1e-6, max_restarts=300, seed=0):
    """The Extremes of a symmetric (size, size) matrix H that is given by its product ``hvp``, by Lanczos.

    ``tolerance`` bounds the residuals relative to three times the norm of H.  Lanczos is run on H + c and H - c, with
    c near twice that norm: it measures convergence relative to the eigenvalue, and many a Hessian's smallest is zero.
    Raises RunFailure when ``max_restarts`` do not suffice, and when a product is not finite.  Source: Sec. VI-C, R44.
    """
    return Extremes(*_ends(hvp, size, tolerance, max_restarts, seed, 2))


def largest_eigenvalue(hvp, size, tolerance=1e-6, max_restarts=300, seed=0):
    """The upper Eigenvalue alone, as ``extreme_eigenvalues`` finds it; the lower often takes most of the products."""
    return _ends(hvp, size, tolerance, max_restarts, seed, 1)[0]


def _ends(hvp, size, tolerance, max_restarts, seed, count):
    if size < 2:
        raise UsageError(f"size={size}: allowed are matrices of 2 or more rows")
    if not 0 < tolerance < 1:
        raise UsageError(f"tolerance={tolerance}: allowed is above 0 and below 1")
    product, start = _Counted(hvp), stream(seed, "lanczos").standard_normal(size)
    norm = _rough_norm(product, start)
    if norm == 0:
        return [Eigenvalue(0.0, 0.0, product.count)] * count
    return [_lanczos(_Counted(hvp), start, which, shift, tolerance, max_restarts)
            for which, shift in (("LA", 2 * norm), ("SA", -2 * norm))[:count]]


class _Counted:
    """A product that counts its calls and refuses what is not finite."""

    def __init__(self, hvp):
        self.hvp, self.count = hvp, 0

    def __call__(self, v):
        self.count += 1
        product = self.hvp(v)
        if not np.isfinite(product).all():
            raise RunFailure("a product with the Hessian is not finite")
        return product


def _rough_norm(product, start, steps=10):
    """The growth of a vector in the last of some power steps: at most the norm of H, and zero for H = 0 alone."""
    growth = np.linalg.norm(start)
    for _ in range(steps):
        start = product(start / growth)
        growth = np.linalg.norm(start)
        if growth == 0:
            break
    return growth


def _lanczos(product, start, which, shift, tolerance, max_restarts):
    operator = LinearOperator((start.size, start.size), matvec=lambda v: product(v) + shift * v, dtype=np.float64)
    try:
        _, vectors = eigsh(operator, k=1, which=which, v0=start, ncv=min(KRYLOV_VECTORS, start.size), tol=tolerance,
                           maxiter=max_restarts)
    except ArpackNoConvergence:
        raise RunFailure(f"Lanczos ({which}) has no relative residual below {tolerance} after {max_restarts} restarts, "
                         f"{product.count} products") from None
    vector = vectors[:, 0]
    bent = product(vector)
    value = vector @ bent
    return Eigenvalue(float(value), float(np.linalg.norm(bent - value * vector)), product.count)
