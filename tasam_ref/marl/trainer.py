"""Algorithm 1: the TA-SAM MARL training loop.

    lines 3, 25      the loop over iterations      experiments.training._train_to_end
    lines 4, 19      the loop over actors          of frames in _collect, of steps Learner.update_actors
    lines 5-10       frames into every B_i         Trainer._collect
    line 11          the gate                      Trainer._select, td_error.gate
    lines 12-18      the actors' steps             Learner.update_actor, optim.sam; radii by Trainer._radii
    lines 20-23      the critic's step             Learner.update_critic, optim.sam; radius by Trainer._radii
    line 24          convergence                   Trainer._has_converged

All DUs act together, then all actors learn, then the critic; as printed, actor i learns before actor i + 1 acts (R40).
"""

import numpy as np

from ..errors import RunFailure
from ..nn.squashed_gaussian import sigmoid
from ..optim.rho_schedule import anneal_by_entropy, rho_at, scale_by_td_variance
from ..streams import stream, training_episode_seed
from .agents import Agents
from .budget import evaluations_without_sam, gradient_evaluations, num_held
from .learner import Learner
from .td_error import gate, td_error_variance


class Trainer:
    """Runs the agents in the environment and lets them learn, one iteration at a time.

    ``state()`` and ``set_state()`` carry everything across a break: a resumed run continues bit for bit.
    ``snapshots`` keeps earlier actors (M, n_params) by name: ``stage_k`` at the end of every stage but the last, and
    ``equal_gradients`` once the run has spent what one with an actor per DU would spend in all without SAM and
    teachers, if that is before its end.
    ``rates()`` is what users had meanwhile (Fig. 11).
    ``threads`` threads share the work of the actors and of the critic; the bits are the same for any number.
    """

    def __init__(self, config, env, threads=1):
        self.config, self.env = config, env
        self.agents = Agents(config, env.num_agents, env.obs_dim, env.action_dim)
        self.learner = Learner(config, self.agents, env.executed, threads)
        self.iteration = 0
        self.converged = False
        self.first_entropy = 0.0
        self.gradient_evaluations = 0
        self.snapshots = {}
        self.td_errors = np.zeros((env.num_agents, 0))
        self.rate_sums = []                     # of every episode: bit/s of each user, summed over its frames so far
        self.obs = env.reset(seed=training_episode_seed(config.run.seed, 0))

    def iterate(self):
        """One pass of the outer loop of Algorithm 1.  Returns the columns of metrics.csv, each (M,), by name:

        reward, entropy (of the policy, in nat) and qos_<slice> (bit/s or s): means over the iteration's frames;
        actor_loss, critic_loss: of the last gradient step, the critic's the same for all; td_error_variance;
        sam_actor: 1 where the actor took SAM steps; rho_actor, rho_critic: the radii used, 0 without SAM;
        temperature: beta after the iteration;
        gradient_evaluations: spent by all networks since the run began, the same for all.

        Raises RunFailure, naming the iteration, when an action, a loss or a parameter is not finite.
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self._iterate()

    def _iterate(self):
        sam, agent, stops = self.config.sam, self.config.agent, self.config.run.convergence_tolerance > 0
        before = self.agents.thetas_p.copy() if stops else None
        self.agents.prepare(self.iteration)
        columns = self._collect()                                                         # lines 5-10
        variance = self._td_variance()
        selected = self._select(variance)                                                 # line 11
        rho_critic, rho_actors = self._radii(variance, columns["entropy"].mean())
        of_actors = [rho if chosen else None for rho, chosen in zip(rho_actors, selected)]
        of_critic = rho_critic if sam.use_sam_critic else None
        for step in range(agent.gradient_steps):
            actor_loss = self.learner.update_actors(self.iteration, step, of_actors)      # lines 12-18
            for k in range(agent.critic_steps * step, agent.critic_steps * (step + 1)):
                critic_loss = self.learner.update_critic(self.iteration, k, of_critic)    # lines 20-23
            self._refuse_non_finite({"an actor's loss": actor_loss, "the critic's loss": critic_loss})
        self._refuse_non_finite({
            "an actor's weights": self.agents.thetas_p, "the critic's weights": self.agents.thetas_v})
        self.converged = stops and self._has_converged(before)                            # line 24
        self.iteration += 1
        self.gradient_evaluations += gradient_evaluations(
            agent, self.env.num_agents, len(self.agents.thetas_v), selected.sum(), sam.use_sam_critic,
            num_held(sam, self.env.num_agents))
        self._take_snapshots()
        everyone = np.ones(self.env.num_agents)
        return columns | {
            "actor_loss": actor_loss, "critic_loss": critic_loss * everyone, "td_error_variance": variance,
            "sam_actor": selected.astype(int), "rho_actor": np.where(selected, rho_actors, 0.0),
            "rho_critic": (rho_critic if sam.use_sam_critic else 0.0) * everyone,
            "temperature": self.agents.temperatures.astype(float),
            "gradient_evaluations": np.full(self.env.num_agents, self.gradient_evaluations),
        }

    def _collect(self):
        """Lines 5-10: Ne frames under the current policies, stored in every B_i.  Returns means per agent."""
        env, run = self.env, self.config.run
        frames, dtype = run.frames_per_iteration, self.agents.networks.dtype
        noise = stream(run.seed, "exploration", self.iteration).standard_normal(
            (frames, env.num_agents, env.action_dim), dtype=dtype)
        reward_sum, entropy_sum, qos_sum = 0.0, 0.0, 0.0
        for e in range(frames):
            self._start_episode_when_due(self.iteration * frames + e)
            obs = self.obs.astype(dtype)
            latent, log_prob = self.learner.act(obs, noise[e])
            self._refuse_non_finite({"an action": latent})
            self.obs, reward, info = env.step(sigmoid(latent))
            self.agents.replay.add(obs, latent, reward, self.obs)
            reward_sum, entropy_sum = reward_sum + reward, entropy_sum - log_prob
            qos_sum = qos_sum + env.per_agent(info.qos)
            self.rate_sums[-1] = self.rate_sums[-1] + info.radio.rate_bps
        columns = {"reward": reward_sum / frames, "entropy": entropy_sum / frames}
        return columns | {f"qos_{name}": qos_sum[:, s] / frames for s, name in enumerate(env.slice_names)}

    def _start_episode_when_due(self, frame):
        episode, within = divmod(frame, self.config.mdp.episode_frames)
        if within == 0 and frame:
            self.obs = self.env.reset(seed=training_episode_seed(self.config.run.seed, episode))
        if within == 0:
            self.rate_sums.append(0.0)

    def rates(self):
        """Each user's mean rate in every training episode, (episodes, U) in bit/s; NaN behind the last user where
        another regime has more.  Source: Fig. 11, "during the training process"."""
        frames = self.iteration * self.config.run.frames_per_iteration
        lengths = np.diff([*range(0, frames, self.config.mdp.episode_frames), frames])
        rows = [sums / length for sums, length in zip(self.rate_sums, lengths)]
        return _padded(rows).astype(np.float32)

    def _td_variance(self):
        """sigma^2(delta_TD) of each agent over the fresh transitions of the last ``td_var_window`` iterations (R34)."""
        window = self.config.run.frames_per_iteration * self.config.sam.td_var_window
        fresh = self.learner.fresh_td_errors(self.iteration)
        self.td_errors = np.hstack((self.td_errors, fresh))[:, -window:]
        return td_error_variance(self.td_errors)

    def _select(self, variance):
        """Which actors take a SAM step: by the gate, or all, or none, as the method says."""
        sam = self.config.sam
        if not sam.use_sam_actor:
            return np.zeros(variance.shape, dtype=bool)
        if not sam.selective:
            return np.ones(variance.shape, dtype=bool)
        return gate(variance, sam.td_var_threshold, sam.td_var_scale)

    def _radii(self, variance, entropy):
        """rho_{c,t} and rho_{a,t} of each actor."""
        sam = self.config.sam
        if self.iteration == 0:
            self.first_entropy = float(entropy)
        rho = rho_at(self.iteration, sam, self.config.run.num_iterations)
        if sam.rho_schedule == "td_driven":
            return rho, sam.actor_rho_ratio * scale_by_td_variance(rho, variance, sam.rho_init, sam.rho_final)
        if sam.rho_schedule == "entropy_annealed":
            drop = (self.first_entropy - float(entropy)) / self.env.action_dim
            rho = anneal_by_entropy(drop, sam.rho_init, sam.rho_final)
        return rho, np.full(variance.shape, sam.actor_rho_ratio * rho)

    def _take_snapshots(self):
        """Keep the actors where a stage ends, and where the run has spent what it would spend without SAM."""
        total = self.config.run.num_iterations
        if self.iteration >= total:
            return
        stage, within = divmod(self.iteration, total // len(self.config.regimes.sequence))
        if within == 0:
            self.snapshots[f"stage_{stage}"] = self.agents.thetas_p.copy()
        budget = evaluations_without_sam(self.config, len(self.agents.thetas_v))
        if self.gradient_evaluations >= budget and "equal_gradients" not in self.snapshots:
            self.snapshots["equal_gradients"] = self.agents.thetas_p.copy()

    def _has_converged(self, before):
        """Line 24: no actor moved by as much as the tolerance's share of its norm (R38)."""
        moved = np.linalg.norm(self.agents.thetas_p - before, axis=1) / np.linalg.norm(before, axis=1)
        return bool(np.all(moved < self.config.run.convergence_tolerance))

    def _refuse_non_finite(self, parts):
        for what, values in parts.items():
            # One product finds nearly all to be finite; where it overflows, the entries decide.
            if not np.isfinite(np.vdot(values, values)) and not np.isfinite(values).all():
                raise RunFailure(f"the run diverged in iteration {self.iteration}: {what} is not finite")

    def state(self):
        """Everything that continuing needs, as one flat dictionary of arrays.

        The networks and the replay are live views, for they are large: save them before the next iteration.
        """
        own = {"iteration": np.array(self.iteration), "converged": np.array(self.converged),
               "first_entropy": np.array(self.first_entropy), "td_errors": self.td_errors, "obs": self.obs,
               "gradient_evaluations": np.array(self.gradient_evaluations), "rate_sums": _padded(self.rate_sums)}
        return (own | self.agents.state() | self._snapshot_arrays()
                | {f"env/{key}": value for key, value in self.env.state().items()})

    def results(self):
        """What the run leaves behind (Algorithm 1, line 28): the networks, snapshots of its actors, users' rates."""
        return self.agents.parameters() | self._snapshot_arrays() | {"training_rate_bps": self.rates()}

    def _snapshot_arrays(self):
        return {f"snapshot/{name}": actors for name, actors in self.snapshots.items()}

    def set_state(self, state):
        """Continue from what ``state`` returned."""
        self.iteration, self.converged = int(state["iteration"]), bool(state["converged"])
        self.first_entropy = float(state["first_entropy"])
        self.td_errors, self.obs = state["td_errors"], state["obs"]
        self.gradient_evaluations = int(state["gradient_evaluations"])
        self.rate_sums = [row[~np.isnan(row)] for row in state["rate_sums"]]
        self.snapshots = snapshots_in(state)
        self.agents.set_state(state)
        self.env.set_state({key.removeprefix("env/"): value for key, value in state.items() if key.startswith("env/")})


def _padded(rows):
    """Vectors as rows (n, longest), NaN behind the shorter ones."""
    padded = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for row, values in zip(padded, rows):
        row[: len(values)] = values
    return padded


def snapshots_in(state):
    """The snapshots in what ``Trainer.state`` or ``Trainer.results`` returned, by name."""
    return {key.removeprefix("snapshot/"): actors for key, actors in state.items() if key.startswith("snapshot/")}
