"""What critics value, against the plain twin."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_twin import complex_gradient, network

from tasam_ref.config import AgentConfig
from tasam_ref.marl.critics import ActionValue, smallest_q
from tasam_ref.marl.networks import build_networks
from tasam_ref.nn.workspace import workspace

AGENTS, OBS, ACTION, BATCH = 2, 3, 2, 4

seeds = st.integers(0, 2**32 - 1)
each_scope = pytest.mark.parametrize("scope", ["shared_local", "joint"])
one_or_two = pytest.mark.parametrize("critics", [1, 2])


def setting(seed, scope, critics):
    """Networks, random critics and a random batch of their inputs."""
    agent = replace(AgentConfig(), hidden_sizes=(4, 3), dtype="float64", critic_scope=scope)
    networks, normal = build_networks(agent, AGENTS, OBS, ACTION), np.random.default_rng(seed).standard_normal
    return networks, normal((critics, networks.critic.num_params)), normal((networks.scope.inputs, BATCH))


def plain(networks, thetas, x):
    """The smallest of the twins' outputs over the critics, (outputs, B); of complex x by their real parts."""
    values = np.array([network(networks.critic.sizes, theta, x.T).T for theta in thetas])
    return np.take_along_axis(values, values.real.argmin(axis=0)[None], axis=0)[0]


@each_scope
@one_or_two
@given(seeds)
def test_the_smallest_of_the_values(scope, critics, seed):
    networks, thetas, x = setting(seed, scope, critics)
    work = workspace(networks.critic, BATCH, networks.dtype)
    np.testing.assert_allclose(smallest_q(thetas, x, work), plain(networks, thetas, x), rtol=1e-12, atol=1e-13)


@each_scope
@one_or_two
@pytest.mark.parametrize("agent", range(AGENTS))
@given(seeds)
def test_the_value_of_one_dus_action_and_its_gradient_by_complex_step(scope, critics, agent, seed):
    """Whatever stood in the action's place before; the rest of the input is held."""
    networks, thetas, x = setting(seed, scope, critics)
    place, output = networks.scope.place(agent)
    action = np.random.default_rng(seed + 1).standard_normal((ACTION, BATCH))

    def at(action):
        """The smallest output, (B,), of the input with this action in its place."""
        changed = x.astype(action.dtype)
        changed[place] = action
        return plain(networks, thetas, changed)[output]

    _, expected = complex_gradient(lambda flat: at(flat.reshape(action.shape)).sum(), action.ravel())
    works = [workspace(networks.critic, BATCH, networks.dtype) for _ in thetas]
    value = ActionValue(thetas, x.copy(), networks.scope.place(agent), works)
    q, gradient = value.with_gradient(action)
    for values in (q, value(action)):
        np.testing.assert_allclose(values, at(action), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(gradient.ravel(), expected, rtol=1e-12, atol=1e-13)
