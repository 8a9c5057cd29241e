"""The element-wise arithmetic of the squashed Gaussian, between exponentials and logarithms, which are NumPy's.

``nn.squashed_gaussian`` and ``marl.losses`` have the formulas.  Arrays are (B, A) where nothing else is said, and
walked column by column, in Fortran order, as ``nn.passes`` keeps them.
"""

from numba import njit


@njit(cache=True, error_model="numpy", nogil=True)
def shift_and_scale(mean, std, noise, latent):
    """u <- mean + std noise."""
    for j in range(latent.shape[1]):
        for i in range(latent.shape[0]):
            latent[i, j] = mean[i, j] + std[i, j] * noise[i, j]


@njit(cache=True, error_model="numpy", nogil=True)
def squash(latent, decay, action):
    """a <- 1 / (1 + e^-u), which is e^u / (1 + e^u) where u < 0, and decay <- 1 + decay, given decay = e^-|u|."""
    one = latent.dtype.type(1)
    for j in range(latent.shape[1]):
        for i in range(latent.shape[0]):
            e = decay[i, j]
            total = one + e
            action[i, j] = (e if latent[i, j] < 0 else one) / total
            decay[i, j] = total


@njit(cache=True, error_model="numpy", nogil=True)
def log_density(latent, noise, log_std, softplus, total):
    """total (B,) <- total + sum over dimensions of |u| + 2 softplus - noise^2 / 2 - log_std, total in float64.

    softplus = log(1 + e^-|u|).
    """
    half, two = latent.dtype.type(0.5), latent.dtype.type(2)
    for j in range(latent.shape[1]):
        for i in range(latent.shape[0]):
            n = noise[i, j]
            total[i] += abs(latent[i, j]) + two * softplus[i, j] - half * n * n - log_std[i, j]


@njit(cache=True, error_model="numpy", nogil=True)
def reparameterised_gradient(action, std, noise, q_gradient, beta, delta):
    """Gradient of beta log pi(a|s) - Q(s, a) at fixed noise, by mean and log_std, into delta (B, 2A):

        d/dmean = g = beta (2a - 1) - dQ/da a (1 - a),   d/dlog_std = g std noise - beta

    beta in the dtype of the arrays.  Source: (9), R30.
    """
    one, two, width = action.dtype.type(1), action.dtype.type(2), action.shape[1]
    for j in range(width):
        for i in range(action.shape[0]):
            a = action[i, j]
            gradient = beta * (two * a - one) - q_gradient[i, j] * a * (one - a)
            delta[i, j] = gradient
            delta[i, width + j] = gradient * std[i, j] * noise[i, j] - beta


@njit(cache=True, error_model="numpy", nogil=True)
def clip_log_std(raw, low, high, log_std, free):
    """log_std <- raw between low and high, which come in its dtype; free <- whether the clip is not active."""
    for j in range(raw.shape[1]):
        for i in range(raw.shape[0]):
            value = raw[i, j]
            clipped = low if value < low else value
            clipped = high if clipped > high else clipped
            free[i, j] = clipped == value
            log_std[i, j] = clipped


@njit(cache=True, error_model="numpy", nogil=True)
def mean_through_clip(delta, free):
    """delta (B, 2A) <- delta / B, and 0 by log_std where the clip is active: from rows to the mean over them."""
    rows, width = free.shape
    share, zero = delta.dtype.type(1 / rows), delta.dtype.type(0)
    for j in range(width):
        for i in range(rows):
            delta[i, j] *= share
            delta[i, width + j] = delta[i, width + j] * share if free[i, j] else zero
