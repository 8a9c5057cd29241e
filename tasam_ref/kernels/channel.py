"""Received power, its fading, and the signal-to-interference-plus-noise ratio inside the logarithm of (1).

Shapes: U users, M RUs, L slices, K resource blocks.  Powers are in watt per RB.
"""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def mean_power(position, ru_position, rb_power_w, gain_1m, exponent, min_distance):
    """Mean received power p d^-eta of (1), before fading.

        P[u, m] = p g_1m max(d[u, m], d_min)^-eta

    position (U, 2) m, ru_position (M, 2) m.  Returns (U, M) W.  Source: (1); d_min and g_1m are reading R03.
    """
    num_ues, num_rus = position.shape[0], ru_position.shape[0]
    power = np.empty((num_ues, num_rus))
    smallest = min_distance * min_distance
    for u in range(num_ues):
        for m in range(num_rus):
            dx = position[u, 0] - ru_position[m, 0]
            dy = position[u, 1] - ru_position[m, 1]
            squared = max(dx * dx + dy * dy, smallest)
            power[u, m] = rb_power_w * gain_1m * squared ** (-0.5 * exponent)
    return power


@njit(cache=True, error_model="numpy")
def rayleigh_power(random_bytes, power):
    """Power |h|^2 of Rayleigh fading with unit mean from three random bytes, by inverting its exponential law.

        |h|^2 = -ln U,   U = n / 2^24,   n = 1 + w_1 + 2^8 w_2 + 2^16 w_3, uniform over 1, 2, ..., 2^24

    With n = 2^e f and f in [sqrt(1/2), sqrt(2)) this is (24 - e) ln 2 - ln f, and

        ln f = 2 artanh(s) = 2 s + 2/3 s^3 + 2/5 s^5 + 2/7 s^7,   s = (f - 1) / (f + 1)

    to a relative 2.8e-7: a few sums and products and one quotient, which processors do for many n at once.  The
    largest value is 24 ln 2 = 16.6, which an exponential variable exceeds with probability 2^-24.

    random_bytes w (3, N) uint8; power (N,) float32 is written.  Source: (1), "Rayleigh fading transmission channel";
    unit mean and independence are reading R07.
    """
    w_1, w_2, w_3 = random_bytes
    one, ln_2, bits_of_sqrt_half = np.float32(1), np.float32(0.6931471805599453), 0x3F3504F3
    first, third, fifth, seventh = np.float32(2), np.float32(2 / 3), np.float32(2 / 5), np.float32(2 / 7)
    for i in range(power.size):
        n = np.float32(np.int32(1 + int(w_1[i]) + 256 * int(w_2[i]) + 65536 * int(w_3[i])))
        bits_of_n = n.view(np.int32)  # the exponent counts from bit 23 on; one unit of it is a factor of two
        e = np.int32((bits_of_n - bits_of_sqrt_half) >> 23)
        bits_of_f = np.int32(bits_of_n - (e << 23))
        f = bits_of_f.view(np.float32)
        s = (f - one) / (f + one)
        z = s * s
        ln_f = s * (first + z * (third + z * (fifth + z * seventh)))
        power[i] = np.float32(np.int32(24 - e)) * ln_2 - ln_f


@njit(cache=True, error_model="numpy")
def activity(claims, somebody):
    """Share of the frame in which each RU sends on each RB: as far as somebody is there to be served.

        activity[m, k] = sum over s of b[m, s, k]  where somebody[m, s, k]

    claims b (M, L, K), somebody (M, L, K).  Returns (M, K).  Source: (1), reading R01.
    """
    num_rus, num_slices, num_rbs = claims.shape
    sending = np.zeros((num_rus, num_rbs))
    for m in range(num_rus):
        for s in range(num_slices):
            for k in range(num_rbs):
                if somebody[m, s, k]:
                    sending[m, k] += claims[m, s, k]
    return sending


@njit(cache=True, error_model="numpy")
def sinr_physical(power, fading, activity, serving, noise_w):
    """SINR with the interference that the user itself receives (reading R01 ``physical``).

        I[u, k] = sum over m' != m(u) of activity[m', k] P[u, m'] |h[u, m', k]|^2
        sinr[u, k] = P[u, m(u)] |h[u, m(u), k]|^2 / (I[u, k] + sigma^2)

    power (U, M) W, fading |h|^2 (U, M, K), activity (M, K) share of the frame in which an RU sends on an RB,
    serving (U,) RU of each user.  Returns (U, K).  Source: (1).
    """
    num_ues, num_rus, num_rbs = fading.shape
    sinr = np.empty((num_ues, num_rbs))
    interference = np.empty(num_rbs)
    for u in range(num_ues):
        interference[:] = noise_w
        for m in range(num_rus):
            if m != serving[u]:
                mean = power[u, m]
                for k in range(num_rbs):
                    interference[k] += activity[m, k] * mean * fading[u, m, k]
        mean = power[u, serving[u]]
        for k in range(num_rbs):
            sinr[u, k] = mean * fading[u, serving[u], k] / interference[k]
    return sinr


@njit(cache=True, error_model="numpy")
def sinr_literal(power, fading, claims, served, serving, noise_w):
    """SINR with the interference as (1) prints it: each interferer at the distance and fading of its own user.

        I[m, k] = sum over m' != m of b[m', l, k] P[u', m'] |h[u', m', k]|^2,  u' = user served by m' on k
        sinr[u, k] = P[u, m(u)] |h[u, m(u), k]|^2 / (I[m(u), k] + sigma^2)

    claims b (M, L, K), served (M, L, K) user index or -1; the rest as in ``sinr_physical``.  Returns (U, K).
    Source: (1), reading R01 ``literal``.
    """
    num_ues, num_rus, num_rbs = fading.shape
    num_slices = claims.shape[1]
    received = np.zeros((num_rus, num_rbs))
    for m in range(num_rus):
        for s in range(num_slices):
            for k in range(num_rbs):
                u = served[m, s, k]
                if u >= 0:
                    received[m, k] += claims[m, s, k] * power[u, m] * fading[u, m, k]
    sinr = np.empty((num_ues, num_rbs))
    for u in range(num_ues):
        for k in range(num_rbs):
            interference = noise_w
            for m in range(num_rus):
                if m != serving[u]:
                    interference += received[m, k]
            sinr[u, k] = power[u, serving[u]] * fading[u, serving[u], k] / interference
    return sinr
