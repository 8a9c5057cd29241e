"""Other norms of (12): by hand, in their own norm, and untouched where nothing is perturbed."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasam_ref.nn.mlp import MLP
from tasam_ref.optim.norms import NORMS, scale_of
from tasam_ref.optim.sam import perturbed, sam_gradient, take_step

PERTURBS = ("all", "weights", "hidden")
NET = MLP((2, 2, 1))
# W_0 row by row, b_0, W_1, b_1
THETA = np.array([3.0, -1.0, 0.5, 2.0, -0.25, 1.0, 4.0, -2.0, 0.5])
GRADIENT = np.array([1.0, 2.0, -4.0, 0.5, 2.0, -3.0, 0.25, 1.0, -6.0])
WEIGHTS = [True] * 4 + [False] * 2 + [True] * 2 + [False]
HIDDEN = [True] * 6 + [False] * 3
# sum of squares of the layers: 9 + 1 + 1/4 + 4 + 1/16 + 1 = 245/16 over 6, and 16 + 4 + 1/4 = 81/4 over 3
BY_HAND = {"l2": [1.0] * 9, "adaptive": [3.0, 1.0, 0.5, 2.0, 0.25, 1.0, 4.0, 2.0, 0.5],
           "layer": [(245 / 96) ** 0.5] * 6 + [(81 / 12) ** 0.5] * 3}
KEPT = {"all": [True] * 9, "weights": WEIGHTS, "hidden": HIDDEN}


@pytest.mark.parametrize("perturbs", PERTURBS)
@pytest.mark.parametrize("norm", NORMS)
def test_of_a_2_2_1_network_by_hand(norm, perturbs):
    """theta_adv = theta + rho T^2 g / ||T g||, entry by entry; what is left out keeps its bits."""
    scale = [t * kept for t, kept in zip(BY_HAND[norm], KEPT[perturbs])]
    length = sum((t * g) ** 2 for t, g in zip(scale, GRADIENT)) ** 0.5
    expected = [x + 0.3 * t**2 * g / length for x, t, g in zip(THETA, scale, GRADIENT)]
    scale_of_theta = scale_of(norm, perturbs, NET)
    found = perturbed(THETA, GRADIENT, 0.3, None if scale_of_theta is None else scale_of_theta(THETA))
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    left_out = ~np.array(KEPT[perturbs])
    assert (found[left_out] == THETA[left_out]).all()
    assert (found[~left_out] != THETA[~left_out]).all()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("perturbs", ["weights", "hidden"])
def test_gradients_of_what_is_left_out_do_not_enter_the_norm(norm, perturbs):
    scale, other = scale_of(norm, perturbs, NET)(THETA), GRADIENT.copy()
    other[~np.array(KEPT[perturbs])] *= 1e6
    assert (perturbed(THETA, other, 0.3, scale) == perturbed(THETA, GRADIENT, 0.3, scale)).all()


def test_as_printed_there_is_no_scale():
    assert scale_of("l2", "all", NET) is None
    assert all(scale_of(norm, perturbs, NET) is not None
               for norm in NORMS for perturbs in PERTURBS if (norm, perturbs) != ("l2", "all"))


def test_only_weight_matrices_are_weights():
    """Of a normalised network neither biases nor gains nor shifts, and spectral directions never."""
    net = MLP((2, 3, 2), layer_norm=True, spectral=True)
    scale = scale_of("l2", "weights", net)(np.ones(net.num_params))[: net.num_trained]
    assert [int(entry) for entry in scale] == [1] * 6 + [0] * 3 + [1] * 6 + [0] * 2 + [0] * 6


def test_a_layer_has_its_gain_and_shift():
    """2-2-1: weights 1, biases 2, the output's 3, gains 4, shifts 5, directions 6 in no layer."""
    net = MLP((2, 2, 1), layer_norm=True, spectral=True)
    theta = np.array([1.0] * 4 + [2.0] * 2 + [3.0] * 3 + [4.0] * 2 + [5.0] * 2 + [6.0] * 2)
    hidden = ((4 * 1 + 2 * 4 + 2 * 16 + 2 * 25) / 10) ** 0.5
    expected = [hidden] * 6 + [3.0] * 3 + [hidden] * 4 + [0.0] * 2
    np.testing.assert_allclose(scale_of("layer", "all", net)(theta), expected, rtol=1e-15)
    expected[6:9] = [0.0] * 3
    np.testing.assert_allclose(scale_of("layer", "hidden", net)(theta), expected, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_scale_of_one_is_the_printed_norm_to_the_bit(dtype):
    """Through ``norms``, of which (12) as printed takes nothing."""
    generator = np.random.default_rng(1)
    for exponent in (-12, 0, 12):
        theta = generator.standard_normal(9).astype(dtype)
        gradient = (10.0**exponent * generator.standard_normal(9)).astype(dtype)
        ones = NORMS["l2"](NET, theta)
        assert ones.dtype == dtype and (ones == 1).all()
        found = perturbed(theta, gradient, 0.3, ones)
        assert found.dtype == dtype and found.tobytes() == perturbed(theta, gradient, 0.3).tobytes()


@pytest.mark.parametrize("norm", NORMS)
def test_the_number_format_is_kept_and_theta_is_not_touched(norm):
    theta, gradient = THETA.astype(np.float32), GRADIENT.astype(np.float32)
    scale = scale_of(norm, "weights", NET)(theta)
    assert scale.dtype == perturbed(theta, gradient, 0.1, scale).dtype == np.float32
    assert (theta == THETA).all() and (gradient == GRADIENT).all() and not np.shares_memory(scale, theta)


@pytest.mark.parametrize("norm", NORMS)
def test_nothing_is_perturbed_where_only_what_is_left_out_has_a_gradient(norm):
    gradient = np.where(WEIGHTS, 0.0, GRADIENT)
    theta_adv = perturbed(THETA, gradient, 0.3, scale_of(norm, "weights", NET)(THETA))
    assert theta_adv.tobytes() == THETA.tobytes() and not np.shares_memory(theta_adv, THETA)


sizes = st.integers(1, 4)
entries = st.floats(-10, 10, allow_subnormal=False)


@st.composite
def networks(draw):
    """A network, parameters and a gradient."""
    net = MLP((draw(sizes), draw(sizes), draw(sizes)))
    theta, gradient = (draw(arrays(np.float64, net.num_params, elements=entries)) for _ in range(2))
    return net, theta, gradient


@given(networks(), st.sampled_from(sorted(NORMS)), st.sampled_from(PERTURBS), st.floats(1e-3, 10))
def test_the_perturbation_has_length_rho_in_its_own_norm(case, norm, perturbs, rho):
    """||T^-1 (theta_adv - theta)|| = rho, over what is perturbed; from the step, not from theta + step."""
    net, theta, gradient = case
    scale = (scale_of(norm, perturbs, net) or (lambda theta: np.ones_like(theta)))(theta)
    moved = scale != 0
    assume(np.abs(scale * gradient).max() > 1e-3 and np.all(scale[moved] > 1e-6))
    step = perturbed(np.zeros_like(theta), gradient, rho, scale)
    assert np.linalg.norm(step[moved] / scale[moved]) == pytest.approx(rho, rel=1e-12)
    assert (step[~moved] == 0).all()


@given(networks(), st.floats(0.1, 10), st.integers(0, 3), st.floats(1e-2, 1))
def test_adaptive_does_not_see_how_a_neuron_is_scaled(case, factor, neuron, rho):
    """Incoming weights and bias times c, outgoing over c: the gradient moves the other way, theta_adv along, and
    the loss's rise g'(theta_adv - theta), which Kwon et al. want unchanged, stays."""
    net, theta, gradient = case
    assume(np.abs(theta * gradient).max() > 1e-3)
    stretch = np.ones_like(theta)
    (weight, bias), (outgoing, _) = net.layers(stretch)
    neuron %= net.sizes[1]
    weight[:, neuron], bias[neuron], outgoing[neuron] = factor, factor, 1 / factor
    scale = scale_of("adaptive", "all", net)
    step = perturbed(theta, gradient, rho, scale(theta)) - theta
    stretched = perturbed(theta * stretch, gradient / stretch, rho, scale(theta * stretch)) - theta * stretch
    np.testing.assert_allclose(stretched, step * stretch, rtol=1e-9, atol=1e-12 * np.abs(theta * stretch).max())


def test_the_scale_is_that_of_theta_before_the_perturbation():
    """Descent on L = |x|^2 / 2 from (3, 4) with adaptive: T g = (9, 16); the step is that of the second gradient."""
    seen = []

    def gradient_of(theta):
        seen.append(theta.copy())
        return theta @ theta / 2, theta.copy()

    theta = np.array([3.0, 4.0])
    value, gradient = sam_gradient(gradient_of, theta, 0.5, np.abs)
    length = (81 + 256) ** 0.5
    expected = [3 + 0.5 * 27 / length, 4 + 0.5 * 64 / length]
    assert value == 12.5 and len(seen) == 2
    np.testing.assert_allclose(seen[1], expected, rtol=1e-15)
    np.testing.assert_allclose(gradient, expected, rtol=1e-15)


def test_a_step_without_sam_has_no_norm():
    class Step:
        def step(self, theta, gradient):
            theta -= gradient

    theta = np.array([1.0, 2.0])
    take_step(lambda x: (0.0, np.ones(2)), theta, Step(), None, lambda theta: pytest.fail("asked"))
    assert theta.tolist() == [0, 1]
