"""Algorithm 1, line by line, on a network of 3 DUs, 18 users and 8 RBs: what a real training does, against the text.

Methods that the text makes equal must end in the same bits; steps, batches and transitions are watched where they
pass between the parts of the package and worked out again from the formulas.
"""

import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.experiments.evaluation import deterministic_policy
from tasam_ref.experiments.run_folder import RunFolder
from tasam_ref.experiments.training import train
from tasam_ref.marl import learner
from tasam_ref.marl.checkpoint import load_checkpoint, save_checkpoint
from tasam_ref.marl.trainer import Trainer
from tasam_ref.methods.registry import configure
from tasam_ref.oran.env import OranEnv

from . import twins
from .checks import check
from .oracles import largest, relative_error

SMALL = ("radio.num_dus=3", "radio.num_ues=18", "radio.num_rbs=8", "agent.hidden_sizes=[8, 6]", "agent.batch_size=13",
         "agent.buffer_size=200", "agent.learning_rate=1e-3", "agent.dtype=float64", "mdp.episode_frames=7",
         "run.num_iterations=6", "run.frames_per_iteration=4", "run.eval_episodes=2", "run.eval_frames=2")
HALF_OPEN = "sam.td_var_scale=relative", "sam.td_var_threshold=1.0"
DETERMINISTIC = "agent.log_std_min=-40.0", "agent.log_std_max=-39.0"


def start(method, *settings):
    """A Trainer of this small network.  Under HALF_OPEN the gate selects two of the three actors."""
    config = configure(method, apply_settings(Config(), SMALL), settings)
    return Trainer(config, OranEnv(config))


def run(method, *settings):
    """The trainer after its last iteration, and the rows of all iterations."""
    trainer = start(method, *settings)
    return trainer, [trainer.iterate() for _ in range(trainer.config.run.num_iterations)]


def mismatches(one, other, but=()):
    """Arrays of two runs, in the final state and in every row, that differ in any entry or are in one run alone."""
    (trainer, rows), (trainer2, rows2) = one, other
    pairs = [(trainer.state(), trainer2.state()), *zip(rows, rows2, strict=True)]
    return sum(not np.array_equal(a.get(name), b.get(name))
               for a, b in pairs for name in (a.keys() | b.keys()) - set(but))


@contextmanager
def watched_steps(agents, watch):
    """While it lasts, ``watch(i, loss, theta)`` is called before every step that actor i, or a critic (None), takes."""
    take_step = learner.take_step

    def watched(loss, theta, optimizer, *sam):
        actor = [i for i, own in enumerate(agents.actor_optimizers) if own is optimizer]
        watch(actor[0] if actor else None, loss, theta)
        return take_step(loss, theta, optimizer, *sam)

    with mock.patch.object(learner, "take_step", watched):
        yield


@check("A1 l.11-15", oracle="method critic_sam", tolerance=0, because="the same bits")
def infinite_threshold_is_sam_on_the_critic_alone():
    """Line 11 never true leaves lines 16-17 for every actor; while SAM on the critic makes a difference."""
    shut = run("ta_sam", "sam.td_var_threshold=inf")
    return mismatches(shut, run("critic_sam")) + (mismatches(shut, run("no_sam")) == 0)


@check("A1 l.11-15", oracle="method both_sam", tolerance=0, because="the same bits")
def threshold_zero_is_sam_on_everyone():
    """Line 11 always true leaves lines 12-14 for every actor, in one DU alone for any share of its own median too."""
    wrong = mismatches(run("ta_sam", "sam.td_var_threshold=0.0"), run("both_sam"))
    alone = "radio.num_dus=1", "radio.num_ues=6", *HALF_OPEN
    return wrong + mismatches(run("ta_sam", *alone), run("both_sam", *alone))


@check("A1 l.16-17", "A1 l.20-23", oracle="method no_sam", tolerance=0, because="the same bits")
def radius_zero_is_training_without_sam():
    """In Adam and in SGD, who took SAM steps and what they cost aside."""
    wrong, aside = 0, ("sam_actor", "gradient_evaluations", "snapshot/equal_gradients")
    for base in ("adam", "sgd"):
        zero = f"sam.base_optimizer={base}", "sam.rho_init=0.0", "sam.rho_final=0.0"
        wrong += mismatches(run("both_sam", *zero), run("no_sam", *zero), but=aside)
    return wrong


