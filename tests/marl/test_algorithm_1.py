"""Algorithm 1 as a whole, against a plain twin with complex-step gradients: same parameters after every iteration."""

import numpy as np
import pytest
from plain_twin import PlainAgents, complex_gradient

from tasam_ref.config_io import apply_settings
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import configure
from tasam_ref.oran.env import OranEnv

SMALL = ("radio.num_rbs=4", "agent.hidden_sizes=[4, 3]", "agent.batch_size=5", "agent.dtype=float64",
         "run.num_iterations=4", "run.frames_per_iteration=3", "mdp.episode_frames=5", "agent.polyak=0.1",
         "agent.temperature=0.05")


def between_the_lowest_two(config):
    """A threshold that the first iteration's variances lie on both sides of."""
    low, high, _ = sorted(Trainer(config, OranEnv(config)).iterate()["td_error_variance"])
    return float(np.sqrt(low * high))


@pytest.mark.parametrize(("method", "settings"), [
    ("no_sam", ()),
    ("both_sam", ("agent.gradient_steps=2",)),
    ("ta_sam", ("sam.td_var_threshold=MIDDLE", "sam.td_var_window=2", "agent.buffer_size=7")),
    ("ta_sam", ("sam.td_var_threshold=MIDDLE", "sam.rho_schedule=td_driven")),
    ("both_sam", ("sam.norm=adaptive", "sam.perturbs=weights", "agent.gradient_steps=2", "agent.critic_steps=2")),
    ("both_sam", ("sam.norm=layer", "sam.perturbs=hidden")),
    ("critic_sam", ("agent.critic_target=twin_target", "agent.td_value=v")),
    ("both_sam", ("agent.critic_target=twin_target", "sam.base_optimizer=sgd", "agent.learning_rate=0.1")),
    ("actor_sam", ("agent.critic_target=literal", "agent.entropy_in_target=literal")),
    ("ta_sam", ("agent.temperature_rule=learned", "agent.temperature_rate=0.3", "agent.td_value=v",
                "sam.td_var_threshold=MIDDLE")),
    ("no_sam", ("agent.temperature_rule=learned", "agent.temperature_rate=0.1", "agent.entropy_in_target=literal",
                "agent.target_entropy=0.2", "sam.base_optimizer=sgd", "agent.learning_rate=0.1")),
    ("ta_sam", ("radio.num_dus=1", "radio.num_ues=6", "sam.td_var_threshold=0.0")),
])
def test_training_is_the_plain_twin(tiny_config, method, settings):
    config = apply_settings(tiny_config, SMALL)
    middle = between_the_lowest_two(config)
    config = configure(method, config, [s.replace("MIDDLE", repr(middle)) for s in settings])
    trainer = Trainer(config, OranEnv(config))
    agents = trainer.agents
    twin = PlainAgents(config, OranEnv(config), agents.thetas_p, agents.thetas_v)
    start = agents.thetas_p.copy()
    chosen = []
    for _ in range(config.run.num_iterations):
        columns, expected = trainer.iterate(), twin.iterate()
        for name, values in expected.items():
            np.testing.assert_allclose(columns[name], values, rtol=1e-9, atol=1e-11, err_msg=name)
        np.testing.assert_allclose(agents.thetas_p, twin.actors, rtol=0, atol=1e-10)
        np.testing.assert_allclose(agents.thetas_v, twin.critics, rtol=0, atol=1e-10)
        if config.agent.critic_target != "literal":
            np.testing.assert_allclose(agents.thetas_target, twin.targets, rtol=0, atol=1e-10)
        chosen += expected["sam_actor"]
    assert np.abs(agents.thetas_p - start).max() > 1e-4
    if config.sam.td_var_threshold == middle:
        assert 0 < sum(chosen) < len(chosen)        # the gate was seen open and closed


def test_the_twins_gradient_is_that_of_a_function_known_by_hand():
    value, gradient = complex_gradient(lambda t: t[0] ** 2 * np.exp(t[1]), np.array([3.0, 0.0]))
    assert value == 9.0
    assert gradient.tolist() == [6.0, 9.0]
