"""Multilayer perceptrons as shapes: how theta is laid out, and where it begins."""

import numpy as np
import pytest

from tasam_ref.nn.mlp import MLP


def test_theta_is_read_layer_by_layer_weights_then_biases():
    net = MLP((2, 3, 1))
    (w0, b0), (w1, b1) = net.layers(np.arange(13))
    assert net.num_params == 13
    assert w0.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert b0.tolist() == [6, 7, 8]
    assert w1.tolist() == [[9], [10], [11]]
    assert b1.tolist() == [12]


def test_layers_are_views():
    theta = np.zeros(13)
    (_, _), (weight, bias) = MLP((2, 3, 1)).layers(theta)
    weight[1, 0], bias[0] = 5.0, 7.0
    assert np.flatnonzero(theta).tolist() == [10, 12]


def test_the_papers_sizes_have_the_parameters_counted_by_hand():
    assert MLP((206, 300, 400, 400, 400)).num_params == 206 * 300 + 300 + 300 * 400 + 400 + 2 * (400 * 400 + 400)


def test_parameters_are_counted_and_laid_out_behind_the_weights():
    net = MLP((2, 3, 4, 1), "crelu", layer_norm=True, spectral=True)
    assert net.shapes.tolist() == [[2, 3], [6, 4], [8, 1]]
    assert net.num_weights == 2 * 3 + 3 + 6 * 4 + 4 + 8 + 1 == 46
    assert net.num_trained == 46 + 2 * (3 + 4) == 60
    assert net.num_params == 60 + 2 + 6 == 68
    theta = np.arange(68.0)
    (gain, shift), (gain2, _) = net.norms(theta)
    assert (gain.tolist(), shift.tolist(), gain2[0]) == ([46, 47, 48], [49, 50, 51], 52)
    assert [u[0] for u in net.directions(theta)] == [60, 62]
    assert MLP((2, 3, 1)).norms(np.zeros(13)) == MLP((2, 3, 1)).directions(np.zeros(13)) == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initial_parameters_fill_each_layers_own_interval(dtype):
    net = MLP((100, 64, 4, 50))
    theta = net.initial(np.random.default_rng(3), dtype)
    assert theta.dtype == dtype
    for (weight, bias), bound in zip(net.layers(theta), (0.1, 0.125, 0.5)):
        assert np.abs(weight).max() <= bound * (1 + 1e-6)
        assert np.abs(bias).max() <= bound * (1 + 1e-6)
        assert weight.max() > 0.95 * bound
        assert weight.min() < -0.95 * bound
        assert abs(weight.mean()) < 4 * bound / np.sqrt(3 * weight.size)
        assert np.abs(bias).max() > 0.3 * bound


def test_initial_parameters_follow_their_generator_alone():
    net = MLP((5, 4, 3))
    one, again, other = (net.initial(np.random.default_rng(s), np.float64) for s in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).all()