@check("A1 l.3-10", oracle="what passes through the environment", tolerance=0, because="the same bits")
def every_buffer_holds_the_transitions_of_its_actor():
    """Ne a DU and iteration, in order, over the ends of episodes: s, a, r, s' of B_i are those of DU i."""
    trainer = start("ta_sam")
    env, met, now = trainer.env, [], [trainer.obs]
    reset, step = env.reset, env.step

    def watched_reset(*, seed):
        now[0] = reset(seed=seed)
        return now[0]

    def watched_step(action):
        result = step(action)
        met.append((now[0], action, result[1], result[0]))
        now[0] = result[0]
        return result

    env.reset, env.step = watched_reset, watched_step
    wrong = 0
    for t in range(1, 7):
        trainer.iterate()
        replay = trainer.agents.replay
        wrong += len(met) != 4 * t or replay.size != 4 * t
        for i in range(3):
            held = replay.of_agent(i, np.arange(replay.size))
            obs, action, *others = (np.array(part)[:, i] for part in zip(*met))
            wrong += not np.allclose(twins.logistic(held.latent.T), action, rtol=0, atol=1e-15)
            wrong += not all(map(np.array_equal, (held.obs.T, held.reward, held.next_obs.T), (obs, *others)))
    return wrong


@check("A1 l.3-10", oracle="plain networks", tolerance=1e-15, because="rounding of three layers")
def experiences_come_from_the_current_policies():
    """With no noise to speak of, the latents of iteration t are the means of the actors before its updates."""
    trainer, worst = start("both_sam", *DETERMINISTIC, "agent.learning_rate=0.05"), 0.0
    sizes = trainer.agents.networks.actor.sizes
    for _ in range(4):
        actors = trainer.agents.thetas_p.copy()
        trainer.iterate()
        fresh = trainer.agents.replay.newest(4)
        for theta, obs, latent in zip(actors, np.split(fresh.obs.T, 3), np.split(fresh.latent.T, 3)):
            worst = largest(worst, relative_error(latent, twins.policy(sizes, theta, obs, (-40, -39))[0]))
    return worst


def batch_origins(trainer, train):
    """Buffer and place (n, 2) of the columns of every batch that ``train()`` draws, found by their state."""
    width, drawn, replay = trainer.env.obs_dim, [], trainer.agents.replay

    def watch(i, loss, theta):
        drawn.append(np.hstack([part.x[:width] for part in loss.losses]) if i is None else loss.obs)

    with watched_steps(trainer.agents, watch):
        train()
    buffers = [replay.of_agent(i, np.arange(replay.size)).obs for i in range(3)]
    held = {state.tobytes(): (i, k) for i, buffer in enumerate(buffers) for k, state in enumerate(buffer.T)}
    return [np.array([held[state.tobytes()] for state in states.T]) for states in drawn]


@check("A1 l.3-10", "A1 l.20-23", oracle="looking every row up in the buffers", tolerance=0, because="counting")
def batches_come_from_the_right_buffers():
    """Actor i: batch_size rows, all of B_i.  Critic: equally many of every B_i, batch_size rounded up."""
    trainer = start("ta_sam", "mdp.identity=one_hot", *HALF_OPEN)
    origins = batch_origins(trainer, lambda: [trainer.iterate() for _ in range(6)])
    counts = np.array([np.bincount(buffer, minlength=3) for buffer, _ in map(np.transpose, origins)])
    return np.count_nonzero(counts.reshape(6, 4, 3) != [[13, 0, 0], [0, 13, 0], [0, 0, 13], [5, 5, 5]])


@check("A1 l.11-15", "A1 l.16-17", "A1 l.20-23", oracle="the printed line, or Adam's sums written out", tolerance=2e-13,
       because="rounding of a step beside theta")
def steps_are_the_printed_lines():
    """Every step of a half open gate, from the gradients of its loss: at theta + rho g / |g| if selected, or at theta.

    SGD:  theta - eta g.  Adam:  m = (1 - beta1) sum_s beta1^(t-s) g_s, v alike, over the steps of that network.
    """
    worst = 0.0
    for base in ("sgd", "adam"):
        trainer = start("ta_sam", f"sam.base_optimizer={base}", "agent.learning_rate=0.1", *HALF_OPEN)
        agents, history = trainer.agents, [[], [], [], []]
        for t in range(6):
            rho, both = 0.5 - 0.49 * t / 5, []

            def watch(i, loss, theta, rho=rho, both=both):
                plain = loss(theta)[1].copy()
                both.append((plain, loss(theta + rho * plain / np.linalg.norm(plain))[1].copy()))

            before = [*agents.thetas_p.copy(), *agents.thetas_v.copy()]
            with watched_steps(agents, watch):
                row = trainer.iterate()
            variance = row["td_error_variance"]
            chosen = [*(variance >= sorted(variance)[1]), True]
            for k, theta in enumerate((*agents.thetas_p, *agents.thetas_v)):
                history[k].append(both[k][int(chosen[k])])
                move = _sgd(history[k]) if base == "sgd" else _adam(history[k])
                worst = largest(worst, relative_error(theta - before[k], move))
    return worst


