"""Which answer each error of the model gets: status, stable code, sentence."""

from __future__ import annotations

import errno

from ..engine.out_of_memory import is_device_out_of_memory
from ..http.problem import Problem
from ..memory import is_out_of_memory
from ..model import (
    BadCheckpoint,
    BadHint,
    BadImage,
    BadOption,
    Cancelled,
    DeviceProblem,
    HandtintError,
    TooManyPixels,
    WriteFailed,
)
from ..sentences import sentence

CODE_OF: dict[type[HandtintError], str] = {
    BadImage: "bad_image",
    TooManyPixels: "image_too_large",
    BadHint: "bad_hints",
    BadOption: "bad_option",
    BadCheckpoint: "model_failed",
    DeviceProblem: "model_failed",
    Cancelled: "cancelled",
    WriteFailed: "write_failed",
}
"""The code of every error of the model; a test fails when one is missing."""

_RETRY_AFTER = {"model_failed": 30}
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def problem_from(error: BaseException) -> Problem | None:
    """The answer to an expected error, or None for any other: those are a 500 and are logged.

    A bare `HandtintError` and a class that `CODE_OF` does not list are unexpected, too.
    """
    if isinstance(error, Problem):
        return error
    if is_disk_full(error):
        return Problem(
            "disk_full", "The disk of the server is full: free some space and try again."
        )
    if isinstance(error, HandtintError):
        code = next((CODE_OF[kind] for kind in type(error).__mro__ if kind in CODE_OF), None)
        if code is None:
            return None
        return Problem(code, sentence(error), retry_after=_RETRY_AFTER.get(code))
    if is_device_out_of_memory(error) or is_out_of_memory(error):
        return Problem(
            "out_of_memory",
            "There is not enough memory for this now: wait and send it again, or send a "
            "smaller photo.",
            retry_after=5,
        )
    return None


def is_disk_full(error: BaseException) -> bool:
    """Whether an error, or the one that it was raised from, says that no space is left."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _DISK_FULL:
            return True
        cause = cause.__cause__
    return False
