"""The element-wise arithmetic of the squashed Gaussian, between exponentials and logarithms, which are NumPy's.

``nn.squashed_gaussian`` and ``marl.losses`` have the formulas.  Batches of G policies come as ``nn.layout.for_kernels``
gives them, (G, A, B) with the batch innermost; a network's output and its gradient are (G, 2A, B), mean before log_std.
"""

from numba import njit


@njit(cache=True, error_model="numpy", nogil=True)
def split_head(output, low, high, mean, log_std, free):
    """mean and log_std <- the halves of the output, log_std between low and high; free <- whether that is its own.

    low and high come in the output's dtype.
    """
    policies, width, rows = mean.shape
    for g in range(policies):
        for j in range(width):
            for i in range(rows):
                mean[g, j, i] = output[g, j, i]
                raw = output[g, width + j, i]
                clipped = low if raw < low else raw
                clipped = high if clipped > high else clipped
                free[g, j, i] = clipped == raw
                log_std[g, j, i] = clipped


@njit(cache=True, error_model="numpy", nogil=True)
def shift_and_scale(mean, std, noise, latent):
    """u <- mean + std noise."""
    policies, width, rows = latent.shape
    for g in range(policies):
        for j in range(width):
            for i in range(rows):
                latent[g, j, i] = mean[g, j, i] + std[g, j, i] * noise[g, j, i]


@njit(cache=True, error_model="numpy", nogil=True)
def squash(latent, decay, action):
    """a <- 1 / (1 + e^-u), which is e^u / (1 + e^u) where u < 0, and decay <- 1 + decay, given decay = e^-|u|."""
    one = latent.dtype.type(1)
    policies, width, rows = latent.shape
    for g in range(policies):
        for j in range(width):
            for i in range(rows):
                e = decay[g, j, i]
                total = one + e
                action[g, j, i] = (e if latent[g, j, i] < 0 else one) / total
                decay[g, j, i] = total


@njit(cache=True, error_model="numpy", nogil=True)
def log_density(latent, noise, log_std, softplus, total):
    """total (G, B) <- total + sum over dimensions of |u| + 2 softplus - noise^2 / 2 - log_std, total in float64.

    softplus = log(1 + e^-|u|).
    """
    half, two = latent.dtype.type(0.5), latent.dtype.type(2)
    policies, width, rows = latent.shape
    for g in range(policies):
        for j in range(width):
            for i in range(rows):
                n = noise[g, j, i]
                total[g, i] += abs(latent[g, j, i]) + two * softplus[g, j, i] - half * n * n - log_std[g, j, i]


@njit(cache=True, error_model="numpy", nogil=True)
def reparameterised_gradient(action, std, noise, q_gradient, beta, delta):
    """Gradient of beta log pi(a|s) - Q(s, a) at fixed noise, by mean and log_std, into delta (G, 2A, B):

        d/dmean = g = beta (2a - 1) - dQ/da a (1 - a),   d/dlog_std = g std noise - beta

    beta in the dtype of the arrays.  Source: (9), R30.
    """
    one, two = action.dtype.type(1), action.dtype.type(2)
    policies, width, rows = action.shape
    for g in range(policies):
        for j in range(width):
            for i in range(rows):
                a = action[g, j, i]
                gradient = beta * (two * a - one) - q_gradient[g, j, i] * a * (one - a)
                delta[g, j, i] = gradient
                delta[g, width + j, i] = gradient * std[g, j, i] * noise[g, j, i] - beta


@njit(cache=True, error_model="numpy", nogil=True)
def mean_through_clip(delta, free):
    """delta (G, 2A, B) <- delta / B, and 0 by log_std where the clip is active: from rows to the mean over them."""
    policies, width, rows = free.shape
    share, zero = delta.dtype.type(1 / rows), delta.dtype.type(0)
    for g in range(policies):
        for j in range(width):
            for i in range(rows):
                delta[g, j, i] *= share
                delta[g, width + j, i] = delta[g, width + j, i] * share if free[g, j, i] else zero
