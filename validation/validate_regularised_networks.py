"""Table 3 and [30]: dropout, spectral and layer normalisation, concatenated rectifiers, alone and together.

Oracle: complex steps of a twin in which masks and spectral directions are constants, as they must be in both passes of
SAM; singular values of SciPy; the laws of the masks.
"""

from itertools import product

import numpy as np
from scipy.linalg import svdvals

from tasam_ref.marl.losses import CriticLoss
from tasam_ref.nn.mlp import MLP
from tasam_ref.nn.regularised import dropout_masks
from tasam_ref.nn.workspace import workspace
from tasam_ref.optim.sam import sam_gradient
from tasam_ref.streams import stream

from . import twins
from .checks import check
from .oracles import central_difference, complex_gradient, largest, relative_error
from .validate_critic_loss import AGENTS, SCOPES, TwinCritic, learner_of

ROWS = 7


class Dressed:
    """A small network with some of the parts, random parameters, a batch, weights c of its outputs, masks or None."""

    def __init__(self, activation, layer_norm, spectral, dropout, seed=1):
        generator = stream(seed, "dressed", layer_norm, spectral, dropout)
        self.net = MLP((3, 4, 5, 2), activation, layer_norm, spectral)
        self.theta = self.net.initial(generator, np.float64)
        self.trained = self.net.num_trained
        self.theta[: self.trained] += 0.3 * generator.standard_normal(self.trained)
        self.x, self.c = generator.standard_normal((ROWS, 3)), generator.standard_normal((ROWS, 2))
        self.held = [u / np.sqrt(u @ u) for u in self.net.directions(self.theta)]
        self.work, self.masks = workspace(self.net, ROWS, np.float64, dropout), None
        if dropout:
            self.work.masks = dropout_masks(self.net, ROWS, 0.3, generator, np.float64)
            self.masks = [mask.T for mask in self.work.masks]

    def output(self, theta):
        """The package's y."""
        return self.work.forward(theta, twins.as_columns(self.x)).T

    def twin(self, trained, x=None):
        """The twin's sum of c y."""
        return np.sum(self.c * twins.dressed_network(self.net, trained, self.x if x is None else x, self.held,
                                                     self.masks))

    def padded(self, gradient):
        """A gradient of what is trained with the zeros of what is held."""
        return np.concatenate((gradient, np.zeros(self.net.num_params - self.trained)))


def wardrobe():
    """Every combination of the parts."""
    for parts in product(("tanh", "crelu"), (False, True), (False, True), (False, True)):
        yield Dressed(*parts)


@check("PLASTIC", "spectral", "dropout", oracle="complex step of a twin", tolerance=2e-14,
       because="rounding of a small network and its statistics")
def gradient_of_every_combination_is_the_slope():
    """Outputs, d(sum c y)/dtheta and /dx of 16 networks; directions get no gradient."""
    worst = 0.0
    for s in wardrobe():
        y, delta, trained = s.output(s.theta), twins.as_columns(s.c), s.theta[: s.trained]
        gradient, of_x = s.work.backward(s.theta, delta), s.work.input_gradient(s.theta, delta, slice(0, 3)).T
        worst = largest(
            worst, relative_error(np.sum(s.c * y), s.twin(trained)),
            relative_error(gradient, s.padded(complex_gradient(s.twin, trained))),
            relative_error(of_x.ravel(), complex_gradient(lambda x, s=s, t=trained: s.twin(t, x.reshape(s.x.shape)),
                                                          s.x.ravel())))
    return worst


def critic_loss(s):
    """(10) of such a network as the package composes it, and the twin's as a function of what is trained."""
    loss = CriticLoss(s.work, twins.as_columns(s.x), twins.as_columns(s.c), s.c.size)
    return loss, lambda t: np.mean((s.c - twins.dressed_network(s.net, t, s.x, s.held, s.masks)) ** 2)


@check("(10)", "(11)", "PLASTIC", "spectral", "dropout", oracle="complex step of the twin at its own theta_adv",
       tolerance=3e-15, because="rounding of theta_adv")
