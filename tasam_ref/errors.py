"""The two ways in which this package says no.

``UsageError``   what was asked for cannot be done (exit code 2): bad value, unknown name, foreign file.
``RunFailure``   what was asked for was tried and failed (exit code 1): a diverging run, an interrupted run.
"""


class UsageError(ValueError):
    """Bad input: one line that names the field, its value and what is allowed."""


class RunFailure(RuntimeError):
    """A run that started well and could not be finished."""
