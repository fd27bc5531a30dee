"""Bodies of requests as they arrive: kept in one mapping, or read and thrown away."""

from __future__ import annotations

import mmap
import time
from typing import Any

from ..api.errors import Problem
from .memory_limiter import Reservation


class Filled:
    """Stands for bytes that are in a `Body` already."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size


class Body:
    """What arrives of a request's body: an anonymous mapping that fills up."""

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
    def room(self) -> memoryview:
        """Where the next bytes go, for `recv_into`."""
        return memoryview(self._memory)[self.position : self.length]

    def received(self, data: bytes | Filled) -> int:
        """Take what belongs to the body; how many bytes that was."""
        if time.monotonic() > self._deadline:
            self.error = RefusedBeforeRouting(too_slow())
            return len(data)
        taken = min(len(data), self.length - self.position)
        if not isinstance(data, Filled):
            self._memory[self.position : self.position + taken] = data[:taken]
        self.position += taken
        self.completed = self.position == self.length
        return taken

    def getfile(self) -> Body:
        """What the application gets as ``wsgi.input``."""
        return self

    def getbuf(self) -> Body:
        """What waitress closes."""
        return self

    def read(self, size: int = -1) -> bytes:
        """For code that wants a file: all of it at once."""
        return bytes(self.view[: size if size >= 0 else None])

    def close(self) -> None:
        """Give the memory's place back; arrays that view it keep it mapped."""
        self._reservation.release()


class Discard:
    """A body that is read and thrown away, since its request is refused."""

    error: Any = None
    completed = False

    def __init__(self, length: int, refusal: RefusedBeforeRouting, deadline: float) -> None:
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
        """Never asked: a refused request does not reach the application."""
        raise RuntimeError("a refused request has no body")

    def getbuf(self) -> Discard:
        """What waitress closes."""
        return self

    def close(self) -> None:
        """Nothing is held."""


class RefusedBeforeRouting:
    """A `Problem` in the form that waitress's error task sends."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.body = problem.detail

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status line, header fields, body."""
        return self.problem.status_line, self.problem.headers(), self.problem.body()


def too_slow() -> Problem:
    """The answer to a body that takes too long."""
    return Problem("too_slow", "The request took longer to arrive than the server waits.")