def both_sam_passes_see_the_same_masks_and_directions():
    """grad L at theta + rho grad L / ||grad L|| of (10), masks and directions those of theta."""
    worst = 0.0
    for s in wardrobe():
        loss, twin = critic_loss(s)
        trained = s.theta[: s.trained]
        g = complex_gradient(twin, trained)
        expected = complex_gradient(twin, trained + 0.1 * g / np.sqrt(np.sum(g * g)))
        worst = largest(worst, relative_error(sam_gradient(loss, s.theta, 0.1)[1], s.padded(expected)))
    return worst


@check("(10)", "PLASTIC", "spectral", "dropout", oracle="central differences with extrapolation", tolerance=4e-12,
       because="cancellation in the differences")
def gradient_is_the_slope_of_the_packages_own_value():
    """(10) along random directions, without any twin."""
    worst = 0.0
    for s in wardrobe():
        loss, _ = critic_loss(s)
        gradient = loss(s.theta)[1].copy()
        for direction in stream(2, "directions").standard_normal((2, s.trained)):
            direction = s.padded(direction / np.linalg.norm(direction))
            slope = central_difference(lambda t, loss=loss: loss(t)[0], s.theta, direction, steps=(1e-2, 1e-3, 1e-4))
            worst = largest(worst, abs(gradient @ direction - slope) / np.linalg.norm(gradient))
    return worst


@check("(10)", "dropout", "A1 l.20-23", oracle="a twin of the learner", tolerance=3e-15,
       because="rounding of theta_adv")
def learning_critic_has_a_mask_for_every_column():
    """theta_v after a step at rate 1 with SAM: masks of the whole batch, from the step's address, in both passes."""
    worst = 0.0
    for scope in SCOPES:
        learner, stored = learner_of(critic_scope=scope, dropout=0.3)
        net, chance = learner.networks.critic, stream(0, "dropout", 5, 1, AGENTS)
        twin = TwinCritic(learner, stored, 5, 1)
        pairs = [np.hstack(pair) for pair in zip(twin.obs, twin.action)]
        x, y = ((np.vstack(pairs), twin.target.reshape(-1, 1)) if scope == "shared_local"
                else (np.hstack(pairs), twin.target.T))
        masks = [(chance.random((n, len(x))).T >= 0.3) / 0.7 for n in net.sizes[1:-1]]
        twin.loss = lambda theta, net=net, x=x, y=y, masks=masks: np.mean(
            (y - twins.dressed_network(net, theta, x, [], masks)) ** 2)
        expected = twin.step(learner.agents.thetas_v[0], 0.3)
        learner.update_critic(5, 1, 0.3)
        worst = largest(worst, relative_error(learner.agents.thetas_v[0], expected))
    return worst


@check("spectral", oracle="SciPy's singular values", tolerance=2e-15, because="convergence of the power iteration")
def hidden_weights_have_a_largest_singular_value_of_one():
    """After 2000 power steps at fixed W, W / sigma of every hidden layer; the output layer stays as it is."""
    s = Dressed("tanh", False, True, False)
    for _ in range(2000):
        s.net.advance(s.theta)
    s.output(s.theta)
    hidden = [weight for weight, _ in s.work.layers[:-1]]
    return largest(*(abs(svdvals(weight)[0] - 1) for weight in hidden), len(hidden) - 2,
                   np.max(np.abs(s.work.layers[-1][0] - s.net.layers(s.theta)[-1][0])))


@check("dropout", oracle="the law of the masks", tolerance=4, because="4 standard errors over 3 quantities")
def masks_are_independent_coins_of_mean_one():
    """Share of zeros 0.1, mean 1, and no correlation between neighbours, over 2 x 10^5 entries."""
    first, second = dropout_masks(MLP((1, 500, 500, 1)), 200, 0.1, stream(3, "masks"), np.float64)
    both = np.concatenate((first.ravel(), second.ravel()))
    error = np.sqrt(0.1 * 0.9 / both.size)
    products = (first - 1).ravel()[::2] * (first - 1).ravel()[1::2]
    return largest(abs(np.mean(both == 0) - 0.1) / error, abs(both.mean() - 1) * 0.9 / error,
                   abs(products.mean()) / (products.std() / np.sqrt(products.size)),
                   0 if np.allclose(np.unique(both), (0, 1 / 0.9)) else np.inf)
