"""Writing files so that a reader sees the old content or the new, never half of either."""

import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def write_atomically(path, mode="w"):
    """Open a temporary file beside ``path`` and rename it to ``path`` once the block ends well."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, mode, **({} if "b" in mode else {"encoding": "utf-8", "newline": "\n"})) as file:
            yield file
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
