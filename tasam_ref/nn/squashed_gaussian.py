"""The policy's distribution: a Gaussian latent u squashed into an action a = sigmoid(u) in (0, 1) (Sec. IV-A2).

    u = mean + exp(log_std) noise,   noise ~ N(0, 1)
    log pi(a) = sum over dimensions of  log N(u; mean, std) - log(a (1 - a))

The sigmoid and its Jacobian a (1 - a) are written with e^-|u|, so that log pi stays exact for any latent:

    a = e^min(u, 0) / (1 + e^-|u|),   -log(a (1 - a)) = |u| + 2 log(1 + e^-|u|)

Shapes: mean, log_std, noise, latent (A, B) for A dimensions of B actions; log_prob (B,).
"""

from math import log, pi

import numpy as np

from ..compiled import compiled

HALF_LOG_TWO_PI = 0.5 * log(2 * pi)
_HALF, _ONE, _TWO = map(np.float32, (0.5, 1, 2))


def split_head(output, log_std_min, log_std_max):
    """Split a network's output (2A, B) into mean and clipped log_std, and where the clip lets gradients through."""
    mean, raw = output[: len(output) // 2], output[len(output) // 2 :]
    log_std = np.clip(raw, log_std_min, log_std_max)
    return mean, log_std, log_std == raw


def sigmoid(latent):
    """a = 1 / (1 + e^-u) for latents of any shape.  Source: Sec. IV-A2."""
    return np.exp(np.minimum(latent, 0)) / (1 + np.exp(-np.abs(latent)))


def sample_latent(mean, std, noise):
    """u = mean + std noise.  The relaxed action of Sec. IV-A2 is its sigmoid."""
    latent = std * noise
    latent += mean
    return latent


def squash(latent, noise, log_std):
    """The action a = sigmoid(u), (A, B), and log pi(a) of a drawn u with noise = (u - mean) / std, (B,).

    Source: Sec. IV-A2, R21.
    """
    decay = np.abs(latent)
    np.negative(decay, out=decay)
    np.exp(decay, out=decay)
    action, log_prob = np.empty_like(latent), np.zeros(latent.shape[1])
    _squash(latent, decay, action)
    _add_log_density(latent, noise, log_std, np.log1p(decay, out=decay), log_prob)
    return action, (log_prob - len(latent) * HALF_LOG_TWO_PI).astype(latent.dtype, copy=False)


@compiled
def _squash(latent, decay, action):
    """action <- 1 / (1 + e^-u), which is e^u / (1 + e^u) where u < 0, given decay = e^-|u|."""
    for j in range(latent.shape[0]):
        for i in range(latent.shape[1]):
            e = decay[j, i]
            action[j, i] = (e if latent[j, i] < 0 else _ONE) / (_ONE + e)


@compiled
def _add_log_density(latent, noise, log_std, softplus, total):
    """total (B,), in float64, += log pi without its constant:  sum of |u| + 2 s - noise^2 / 2 - log_std, with

    s = ``softplus`` = log(1 + e^-|u|).
    """
    for j in range(latent.shape[0]):
        for i in range(latent.shape[1]):
            n = noise[j, i]
            total[i] += abs(latent[j, i]) + _TWO * softplus[j, i] - _HALF * n * n - log_std[j, i]


def log_prob(latent, noise, log_std):
    """log pi(a) of a = sigmoid(u), the sigmoid's Jacobian included, with noise = (u - mean) / std.  Returns (B,).

    Source: Sec. IV-A2, R21.
    """
    return squash(latent, noise, log_std)[1]


def log_prob_latent_gradient(action):
    """d(softplus(u) + softplus(-u))/du = 2 a - 1: how the Jacobian in log pi moves with the latent at fixed noise."""
    return 2 * action - 1


def kl_divergence(mean, log_std, anchor_mean, anchor_log_std):
    """KL(pi || anchor) = sum over dimensions of  l' - l + (e^2l + (m - m')^2) / (2 e^2l') - 1/2,  l = log_std.

    The sigmoid changes both densities alike, so that this is the divergence of the actions too.  Returns (B,).
    Source: Sec. V-C, R41.
    """
    anchor_precision = np.exp(-2 * anchor_log_std)
    spread = (np.exp(2 * log_std) + (mean - anchor_mean) ** 2) * anchor_precision
    return (anchor_log_std - log_std + 0.5 * spread - 0.5).sum(axis=0)


def kl_gradient(mean, log_std, anchor_mean, anchor_log_std):
    """Gradient of KL(pi || anchor) by mean and log_std:  (m - m') / e^2l',  e^(2l - 2l') - 1.  R41."""
    return (mean - anchor_mean) * np.exp(-2 * anchor_log_std), np.exp(2 * (log_std - anchor_log_std)) - 1


def score(noise, log_std):
    """Gradient of log pi by mean and log_std at a fixed action:  noise / std,  noise^2 - 1.  For (9), Sec. IV-B."""
    return noise * np.exp(-log_std), noise * noise - 1
