"""Products with the Hessians of the losses (9) and (10).

Source: Sec. VI-C, Fig. 9, R44.  A Hessian is that of one loss object at one theta: its batch, noise and target are
held, as for a gradient.  Everything is computed in float64, whatever the networks were trained in.
"""

import numpy as np

from ..errors import UsageError
from ..marl.distillation import DistillationLoss
from ..marl.losses import CriticLoss, L2Loss, Sum, reparameterised
from ..nn.hvp import (
    input_gradient,
    r_backward,
    r_forward,
    r_gradient,
    r_input_gradient,
    record_backward,
    record_forward,
)
from ..nn.passes import TanhWorkspace
from ..nn.squashed_gaussian import kl_gradient, log_prob_latent_gradient, sample_latent, sigmoid, split_head


def hessian_product(loss, theta):
    """Return the function v -> H v, (n_params,) to (n_params,), of a network's loss at theta (n_params,).

    What does not depend on v is computed once, here.  Raises UsageError for a score-function estimate of (9) (R30):
    its gradient is that of no value, so that its derivative is not a symmetric matrix; and for networks with another
    unit than the paper's tanh, normalised weights or masks.  Source: Sec. VI-C, R44.
    """
    if isinstance(loss, L2Loss):
        plain = hessian_product(loss.loss, theta)
        return lambda v: plain(v) + 2 * loss.weight * np.asarray(v, dtype=np.float64)
    if isinstance(loss, Sum):
        parts = [hessian_product(part, theta) for part in loss.losses]
        return lambda v: sum(part(v) for part in parts)
    if isinstance(loss, CriticLoss):
        work, product = loss.work, _critic_product
    elif isinstance(loss, DistillationLoss):
        work, product = loss.policy.work, _distillation_product
    elif loss.estimate is reparameterised:
        work, product = loss.policy.work, _actor_product
    else:
        raise UsageError(f"agent.policy_gradient={loss.estimate.__name__}: its gradient (R30) is that of no value and "
                         "has no Hessian; allowed: reparameterised")
    if not isinstance(work, TanhWorkspace):
        raise UsageError("agent.crelu, agent.layer_norm, agent.spectral_norm, dropout masks: second derivatives are "
                         "there for the paper's tanh networks alone; allowed: all off")
    at = product(loss, _vector("theta", theta, work.net.num_params))
    return lambda v: at(_vector("v", v, work.net.num_params))


def _critic_product(loss, theta):
    """(10):  dL/dy = 2 (y - target) / size,  R dL/dy = 2 Ry / size."""
    tape = record_forward(loss.work.net, theta, _rows(loss.x))
    back = record_backward(tape, (tape.output - _rows(loss.target)) * (2 / loss.size))

    def product(v):
        r_hidden = r_forward(tape, v)
        r_deltas = r_backward(tape, back, v, r_hidden, r_hidden[-1] * (2 / loss.size))
        return r_gradient(tape, back, r_hidden, r_deltas)

    return product


def _actor_product(loss, theta):
    """(9), reparameterised, with its anchor if it has one."""
    def terms_at(mean, log_std):
        terms = [_entropy_and_q(loss, mean, log_std)]
        return terms if loss.anchor is None else [*terms, _anchor_pull(loss.anchor, mean, log_std)]

    return _policy_product(loss.policy, theta, loss.obs, terms_at)


def _distillation_product(loss, theta):
    """The divergences from the teachers alone: each is an anchor on perturbed states (R43)."""
    return _policy_product(loss.policy, theta, loss.obs, lambda mean, log_std: [
        _anchor_pull(teacher, mean, log_std) for teacher in loss.teachers])


def _policy_product(policy, theta, obs, terms_at):
    """The mean over rows of terms of a policy: y = (mean, raw log_std) moves by Ry, and dL/dy by what the terms say.

    Where the clip of log_std is active nothing passes, either way.
    """
    tape = record_forward(policy.work.net, theta, _rows(obs))
    mean, log_std, free = (part.T for part in split_head(tape.output.T, *policy.bounds))
    terms = terms_at(mean, log_std)
    passed = np.concatenate((np.ones(free.shape), free), axis=1) / len(mean)
    back = record_backward(tape, sum(gradient for gradient, _ in terms) * passed)

    def product(v):
        r_hidden = r_forward(tape, v)
        r_mean, r_raw = np.split(r_hidden[-1], 2, axis=1)
        r_delta = sum(r_gradient_of(r_mean, r_raw * free) for _, r_gradient_of in terms) * passed
        return r_gradient(tape, back, r_hidden, r_backward(tape, back, v, r_hidden, r_delta))

    return product


