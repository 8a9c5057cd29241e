"""Decibel to linear, in one place."""


def db_to_linear(level_db):
    """Return 10^(x/10), the power ratio of a level in dB.  For the levels of Table 1."""
    return 10.0 ** (level_db / 10.0)


def dbm_to_watt(level_dbm):
    """Return the power in watt of a level in dBm.  For the levels of Table 1."""
    return db_to_linear(level_dbm - 30.0)


def rb_power_w(radio):
    """Transmit power p_{k,m} of one RB in watt: p_u / K, or p_u itself, by the reading of Table 1's p_u (R05)."""
    power = dbm_to_watt(radio.tx_power_dbm)
    return {"per_ru": power / radio.num_rbs, "per_rb": power}[radio.tx_power_reading]


def rb_noise_w(radio):
    """Noise power sigma^2 in one RB in watt: N_0 B_RB, or N_0 itself, by the reading of Table 1's -173 dBm (R04)."""
    level = dbm_to_watt(radio.noise_dbm)
    return {"psd_dbm_per_hz": level * radio.rb_bandwidth_hz, "total_dbm": level}[radio.noise_reading]
