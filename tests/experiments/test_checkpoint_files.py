"""Checkpoint files: the same state gives the same bytes, and whatever is not one is refused, never unpickled."""

import numpy as np
import pytest
from command_line import listing
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tasam_ref.errors import UsageError
from tasam_ref.marl.checkpoint import load_checkpoint, save_checkpoint

STATE = {"actors": np.arange(12.0, dtype=np.float32).reshape(3, 4), "iteration": np.array(7),
         "env/position": np.linspace(-1, 1, 9), "converged": np.array(False)}

arrays = hnp.arrays(st.sampled_from([np.float32, np.float64, np.int64, np.bool_]),
                    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
states = st.dictionaries(st.sampled_from(["actors", "iteration", "env/seed", "actor_optimizer/0/mean"]), arrays)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Bytes of a good checkpoint of hash "abc"."""
    path = tmp_path_factory.mktemp("good") / "checkpoint.npz"
    save_checkpoint(path, STATE, "abc")
    return path.read_bytes()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A path to write damaged checkpoints to."""
    return tmp_path_factory.mktemp("damaged") / "checkpoint.npz"


def assert_refused(path, config_hash="abc"):
    with pytest.raises(UsageError) as caught:
        load_checkpoint(path, config_hash)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def same(one, other):
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and one[name].shape == other[name].shape
        and one[name].tobytes() == other[name].tobytes() for name in one)


@given(states)
def test_what_is_saved_is_loaded_with_types_and_shapes(place, state):
    save_checkpoint(place, state, "abc")
    assert same(load_checkpoint(place, "abc"), state)


@given(states)
def test_the_same_state_gives_the_same_bytes_over_any_old_file(tmp_path_factory, state):
    folder = tmp_path_factory.mktemp("twice")
    (folder / "one.npz").write_bytes(b"x" * 10_000)
    for name in ("one.npz", "two.npz"):
        save_checkpoint(folder / name, {key: value.copy() for key, value in state.items()}, "abc")
    assert (folder / "one.npz").read_bytes() == (folder / "two.npz").read_bytes()
    assert listing(folder) == ["one.npz", "two.npz"]


@given(st.data())
def test_a_truncated_checkpoint_is_refused_wherever_it_is_cut(good, place, data):
    place.write_bytes(good[: data.draw(st.integers(0, len(good) - 1))])
    assert_refused(place)


def test_an_entry_that_swallows_those_behind_it_is_refused(good, place):
    """The two bytes of a comment's length, in any entry of the archive's directory, set to every reach."""
    entries = [k for k in range(len(good)) if good[k : k + 4] == b"PK\x01\x02"]
    assert len(entries) == 3 + len(STATE)
    for length in (k + offset for k in entries[:-1] for offset in (32, 33)):
        for value in range(1, 256):
            place.write_bytes(good[:length] + bytes([value]) + good[length + 1 :])
            assert_refused(place)


@given(st.data())
def test_one_damaged_byte_is_refused_or_harmless(good, place, data):
    position, value = data.draw(st.integers(0, len(good) - 1)), data.draw(st.integers(0, 255))
    place.write_bytes(good[:position] + bytes([value]) + good[position + 1 :])
    try:
        loaded = load_checkpoint(place, "abc")
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert same(loaded, STATE)


@pytest.mark.parametrize("offset", [8, 10])
def test_a_damaged_table_of_contents_is_refused(good, place, offset):
    """Offset 8 of an entry says that it is encrypted, offset 10 how it is compressed."""
    entry = good.index(b"PK\x01\x02")
    place.write_bytes(good[: entry + offset] + b"\x63" + good[entry + offset + 1 :])
    assert_refused(place)


@given(st.binary(max_size=300))
@example(b"")
@example(b"iteration,agent,reward\n0,0,1.5\n")
@example(b"PK\x03\x04")
@example(b"\x93NUMPY\x01\x00")
@example(b"\x80\x04K\x01.")
def test_a_file_that_is_no_checkpoint_at_all_is_refused(place, content):
    place.write_bytes(content)
    assert_refused(place)


def test_a_foreign_archive_is_refused(place):
    np.savez(place, weights=np.zeros(3))
    assert "not a checkpoint of this package" in assert_refused(place)


def test_an_archive_with_another_format_mark_is_refused(place):
    np.savez(place, format=np.array("tasam_ref checkpoint 999"), config_hash=np.array("abc"), **STATE)
    assert "not a checkpoint of this package" in assert_refused(place)


def test_a_single_array_is_refused(place):
    with open(place, "wb") as file:
        np.save(file, np.zeros(3))
    assert_refused(place)


class Trap:
    """Unpickling this would leave a mark."""

    sprung = False

    def __reduce__(self):
        return (setattr, (Trap, "sprung", True))


def test_pickled_objects_are_refused_and_never_run(place):
    trapped = np.empty(1, dtype=object)
    trapped[0] = Trap()
    np.savez(place, format=np.array("tasam_ref checkpoint 1"), config_hash=np.array("abc"), actors=trapped)
    assert_refused(place)
    assert not Trap.sprung


def test_a_checkpoint_of_another_configuration_is_refused(good, place):
    place.write_bytes(good)
    assert "another configuration" in assert_refused(place, "abd")
    assert same(load_checkpoint(place, "abc"), STATE)


def test_a_missing_checkpoint_and_a_folder_in_its_place_are_refused(tmp_path):
    assert_refused(tmp_path / "checkpoint.npz")
    (tmp_path / "checkpoint.npz").mkdir()
    assert_refused(tmp_path / "checkpoint.npz")


def test_a_state_that_cannot_be_written_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, STATE, "abc")

    class Unwritable:
        def __array__(self, *args, **kwargs):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, {"actors": np.ones(5), "more": Unwritable()}, "abc")
    assert same(load_checkpoint(path, "abc"), STATE)
    assert listing(tmp_path) == ["checkpoint.npz"]
