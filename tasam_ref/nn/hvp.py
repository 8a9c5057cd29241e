"""Second derivatives of the tanh networks of ``passes``: Hessian times a vector, without forming the Hessian.

R f = d/de f(theta + e v, x + e Rx) at e = 0 differentiates along v = R theta, whose parts for layer j are V_j and c_j
(Pearlmutter, Neural Computation 6, 1994).  R obeys the rules of differentiation, so that H v = R(dL/dtheta) follows
line by line from ``passes``.  Batches have a row for each transition here, the transpose of those there, and layers
count from 1: W_j is W_{j-1} there, and ``layers[j - 1]`` of a Tape.  With s_j = dL/dh_j and D_j = 1 - h_j^2, and
D = 1, B = 0 at the linear y:

    z_j = h_{j-1} W_j + b_j         R z_j = Rh_{j-1} W_j + h_{j-1} V_j + c_j
    h_j = tanh(z_j)                 R h_j = D_j Rz_j
    d_j = s_j D_j                   R d_j = Rs_j D_j + B_j Rh_j,       B_j = -2 h_j s_j
    s_{j-1} = d_j W_j^T             R s_{j-1} = Rd_j W_j^T + d_j V_j^T
    dL/dW_j = h_{j-1}^T d_j         R dL/dW_j = Rh_{j-1}^T d_j + h_{j-1}^T Rd_j
    dL/db_j = sum d_j               R dL/db_j = sum Rd_j

The left column and B, D do not depend on v: ``record_forward`` and ``record_backward`` compute them once for any number
of products.  v may be None, for a network whose parameters stay; so may Rx, for an input that stays.  Then

    tape = record_forward(net, theta, x)                   # tape.output is y
    back = record_backward(tape, dL/dy)
    r_hidden = r_forward(tape, v, Rx)                      # r_hidden[-1] is R y
    r_deltas = r_backward(tape, back, v, r_hidden, R dL/dy)
    H v = r_gradient(tape, back, r_hidden, r_deltas)
"""

from dataclasses import dataclass

import numpy as np

from .mlp import MLP


@dataclass(frozen=True)
class Tape:
    """A forward pass: layers [(W_j, b_j)], hidden [h_0 = x, ..., y], slopes [D_1, ...] of the tanh layers."""

    net: MLP
    layers: list
    hidden: list
    slopes: list

    @property
    def output(self):
        """y (B, outputs)."""
        return self.hidden[-1]


@dataclass(frozen=True)
class Backward:
    """A backward pass: deltas [d_1, ..., d_last], bends [B_1, ...] of the tanh layers."""

    deltas: list
    bends: list


def record_forward(net, theta, x):
    """The Tape of theta (n_params,) on x (B, inputs)."""
    layers, hidden, slopes = net.layers(theta), [x], []
    for weight, bias in layers[:-1]:
        hidden.append(np.tanh(hidden[-1] @ weight + bias))
        slopes.append(1 - hidden[-1] * hidden[-1])
    weight, bias = layers[-1]
    return Tape(net, layers, [*hidden, hidden[-1] @ weight + bias], slopes)


def record_backward(tape, delta):
    """The Backward of delta = dL/dy (B, outputs)."""
    deltas, bends = [delta], []
    for j in reversed(range(len(tape.slopes))):
        upstream = deltas[0] @ tape.layers[j + 1][0].T
        deltas.insert(0, upstream * tape.slopes[j])
        bends.insert(0, -2 * tape.hidden[j + 1] * upstream)
    return Backward(deltas, bends)


def input_gradient(tape, back, columns):
    """dL/dx[:, columns]."""
    return back.deltas[0] @ tape.layers[0][0][columns].T


def r_forward(tape, v=None, r_x=None):
    """[Rx, R h_1, ..., R y] along v (n_params,) and Rx (B, inputs); one of them may be None, for zero."""
    moves, r_hidden = _layers(tape, v), [r_x]
    for j, (weight, _) in enumerate(tape.layers):
        r_z = 0.0 if r_hidden[-1] is None else r_hidden[-1] @ weight
        if v is not None:
            r_z += tape.hidden[j] @ moves[j][0] + moves[j][1]
        r_hidden.append(r_z * tape.slopes[j] if j < len(tape.slopes) else r_z)
    return r_hidden


def r_backward(tape, back, v, r_hidden, r_delta):
    """[R d_1, ..., R d_last], given r_delta = R dL/dy (B, outputs), along the v and Rx of ``r_forward``."""
    moves, r_deltas = _layers(tape, v), [r_delta]
    for j in reversed(range(len(tape.slopes))):
        r_upstream = r_deltas[0] @ tape.layers[j + 1][0].T
        if v is not None:
            r_upstream += back.deltas[j + 1] @ moves[j + 1][0].T
        r_deltas.insert(0, r_upstream * tape.slopes[j] + back.bends[j] * r_hidden[j + 1])
    return r_deltas


def r_gradient(tape, back, r_hidden, r_deltas):
    """R dL/dtheta (n_params,): what this network contributes to H v."""
    out = np.empty(tape.net.num_params, tape.output.dtype)
    for j, (weight_part, bias_part) in enumerate(tape.net.layers(out)):
        np.matmul(tape.hidden[j].T, r_deltas[j], out=weight_part)
        if r_hidden[j] is not None:
            weight_part += r_hidden[j].T @ back.deltas[j]
        np.sum(r_deltas[j], axis=0, out=bias_part)
    return out


def r_input_gradient(tape, back, v, r_deltas, columns):
    """R dL/dx[:, columns]."""
    r_dx = r_deltas[0] @ tape.layers[0][0][columns].T
    if v is not None:
        r_dx += back.deltas[0] @ _layers(tape, v)[0][0][columns].T
    return r_dx


def _layers(tape, v):
    return None if v is None else tape.net.layers(v)
