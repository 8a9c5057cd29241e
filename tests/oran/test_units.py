"""Decibel, watt, and what Table 1's power and noise mean for one RB."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.config import Config
from tasam_ref.config_io import apply_settings
from tasam_ref.oran.units import db_to_linear, dbm_to_watt, rb_noise_w, rb_power_w


def radio(*settings):
    return apply_settings(Config(), settings).radio


@pytest.mark.parametrize(("dbm", "watt"), [(56.0, 398.1071705534973), (30.0, 1.0), (0.0, 1e-3), (-30.0, 1e-6),
                                           (-173.0, 5.011872336272725e-21)])
def test_dbm_by_hand(dbm, watt):
    """56 dBm = 10^2.6 W, -173 dBm = 10^-20.3 W."""
    assert dbm_to_watt(dbm) == pytest.approx(watt, rel=1e-13)


def test_three_decibel_are_about_a_factor_of_two():
    assert db_to_linear(3.0) == pytest.approx(1.9952623149688795, rel=1e-14)
    assert db_to_linear(-15.3) == pytest.approx(0.029512092266663854, rel=1e-13)


@given(st.floats(-200, 200), st.floats(-100, 100))
def test_decibels_add_where_ratios_multiply(a, b):
    assert db_to_linear(a + b) == pytest.approx(db_to_linear(a) * db_to_linear(b), rel=1e-12)
    assert dbm_to_watt(a) * 1000 == pytest.approx(db_to_linear(a), rel=1e-12)


def test_power_per_ru_is_split_over_the_rbs_and_power_per_rb_is_not():
    """R05: 398.1 W over 100 RBs are 3.981 W; held by each RB they are 39.8 kW per RU."""
    assert rb_power_w(radio()) == pytest.approx(3.981071705534973, rel=1e-13)
    assert rb_power_w(radio("radio.num_rbs=8")) == pytest.approx(49.76339631918716, rel=1e-13)
    each = radio("radio.tx_power_reading=per_rb")
    assert each.num_rbs * rb_power_w(each) == pytest.approx(39810.71705534973, rel=1e-13)


def test_noise_as_density_is_53_decibel_above_noise_as_power():
    """R04: 5.0119e-21 W/Hz over 200 kHz are 1.00237e-15 W; as a power it is 5.0119e-21 W."""
    assert rb_noise_w(radio()) == pytest.approx(1.002374467254545e-15, rel=1e-13)
    total = rb_noise_w(radio("radio.noise_reading=total_dbm"))
    assert total == pytest.approx(5.011872336272725e-21, rel=1e-13)
    assert rb_noise_w(radio()) / total == pytest.approx(2e5, rel=1e-13)