def _entropy_and_q(loss, mean, log_std):
    """Of beta log pi - Q, row by row: the gradient (n, 2A) with respect to mean and l = log_std, and its R.

    With noise e, u = mean + exp(l) e, a = sigmoid(u), a' = a (1 - a), and Q_a = dQ/da:

        dL/dmean = g = beta (2a - 1) - Q_a a'    R dL/dmean = Rg = (2 beta a' - Q_a a' (1 - 2a)) Ru - a' RQ_a
        dL/dl    = g exp(l) e - beta             R dL/dl    = (Rg + g Rl) exp(l) e

    where Ru = Rmean + exp(l) e Rl.
    """
    beta, noise = loss.temperature, _rows(loss.noise)
    std = np.exp(log_std)
    spread, action = std * noise, sigmoid(sample_latent(mean, std, noise))
    slope = action * (1 - action)
    q_gradient, r_q_gradient_of = _smallest_q(loss, action)
    latent_gradient = beta * log_prob_latent_gradient(action) - q_gradient * slope
    latent_bend = slope * (2 * beta - q_gradient * (1 - 2 * action))

    def r_gradient_of(r_mean, r_log_std):
        r_latent = r_mean + spread * r_log_std
        r_latent_gradient = latent_bend * r_latent - slope * r_q_gradient_of(slope * r_latent)
        return np.concatenate((r_latent_gradient, (r_latent_gradient + latent_gradient * r_log_std) * spread), axis=1)

    return np.concatenate((latent_gradient, latent_gradient * spread - beta), axis=1), r_gradient_of


def _smallest_q(loss, action):
    """Q_a = dQ/da (n, A) of the smallest Q over the critics, the choice held, and Ra -> RQ_a; no critic moves."""
    columns, output = loss.q.place
    x = _rows(loss.q.x)
    x[:, columns] = action
    tapes = [record_forward(work.net, _wide(theta), x) for theta, work in zip(loss.q.thetas_v, loss.q.works)]
    chosen = np.argmin([tape.output[:, output] for tape in tapes], axis=0)
    recorded = []
    for c, tape in enumerate(tapes):
        delta = np.zeros(tape.output.shape)
        delta[chosen == c, output] = 1
        recorded.append((tape, record_backward(tape, delta)))

    def r_q_gradient_of(r_action):
        r_x = np.zeros(x.shape)
        r_x[:, columns] = r_action
        total = 0.0
        for tape, back in recorded:
            r_deltas = r_backward(tape, back, None, r_forward(tape, None, r_x), np.zeros(tape.output.shape))
            total += r_input_gradient(tape, back, None, r_deltas, columns)
        return total

    return sum(input_gradient(tape, back, columns) for tape, back in recorded), r_q_gradient_of


def _anchor_pull(anchor, mean, log_std):
    """Of w KL(pi || anchor), row by row, as ``_entropy_and_q`` (R41); m' and l' are the anchor's mean and log_std:

        R dL/dmean = w exp(-2l') Rmean           R dL/dl = 2 w exp(2l - 2l') Rl
    """
    anchor_mean, anchor_log_std = _rows(anchor.mean), _rows(anchor.log_std)
    gradient = np.concatenate(kl_gradient(mean, log_std, anchor_mean, anchor_log_std), axis=1)
    bends = np.exp(-2 * anchor_log_std), 2 * np.exp(2 * (log_std - anchor_log_std))

    def r_gradient_of(r_mean, r_log_std):
        return anchor.weight * np.concatenate((bends[0] * r_mean, bends[1] * r_log_std), axis=1)

    return anchor.weight * gradient, r_gradient_of


def _wide(array):
    """A copy in float64: what is frozen here may be overwritten elsewhere."""
    return np.array(array, np.float64)


def _rows(batch):
    """A batch (n, B) as a copy in float64 with a row for each transition, (B, n), as ``nn.hvp`` has it."""
    return np.array(batch.T, np.float64, order="C")


def _vector(name, value, size):
    vector = _wide(value)
    if vector.shape != (size,):
        raise UsageError(f"{name} of shape {vector.shape}: the network has {size} parameters, allowed is ({size},)")
    return vector
