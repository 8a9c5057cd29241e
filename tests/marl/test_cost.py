"""What an iteration multiplies: by hand for a tiny network, and as networks are seen to multiply in real iterations."""

from collections import Counter
from dataclasses import replace

import pytest
from trainings import start

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.experiments.bench_update import watched_products
from tasam_ref.marl import buffers
from tasam_ref.marl.cost import (
    backward_products,
    flops,
    forward_products,
    input_gradient_products,
    iteration_products,
    update_products,
)
from tasam_ref.marl.networks import build_networks
from tasam_ref.nn.mlp import MLP

TINY = ("agent.hidden_sizes=[3]", "agent.batch_size=5", "run.frames_per_iteration=4")


def operations(parts):
    return {name: flops(products) for name, products in parts.items()}


def tiny(*settings):
    """Two actors 2-3-2, a critic 3-3-1, batches of 5 per actor and 3 of each for the critic."""
    config = apply_settings(Config(), (*TINY, *settings))
    return config, build_networks(config.agent, 2, 2, 1)


def test_a_pass_by_hand():
    """2-3-2 on 5 columns: 2 5 (2 3 + 3 2) forward and for the weights, 2 5 3 2 down to the hidden layer, 2 5 3 to x."""
    net = MLP((2, 3, 2))
    assert forward_products(net, 5) == [(3, 2, 5, "tn"), (2, 3, 5, "tn")]
    assert sorted(backward_products(net, 5)) == [(2, 5, 3, "nt"), (3, 2, 5, "nn"), (3, 5, 2, "nt")]
    assert input_gradient_products(net, 5, 1) == [(3, 2, 5, "nn"), (1, 3, 5, "nn")]
    assert [flops(products) for products in (forward_products(net, 5), backward_products(net, 5),
                                             input_gradient_products(net, 5, 1))] == [120, 180, 90]


def test_concatenated_rectifiers_widen_what_follows():
    """2-3-3-2 with 6 inputs behind each hidden layer."""
    assert flops(forward_products(MLP((2, 3, 3, 2), "crelu"), 5)) == 2 * 5 * (2 * 3 + 6 * 3 + 6 * 2)
    assert flops(backward_products(MLP((2, 3, 3, 2), "crelu"), 5)) == 2 * 5 * (2 * 3 + 2 * 6 * 3 + 2 * 6 * 2)


def test_an_iteration_by_hand():
    """Forward actor 24 and critic 24 a column, backward 36 and 30, dQ/da 12; 5 columns an actor, 6 the critic."""
    config, networks = tiny()
    assert operations(iteration_products(config, networks, 1)) == {
        "acting": 24 * 2 * 4,
        "TD-errors": 24 * 8 + 2 * 24 * 8,
        "actors' gradients": 3 * 5 * (24 + 36 + 24 + 12),           # SAM on one of two
        "further policies": 0,
        "critic's target": 24 * 6 + 24 * 6,
        "critic's gradient": 2 * 6 * (24 + 30),                     # SAM
    }


@pytest.mark.parametrize(("setting", "part", "expected"), [
    ("agent.policy_gradient=score_function", "actors' gradients", 2 * 5 * (24 + 36 + 24)),
    ("agent.policy_gradient=score_function_replayed", "actors' gradients", 2 * 5 * (24 + 36 + 24)),
    ("agent.critic_target=twin_target", "actors' gradients", 2 * 5 * (24 + 36 + 2 * (24 + 12))),
    ("agent.critic_target=twin_target", "critic's target", 24 * 6 + 2 * 24 * 6),
    ("agent.critic_target=twin_target", "critic's gradient", 2 * 2 * 6 * (24 + 30)),
    ("agent.critic_target=twin_target", "TD-errors", 24 * 8 + 2 * 2 * 24 * 8),
    ("agent.critic_target=literal", "critic's gradient", 2 * 6 * (24 + 30)),
    ("agent.entropy_in_target=literal", "critic's target", 2 * 24 * 6 + 24 * 6),
    ("agent.td_value=v", "TD-errors", 2 * 24 * 8 + 2 * 24 * 8),
    ("agent.forgetting=policy_anchor", "further policies", 2 * 5 * 24),
    ("agent.teachers=3", "further policies", 3 * 2 * 5 * 24),
    ("agent.teachers=3", "actors' gradients", 2 * 5 * (2 * (24 + 36) + 24 + 12)),
    ("sam.use_sam_critic=false", "critic's gradient", 6 * (24 + 30)),
    ("agent.gradient_steps=7", "critic's target", 7 * 2 * 24 * 6),
    ("agent.gradient_steps=7", "acting", 24 * 2 * 4),
    ("agent.critic_steps=7", "critic's target", 7 * 2 * 24 * 6),
    ("agent.critic_steps=7", "critic's gradient", 7 * 2 * 6 * (24 + 30)),
    ("agent.critic_steps=7", "actors' gradients", 2 * 5 * (24 + 36 + 24 + 12)),
    ("agent.critic_scope=joint", "critic's gradient", 2 * 5 * (2 * 2 * (6 * 3 + 3 * 2) + 2 * 3 * 2)),
])
def test_a_reading_by_hand(setting, part, expected):
    """The joint critic is 6-3-2 on the 5 moments of its batch."""
    config, networks = tiny(setting)
    assert operations(iteration_products(config, networks, 0))[part] == expected


