"""The policy's distribution: a Gaussian latent u squashed into an action a = sigmoid(u) in (0, 1) (Sec. IV-A2).

    u = mean + exp(log_std) noise,   noise ~ N(0, 1)
    log pi(a) = sum over dimensions of  log N(u; mean, std) - log(a (1 - a))

The sigmoid and its Jacobian a (1 - a) are written with e^-|u|, so that log pi stays exact for any latent:

    a = e^min(u, 0) / (1 + e^-|u|),   -log(a (1 - a)) = |u| + 2 log(1 + e^-|u|)

Shapes: mean, log_std, noise, latent (B, A); log_prob (B,); all may have a leading axis of policies.
"""

from math import log, pi

import numpy as np

from ..kernels import policy
from .layout import empty_batch, for_kernels

HALF_LOG_TWO_PI = 0.5 * log(2 * pi)


def split_head(output, log_std_min, log_std_max):
    """Split a network's output (B, 2A) into mean and clipped log_std, and where the clip lets gradients through."""
    shape, scalar = (*output.shape[:-1], output.shape[-1] // 2), output.dtype.type
    mean, log_std = (empty_batch(*shape, dtype=output.dtype) for _ in range(2))
    free = empty_batch(*shape, dtype=bool)
    policy.split_head(for_kernels(output), scalar(log_std_min), scalar(log_std_max),
                      *map(for_kernels, (mean, log_std, free)))
    return mean, log_std, free


def sigmoid(latent):
    """a = 1 / (1 + e^-u) for latents of any shape.  Source: Sec. IV-A2."""
    return np.exp(np.minimum(latent, 0)) / (1 + np.exp(-np.abs(latent)))


def sample_latent(mean, std, noise):
    """u = mean + std noise.  The relaxed action of Sec. IV-A2 is its sigmoid."""
    latent = np.empty_like(std)
    policy.shift_and_scale(*map(for_kernels, (mean, std, noise, latent)))
    return latent


def squash(latent, noise, log_std):
    """The action a = sigmoid(u), (B, A), and log pi(a) of a drawn u with noise = (u - mean) / std, (B,).

    Source: Sec. IV-A2, R21.
    """
    work, action = np.abs(latent), np.empty_like(latent)
    np.negative(work, out=work)
    np.exp(work, out=work)
    policy.squash(*map(for_kernels, (latent, work, action)))
    np.log(work, out=work)
    log_prob = np.full(latent.shape[:-1], -latent.shape[-1] * HALF_LOG_TWO_PI)
    policy.log_density(*map(for_kernels, (latent, noise, log_std, work)), np.atleast_2d(log_prob))
    return action, log_prob.astype(latent.dtype, copy=False)


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
    return (anchor_log_std - log_std + 0.5 * spread - 0.5).sum(axis=-1)


def kl_gradient(mean, log_std, anchor_mean, anchor_log_std):
    """Gradient of KL(pi || anchor) by mean and log_std:  (m - m') / e^2l',  e^(2l - 2l') - 1.  R41."""
    return (mean - anchor_mean) * np.exp(-2 * anchor_log_std), np.exp(2 * (log_std - anchor_log_std)) - 1


def score(noise, log_std):
    """Gradient of log pi by mean and log_std at a fixed action:  noise / std,  noise^2 - 1.  For (9), Sec. IV-B."""
    return noise * np.exp(-log_std), noise * noise - 1
