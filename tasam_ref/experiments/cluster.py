"""Runs on a Dask cluster, through the executor that its client offers.  Needs the extra ``cluster``.

Scheduler, workers and this process must see the runs' folder under one name.
"""

from contextlib import contextmanager

from ..errors import UsageError


@contextmanager
def dask_executor(address, timeout_s=10):
    """An executor of the Dask scheduler at ``address``, for a with statement.

    A run whose worker dies is begun again by the scheduler, on another worker, and goes on from its checkpoint.
    Raises UsageError where Dask is missing or nobody answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise UsageError("--executor dask: needs the extra: pip install 'tasam_ref[cluster]'") from None
    try:
        client = Client(address, timeout=timeout_s)
    except (OSError, ValueError, MemoryError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        if isinstance(error, MemoryError):              # the length of a message, read from words like HTTP/1.1
            reason = "what answers there is no Dask scheduler"
        raise UsageError(f"--scheduler {address}: cannot be reached: {reason}") from None
    with client:
        yield client.get_executor(pure=False)
