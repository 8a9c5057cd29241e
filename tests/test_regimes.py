"""Regimes: the network of each, and which of them a configuration accepts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.errors import UsageError
from tasam_ref.oran.env import OranEnv
from tasam_ref.regimes import regime_config

STAGES = "regimes.sequence=['usual','crowd']"


def refused(config, *settings):
    with pytest.raises(UsageError) as caught:
        apply_settings(config, settings)
    assert "\n" not in str(caught.value) and "must be" in str(caught.value)
    return str(caught.value)


def test_a_crowd_is_half_as_many_users_again_who_send_half_as_much_again():
    crowd = regime_config(Config(), "crowd")
    assert crowd.radio == replace(Config().radio, num_ues=300)
    assert crowd.slices == replace(Config().slices, arrival_rate_hz=(499.5, 45.0, 15.0))
    quiet = regime_config(Config(), "quiet")
    assert quiet.radio.num_ues == 100 and quiet.slices.arrival_rate_hz == (166.5, 15.0, 5.0)
    for name in ("reward", "agent", "sam", "run"):
        assert getattr(crowd, name) == getattr(Config(), name)


def test_shifted_demand_is_that_of_the_cell_three_further_on():
    config = apply_settings(Config(), ["radio.num_ues=180"])
    usual, shifted = (OranEnv(regime_config(config, name)).topology.counts for name in ("usual", "shifted"))
    for m in range(6):
        assert (shifted[m] == usual[(m + 3) % 6]).all()
    assert (shifted != usual).any()


def test_shares_repeat_where_there_are_fewer_rows_than_the_shift():
    config = apply_settings(Config(), ["slices.shares=[[1,0,0],[0,1,0]]", "radio.num_ues=6", "radio.num_dus=3"])
    shifted = OranEnv(regime_config(config, "shifted")).topology.counts
    assert shifted.tolist() == [[0, 2, 0], [2, 0, 0], [0, 2, 0]]


def test_the_usual_regime_is_the_network_without_regimes_bit_for_bit(tiny_config):
    plain, usual = OranEnv(tiny_config), OranEnv(regime_config(tiny_config, "usual"))
    assert (plain.reset(seed=4) == usual.reset(seed=4)).all()
    action = np.random.default_rng(1).random((3, plain.action_dim))
    for _ in range(3):
        one, other = plain.step(action), usual.step(action)
        assert (one[0] == other[0]).all() and (one[1] == other[1]).all()


@pytest.mark.parametrize(("name", "load"), [("usual", 1.0), ("crowd", 1.5), ("quiet", 0.5), ("shifted", 1.0)])
def test_agents_see_how_many_users_there_are(name, load):
    """The load of all slices, averaged over the cells, counts users against the usual average cell (R27)."""
    obs = OranEnv(regime_config(Config(), name)).reset(seed=0)
    assert obs[:, 3:6].sum(axis=1).mean() == pytest.approx(load)


def test_the_regime_of_a_regime_is_no_further_regime():
    crowd = regime_config(apply_settings(Config(), [STAGES]), "crowd")
    assert crowd.regimes.sequence == ("usual",)
    assert regime_config(crowd, "usual") == crowd


@given(st.floats(0.05, 4), st.floats(0, 4), st.integers(0, 20))
def test_factors_multiply_and_rows_turn(users, traffic, row):
    config = apply_settings(Config(), ["regimes.names=['a']", "regimes.sequence=['a','a']",
                                       f"regimes.users=[{users!r}]", f"regimes.traffic=[{traffic!r}]",
                                       f"regimes.share_row=[{row}]"])
    found = regime_config(config, "a")
    assert abs(found.radio.num_ues - 200 * users) <= 0.5
    np.testing.assert_allclose(found.slices.arrival_rate_hz, traffic * np.array([333, 30, 10]), rtol=1e-15)
    assert all(found.slices.shares[m % 6] == config.slices.shares[(m + row) % 6] for m in range(6))


@pytest.mark.parametrize(("setting", "named"), [
    ("regimes.names=['usual','usual','quiet','shifted']", "regimes.names = ("),
    ("regimes.names=['usual','a b','quiet','shifted']", "regimes.names = ("),
    ("regimes.users=[1,2]", "regimes.users = (1.0, 2.0)"),
    ("regimes.traffic=[1]", "regimes.traffic = (1.0,)"),
    ("regimes.share_row=[0,0,0]", "regimes.share_row = (0, 0, 0)"),
    ("regimes.users=[1,0,1,1]", "regimes.users = 0.0"),
    ("regimes.users=[1,1e308,1,1]", "regimes.users = 1e+308"),
    ("regimes.traffic=[1,-1,1,1]", "regimes.traffic = -1.0"),
    ("regimes.share_row=[0,0,0,-1]", "regimes.share_row = -1"),
    ("regimes.share_row=[0,0,0,1.5]", "regimes.share_row = 1.5"),
    ("regimes.sequence=['usual','rush']", "regimes.sequence = 'rush'"),
    ("regimes.sequence=[]", "regimes.sequence = []"),
])
def test_what_is_no_regime_is_refused_by_name(setting, named):
    assert refused(Config(), setting).startswith(named)


def test_regimes_keep_a_user_per_du_at_least_where_they_are_met():
    few = "radio.num_ues=11", "radio.num_dus=6"                    # quiet: round(5.5) = 6 users; with 10, five
    assert apply_settings(Config(), [*few, STAGES])
    ten = "radio.num_ues=10", "radio.num_dus=6"
    assert "6 to 10000000 users" in refused(Config(), *ten, STAGES)
    assert refused(Config(), *ten, "regimes.sequence=['quiet']").startswith("regimes.users = 0.5")
    assert apply_settings(Config(), ten)                           # quiet is neither trained on nor evaluated
    assert apply_settings(Config(), ["radio.num_ues=2", "radio.num_dus=6"])


def test_too_many_users_are_refused_before_anything_is_built():
    assert refused(Config(), "radio.num_ues=9000000", STAGES).startswith("regimes.users = 1.5")


def test_actions_whose_length_follows_from_the_users_are_refused():
    full = "mdp.action_codec=full_binary"
    assert refused(Config(), full, STAGES).startswith("mdp.action_codec = 'full_binary'")
    assert apply_settings(Config(), [full, STAGES, "regimes.users=[1,1,1,1]"])
    assert apply_settings(Config(), [full])


@pytest.mark.parametrize(("frames", "episode", "stages", "unit"), [(10, 100, 3, 30), (10, 100, 2, 20), (4, 7, 2, 14),
                                                                  (24, 24, 3, 3), (30, 20, 2, 4)])
def test_a_stage_is_a_whole_number_of_episodes(frames, episode, stages, unit):
    """unit: the shortest run of that many equal stages, found by hand."""
    settings = [f"run.frames_per_iteration={frames}", f"mdp.episode_frames={episode}",
                f"regimes.sequence={['usual', 'crowd', 'usual'][:stages]!r}"]
    for iterations in range(1, 3 * unit + 1):
        if iterations % unit:
            line = refused(Config(), *settings, f"run.num_iterations={iterations}")
            assert line.startswith(f"run.num_iterations = {iterations}: must be a multiple of {unit},")
        else:
            assert apply_settings(Config(), [*settings, f"run.num_iterations={iterations}"])


def test_a_run_of_several_stages_does_not_stop_early():
    assert refused(Config(), STAGES, "run.convergence_tolerance=0.1").startswith("run.convergence_tolerance = 0.1")


@pytest.mark.parametrize("setting", ["regimes.sequence=['crowd']", "regimes.users=[2.0, 1.5, 0.5, 1.0]",
                                     "regimes.traffic=[2.0, 1.5, 0.5, 1.0]", "regimes.share_row=[1, 0, 0, 3]"])
def test_a_single_stage_is_the_configured_network_itself(tiny_config, setting):
    """Otherwise training and evaluation would be of different networks."""
    with pytest.raises(UsageError, match=r"regimes\.sequence = .*: must be two stages at least, or one of users"):
        apply_settings(tiny_config, [setting])
