"""Actors and critics as shapes."""

from dataclasses import replace

import numpy as np
import pytest

from tasam_ref.config import AgentConfig
from tasam_ref.marl.networks import build_networks


@pytest.mark.parametrize(("scope", "inputs", "outputs"), [("shared_local", 406, 1), ("joint", 6 * 406, 6)])
def test_shapes_follow_observation_action_and_hidden_sizes(scope, inputs, outputs):
    agent = replace(AgentConfig(), log_std_min=-4.0, log_std_max=1.0, critic_scope=scope)
    networks = build_networks(agent, 6, 206, 200)
    assert networks.actor.sizes == (206, 300, 400, 400, 400)
    assert networks.critic.sizes == (inputs, 300, 400, 400, outputs)
    assert (networks.log_std_min, networks.log_std_max) == (-4.0, 1.0)
    assert networks.dtype == np.float32
