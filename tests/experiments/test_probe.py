"""The probe: its rewards against whole episodes, its values against a twin's critic, and critics that are made up."""

import numpy as np
import pytest
from conftest import TINY_SETTINGS
from plain_twin import logistic, network, policy

from tasam_ref.config import Config
from tasam_ref.experiments import probe as probing
from tasam_ref.experiments.probe import KINDS, OTHER_DRAWS, WALK, probe, rewards, scenes, valued
from tasam_ref.experiments.run_curvature import frozen_learner
from tasam_ref.marl.agents import Agents
from tasam_ref.methods.registry import configure
from tasam_ref.oran.env import OranEnv
from tasam_ref.streams import evaluation_episode_seed, stream

AGENTS, OBS, ACTION, HIDDEN = 3, 22, 16, (8, 6)


def parts(method="no_sam", *settings):
    """A config, its OranEnv, and a frozen learner of untrained networks."""
    config = configure(method, Config(), (*TINY_SETTINGS, *settings))
    env = OranEnv(config)
    agents = Agents(config, env.num_agents, env.obs_dim, env.action_dim)
    return config, env, frozen_learner(config, agents.parameters(), 2)


def normal(shape, name, *index):
    return stream(0, name, *index).standard_normal(shape)


def acted(learner, obs, noise):
    """The twin's stochastic actions."""
    found = []
    for i, theta in enumerate(learner.agents.thetas_p):
        mean, log_std = policy((OBS, *HIDDEN, 2 * ACTION), theta, obs[i : i + 1])
        found.append(logistic(mean[0] + np.exp(log_std[0]) * noise[i]))
    return np.array(found)


@pytest.mark.parametrize("settings", [(), ("reward.normalisation=running", "slices.latency_model=fifo_queue"),
                                      ("radio.scheduler=round_robin", "mdp.action_codec=slice_and_user")])
def test_rewards_are_those_of_whole_episodes(settings):
    """Each action once more, in an episode of its own that is played from its start with the twin's policy."""
    _, env, learner = parts("no_sam", *settings)
    for k, scene in enumerate(scenes(learner, env, 2, 3)):
        paid = rewards(env, scene)
        for i, j in ((0, 0), (1, 4), (2, 8), (0, 7)):
            fresh = OranEnv(env.config)
            obs = fresh.reset(seed=evaluation_episode_seed(k))
            for t in range(WALK):
                obs, _, _ = fresh.step(acted(learner, obs, normal((AGENTS, ACTION), "probe_walk", k, t)))
            action = acted(learner, obs, normal((AGENTS, ACTION), "probe_held", k))
            np.testing.assert_allclose(scene.held, action, rtol=1e-12)
            action[i] = scene.tried[i, j]
            if j < 3:
                noise = normal((AGENTS * 3, ACTION), "probe_policy", k).reshape(AGENTS, 3, ACTION)
                np.testing.assert_allclose(action[i], acted(learner, obs, noise[:, j])[i], rtol=1e-12)
            _, reward, _ = fresh.step(action)
            assert paid[0, i, j] == pytest.approx(reward[i], rel=1e-12)


def test_other_draws_are_those_of_another_episode_at_the_same_place():
    """What a frame draws depends on the episode's seed and the frame alone."""
    _, env, learner = parts()
    scene = next(scenes(learner, env, 1, 3))
    paid, other = rewards(env, scene), OranEnv(env.config)
    other.reset(seed=evaluation_episode_seed(OTHER_DRAWS))
    own, lent = (dict(state) for state in scene.states)
    assert int(lent.pop("seed")) == int(other.network.state["seed"]) != int(own.pop("seed"))
    assert all(np.array_equal(own[name], lent[name]) for name in own)
    other.set_state(scene.states[1])
    _, reward, _ = other.step(scene.held)
    held = probing.Scene(scene.states, scene.obs, scene.held, scene.held[:, None])
    assert (rewards(env, held)[1, :, 0] == reward).all()
    assert (paid[0] != paid[1]).any()


def test_actions_are_tried_one_by_one_from_the_same_state():
    """In whatever order: the same reward to the bit, and the same again."""
    _, env, learner = parts()
    scene = next(scenes(learner, env, 1, 4))
    paid, turned = rewards(env, scene), probing.Scene(scene.states, scene.obs, scene.held, scene.tried[:, ::-1])
    assert (rewards(env, turned)[..., ::-1] == paid).all()
    assert (rewards(env, scene) == paid).all()


