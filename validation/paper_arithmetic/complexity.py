"""N5: floating-point operations of one iteration of Algorithm 1, from the sizes of the layers alone.

Counted are the matrix products, two operations for each multiply-add.  A layer of n inputs and m outputs takes, on B
rows, 2 B n m operations forward, as many for the gradient of its weights, and as many for that of its inputs, which
the first layer does not need; where only the last A inputs are asked for, its share is 2 B A m.

With o observed numbers, A of the action, hidden widths h_1 ... h_d, and the sums of n m over the layers

    W_p = o h_1 + h_1 h_2 + ... + h_d 2A  (actor),      W_v = (o + A) h_1 + h_1 h_2 + ... + h_d  (critic)

this gives, for N_m agents, N_e frames, batches of B rows per actor and U rows for the critic:

    acting                2 N_e N_m W_p
    TD-errors             2 N_e N_m (W_p + 2 W_v)             a' ~ pi(s'), Q(s', a'), Q(s, a)
    actors' gradients     2 N_m B (3 W_p + 2 W_v - 2 o h_1)   through the critic to the action: reparameterised
    critic's target       2 U (W_p + W_v)
    critic's gradient     2 U (3 W_v - (o + A) h_1)

SAM takes a gradient twice.  Sec. V-B claims O(N_m d_{s,a}) per step for soft actor-critic, d_{s,a} = o + A.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from .findings import SLICES, TABLES

SAM = {                                    # share of the actors that take SAM steps (None: given), and the critic's
    "no_sam": (0, 0), "actor_sam": (1, 0), "critic_sam": (0, 1), "both_sam": (1, 1), "ta_sam": (None, 1),
}
ACTING = ("acting", "TD-errors")           # what an iteration does besides the update


@dataclass(frozen=True)
class Size:
    """N_m, N_e, o, A, the hidden widths, B and U.  Fractions are as good as integers."""

    agents: int
    frames: int
    obs: int
    action: int
    hidden: tuple
    batch: int
    critic_rows: int


def paper_size():
    """Table 1 and Sec. VI-A; o = 2 |L| + A and A = 2K by Sec. IV-A; U is B rounded up to equally many per agent."""
    table, action = TABLES["table_1"], 2 * TABLES["table_1"]["K"]
    rows_per_agent = -(-table["batch_size"] // table["N_m"])
    return Size(table["N_m"], table["N_e"], 2 * len(SLICES) + action, action, tuple(TABLES["networks"]["hidden"]),
                table["batch_size"], table["N_m"] * rows_per_agent)


def cost(size, method, selected=None):
    """Operations of one iteration with one gradient step, by part; ``selected``: ta_sam's share of actors with SAM."""
    o, a, first = size.obs, size.action, size.hidden[0]
    inner, last = sum(n * m for n, m in pairwise(size.hidden)), size.hidden[-1]
    w_p, w_v = o * first + inner + last * 2 * a, (o + a) * first + inner + last
    share, critic = SAM[method]
    share = selected if share is None else share
    fresh, rows, union = size.frames * size.agents, size.agents * size.batch, size.critic_rows
    return {
        "acting": 2 * fresh * w_p,
        "TD-errors": 2 * fresh * (w_p + 2 * w_v),
        "actors' gradients": 2 * rows * (3 * w_p + 2 * w_v - 2 * o * first) * (1 + share),
        "critic's target": 2 * union * (w_p + w_v),
        "critic's gradient": 2 * union * (3 * w_v - (o + a) * first) * (1 + critic),
    }


def update_cost(size, method, selected=None):
    """Operations of the update alone, which is what Sec. V-B speaks of."""
    return sum(value for part, value in cost(size, method, selected).items() if part not in ACTING)


def claimed_cost(size):
    """N_m d_{s,a}, the claim of Sec. V-B without its constant."""
    return size.agents * (size.obs + size.action)


def _with_state_action(size, factor):
    """d_{s,a} = o + A scaled by more RBs: A = 2K grows and o = 2 |L| + A with it."""
    total, rest = factor * (size.obs + size.action), size.obs - size.action
    return replace(size, obs=(total + rest) / 2, action=(total - rest) / 2)


SCALED = {
    "N_m": lambda size, f: replace(size, agents=f * size.agents),
    "d_{s,a}": _with_state_action,
    "hidden widths": lambda size, f: replace(size, hidden=tuple(f * h for h in size.hidden)),
    "batch": lambda size, f: replace(size, batch=f * size.batch, critic_rows=f * size.critic_rows),
}


def growth(function, quantity, size):
    """How many times function(size) becomes larger when a quantity of SCALED doubles, exactly."""
    return Fraction(function(SCALED[quantity](size, Fraction(2)))) / function(size)


def log_slope(function, quantity, size):
    """d ln f / d ln x at ``size``, exactly.

    Every cost here is a polynomial of degree two at most in the scale of x, for which x f'(x) = f(3x/2) - f(x/2).
    """
    more, less = (function(SCALED[quantity](size, Fraction(n, 2))) for n in (3, 1))
    return Fraction(more - less) / function(size)


def share_as_claimed(function, size):
    """The part of function(size) that grows as N_m d_{s,a}: its coefficient is the mixed difference, exactly.

    The cost is affine in N_m and in d_{s,a}; of a + b x + c y + e x y,  f(2,2) - f(2,1) - f(1,2) + f(1,1) = e x y.
    """
    def at(agents, width):
        return function(SCALED["d_{s,a}"](SCALED["N_m"](size, Fraction(agents)), Fraction(width)))

    return (at(2, 2) - at(2, 1) - at(1, 2) + at(1, 1)) / at(1, 1)
