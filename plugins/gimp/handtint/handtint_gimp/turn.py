"""One run at a time for an image: a second one waits for its turn.  And which processes live."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import IO, Any, Callable, Iterator

from gi.repository import Gimp

from .client.translation import _

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOOK_EVERY = 0.1
WAITING = _("Waiting for the run that is at work")


def _path(image: Gimp.Image) -> str:
    # The parent of every plug-in is GIMP itself; ids of images are its own.
    name = "handtint-%d-%d.lock" % (os.getppid(), image.get_id())
    return os.path.join(Gimp.temp_directory(), name)


def _lock(file: IO[Any]) -> bool:
    """Lock a file until this process ends or closes it; false if another process has it."""
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError:
        return False
    return True


_own: list[IO[Any]] = []
"""The locked file that tells that this process lives."""


def own_mark() -> str:
    """A name that tells others whether this process still lives; "" if there is none."""
    name = "handtint-%d.lock" % os.getpid()
    if not _own:
        try:
            os.makedirs(Gimp.temp_directory(), exist_ok=True)
            file = open(os.path.join(Gimp.temp_directory(), name), "ab")  # noqa: SIM115
        except OSError:
            return ""
        if not _lock(file):
            return ""
        _own.append(file)
    return name


def has_ended(mark: str) -> bool:
    """Whether the process with a mark has ended, also where GIMP has killed it."""
    if _own and mark == own_mark():
        return False
    try:
        with open(os.path.join(Gimp.temp_directory(), mark), "ab") as file:
            return _lock(file)
    except OSError:
        return False


_held: set[str] = set()
"""Whose turn this process has."""


@contextmanager
def wanted(image: Gimp.Image) -> Iterator[Callable[[], bool]]:
    """Ask for this image's turn: gives a function that says whether it has come.

    The turn ends with the block, and with the process, also where GIMP kills it.
    """
    path = _path(image)
    try:
        os.makedirs(Gimp.temp_directory(), exist_ok=True)
        file = open(path, "ab")  # noqa: SIM115
    except OSError:
        yield lambda: True  # better without a lock than not at all
        return
    mine = []

    def has_come() -> bool:
        if not mine and _lock(file):
            mine.append(path)
            _held.add(path)
        return bool(mine)

    with file:
        try:
            yield has_come
        finally:
            _held.difference_update(mine)


def is_taken(image: Gimp.Image) -> bool:
    """Whether another process has this image's turn: then layers may be half made."""
    path = _path(image)
    if path in _held or not os.path.exists(path):
        return False
    try:
        with open(path, "ab") as file:
            return not _lock(file)
    except OSError:
        return False
