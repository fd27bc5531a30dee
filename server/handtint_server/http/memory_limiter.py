"""A bound on the memory that bodies and answers in flight may hold together."""

from __future__ import annotations

import threading

from ..api.errors import Problem


class Budget:
    """Counts bytes; refuses what would go over the limit.  Thread-safe."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Bytes in flight."""
        return self._used

    def take(self, size: int) -> Reservation:
        """Reserve bytes; raises Problem (out_of_memory) if they are not there."""
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
    """Bytes taken from a `Budget` until `release`, which may be called again."""

    def __init__(self, budget: Budget, size: int) -> None:
        self._budget = budget
        self._size = size

    def release(self) -> None:
        """Give the bytes back."""
        size, self._size = self._size, 0
        self._budget._give_back(size)

    def __enter__(self) -> Reservation:
        return self

    def __exit__(self, *unused: object) -> None:
        self.release()
