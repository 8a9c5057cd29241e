"""Files are replaced whole or not at all."""

import os

import pytest
from command_line import listing
from hypothesis import given
from hypothesis import strategies as st

from tasam_ref.files import write_atomically


class Stop(BaseException):
    """Something that is not even an Exception."""


def test_new_content_appears_at_the_end_of_the_block_only(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with write_atomically(path) as file:
        file.write("new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert listing(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit, Stop])
@pytest.mark.parametrize("existing", [True, False])
def test_an_exception_leaves_the_old_content_and_nothing_else(tmp_path, error, existing):
    path = tmp_path / "notes.txt"
    if existing:
        path.write_text("old")
    with pytest.raises(error), write_atomically(path) as file:
        file.write("half of the ne")
        file.flush()
        raise error
    assert listing(tmp_path) == ["notes.txt"] * existing
    if existing:
        assert path.read_text() == "old"


def test_a_rename_that_fails_leaves_the_old_content(tmp_path, monkeypatch):
    path = tmp_path / "notes.txt"
    path.write_text("old")

    def fail(source, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(PermissionError), write_atomically(path) as file:
        file.write("new")
    assert path.read_text() == "old"
    assert listing(tmp_path) == ["notes.txt"]


def test_a_full_disk_is_told_with_the_files_own_name(tmp_path):
    """What the system says of a write names no file, and of an open the temporary one."""
    path = tmp_path / "notes.txt"
    with pytest.raises(OSError) as failure, write_atomically(path):
        raise OSError(28, "No space left on device")
    assert str(failure.value) == f"[Errno 28] No space left on device: '{path}'"
    with pytest.raises(OSError) as failure, write_atomically(tmp_path / "nowhere" / "notes.txt"):
        pass
    assert str(failure.value) == f"[Errno 2] No such file or directory: '{tmp_path / 'nowhere' / 'notes.txt'}'"
    with pytest.raises(OSError, match="'other'"), write_atomically(path):
        raise FileNotFoundError(2, "No such file", "other")


def test_a_missing_folder_is_an_os_error_and_is_not_made(tmp_path):
    with pytest.raises(FileNotFoundError), write_atomically(tmp_path / "nowhere" / "notes.txt") as file:
        file.write("new")
    assert listing(tmp_path) == []


@given(st.binary(max_size=200))
def test_bytes_arrive_as_they_are(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("files") / "blob"
    with write_atomically(path, "wb") as file:
        file.write(content)
    assert path.read_bytes() == content


def test_text_is_utf_8_with_plain_line_ends(tmp_path):
    with write_atomically(tmp_path / "notes.txt") as file:
        file.write("caf\u00e9\n\u03c1\n")
    assert (tmp_path / "notes.txt").read_bytes() == b"caf\xc3\xa9\n\xcf\x81\n"
