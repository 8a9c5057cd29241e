"""Layer normalisation and concatenated rectifiers: identities, complex steps and hand calculation."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.nn.hidden_units import EPSILON, crelu, crelu_backward, layer_norm, layer_norm_backward

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_layer_norm_is_the_identity_where_mean_and_variance_are_0_and_1(seed):
    """Columns of mean 0 and variance 1 - epsilon pass unchanged with gain 1 and shift 0."""
    z = np.random.default_rng(seed).normal(size=(8, 5))
    z = (z - z.mean(axis=0)) / z.std(axis=0) * np.sqrt(1 - EPSILON)
    y, (normalised, inverse) = layer_norm(z, np.ones(8), np.zeros(8))
    np.testing.assert_allclose(y, z, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(normalised, z, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(inverse, 1, rtol=1e-13)


@given(seeds, st.floats(0.1, 100), st.floats(-50, 50))
def test_layer_norm_forgets_scale_and_offset_of_a_column(seed, scale, offset):
    z = np.random.default_rng(seed).normal(size=(6, 4)) * 100
    (y, _), (moved, _) = (layer_norm(each, np.arange(6.0), np.linspace(-1, 1, 6)) for each in (z, scale * z + offset))
    np.testing.assert_allclose(moved, y, rtol=1e-3, atol=1e-3)


def test_layer_norm_by_hand():
    y, (_, inverse) = layer_norm(np.array([[1.0], [3.0]]), np.array([2.0, 3.0]), np.array([0.5, 0.0]))
    expected = 1 / np.sqrt(1 + 1e-5)                                        # mean 2, variance 1
    np.testing.assert_allclose(inverse, [expected], rtol=1e-15)
    np.testing.assert_allclose(y, [[0.5 - 2 * expected], [3 * expected]], rtol=1e-15)


@given(seeds)
def test_gradients_layer_norm_backward_are_complex_steps_of_its_formula(seed):
    """Of the sum of delta y in every number of z, gain and shift."""
    generator = np.random.default_rng(seed)
    z, delta = generator.normal(size=(2, 4, 3))
    gain, shift = generator.normal(size=(2, 4))

    def loss(flat):
        z, (gain, shift) = flat[:12].reshape(4, 3), flat[12:].reshape(2, 4, 1)
        centred = z - sum(z) / 4
        return np.sum(delta * (gain * centred / np.sqrt(sum(centred**2) / 4 + 1e-5) + shift))

    point = np.concatenate((z.ravel(), gain, shift))
    expected = [loss(point + 1e-30j * unit).imag / 1e-30 for unit in np.eye(20)]
    found = layer_norm_backward(delta, gain, *layer_norm(z, gain, shift)[1])
    np.testing.assert_allclose(np.concatenate([part.ravel() for part in found]), expected, rtol=1e-10, atol=1e-12)


def test_crelu_keeps_both_signs():
    y = np.array([[2.0], [-3.0], [0.0]])
    h = crelu(y)
    assert h[:, 0].tolist() == [2, 0, 0, 0, 3, 0]
    assert (h[:3] - h[3:] == y).all()
    upstream = np.array([[1.0], [2.0], [3.0], [10.0], [20.0], [30.0]])
    assert crelu_backward(upstream, h)[:, 0].tolist() == [1, -20, 0]         # at zero neither half moves
