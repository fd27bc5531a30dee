"""What `handtint serve` does to its own process, to stay small and quick for weeks.

Nothing here is done by `api.app.create_app`: an application inside another program leaves that
program's garbage collector, memory and libraries as they are.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
import threading
import time
from collections.abc import Callable

_TRIM_SECONDS = 10.0


def limit_malloc() -> None:
    """Keep glibc from holding on to freed memory.

    Large arrays get mappings of their own, which go back to the system when they are freed, and
    all threads share two heaps.  Without this, glibc keeps a heap for every thread, and arrays
    of up to 32 MB for the next request: requests for a few megapixels are a little faster then,
    but the memory grows by a fifth under load, as cached planes lie between freed ones.
    """
    if sys.platform != "linux":
        return
    arena_max, mmap_threshold = -8, -3  # malloc.h: M_ARENA_MAX, M_MMAP_THRESHOLD
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(arena_max, 2)
        mallopt(mmap_threshold, 1 << 20)


def trim_heaps() -> None:
    """Give freed memory that the C library keeps back to the system."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def limit_libvips() -> None:
    """Keep libvips from holding pixels, and from loaders that it calls untrusted.

    Its cache of operations would answer with old pixels for a file that was written again.
    Only the loaders of the four formats are ever called, by name; blocking is a second line.
    """
    import pyvips

    pyvips.block_untrusted_set(True)
    pyvips.cache_set_max(0)


class Housekeeper(threading.Thread):
    """Frees memory after work, and every ten seconds during it.

    Tracebacks hold requests, and so their arrays, in cycles that only the collector finds.  What
    the libraries made at their start is frozen first, so that each collection is quick.

    loaded: set once the model is loaded.  finished: how many requests have ended and models
    were unloaded.  busy: whether there is work now.
    """

    def __init__(
        self, loaded: threading.Event, finished: Callable[[], int], busy: Callable[[], bool]
    ) -> None:
        super().__init__(name="handtint-housekeeper", daemon=True)
        self._loaded = loaded
        self._finished = finished
        self._busy = busy
        self._stopped = threading.Event()

    def run(self) -> None:
        """Watch until `stop`."""
        while not self._loaded.wait(0.5):
            if self._stopped.is_set():
                return
        gc.collect()
        gc.freeze()
        freed_at, freed = time.monotonic(), 0
        while not self._stopped.wait(1.0):
            count, now = self._finished(), time.monotonic()
            if count != freed and (not self._busy() or now - freed_at > _TRIM_SECONDS):
                gc.collect()
                trim_heaps()
                freed_at, freed = now, count

    def stop(self) -> None:
        """End soon; the process is as it was but for what was freed."""
        self._stopped.set()
        gc.unfreeze()
