"""Networks with what the rivals bring: complex steps of a twin, and identities that tie them to plain networks."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasam_ref.nn import passes
from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.regularised import RegularisedWorkspace, dropout_masks
from tasam_ref.nn.workspace import workspace

COLUMNS = 6
PARTS = list(product(("tanh", "crelu"), (False, True), (False, True), (False, True)))

seeds = st.integers(0, 2**32 - 1)


def twin(net, theta, x, masks):
    """y once more, analytic in theta and x; spectral directions are held, and choices look at the real part."""
    layers, norms, directions, h = net.layers(theta), net.norms(theta), net.directions(theta.real), x
    for j, (weight, bias) in enumerate(layers[:-1]):
        if net.spectral:
            image = directions[j] @ weight / np.linalg.norm(directions[j])
            weight = weight / np.sqrt(image @ image)
        z = weight.T @ h + bias[:, None]
        if net.layer_norm:
            centred = z - sum(z) / len(z)
            z = (norms[j][0] * (centred / np.sqrt(sum(centred**2) / len(z) + 1e-5)).T + norms[j][1]).T
        h = np.tanh(z) if net.activation == "tanh" else np.vstack((z * (z.real > 0), -z * (z.real < 0)))
        h = h * masks[j] if masks else h
    return layers[-1][0].T @ h + layers[-1][1][:, None]


@pytest.mark.parametrize(("activation", "layer_norm", "spectral", "dropout"), PARTS)
@settings(max_examples=8)
@given(seeds)
def test_passes_are_the_twin_and_its_complex_steps(activation, layer_norm, spectral, dropout, seed):
    """Of the sum of c y in all of theta and two of the inputs; no gradient moves a spectral direction."""
    generator = np.random.default_rng(seed)
    net = MLP((3, 4, 5, 2), activation, layer_norm, spectral)
    theta, work = net.initial(generator, np.float64), RegularisedWorkspace(net, COLUMNS, np.float64)
    theta[: net.num_trained] += generator.normal(size=net.num_trained)
    x, c = generator.normal(size=(3, COLUMNS)), generator.normal(size=(2, COLUMNS))
    work.masks = dropout_masks(net, COLUMNS, 0.3, generator, np.float64) if dropout else None
    point = np.concatenate((theta, x.ravel()))

    def loss(flat):
        return np.sum(c * twin(net, flat[: theta.size], flat[theta.size :].reshape(x.shape), work.masks))

    np.testing.assert_allclose(work.forward(theta, x), twin(net, theta, x, work.masks), rtol=1e-11, atol=1e-12)
    expected = np.array([loss(point + 1e-30j * unit).imag / 1e-30 for unit in np.eye(point.size)])
    by_theta, by_x = expected[: theta.size], expected[theta.size :].reshape(x.shape)
    by_theta[net.num_trained :] = 0
    np.testing.assert_allclose(work.backward(theta, c), by_theta, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(work.input_gradient(theta, c, slice(1, 3)), by_x[1:], rtol=1e-9, atol=1e-10)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple), st.integers(1, 4), seeds)
def test_without_any_of_it_they_are_the_compiled_passes(sizes, columns, seed):
    generator, net = np.random.default_rng(seed), MLP(sizes)
    theta = generator.normal(size=net.num_params)
    x, delta = generator.normal(size=(sizes[0], columns)), generator.normal(size=(sizes[-1], columns))
    plain, compiled = (each(net, columns, np.float64) for each in (RegularisedWorkspace, passes.TanhWorkspace))
    every = slice(0, sizes[0])
    for one, other in ((plain.forward(theta, x), compiled.forward(theta, x)),
                       (plain.backward(theta, delta), compiled.backward(theta, delta)),
                       (plain.input_gradient(theta, delta, every), compiled.input_gradient(theta, delta, every))):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=2e-14)


@pytest.mark.parametrize(("activation", "layer_norm", "spectral", "dropout"), PARTS)
def test_the_papers_networks_alone_are_compiled(activation, layer_norm, spectral, dropout):
    work = workspace(MLP((3, 4, 2), activation, layer_norm, spectral), COLUMNS, np.float32, dropout)
    plain = (activation, layer_norm, spectral, dropout) == ("tanh", False, False, False)
    assert isinstance(work, passes.TanhWorkspace if plain else RegularisedWorkspace)
    assert (work.columns, work.gradient.dtype) == (COLUMNS, np.float32)


@pytest.mark.parametrize(("activation", "layer_norm", "spectral", "dropout"), PARTS)
def test_float32_stays_float32(activation, layer_norm, spectral, dropout):
    net, generator = MLP((3, 4, 5, 2), activation, layer_norm, spectral), np.random.default_rng(1)
    theta, work = net.initial(generator, np.float32), RegularisedWorkspace(net, COLUMNS, np.float32)
    work.masks = dropout_masks(net, COLUMNS, 0.3, generator, np.float32) if dropout else None
    x, delta = np.ones((3, COLUMNS), np.float32), np.ones((2, COLUMNS), np.float32)
    results = work.forward(theta, x), work.backward(theta, delta), work.input_gradient(theta, delta, slice(0, 2))
    assert {result.dtype for result in results} == {np.dtype(np.float32)}


@given(seeds)
def test_a_crelu_layer_that_subtracts_its_halves_is_linear(seed):
    generator = np.random.default_rng(seed)
    net = MLP((3, 4, 2), "crelu")
    theta = generator.normal(size=net.num_params)
    (first, bias), (second, last) = net.layers(theta)
    second[4:] = -second[:4]
    x = generator.normal(size=(3, COLUMNS))
    expected = second[:4].T @ (first.T @ x + bias[:, None]) + last[:, None]
    np.testing.assert_allclose(workspace(net, COLUMNS, np.float64).forward(theta, x), expected, rtol=1e-10, atol=1e-10)


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
    x = generator.normal(size=(3, COLUMNS))
    found, expected = (workspace(n, COLUMNS, np.float64).forward(t, x) for n, t in ((net, theta), (plain, divided)))
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


def test_a_network_whose_singular_values_are_one_is_untouched_by_spectral_normalisation():
    net, plain = MLP((3, 3, 3, 2), spectral=True), MLP((3, 3, 3, 2))
    theta = net.initial(np.random.default_rng(1), np.float64)
    for weight, _ in net.layers(theta)[:-1]:
        weight[...] = np.linalg.qr(weight)[0]
    x = np.random.default_rng(2).normal(size=(3, COLUMNS))
    found, expected = (workspace(n, COLUMNS, np.float64).forward(theta[: n.num_params], x) for n in (net, plain))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_masks_of_ones_change_no_bit_and_a_mask_of_zeros_cuts_the_network():
    net = MLP((3, 4, 5, 2))
    theta = net.initial(np.random.default_rng(3), np.float32)
    x, delta = np.ones((3, COLUMNS), np.float32), np.ones((2, COLUMNS), np.float32)
    plain, masked = (RegularisedWorkspace(net, COLUMNS, np.float32) for _ in range(2))
    masked.masks = [np.ones((n, COLUMNS), np.float32) for n in (4, 5)]
    assert np.array_equal(plain.forward(theta, x), masked.forward(theta, x))
    assert np.array_equal(plain.backward(theta, delta), masked.backward(theta, delta))
    masked.masks[1][...] = 0
    assert np.array_equal(masked.forward(theta, x), np.tile(net.layers(theta)[-1][1][:, None], COLUMNS))
    gradient = masked.backward(theta, delta)
    assert not gradient[:-2].any()
    assert (gradient[-2:] == COLUMNS).all()


def test_masks_stay_until_they_are_taken_away():
    net = MLP((3, 4, 2))
    theta, x = net.initial(np.random.default_rng(4), np.float64), np.ones((3, COLUMNS))
    work, fresh = (RegularisedWorkspace(net, COLUMNS, np.float64) for _ in range(2))
    work.masks = dropout_masks(net, COLUMNS, 0.5, np.random.default_rng(5), np.float64)
    first = work.forward(theta, x)
    assert np.array_equal(work.forward(theta, x), first)
    assert not np.array_equal(fresh.forward(theta, x), first)
    work.masks = None
    assert np.array_equal(work.forward(theta, x), fresh.forward(theta, x))
    delta = np.ones((2, COLUMNS))
    assert np.array_equal(work.backward(theta, delta), fresh.backward(theta, delta))


@pytest.mark.parametrize(("activation", "widths"), [("tanh", (30, 20)), ("crelu", (60, 40))])
def test_masks_are_zero_at_the_rate_and_keep_the_mean(activation, widths):
    """A mask for each output of each hidden layer; its mean over n numbers is 1 within 4 standard deviations."""
    masks = dropout_masks(MLP((3, 30, 20, 2), activation), 500, 0.2, np.random.default_rng(6), np.float32)
    assert [(mask.shape, mask.dtype) for mask in masks] == [((n, 500), np.float32) for n in widths]
    for mask in masks:
        assert set(np.unique(mask)) == {0, np.float32(1.25)}
        assert abs(mask.mean(dtype=float) - 1) < 4 * np.sqrt(0.2 / 0.8 / mask.size)


def test_batches_may_lie_in_any_order_of_memory():
    generator, net = np.random.default_rng(3), MLP((3, 4, 2), "crelu", layer_norm=True)
    theta, work = net.initial(generator, np.float64), RegularisedWorkspace(net, COLUMNS, np.float64)
    x, delta = generator.normal(size=(3, COLUMNS)), generator.normal(size=(2, COLUMNS))

    def passes(lay):
        return np.concatenate((work.forward(theta, lay(x)).ravel(), work.backward(theta, lay(delta)),
                               work.input_gradient(theta, lay(delta), slice(0, 3)).ravel()))

    assert np.array_equal(passes(np.asfortranarray), passes(np.ascontiguousarray))