def test_there_are_actions_of_every_kind_and_blocks_range_wide():
    _, env, learner = parts()
    scene = next(scenes(learner, env, 1, 200))
    assert scene.tried.shape == (AGENTS, len(KINDS) * 200, ACTION)
    assert ((scene.tried > 0) & (scene.tried < 1)).all()
    _, uniform, blocks = np.split(scene.tried, 3, axis=1)
    assert np.quantile(uniform, (0.1, 0.5, 0.9)) == pytest.approx((0.1, 0.5, 0.9), abs=0.02)
    shares = [(kind > 0.5).reshape(AGENTS, 200, 2, 8).mean(axis=3).ravel() for kind in (uniform, blocks)]
    assert np.std(shares[0]) == pytest.approx(0.5 / 8**0.5, rel=0.1)                  # of eight fair coins
    assert np.std(shares[1]) > 0.3 and np.mean(shares[1]) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("sees", ["executed", "relaxed"])
@pytest.mark.parametrize("scope", ["shared_local", "joint"])
def test_values_are_those_of_the_twins_critic(scope, sees):
    """Of one's own state and action; or of everybody's, of whom one alone tries another action."""
    _, env, learner = parts("no_sam", f"agent.critic_scope={scope}", f"agent.critic_sees={sees}",
                            "agent.critic_target=twin_target")
    scene = next(scenes(learner, env, 1, 3))
    seen = (lambda a: (a > 0.5).astype(float)) if sees == "executed" else (lambda a: a)
    for theta in learner.agents.thetas_v:
        found = valued(learner, env, theta, scene)
        assert found.shape == (AGENTS, 9)
        for i, j in np.ndindex(AGENTS, 9):
            action = scene.held.copy()
            action[i] = scene.tried[i, j]
            everyone = [np.concatenate((scene.obs[m], seen(action[m]))) for m in range(AGENTS)]
            if scope == "joint":
                q = network((AGENTS * (OBS + ACTION), *HIDDEN, AGENTS), theta, np.concatenate(everyone)[None])[0, i]
            else:
                q = network((OBS + ACTION, *HIDDEN, 1), theta, everyone[i][None])[0, 0]
            assert found[i, j] == pytest.approx(q, rel=1e-12)


@pytest.mark.parametrize(("critic", "verdict"), [("reward", "learned"), ("faint", "flat"), ("noise", "unlearned")])
def test_made_up_critics_are_told_apart(monkeypatch, critic, verdict):
    """One that is the reward, one that is a hundredth of it, and one that is noise."""
    config, _, learner = parts()
    generator = np.random.default_rng(1)

    def made_up(learner, env, theta, scene):
        paid = rewards(env, scene).mean(axis=0)
        return {"reward": paid, "faint": 0.01 * paid - 7, "noise": generator.standard_normal(paid.shape)}[critic]

    monkeypatch.setattr(probing, "valued", made_up)
    found = probe(learner, config, states=5, actions=8)
    assert list(found) == ["critic 0"] and list(found["critic 0"]) == ["all", *KINDS]
    of_all = found["critic 0"]["all"]
    assert of_all.verdict == verdict
    if critic == "noise":
        assert abs(of_all.rank.mean) < 4 / (5 * AGENTS * 23) ** 0.5
    else:
        assert of_all.rank.mean == pytest.approx(1) and of_all.favourite == of_all.best
        height = {"reward": 1, "faint": 0.01}[critic]
        assert of_all.value_std == pytest.approx(height * of_all.reward_std, rel=1e-9)


def test_kinds_are_judged_by_their_own_actions(monkeypatch):
    """A critic that knows the rewards of blocks alone."""
    config, _, learner = parts()

    def made_up(learner, env, theta, scene):
        paid = rewards(env, scene).mean(axis=0)
        return np.hstack((-paid[:, :6], -paid[:, 6:12], paid[:, 12:]))

    monkeypatch.setattr(probing, "valued", made_up)
    found = probe(learner, config, states=2, actions=6)["critic 0"]
    assert [found[kind].rank.mean for kind in KINDS] == pytest.approx([-1, -1, 1])


def test_every_run_is_asked_the_same_but_for_its_own_actions():
    """Networks alike, seeds and methods not: the same bits."""
    one, other = (parts("no_sam"), parts("ta_sam", "run.num_iterations=9"))
    for scene, twin in zip(scenes(one[2], one[1], 2, 3), scenes(other[2], other[1], 2, 3), strict=True):
        assert (scene.tried == twin.tried).all() and (scene.held == twin.held).all()


def test_twins_have_an_ordering_each_and_a_single_agent_acts_for_all():
    config, _, learner = parts("centralised_sac", "agent.critic_target=twin_target")
    found = probe(learner, config, states=2, actions=3)
    assert list(found) == ["critic 0", "critic 1"]
    assert found["critic 0"]["all"].mean_value != found["critic 1"]["all"].mean_value
    assert found["critic 0"]["all"].mean_reward == found["critic 1"]["all"].mean_reward
