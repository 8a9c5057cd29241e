"""(9), (10), Adam: gradients by PyTorch's autograd at Table 1's size, its distributions and its optimiser; optional."""

from dataclasses import replace
from functools import wraps
from itertools import pairwise

import numpy as np

from tasam_ref.marl.losses import CriticLoss
from tasam_ref.nn.passes import TanhWorkspace
from tasam_ref.nn.squashed_gaussian import kl_divergence, log_prob
from tasam_ref.optim.optimizers import Adam
from tasam_ref.streams import stream

from .checks import Skip, check
from .oracles import largest, relative_error
from .twins import as_columns
from .validate_actor_loss import draw, learner_in, package_loss


def with_torch(function):
    """Hand the module torch to a check, or skip the check where it is not installed."""
    @wraps(function)
    def checked():
        try:
            import torch
        except ImportError:
            raise Skip("PyTorch is not installed") from None
        return function(torch)

    return checked


def perceptron(torch, sizes, theta):
    """A torch.nn.Sequential with theta's numbers; torch keeps weights as (outputs, inputs)."""
    parts, at = [], 0
    for n, m in pairwise(sizes):
        linear = torch.nn.Linear(n, m, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(theta[at : at + n * m].reshape(n, m).T))
            linear.bias.copy_(torch.from_numpy(theta[at + n * m : at + n * m + m]))
        parts += [linear, torch.nn.Tanh()]
        at += n * m + m
    return torch.nn.Sequential(*parts[:-1])


def gradient_of(net):
    """The accumulated gradient as one flat vector in the package's order."""
    return np.concatenate([p.grad.numpy().T.ravel() for p in net.parameters()])


def policy_of(torch, mean, log_std):
    """The law of the action: torch's normal law through torch's sigmoid."""
    normal = torch.distributions.Normal(mean, log_std.exp())
    return torch.distributions.TransformedDistribution(normal, torch.distributions.SigmoidTransform())


def full_size():
    """One DU's situation with the networks of Table 1, twin critics and 16 rows, and actor parameters."""
    s, _ = draw(critics=2, hidden=(300, 400, 400), dims=(1, 206, 200), rows=16)
    networks = learner_in(s).networks
    first, second, theta = (net.initial(stream(5, "torch", k), np.float64)
                            for k, net in enumerate((networks.critic, networks.critic, networks.actor)))
    return replace(s, critics=np.stack((first, second))), theta


@check("(9)", oracle="PyTorch's autograd", tolerance=5e-15, because="rounding of sums over 400 neurons",
       slow=True)
@with_torch
def actor_gradient_is_autograds(torch):
    """Value and gradient of E[beta log pi - min Q] by rsample, log_prob and backward of torch."""
    s, theta = full_size()
    actor = perceptron(torch, s.sizes, theta)
    critics = [perceptron(torch, (406, 300, 400, 400, 1), v) for v in s.critics]
    obs, noise = torch.from_numpy(s.obs[0]), torch.from_numpy(s.noise)
    mean, log_std = actor(obs).chunk(2, dim=1)
    log_std = log_std.clamp(*s.bounds)
    action = torch.sigmoid(mean + log_std.exp() * noise)
    q = torch.minimum(*(critic(torch.cat((obs, action), dim=1))[:, 0] for critic in critics))
    loss = (s.beta * policy_of(torch, mean, log_std).log_prob(action).sum(dim=1) - q).mean()
    loss.backward()
    value, gradient = package_loss(s, "reparameterised")(theta)
    return max(relative_error(value, loss.item()), relative_error(gradient, gradient_of(actor)))


@check("(10)", oracle="PyTorch's autograd", tolerance=4e-15, because="rounding of sums over 400 neurons")
@with_torch
def critic_gradient_is_autograds(torch):
    """Value and gradient of torch's mean squared error."""
    s, _ = full_size()
    net, x = learner_in(s).networks.critic, np.hstack((s.obs[0], s.latent[0]))
    target = stream(5, "target").standard_normal((len(x), 1))
    critic = perceptron(torch, net.sizes, s.critics[0])
    loss = torch.nn.functional.mse_loss(critic(torch.from_numpy(x)), torch.from_numpy(target))
    loss.backward()
    ours = CriticLoss(TanhWorkspace(net, len(x), np.float64), as_columns(x), as_columns(target), target.size)
    value, gradient = ours(s.critics[0])
    return max(relative_error(value, loss.item()), relative_error(gradient, gradient_of(critic)))


@check("policy", "Jacobian", oracle="PyTorch's distributions", tolerance=1e-15, because="rounding of a few terms")
@with_torch
def densities_and_divergence_are_torchs(torch):
    """log pi of actions and KL between policies by torch.distributions, for latents below 10."""
    mean, log_std, other_mean, other_log_std, noise = stream(5, "laws").uniform(-1, 1, size=(5, 50, 4))
    laws = [[torch.from_numpy(x) for x in pair] for pair in ((mean, log_std), (other_mean, other_log_std))]
    latent = mean + np.exp(log_std) * noise
    density = policy_of(torch, *laws[0]).log_prob(torch.sigmoid(torch.from_numpy(latent))).sum(dim=1)
    policies = [torch.distributions.Normal(m, s.exp()) for m, s in laws]
    divergence = torch.distributions.kl_divergence(*policies).sum(dim=1)
    ours = map(as_columns, (mean, log_std, other_mean, other_log_std))
    return max(relative_error(log_prob(*map(as_columns, (latent, noise, log_std))), density.numpy()),
               relative_error(kl_divergence(*ours), divergence.numpy()))


@check("Adam", oracle="torch.optim.Adam", tolerance=1e-15, because="rounding of 50 steps", slow=True)
@with_torch
def adam_walks_as_torchs(torch):
    """theta after each of 50 steps along gradients of any size, at the paper's rate of 1e-4 and at 0.1."""
    worst = 0.0
    for rate in (1e-4, 0.1):
        generator = stream(5, "adam")
        theta = generator.standard_normal(40)
        theirs = torch.tensor(theta, requires_grad=True)
        optimizer, ours = torch.optim.Adam([theirs], lr=rate), Adam(theta, rate)
        for _ in range(50):
            gradient = generator.standard_normal(40) * 10.0 ** generator.uniform(-10, 3, 40)
            theirs.grad = torch.from_numpy(gradient)
            optimizer.step()
            ours.step(theta, gradient)
            worst = largest(worst, relative_error(theta, theirs.detach().numpy()))
    return worst
