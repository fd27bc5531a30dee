"""One run at a time for an image: a second one waits for its turn."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import IO, Any, Callable, Iterator

from gi.repository import Gimp

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOOK_EVERY = 0.1


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


@contextmanager
def taken(image: Gimp.Image, waiting: Callable[[], None]) -> Iterator[bool]:
    """Wait for this image's turn; gives whether there was anything to wait for.

    waiting: called again and again while another run is at work.  The lock goes with the
    process, also where GIMP kills it.
    """
    try:
        os.makedirs(Gimp.temp_directory(), exist_ok=True)
        file = open(_path(image), "ab")  # noqa: SIM115
    except OSError:
        yield False  # better without a lock than not at all
        return
    with file:
        waited = False
        while not _lock(file):
            waited = True
            waiting()
            time.sleep(LOOK_EVERY)
        yield waited
