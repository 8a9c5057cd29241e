"""Networks side by side are each network alone, to the bit: that no result depends on how actors are stacked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.kernels.update import through_tanh
from tasam_ref.nn.layout import as_batch, empty_batch, for_kernels, stack, transposed
from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.passes import Workspace, backward, dropout_masks, forward, input_gradient
from tasam_ref.nn.squashed_gaussian import kl_divergence, sample_latent, split_head, squash

NETWORKS, ROWS, DTYPES = 3, 7, [np.float32, np.float64]
NETS = {"tanh": MLP((5, 40, 30, 4)), "crelu": MLP((5, 8, 6, 4), "crelu"), "layer_norm": MLP((5, 8, 6, 4), "tanh", True),
        "spectral_norm": MLP((5, 8, 6, 4), "tanh", False, True), "all": MLP((5, 8, 6, 4), "crelu", True, True),
        "one output": MLP((5, 8, 6, 1))}


def case(net, rows, dtype, seed=0):
    generator = np.random.default_rng(seed)
    thetas = np.stack([net.initial(generator, dtype) for _ in range(NETWORKS)])
    x, delta = (as_batch(generator.normal(size=(NETWORKS, rows, n)).astype(dtype))
                for n in (net.sizes[0], net.sizes[-1]))
    return thetas, x, delta, [dropout_masks(net, rows, 0.3, generator, dtype) for _ in range(NETWORKS)]


def assert_each_alone(net, rows, dtype, dropout):
    thetas, x, delta, masks = case(net, rows, dtype)
    together = [stack(layer) for layer in zip(*masks)] if dropout else None
    work, single = Workspace(net, rows, dtype, (NETWORKS,)), Workspace(net, rows, dtype)
    y = forward(net, thetas, x, work, together).copy()
    gradients = backward(net, thetas, x, delta, work).copy()
    into = input_gradient(net, thetas, delta, work, slice(1, 4))
    for g in range(NETWORKS):
        assert np.array_equal(forward(net, thetas[g], x[g], single, masks[g] if dropout else None), y[g])
        assert np.array_equal(backward(net, thetas[g], x[g], delta[g], single), gradients[g])
        assert np.array_equal(input_gradient(net, thetas[g], delta[g], single, slice(1, 4)), into[g])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("name", NETS)
def test_a_stack_is_each_network_alone(name, dropout, dtype):
    assert_each_alone(NETS[name], ROWS, dtype, dropout)


@pytest.mark.parametrize("settings", [("tanh",), ("tanh", False, True), ("crelu", True)])
def test_a_stack_is_each_network_alone_at_the_size_of_table_1(settings):
    """At a batch of 128: large enough that BLAS divides its products, and NumPy its sums."""
    assert_each_alone(MLP((206, 300, 400, 400, 400), *settings), 128, np.float32, settings != ("tanh",))


@pytest.mark.parametrize("name", ["tanh", "all", "one output"])
def test_one_network_may_meet_a_stack_of_batches(name):
    net = NETS[name]
    (theta, *_), x, delta, _ = case(net, ROWS, np.float64)
    work, single = Workspace(net, ROWS, np.float64, (NETWORKS,)), Workspace(net, ROWS, np.float64)
    y, into = forward(net, theta, x, work).copy(), input_gradient(net, theta, delta, work, slice(None))
    for g in range(NETWORKS):
        assert np.array_equal(forward(net, theta, x[g], single), y[g])
        assert np.array_equal(input_gradient(net, theta, delta[g], single, slice(None)), into[g])


@pytest.mark.parametrize("name", ["tanh", "all"])
def test_parts_of_a_workspace_are_views_for_some_of_its_networks(name):
    net = NETS[name]
    thetas, x, delta, _ = case(net, ROWS, np.float64)
    work, single = Workspace(net, ROWS, np.float64, (NETWORKS,)), Workspace(net, ROWS, np.float64)
    for part, some in ((work[:2], slice(1, 3)), (work[0], 2)):
        assert np.shares_memory(part.gradient, work.gradient)
        y = forward(net, thetas[some], x[some], part).copy()
        gradient = backward(net, thetas[some], x[some], delta[some], part)
        assert np.array_equal(forward(net, thetas[2], x[2], single), y if some == 2 else y[1])
        assert np.array_equal(backward(net, thetas[2], x[2], delta[2], single), gradient if some == 2 else gradient[1])


@given(st.integers(0, 2**32 - 1))
def test_policies_side_by_side_are_each_alone(seed):
    generator = np.random.default_rng(seed)
    output, noise = (as_batch(generator.normal(0, 2, (NETWORKS, ROWS, n))) for n in (8, 4))
    mean, log_std, free = split_head(output, -2.0, 1.0)
    latent = sample_latent(mean, np.exp(log_std), noise)
    together = mean, log_std, free, latent, *squash(latent, noise, log_std), kl_divergence(mean, log_std, noise, mean)
    for g in range(NETWORKS):
        mean, log_std, free = split_head(output[g], -2.0, 1.0)
        latent = sample_latent(mean, np.exp(log_std), noise[g])
        alone = mean, log_std, free, latent, *squash(latent, noise[g], log_std), kl_divergence(
            mean, log_std, noise[g], mean)
        for one, other in zip(alone, together):
            assert np.array_equal(one, other[g])


def test_the_layout_by_hand():
    batch = empty_batch(2, 3, 4, dtype=np.float32)
    assert (batch.shape, batch.strides, batch.dtype) == ((2, 3, 4), (48, 4, 12), np.float32)
    rows = np.arange(6.0).reshape(2, 3)
    assert as_batch(rows).tolist() == rows.tolist()
    assert as_batch(rows).strides == (8, 16)
    assert np.shares_memory(as_batch(batch), batch)
    assert transposed(transposed(batch)).strides == batch.strides
    assert stack([rows, rows + 6]).tolist() == [rows.tolist(), (rows + 6).tolist()]
    assert stack([rows, rows + 6]).strides == (48, 8, 16)
    delta = as_batch(rows)
    through_tanh(for_kernels(delta), for_kernels(np.full((2, 3), 0.5)))
    assert delta.tolist() == (0.75 * rows).tolist()
    assert for_kernels(batch).shape == (2, 4, 3)
