"""The lengths of what agents see and do, known before there is an environment."""

import pytest

from tasam_ref.config_io import apply_settings
from tasam_ref.oran.env import OranEnv
from tasam_ref.oran.spaces import spaces


@pytest.mark.parametrize(("settings", "expected"), [
    ((), (3, 6 + 16, 16)),
    (("mdp.identity=one_hot",), (3, 6 + 16 + 3, 16)),
    (("mdp.single_agent=true",), (1, 3 * (6 + 16), 3 * 16)),
    (("mdp.action_codec=full_binary",), (3, 6 + (3 + 6) * 8, (3 + 6) * 8)),
])
def test_three_slices_and_eight_rbs_of_three_dus_with_six_users_each(tiny_config, settings, expected):
    config = apply_settings(tiny_config, settings)
    assert spaces(config) == expected
    assert OranEnv(config).reset(seed=0).shape == expected[:2]
