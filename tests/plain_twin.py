"""Soft actor-critic with SAM once more, written as plainly as possible, to hold the package's learning against.

Nothing here is shared with the package but the addresses of its random streams.  Every gradient is a complex step
of the loss itself: all formulas below are analytic in theta, so it is exact to rounding.  Choices between branches
(clips, minima) look at the real part.
"""

import statistics
from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from tasam_ref.streams import stream, training_episode_seed
from validation import oracles, twins
from validation.twins import log_density, logistic, network


def complex_gradient(function, theta):
    """Value and gradient of an analytic function of a real vector."""
    return function(theta.astype(complex)).real, oracles.complex_gradient(function, theta)


def norm_of(sam, sizes, theta):
    """T of every parameter, 0 where nothing is perturbed."""
    scale, at, last = [], 0, len(sizes) - 2
    for j, (n, m) in enumerate(pairwise(sizes)):
        own = theta[at : at + n * m + m]
        at += n * m + m
        mean_square = sum(x * x for x in own) / len(own)
        for k, x in enumerate(own):
            t = {"l2": 1.0, "adaptive": abs(x), "layer": mean_square**0.5}[sam.norm]
            kept = {"all": True, "weights": k < n * m, "hidden": j < last}[sam.perturbs]
            scale.append(t if kept else 0.0)
    return np.array(scale)


def rows_of(batch):
    """A replayed batch with a row for each transition, as everything here has them."""
    return SimpleNamespace(**{name: getattr(batch, name).T for name in ("obs", "latent", "reward", "next_obs")})


def policy(sizes, theta, obs, bounds=(-5.0, 2.0)):
    """Mean and clipped log standard deviation, (n, A) each."""
    return twins.policy(sizes, theta, obs, bounds)


def least_q(sizes, critics, obs, action):
    """The smallest value over the critics, (n,)."""
    values = np.array([network(sizes, theta, np.hstack((obs, action)))[:, 0] for theta in critics])
    return values[values.real.argmin(axis=0), np.arange(values.shape[1])]


def actor_loss(actor, critic, critics, obs, noise, beta, bounds=(-5.0, 2.0)):
    """E[beta log pi(a|s) - Q(s, a)] with a reparameterised by the noise, as a function of theta."""

    def loss(theta):
        mean, log_std = policy(actor, theta, obs, bounds)
        u = mean + np.exp(log_std) * noise
        return np.mean(beta * log_density(u, mean, log_std) - least_q(critic, critics, obs, logistic(u)))

    return loss


def critic_loss(critic, obs, action, target):
    """E[(y - Q(s, a))^2] as a function of theta."""
    return lambda theta: np.mean((target - network(critic, theta, np.hstack((obs, action)))[:, 0]) ** 2)


class PlainAdam:
    """One Adam state; ``step`` returns the new parameters."""

    def __init__(self, learning_rate):
        self.learning_rate, self.t, self.m, self.v = learning_rate, 0, 0.0, 0.0

    def step(self, theta, g):
        self.t += 1
        self.m, self.v = 0.9 * self.m + 0.1 * g, 0.999 * self.v + 0.001 * g**2
        m_hat, v_hat = self.m / (1 - 0.9**self.t), self.v / (1 - 0.999**self.t)
        return theta - self.learning_rate * m_hat / (np.sqrt(v_hat) + 1e-8)


class PlainDescent:
    """Gradient descent with the interface of ``PlainAdam``."""

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def step(self, theta, g):
        return theta - self.learning_rate * g


