"""The update in PyTorch: eager, gradients by autograd, Adam fused; actors side by side, or one after the other."""

import math

import numpy as np
import torch

VERSION = torch.__version__.partition("+")[0]


def layers_of(net, thetas):
    """[W, b, W, b, ...] of G networks (G, n_params) as tensors that learn: W (G, n, m), b (G, 1, m)."""
    pairs = [map(np.stack, zip(*same)) for same in zip(*map(net.layers, thetas))]
    return [torch.tensor(part, requires_grad=True) for weight, bias in pairs for part in (weight, bias[:, None])]


def perceptron(layers, x):
    """y (G, n, outputs) of G networks at x (G, n, inputs)."""
    pairs = list(zip(layers[::2], layers[1::2]))
    for weight, bias in pairs[:-1]:
        x = torch.tanh(torch.baddbmm(bias, x, weight))
    weight, bias = pairs[-1]
    return torch.baddbmm(bias, x, weight)


class Update:
    """``gradients`` at the first parameters, and ``step``: one update by Adam on fresh draws."""

    def __init__(self, problem, rho, side_by_side=True):
        torch.set_num_threads(problem.threads)
        agents, self.agent, self.rho = problem.learner.agents, problem.config.agent, rho
        networks, self.action_dim = agents.networks, agents.action_dim
        self.low, self.high = networks.log_std_min, networks.log_std_max
        self.size, self.transitions = agents.replay.size, networks.scope.transitions(self.agent.batch_size)
        self.data = {name: torch.tensor(array) for name, array in problem.transitions.items()}
        self.groups = torch.arange(agents.count)[:, None].tensor_split(1 if side_by_side else agents.count)
        self.actors = [layers_of(networks.actor, agents.thetas_p[group[:, 0].numpy()]) for group in self.groups]
        self.critic, self.target = (layers_of(networks.critic, agents.thetas_v) for _ in range(2))
        self.optimizers = [torch.optim.Adam(layers, lr=self.agent.learning_rate, fused=True)
                           for layers in (*self.actors, self.critic)]

    def policy(self, layers, obs, noise):
        """Action and log pi of a ~ pi(.|s)."""
        mean, log_std = perceptron(layers, obs).chunk(2, dim=-1)
        log_std = log_std.clamp(self.low, self.high)
        latent = mean + log_std.exp() * noise
        density = -0.5 * noise * noise - log_std - 0.5 * math.log(2 * math.pi)
        of_sigmoid = latent + 2 * torch.nn.functional.softplus(-latent)          # -log(a (1 - a)), a = sigmoid(u)
        return torch.sigmoid(latent), (density + of_sigmoid).sum(dim=-1)

    def actors_loss(self, group, rows, noise):
        """(9) of these actors (G, 1), added up: none depends on another's parameters."""
        obs, critic = self.data["obs"][group, rows], [part.detach() for part in self.critic]

        def loss(layers):
            action, log_prob = self.policy(layers, obs, noise)
            q = perceptron(critic, torch.cat((obs, action), dim=-1).flatten(0, 1)[None])
            return (self.agent.temperature * log_prob - q.view_as(log_prob)).mean(dim=1).sum()

        return loss

    def critic_loss(self, rows, noise):
        """(10), with soft actor-critic's target from the target network."""
        every = torch.cat(self.groups)
        obs, latent, reward, next_obs = (self.data[name][every, rows].flatten(0, 1) for name in self.data)
        with torch.no_grad():
            own = next_obs.view(*rows.shape, -1), noise.view(*rows.shape, -1)
            action, log_prob = map(torch.cat, zip(*(self.policy(layers, *(part[group[:, 0]] for part in own))
                                                   for group, layers in zip(self.groups, self.actors))))
            next_q = perceptron(self.target, torch.cat((next_obs, action.flatten(0, 1)), dim=1)[None]).flatten()
            y = reward + self.agent.gamma * (next_q - self.agent.temperature * log_prob.flatten())
        x = torch.cat((obs, torch.sigmoid(latent)), dim=1)[None]
        return lambda layers: torch.nn.functional.mse_loss(perceptron(layers, x).flatten(), y)

    def along(self, loss, layers):
        """The gradient, with SAM that at the perturbed parameters; the norm is each network's own."""
        gradient = torch.autograd.grad(loss(layers), layers)
        if self.rho is None:
            return gradient
        norm = sum((part * part).sum(dim=(1, 2), keepdim=True) for part in gradient).sqrt()
        moved = [(theta.detach() + self.rho / norm * part).requires_grad_() for theta, part in zip(layers, gradient)]
        return torch.autograd.grad(loss(moved), moved)

    def gradients(self, draws):
        """What the actors (M, n_params) and the critic (1, n_params) step along, with these draws."""
        rows, noise, critic_rows, critic_noise = map(torch.tensor, vars(draws).values())
        found = [self.along(self.actors_loss(group, rows[group[:, 0]], noise[group[:, 0]]), layers)
                 for group, layers in zip(self.groups, self.actors)]
        found.append(self.along(self.critic_loss(critic_rows, critic_noise), self.critic))
        *actors, critic = [np.concatenate([part.flatten(1).numpy() for part in parts], axis=1) for parts in found]
        return np.concatenate(actors), critic

    def step(self):
        """One update."""
        for group, layers, optimizer in zip(self.groups, self.actors, self.optimizers):
            rows = torch.randint(self.size, (len(group), self.agent.batch_size))
            noise = torch.randn(*rows.shape, self.action_dim)
            self._descend(self.actors_loss(group, rows, noise), layers, optimizer)
        rows = torch.randint(self.size, (sum(map(len, self.groups)), self.transitions))
        noise = torch.randn(rows.numel(), self.action_dim)
        self._descend(self.critic_loss(rows, noise), self.critic, self.optimizers[-1])
        with torch.no_grad():
            torch._foreach_lerp_(self.target, self.critic, self.agent.polyak)

    def _descend(self, loss, layers, optimizer):
        for theta, gradient in zip(layers, self.along(loss, layers)):
            theta.grad = gradient
        optimizer.step()


class OneByOne(Update):
    """The same with a network, a loss and an optimiser for each actor in turn, as one would first write it."""

    def __init__(self, problem, rho):
        super().__init__(problem, rho, side_by_side=False)
