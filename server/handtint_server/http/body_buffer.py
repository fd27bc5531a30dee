"""Bodies of requests as they arrive: kept in one memory mapping, or read and discarded."""

from __future__ import annotations

import mmap
import time
from typing import Any

from .memory_limiter import Reservation
from .problem import Problem


class AlreadyReceived:
    """Stands for bytes that `recv_into` has put into a `BodyBuffer` already."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size


class BodyBuffer:
    """A body as it arrives, in an anonymous mapping of its full length.

    Has the methods of waitress's body receivers and of its buffers.
    """

    completed = False
    error: Any = None

    def __init__(self, length: int, reservation: Reservation, deadline: float) -> None:
        self.length = length
        self.position = 0
        self._reservation = reservation
        self._deadline = deadline
        self._memory = mmap.mmap(-1, length)

    def __len__(self) -> int:
        return self.position

    @property
    def view(self) -> memoryview:
        """The body, without a copy."""
        return memoryview(self._memory)

    @property
    def free_space(self) -> memoryview:
        """Where the next bytes go, for `recv_into`."""
        return memoryview(self._memory)[self.position : self.length]

    def received(self, data: bytes | AlreadyReceived) -> int:
        """Take what belongs to the body; returns how many bytes that was."""
        if time.monotonic() > self._deadline:
            self.error = EarlyRefusal(too_slow())
            return len(data)
        taken = min(len(data), self.length - self.position)
        if not isinstance(data, AlreadyReceived):
            self._memory[self.position : self.position + taken] = data[:taken]
        self.position += taken
        self.completed = self.position == self.length
        return taken

    def getfile(self) -> BodyBuffer:
        """What the application gets as ``wsgi.input``."""
        return self

    def getbuf(self) -> BodyBuffer:
        """What waitress closes."""
        return self

    def read(self, size: int = -1) -> bytes:
        """For code that expects a file: a copy of the first bytes, or of all."""
        return bytes(self.view[: size if size >= 0 else None])

    def close(self) -> None:
        """Release the reservation.  Arrays that view the mapping keep it alive."""
        self._reservation.release()


class DiscardedBody:
    """The body of a refused request: read, counted and thrown away.

    The client sends all of its body before it reads the answer; if the server closed the
    connection earlier, the client would see a broken pipe instead of the refusal.
    """

    error: Any = None
    completed = False

    def __init__(self, length: int, refusal: EarlyRefusal, deadline: float) -> None:
        self._left = length
        self._refusal = refusal
        self._deadline = deadline

    def __len__(self) -> int:
        return 0

    def received(self, data: bytes) -> int:
        """Count what arrives; the refusal is sent at the end, or when it takes too long."""
        taken = min(len(data), self._left)
        self._left -= taken
        if self._left == 0 or time.monotonic() > self._deadline:
            self.error = self._refusal
        return taken

    def getfile(self) -> Any:
        """Never called: a refused request does not reach the application."""
        raise RuntimeError("a refused request has no body")

    def getbuf(self) -> DiscardedBody:
        """What waitress closes."""
        return self

    def close(self) -> None:
        """Nothing is held."""


class EarlyRefusal:
    """A `Problem` from before routing, with what waitress's error task asks of an error."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.body = problem.detail

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status line, header fields, body."""
        return self.problem.status_line, self.problem.headers(), self.problem.body()


def too_slow() -> Problem:
    """The answer to a body that takes too long."""
    return Problem("too_slow", "The request took longer to arrive than the server waits.")