def _sgd(gradients):
    return -0.1 * gradients[-1]


def _adam(gradients):
    g, age = np.array(gradients), np.arange(len(gradients))[::-1]
    mean, square = ((1 - b) * b**age @ power / (1 - b ** len(g)) for b, power in ((0.9, g), (0.999, g**2)))
    return -0.1 * mean / (np.sqrt(square) + 1e-8)


@check("A1 l.11-15", "A1 l.20-23", oracle="the order of the lines", tolerance=0, because="counting")
def critic_follows_all_actors():
    """All actors, then the critic, in every gradient step; each network once."""
    trainer, order = start("ta_sam", "agent.gradient_steps=2", *HALF_OPEN), []
    for name in ("actor", "critic"):
        for i, optimizer in enumerate(getattr(trainer.agents, f"{name}_optimizers")):
            optimizer.step = partial(_noted, optimizer.step, order, (name, i))
    for _ in range(6):
        trainer.iterate()
    wrong = abs(len(order) - 48)
    for k in range(0, len(order), 4):
        wrong += sorted(order[k : k + 3]) != [("actor", i) for i in range(3)] or order[k + 3] != ("critic", 0)
    return wrong


def _noted(step, order, name, theta, gradient):
    order.append(name)
    step(theta, gradient)


@check("A1 l.3-10", oracle="the run without a break", tolerance=0, because="the same bits")
def resumed_run_is_the_run_without_a_break():
    """Broken through a checkpoint after each iteration, within an episode and with full buffers and windows."""
    settings = "agent.buffer_size=9", "sam.td_var_window=2", *HALF_OPEN
    whole = run("ta_sam", *settings)
    with tempfile.TemporaryDirectory() as folder:
        path, broken, rows = Path(folder) / "state.npz", start("ta_sam", *settings), []
        for _ in range(6):
            rows.append(broken.iterate())
            save_checkpoint(path, broken.state(), "hash")
            broken = start("ta_sam", *settings)
            broken.set_state(load_checkpoint(path, "hash"))
        return mismatches(whole, (broken, rows))


@check("A1 l.28", "policy", oracle="plain networks", tolerance=1e-15, because="rounding of three layers")
def actors_are_evaluated_by_their_means():
    """Actions in five episodes at random states: sigmoid of each actor's own mean at the state of its DU."""
    trainer = start("no_sam", "run.eval_episodes=5")
    agents, states = trainer.agents, np.random.default_rng(5).standard_normal((5, 3, trainer.env.obs_dim))
    found = deterministic_policy(trainer.config, agents.thetas_p)(None, states, 0)
    means = [twins.policy(agents.networks.actor.sizes, theta, states[:, i], (-5, 2))[0]
             for i, theta in enumerate(agents.thetas_p)]
    return relative_error(found.transpose(1, 0, 2), twins.logistic(np.array(means)))


@check("A1 l.24", oracle="the largest move, worked out from the weights", tolerance=0, because="one exact comparison")
def convergence_ends_the_training():
    """R38: true once max_i |move_i| / |theta_i| is below the tolerance, never at 0, and training then ends."""
    trainer, wrong = start("ta_sam"), 0
    before = trainer.agents.thetas_p.copy()
    trainer.iterate()
    moves = [np.linalg.norm(new - old) / np.linalg.norm(old) for new, old in zip(trainer.agents.thetas_p, before)]
    wrong += trainer.converged
    for factor, expected in ((1.0001, True), (0.9999, False)):
        trainer = start("ta_sam", f"run.convergence_tolerance={max(moves) * factor}")
        trainer.iterate()
        wrong += trainer.converged != expected
    with tempfile.TemporaryDirectory() as folder:
        for name, tolerance, iterations in (("stops", 1e9, 1), ("runs", 1e-9, 6)):
            config = configure("ta_sam", trainer.config, (f"run.convergence_tolerance={tolerance}",))
            done = train(RunFolder.create(Path(folder) / name, "ta_sam", config))
            wrong += done.manifest["iterations_done"] != iterations
    return wrong
