"""(7): its optimum by mixed-integer programming against every allocation, and the bound on the reward against both.

The networks are random, of at most 2 DUs x 4 RBs x 4 users, with up to 6561 allocations each.
"""

import numpy as np

from tasam_ref.analysis.bound import reward_bound
from tasam_ref.analysis.optimum import best_allocation

from .brute_force import best_by_trying, every_allocation, plain_reward, small_network
from .checks import check
from .oracles import largest

NETWORKS = (*range(1, 10), 10, 30)
CODECS = ("two_bit", "slice_and_user", "full_binary")


@check("optimum", "(7a)", "(7b)", "(7c)", "(1)", "(8)", oracle="every allocation of 11 networks", tolerance=4e-15,
       because="sums of a few terms, in another order; absolute")
def programme_finds_the_best_of_all_allocations():
    """The reward of the allocation found is the largest of all; odd networks have the literal interference of (1)."""
    errors = []
    for seed in NETWORKS:
        env = small_network(seed, f"radio.interference={('physical', 'literal')[seed % 2]}")
        errors.append(abs(best_allocation(env).reward.sum() - best_by_trying(env)[0]))
    return largest(*errors)


@check("optimum", oracle="every allocation of 11 networks", tolerance=4e-15,
       because="sums of a few terms, in another order; absolute")
def users_found_earn_the_reward_found():
    """The users served, looked up among all allocations, give every DU the reward that the optimum says."""
    errors = []
    for env in map(small_network, NETWORKS):
        found = best_allocation(env)
        errors += [np.max(np.abs(plain_reward(env, rates) - found.reward))
                   for served, rates in every_allocation(env) if np.array_equal(served.T, found.served)]
    return largest(*errors) if len(errors) == len(NETWORKS) else np.inf


@check("optimum", oracle="200 actions of each codec in 11 networks", tolerance=0, because="a count of violations")
def no_action_exceeds_the_optimum():
    """Rewards that OranEnv pays for random bits in the same frame, up to the programme's tolerance of 1e-6."""
    count, chance = 0, np.random.default_rng(7)
    for seed in NETWORKS:
        best = best_allocation(small_network(seed)).reward.sum()
        for codec in CODECS:
            env = small_network(seed, f"mdp.action_codec={codec}")
            state = env.state()
            for _ in range(200):
                count += env.step(chance.random((env.num_agents, env.action_dim)).round())[1].sum() > best + 1e-6
                env.set_state(state)
    return count


@check("optimum", oracle="every allocation of 11 networks", tolerance=0, because="a count of violations")
def bound_lies_above_every_allocation():
    """No DU gets more than its bound from any allocation, and the linear programme for full reuse is never higher."""
    count = 0
    for env in map(small_network, NETWORKS):
        bound = reward_bound(env)
        count += np.sum(best_by_trying(env)[1] > bound + 1e-6)
        count += np.sum(reward_bound(env, full_reuse=True) > bound + 1e-6)
    return count