class PlainAgents:
    """Algorithm 1 for float64, the two-bit codec and the reparameterised gradient.

    It starts from the given actors and critics; transitions are lists of (obs, latent, reward, next_obs) per agent.
    """

    def __init__(self, config, env, actors, critics):
        self.config, self.env, self.t = config, env, 0
        hidden = config.agent.hidden_sizes
        self.actor = (env.obs_dim, *hidden, 2 * env.action_dim)
        self.critic = (env.obs_dim + env.action_dim, *hidden, 1)
        self.actors, self.critics = [a.copy() for a in actors], [c.copy() for c in critics]
        self.targets = [c.copy() for c in critics]
        base = {"adam": PlainAdam, "sgd": PlainDescent}[config.sam.base_optimizer]
        self.actor_steps = [base(config.agent.learning_rate) for _ in actors]
        self.critic_steps = [base(config.agent.learning_rate) for _ in critics]
        self.beta = [config.agent.temperature] * len(actors)
        self.beta_steps = [base(config.agent.temperature_rate) for _ in actors]
        self.buffers = [[] for _ in actors]
        self.errors = [[] for _ in actors]
        self.obs = env.reset(seed=training_episode_seed(config.run.seed, 0))

    def normal(self, shape, name, *index):
        return stream(self.config.run.seed, name, *index).standard_normal(shape)

    def draw(self, i, obs, noise):
        """Latent (n, A) and log density (n,) of agent i."""
        mean, log_std = policy(self.actor, self.actors[i], obs)
        u = mean + np.exp(log_std) * noise
        return u, log_density(u, mean, log_std)

    def iterate(self):
        """One iteration.  Returns reward, entropy, variance, who was selected, the radius and the losses."""
        config, agents = self.config, range(len(self.actors))
        reward, entropy = self.collect()
        variance = [self.variance(i) for i in agents]
        sam, total = config.sam, config.run.num_iterations
        rho = sam.rho_init + (sam.rho_final - sam.rho_init) * self.t / (total - 1)
        own = [rho] * len(variance)
        if sam.rho_schedule == "td_driven":
            low, high = sorted((sam.rho_init, sam.rho_final))
            own = [min(max(rho * v * len(variance) / sum(variance), low), high) for v in variance]
        open_ = [sam.use_sam_actor and (not sam.selective or v >= sam.td_var_threshold) for v in variance]
        for step in range(config.agent.gradient_steps):
            losses = [self.update_actor(i, step, own[i] if open_[i] else None) for i in agents]
            for k in range(config.agent.critic_steps):
                loss = self.update_critics(step * config.agent.critic_steps + k, rho if sam.use_sam_critic else None)
        self.t += 1
        return {"reward": reward, "entropy": entropy, "td_error_variance": variance, "sam_actor": open_,
                "rho_actor": [r if o else 0.0 for r, o in zip(own, open_)], "actor_loss": losses,
                "temperature": self.beta, "critic_loss": [loss] * len(losses)}

    def collect(self):
        env, run = self.env, self.config.run
        agents, frames = range(len(self.actors)), run.frames_per_iteration
        noise = self.normal((frames, len(agents), env.action_dim), "exploration", self.t)
        rewards, surprises = [], []
        for e in range(frames):
            episode, frame = divmod(self.t * frames + e, self.config.mdp.episode_frames)
            if frame == 0 and episode > 0:
                self.obs = env.reset(seed=training_episode_seed(run.seed, episode))
            drawn = [self.draw(i, self.obs[[i]], noise[e, [i]]) for i in agents]
            latent = np.vstack([u for u, _ in drawn])
            next_obs, reward, _ = env.step(logistic(latent))
            for i in agents:
                self.buffers[i].append((self.obs[i], latent[i], reward[i], next_obs[i]))
                del self.buffers[i][: -self.config.agent.buffer_size]
            self.obs = next_obs
            rewards.append(reward)
            surprises.append([log_prob[0] for _, log_prob in drawn])
        return np.mean(rewards, axis=0), -np.mean(surprises, axis=0)

    def variance(self, i):
        """Population variance of agent i's TD-errors over its freshest transitions."""
        agent, n = self.config.agent, self.config.run.frames_per_iteration
        noise = self.normal((2, self.env.action_dim, len(self.actors) * n), "td_error", self.t)
        noise = noise[:, :, i * n : (i + 1) * n].swapaxes(1, 2)
        for k, (obs, latent, reward, next_obs) in enumerate(self.buffers[i][-n:]):
            u, log_prob = self.draw(i, next_obs[None], noise[0, [k]])
            after = self.q(self.critics, next_obs, u[0])
            if agent.td_value == "q":
                error = reward + agent.gamma * after - self.q(self.critics, obs, latent)
            else:
                u, log_prob_now = self.draw(i, obs[None], noise[1, [k]])
                now = self.q(self.critics, obs, u[0]) - self.beta[i] * log_prob_now[0]
                error = reward + agent.gamma * (after - self.beta[i] * log_prob[0]) - now
            self.errors[i].append(float(error))
        del self.errors[i][: -n * self.config.sam.td_var_window]
        return statistics.pvariance(self.errors[i])

    def q(self, critics, obs, latent):
        """What the critics say of one executed action: the bits."""
        return least_q(self.critic, critics, obs[None], (latent > 0)[None].astype(float))[0]

    def sharp_gradient(self, loss, theta, rho, sizes):
        value, g = complex_gradient(loss, theta)
        if rho is None:
            return value, g
        t = norm_of(self.config.sam, sizes, theta)
        return value, complex_gradient(loss, theta + rho * t**2 * g / np.sqrt(np.sum((t * g) ** 2)))[1]

    def update_actor(self, i, step, rho):
        agent = self.config.agent
        rows = stream(self.config.run.seed, "replay", self.t, step, i).integers(
            len(self.buffers[i]), size=agent.batch_size)
        obs = np.array([self.replayed(i, row)[0] for row in rows])
        noise = self.normal((self.env.action_dim, agent.batch_size), "policy", self.t, step, i).T
        loss = actor_loss(self.actor, self.critic, self.critics, obs, noise, self.beta[i])
        value, g = self.sharp_gradient(loss, self.actors[i], rho, self.actor)
        self.actors[i] = self.actor_steps[i].step(self.actors[i], g)
        if agent.temperature_rule == "learned":
            surprise = np.mean(self.draw(i, obs, noise)[1]) + agent.target_entropy * self.env.action_dim
            self.beta[i] = np.exp(self.beta_steps[i].step(np.log(self.beta[i]), -self.beta[i] * surprise))
        return value

    def replayed(self, i, row):
        """Row of the ring buffer: once it is full, the place of the oldest transition is where the next one goes."""
        size, stored = self.config.agent.buffer_size, (self.t + 1) * self.config.run.frames_per_iteration
        return self.buffers[i][row if stored <= size else (row - stored) % size]

    def update_critics(self, step, rho):
        agent, count = self.config.agent, len(self.actors)
        per_agent = -(-agent.batch_size // count)
        rows = stream(self.config.run.seed, "critic_replay", self.t, step).integers(
            len(self.buffers[0]), size=(count, per_agent))
        noise = self.normal((self.env.action_dim, count * per_agent), "target", self.t, step).T
        observed, actions, targets = [], [], []
        networks = self.critics if agent.critic_target == "literal" else self.targets
        for i in range(count):
            for k in range(per_agent):
                obs, latent, reward, next_obs = self.replayed(i, rows[i, k])
                u, log_prob = self.draw(i, next_obs[None], noise[[i * per_agent + k]])
                after = self.q(networks, next_obs, u[0])
                if agent.entropy_in_target == "standard":
                    y = reward + agent.gamma * (after - self.beta[i] * log_prob[0])
                else:
                    taken = log_density(latent[None], *policy(self.actor, self.actors[i], obs[None]))[0]
                    y = reward + agent.gamma * after - self.beta[i] * taken
                observed.append(obs)
                actions.append((latent > 0).astype(float))
                targets.append(y)
        loss = critic_loss(self.critic, np.array(observed), np.array(actions), np.array(targets))
        values = []
        for c, theta in enumerate(self.critics):
            value, g = self.sharp_gradient(loss, theta, rho, self.critic)
            self.critics[c] = self.critic_steps[c].step(theta, g)
            values.append(value)
        for c, theta in enumerate(self.critics):
            self.targets[c] = (1 - agent.polyak) * self.targets[c] + agent.polyak * theta
        return np.mean(values)
