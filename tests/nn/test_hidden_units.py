"""Layer and spectral normalisation, concatenated rectifiers, masks: identities that tie them to plain networks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.nn.hidden_units import EPSILON, CReLU, layer_norm
from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.passes import Workspace, backward, dropout_masks, forward

seeds = st.integers(0, 2**32 - 1)


def output(net, theta, x, masks=None):
    return forward(net, theta, x, Workspace(net, len(x), theta.dtype), masks)


@given(seeds)
def test_layer_norm_is_the_identity_where_mean_and_variance_are_0_and_1(seed):
    """Rows of mean 0 and variance 1 - epsilon pass unchanged with gain 1 and shift 0; others are moved there."""
    rows = np.random.default_rng(seed).normal(size=(5, 8))
    rows = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True) * np.sqrt(1 - EPSILON)
    z = rows.copy()
    inverse = layer_norm(z, np.ones(8), np.zeros(8), np.empty_like(z))
    np.testing.assert_allclose(z, rows, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(inverse, 1, rtol=1e-13)


@given(seeds, st.floats(0.1, 100), st.floats(-50, 50))
def test_layer_norm_forgets_scale_and_offset_of_a_row(seed, scale, offset):
    z = np.random.default_rng(seed).normal(size=(4, 6)) * 100
    moved = scale * z + offset
    gain, shift = np.arange(6.0), np.linspace(-1, 1, 6)
    for each in (z, moved):
        layer_norm(each, gain, shift, np.empty_like(each))
    np.testing.assert_allclose(moved, z, rtol=1e-3, atol=1e-3)


def test_layer_norm_by_hand():
    z = np.array([[1.0, 3.0]])
    inverse = layer_norm(z, np.array([2.0, 3.0]), np.array([0.5, 0.0]), np.empty((1, 2)))
    expected = 1 / np.sqrt(1 + 1e-5)                                        # mean 2, variance 1
    np.testing.assert_allclose(inverse, [[expected]], rtol=1e-15)
    np.testing.assert_allclose(z, [[0.5 - 2 * expected, 3 * expected]], rtol=1e-15)


def test_crelu_keeps_both_signs():
    y, out = np.array([[2.0, -3.0, 0.0]]), np.empty((1, 6))
    CReLU.forward(y, out)
    assert out.tolist() == [[2, 0, 0, 0, 3, 0]]
    assert (out[:, :3] - out[:, 3:]).tolist() == y.tolist()
    delta = np.empty((1, 3))
    CReLU.backward(np.array([[1.0, 2.0, 3.0, 10.0, 20.0, 30.0]]), out, delta)
    assert delta.tolist() == [[1, -20, 0]]                                  # at zero neither half moves


@given(seeds)
def test_a_crelu_layer_that_subtracts_its_halves_is_linear(seed):
    generator = np.random.default_rng(seed)
    net = MLP((3, 4, 2), "crelu")
    theta = generator.normal(size=net.num_params)
    (first, bias), (second, last) = net.layers(theta)
    second[4:] = -second[:4]
    x = generator.normal(size=(5, 3))
    np.testing.assert_allclose(output(net, theta, x), (x @ first + bias) @ second[:4] + last, rtol=1e-10, atol=1e-10)


def test_parameters_are_counted_and_laid_out_behind_the_weights():
    net = MLP((2, 3, 4, 1), "crelu", layer_norm=True, spectral=True)
    assert net.shapes == [(2, 3), (6, 4), (8, 1)]
    assert net.num_weights == 2 * 3 + 3 + 6 * 4 + 4 + 8 + 1 == 46
    assert net.num_trained == 46 + 2 * (3 + 4) == 60
    assert net.num_params == 60 + 2 + 6 == 68
    theta = np.arange(68.0)
    (gain, shift), (gain2, _) = net.norms(theta)
    assert (gain.tolist(), shift.tolist(), gain2[0]) == ([46, 47, 48], [49, 50, 51], 52)
    assert [u[0] for u in net.directions(theta)] == [60, 62]
    assert MLP((2, 3, 1)).norms(np.zeros(13)) == MLP((2, 3, 1)).directions(np.zeros(13)) == []


@given(seeds)
def test_spectral_normalisation_divides_by_the_largest_singular_value(seed):
    """A plain network of the divided weights is the same function."""
    generator = np.random.default_rng(seed)
    net, plain = MLP((3, 4, 5, 2), spectral=True), MLP((3, 4, 5, 2))
    theta = net.initial(generator, np.float64)
    for (weight, _), u in zip(net.layers(theta), net.directions(theta)):
        u[...] = 7 * np.linalg.svd(weight)[0][:, 0]                         # any length will do
    divided = theta[: plain.num_params].copy()
    for weight, _ in plain.layers(divided)[:-1]:
        weight /= np.linalg.svd(weight)[1][0]
    x = generator.normal(size=(6, 3))
    np.testing.assert_allclose(output(net, theta, x), output(plain, divided, x), rtol=1e-11, atol=1e-13)


def test_a_network_whose_singular_values_are_one_is_untouched_by_spectral_normalisation():
    net, plain = MLP((3, 3, 3, 2), spectral=True), MLP((3, 3, 3, 2))
    theta = net.initial(np.random.default_rng(1), np.float64)
    for weight, _ in net.layers(theta)[:-1]:
        weight[...] = np.linalg.qr(weight)[0]
    x = np.random.default_rng(2).normal(size=(6, 3))
    np.testing.assert_allclose(output(net, theta, x), output(plain, theta[: plain.num_params], x), rtol=1e-12)


def test_masks_of_ones_change_no_bit_and_a_mask_of_zeros_cuts_the_network():
    net = MLP((3, 4, 5, 2))
    theta = net.initial(np.random.default_rng(3), np.float32)
    x, delta = np.ones((6, 3), np.float32), np.ones((6, 2), np.float32)
    ones = [np.ones((6, n), np.float32) for n in (4, 5)]
    plain, masked = Workspace(net, 6, np.float32), Workspace(net, 6, np.float32)
    assert np.array_equal(forward(net, theta, x, plain), forward(net, theta, x, masked, ones))
    assert np.array_equal(backward(net, theta, x, delta, plain), backward(net, theta, x, delta, masked))
    cut = [ones[0], 0 * ones[1]]
    assert np.array_equal(forward(net, theta, x, masked, cut), np.tile(net.layers(theta)[-1][1], (6, 1)))
    gradient = backward(net, theta, x, delta, masked)
    assert not gradient[:-2].any()
    assert (gradient[-2:] == 6).all()


def test_a_pass_without_masks_forgets_those_of_the_pass_before():
    net = MLP((3, 4, 2))
    theta, x = net.initial(np.random.default_rng(4), np.float64), np.ones((5, 3))
    work, fresh = Workspace(net, 5, np.float64), Workspace(net, 5, np.float64)
    masks = dropout_masks(net, 5, 0.5, np.random.default_rng(5), np.float64)
    forward(net, theta, x, work, masks)
    for each in (work, fresh):
        forward(net, theta, x, each)
    delta = np.ones((5, 2))
    assert np.array_equal(backward(net, theta, x, delta, work), backward(net, theta, x, delta, fresh))


@pytest.mark.parametrize("settings", [{}, {"activation": "crelu", "layer_norm": True, "spectral": True}])
def test_the_head_is_everything_but_the_first_layer(settings):
    net = MLP((2, 3, 4, 1), **settings)
    theta = np.zeros(net.num_params)
    for part in net.head(theta):
        part += 1
    first = [*net.layers(theta)[0], *(net.norms(theta) or [()])[0], *net.directions(theta)[:1]]
    assert sum(part.size for part in first) == np.sum(theta == 0)
    assert not any(part.any() for part in first)
    assert set(theta) == {0, 1}                                             # nothing twice
