"""A limit on the memory that bodies and answers in flight hold together."""

from __future__ import annotations

import threading

from .problem import Problem


class MemoryLimiter:
    """Counts reserved bytes and refuses what would exceed the limit.  Thread-safe."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Bytes that are reserved now."""
        return self._used

    def reserve(self, size: int) -> Reservation:
        """Reserve bytes; raises Problem (out_of_memory) if they exceed the limit."""
        with self._lock:
            if self._used + size > self.limit:
                raise Problem(
                    "out_of_memory",
                    "Too much is in flight for this machine's memory: wait and send it again.",
                    retry_after=2,
                )
            self._used += size
        return Reservation(self, size)

    def _give_back(self, size: int) -> None:
        with self._lock:
            self._used -= size


class Reservation:
    """Bytes reserved in a `MemoryLimiter` until `release`, which may be called again."""

    def __init__(self, limiter: MemoryLimiter, size: int) -> None:
        self._limiter = limiter
        self._size = size

    def release(self) -> None:
        """Give the bytes back."""
        size, self._size = self._size, 0
        self._limiter._give_back(size)

    def __enter__(self) -> Reservation:
        return self

    def __exit__(self, *unused: object) -> None:
        self.release()
