"""Checkpoints: one ``.npz`` of plain arrays, written whole or not at all, read without pickle."""

import zipfile

import numpy as np

from ..errors import UsageError
from ..files import write_atomically

FORMAT = "tasam_ref checkpoint 1"


# What reading a damaged or foreign archive can raise.
_UNREADABLE = (OSError, ValueError, EOFError, AttributeError, TypeError, RuntimeError, MemoryError, zipfile.BadZipFile)


def save_checkpoint(path, state, config_hash):
    """Write the dictionary of arrays ``state``.  The same state gives the same bytes."""
    marks = {"arrays": np.array(len(state)), "format": np.array(FORMAT), "config_hash": np.array(config_hash)}
    with write_atomically(path, "wb") as file:
        np.savez(file, **marks, **state)


def load_checkpoint(path, config_hash):
    """Read what ``save_checkpoint`` wrote.  Raises UsageError for a truncated, foreign or mismatching file."""
    try:
        with open(path, "rb") as file:
            archive = np.load(file, allow_pickle=False)
            state = {name: archive[name] for name in archive.files}
    except _UNREADABLE as error:
        raise UsageError(f"{path}: not a readable checkpoint ({type(error).__name__}); it may be truncated") from None
    if str(state.pop("format", "")) != FORMAT:
        raise UsageError(f"{path}: not a checkpoint of this package: must be marked {FORMAT!r}")
    if str(state.pop("config_hash", "")) != config_hash:
        raise UsageError(f"{path}: belongs to another configuration than the config.toml beside it")
    # An entry whose length is damaged swallows those behind it; files of earlier versions lack the count, the first.
    if int(state.pop("arrays", len(state))) != len(state):
        raise UsageError(f"{path}: not a readable checkpoint (arrays are missing); it may be damaged")
    return state
