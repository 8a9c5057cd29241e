"""Writing files so that a reader sees the old content or the new, never half of either."""

import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def write_atomically(path, mode="w"):
    """Open a temporary file beside ``path`` and rename it to ``path`` once the block ends well.

    An OSError that names no file, like that of a full disk, or the temporary one, gets to name ``path``.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, mode, **({} if "b" in mode else {"encoding": "utf-8", "newline": "\n"})) as file:
            yield file
        os.replace(temporary, path)
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(temporary)):
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)
