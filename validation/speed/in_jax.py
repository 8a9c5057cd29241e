"""The update in JAX: one compiled function, the actors side by side by vmap, gradients by grad, Adam written out."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from tasam_ref.optim.optimizers import Adam

VERSION = jax.__version__


def perceptron(layers, x):
    """y (n, outputs) at x (n, inputs)."""
    for weight, bias in layers[:-1]:
        x = jnp.tanh(x @ weight + bias)
    weight, bias = layers[-1]
    return x @ weight + bias


def sam_gradient(loss, rho, layers, *data):
    """The loss and its gradient, with SAM that at the perturbed parameters."""
    value, gradient = jax.value_and_grad(loss)(layers, *data)
    if rho is None:
        return value, gradient
    norm = jnp.sqrt(sum(jnp.sum(part * part) for part in jax.tree.leaves(gradient)))
    moved = jax.tree.map(lambda theta, part: theta + rho / norm * part, layers, gradient)
    return value, jax.grad(loss)(moved, *data)


def adam(rate, layers, gradient, state):
    """One step of Adam; the state is count, mean and square."""
    count, mean, square = state
    count, (b1, b2) = count + 1, (Adam.beta1, Adam.beta2)
    mean = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, mean, gradient)
    square = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, square, gradient)
    layers = jax.tree.map(lambda theta, m, v: theta - rate / (1 - b1**count) * m / (
        jnp.sqrt(v / (1 - b2**count)) + Adam.epsilon), layers, mean, square)
    return layers, (count, mean, square)


class Update:
    """``gradients`` at the first parameters, and ``step``: one update by Adam on fresh draws."""

    def __init__(self, problem, rho):
        agents, self.agent, self.rho = problem.learner.agents, problem.config.agent, rho
        networks, self.agents, self.action_dim = agents.networks, agents.count, agents.action_dim
        self.low, self.high = networks.log_std_min, networks.log_std_max
        self.size, self.transitions = agents.replay.size, networks.scope.transitions(self.agent.batch_size)
        self.data = {name: jnp.array(array) for name, array in problem.transitions.items()}
        actors = jax.tree.map(lambda *parts: jnp.stack(parts), *map(networks.actor.layers, agents.thetas_p))
        critic, target = (jax.tree.map(jnp.array, networks.critic.layers(agents.thetas_v[0])) for _ in range(2))
        learned = [(layers, (jnp.array(0.0), *(jax.tree.map(jnp.zeros_like, layers) for _ in range(2))))
                   for layers in (actors, critic)]
        self.state, self.losses = (jax.random.key(0, impl="rbg"), *learned, target), None
        self.compiled = jax.jit(self.updated, donate_argnums=0)

    def policy(self, layers, obs, noise):
        """Action and log pi of a ~ pi(.|s)."""
        mean, log_std = jnp.split(perceptron(layers, obs), 2, axis=-1)
        log_std = jnp.clip(log_std, self.low, self.high)
        latent = mean + jnp.exp(log_std) * noise
        density = -0.5 * noise * noise - log_std - 0.5 * jnp.log(2 * jnp.pi)
        of_sigmoid = latent + 2 * jax.nn.softplus(-latent)                          # -log(a (1 - a)), a = sigmoid(u)
        return jax.nn.sigmoid(latent), jnp.sum(density + of_sigmoid, axis=-1)

    def actor_loss(self, layers, critic, obs, noise):
        """(9) of one actor."""
        action, log_prob = self.policy(layers, obs, noise)
        q = perceptron(critic, jnp.concatenate((obs, action), axis=-1))[:, 0]
        return jnp.mean(self.agent.temperature * log_prob - q)

    def critic_loss(self, layers, x, y):
        """(10)."""
        return jnp.mean((perceptron(layers, x)[:, 0] - y) ** 2)

    def of_actors(self, actors, critic, data, rows, noise):
        obs = jnp.take_along_axis(data["obs"], rows[:, :, None], axis=1)
        one = partial(sam_gradient, self.actor_loss, self.rho)
        return jax.vmap(one, in_axes=(0, None, 0, 0))(actors, critic, obs, noise)

    def of_critic(self, critic, actors, target, data, rows, noise):
        """With soft actor-critic's target from the target network."""
        obs, latent, reward, next_obs = (data[name][jnp.arange(self.agents)[:, None], rows]
                                         for name in ("obs", "latent", "reward", "next_obs"))
        action, log_prob = jax.vmap(self.policy)(actors, next_obs, noise.reshape(*rows.shape, -1))
        next_q = perceptron(target, jnp.concatenate((next_obs, action), axis=-1).reshape(rows.size, -1))[:, 0]
        y = reward.ravel() + self.agent.gamma * (next_q - self.agent.temperature * log_prob.ravel())
        x = jnp.concatenate((obs, jax.nn.sigmoid(latent)), axis=-1).reshape(rows.size, -1)
        return sam_gradient(self.critic_loss, self.rho, critic, x, y)

    def updated(self, state, data):
        key, (actors, of_actors), (critic, of_critic), target = state
        key, *keys = jax.random.split(key, 5)
        shape = self.agents, self.agent.batch_size
        rows = jax.random.randint(keys[0], shape, 0, self.size)
        actor_losses, gradient = self.of_actors(actors, critic, data, rows,
                                                jax.random.normal(keys[1], (*shape, self.action_dim)))
        actors, of_actors = jax.vmap(partial(adam, self.agent.learning_rate), in_axes=(0, 0, (None, 0, 0)),
                                     out_axes=(0, (None, 0, 0)))(actors, gradient, of_actors)
        rows = jax.random.randint(keys[2], (self.agents, self.transitions), 0, self.size)
        critic_loss, gradient = self.of_critic(critic, actors, target, data, rows,
                                               jax.random.normal(keys[3], (rows.size, self.action_dim)))
        critic, of_critic = adam(self.agent.learning_rate, critic, gradient, of_critic)
        target = jax.tree.map(lambda slow, new: slow + self.agent.polyak * (new - slow), target, critic)
        return (key, (actors, of_actors), (critic, of_critic), target), (actor_losses, critic_loss)

    def gradients(self, draws):
        """What the actors (M, n_params) and the critic (1, n_params) step along, with these draws."""
        _, (actors, _), (critic, _), target = self.state
        rows, noise, critic_rows, critic_noise = map(jnp.array, vars(draws).values())
        of_actors = jax.tree.leaves(jax.jit(self.of_actors)(actors, critic, self.data, rows, noise)[1])
        of_critic = jax.tree.leaves(
            jax.jit(self.of_critic)(critic, actors, target, self.data, critic_rows, critic_noise)[1])
        return (np.concatenate([part.reshape(self.agents, -1) for part in of_actors], axis=1),
                np.concatenate([part.ravel() for part in of_critic])[None])

    def step(self):
        """One update."""
        self.state, self.losses = jax.block_until_ready(self.compiled(self.state, self.data))
