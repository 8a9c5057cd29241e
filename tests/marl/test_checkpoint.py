"""Checkpoints: what is read is what was written, and anything else is refused in one line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tasam_ref.errors import UsageError
from tasam_ref.marl.checkpoint import load_checkpoint, save_checkpoint

HASH = "0123456789abcdef"
STATE = {"actors": np.arange(6.0).reshape(2, 3), "critic_optimizer/0/count": np.array(7), "replay/reward": np.zeros(0)}

values = arrays(st.sampled_from([np.float32, np.float64, np.int64]), array_shapes(min_dims=0, min_side=0, max_dims=3),
                elements=st.integers(-100, 100))


@given(state=st.dictionaries(st.sampled_from(["actors", "env/seed", "replay/obs", "td_errors"]), values))
def test_what_was_written_is_read_bit_for_bit(tmp_path_factory, state):
    path = tmp_path_factory.mktemp("checkpoint") / "checkpoint.npz"
    save_checkpoint(path, state, HASH)
    loaded = load_checkpoint(path, HASH)
    assert loaded.keys() == state.keys()
    for name, value in state.items():
        assert loaded[name].dtype == value.dtype
        assert loaded[name].shape == value.shape
        assert (loaded[name] == value).all()


def test_the_same_state_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        save_checkpoint(tmp_path / name, STATE, HASH)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_writing_again_replaces_and_leaves_no_other_file(tmp_path):
    save_checkpoint(tmp_path / "c.npz", STATE, HASH)
    save_checkpoint(tmp_path / "c.npz", {"actors": np.ones(1)}, HASH)
    assert [file.name for file in tmp_path.iterdir()] == ["c.npz"]
    assert list(load_checkpoint(tmp_path / "c.npz", HASH)) == ["actors"]


@pytest.mark.parametrize("keep", [0, 1, 40, 300, -1])
def test_a_truncated_file_is_refused(tmp_path, keep):
    path = tmp_path / "c.npz"
    save_checkpoint(path, STATE, HASH)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UsageError, match=r"c\.npz: not a readable checkpoint"):
        load_checkpoint(path, HASH)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"none\.npz"):
        load_checkpoint(tmp_path / "none.npz", HASH)


def test_a_foreign_archive_and_a_bare_array_are_refused(tmp_path):
    np.savez(tmp_path / "foreign.npz", actors=np.ones(3))
    with pytest.raises(UsageError, match="not a checkpoint of this package"):
        load_checkpoint(tmp_path / "foreign.npz", HASH)
    np.save(tmp_path / "bare.npy", np.ones(3))
    with pytest.raises(UsageError, match="not a readable checkpoint"):
        load_checkpoint(tmp_path / "bare.npy", HASH)


def test_pickled_objects_are_never_loaded(tmp_path):
    marks = {"format": np.array("tasam_ref checkpoint 1"), "config_hash": np.array(HASH)}
    np.savez(tmp_path / "c.npz", **marks, actors=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(UsageError, match="not a readable checkpoint"):
        load_checkpoint(tmp_path / "c.npz", HASH)


def test_another_configurations_checkpoint_is_refused(tmp_path):
    save_checkpoint(tmp_path / "c.npz", STATE, HASH)
    with pytest.raises(UsageError, match="another configuration"):
        load_checkpoint(tmp_path / "c.npz", HASH[::-1])