def test_an_update_is_an_iteration_of_one_step_without_the_acting():
    config, networks = tiny()
    iteration = iteration_products(config, networks, 2)
    assert update_products(config.agent, networks, 3, 2, True) == {
        part: iteration[part] for part in iteration if part not in ("acting", "TD-errors")}


def counted(function):
    """The products of all networks while ``function`` runs, by their shapes and kinds, and what it returns."""
    products = Counter()

    def note(kind, left, right, out):
        products[len(out), len(left) if kind == "tn" else left.shape[1], out.shape[1], kind] += 1

    with watched_products(note):
        returned = function()
    return products, returned


MIXED = ("sam.td_var_scale=relative", "sam.td_var_threshold=1.0")   # the gate of two of three actors is open


@pytest.mark.parametrize(("method", "settings"), [
    ("no_sam", ()), ("actor_sam", ()), ("critic_sam", ()), ("both_sam", ()), ("ta_sam", MIXED),
    ("ta_sam", ("sam.td_var_threshold=inf",)), ("ta_sam", ("sam.td_var_threshold=0.0",)),
    ("policy_anchor", MIXED), ("l2", ()), ("dropout", ()), ("spectral_norm", ()), ("centralised_sac", ()),
    ("plastic_as_described", ()), ("plastic_lee2023", ()),
    ("ta_sam", (*MIXED, "agent.critic_target=twin_target", "agent.td_value=v", "agent.gradient_steps=3")),
    ("ta_sam", (*MIXED, "agent.critic_scope=joint", "agent.entropy_in_target=literal", "mdp.identity=one_hot")),
    ("ta_sam", (*MIXED, "agent.critic_steps=3", "agent.critic_target=twin_target", "agent.gradient_steps=2")),
    ("both_sam", ("sam.offset=held", "agent.critic_scope=joint")), ("critic_sam", ("sam.offset=held",)),
    ("ta_sam", ("agent.temperature_rule=learned",)),
    ("both_sam", ("agent.policy_gradient=score_function", "agent.critic_target=literal")),
    ("both_sam", ("agent.policy_gradient=score_function_replayed", "agent.critic_target=twin_target")),
    ("plastic_lee2023", ("agent.teachers=3", "agent.forgetting=policy_anchor", "agent.critic_scope=joint")),
])
def test_an_iteration_multiplies_what_is_listed(tiny_config, monkeypatch, method, settings):
    """Every product with its shape and its transposed operands, no more and no less.

    With the critic's batch in parts, its products are more and smaller, and their operations as many.
    """
    seen, listed = [], []
    for chunks in (1, 2):
        monkeypatch.setattr(buffers, "CHUNKS", chunks)
        trainer = start(tiny_config, method, *settings)
        products, row = counted(trainer.iterate)
        count = int(row["sam_actor"].sum())
        assert settings != MIXED or count == 2
        seen.append(products)
        parts = iteration_products(trainer.config, trainer.agents.networks, count)
        listed.append(Counter(product for products in parts.values() for product in products))
    assert seen[0] == listed[0] == listed[1]
    assert seen[1].total() > seen[0].total()
    assert flops(seen[1].elements()) == flops(seen[0].elements())


def test_the_cost_does_not_depend_on_the_number_format(tiny_config):
    config = replace(tiny_config, agent=replace(tiny_config.agent, dtype="float64"))
    one, other = (iteration_products(c, build_networks(c.agent, 3, 4, 2), 1) for c in (tiny_config, config))
    assert one == other
