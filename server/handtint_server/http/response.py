"""Answers to the client; pixels go out without another copy."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from flask import Request, Response
from numpy.typing import NDArray
from pydantic import BaseModel
from werkzeug.wsgi import FileWrapper

from .memory_limiter import Reservation
from .problem import COMMON_HEADERS, Problem


class MemoryFile(io.RawIOBase):
    """A buffer as a file that waitress sends from, without copying it.

    Keeps the memory reserved until the buffer is sent or its client has gone.
    """

    def __init__(self, data: memoryview, reservation: Reservation | None = None) -> None:
        super().__init__()
        self._data = data
        self._position = 0
        self._reservation = reservation

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """As files do."""
        base = (0, self._position, len(self._data))[whence]
        self._position = min(max(base + offset, 0), len(self._data))
        return self._position

    def tell(self) -> int:
        """Where the next `read` begins."""
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """A view of the next bytes; sockets take it like bytes."""
        end = len(self._data) if size is None or size < 0 else self._position + size
        chunk = self._data[self._position : end]
        self._position += len(chunk)
        return chunk  # type: ignore[return-value]

    def close(self) -> None:
        """Let go of the buffer."""
        if not self.closed:
            self._data = memoryview(b"")
            if self._reservation is not None:
                self._reservation.release()
        super().close()


def pixels_answer(
    request: Request,
    pixels: NDArray[Any] | bytes,
    content_type: str,
    headers: list[tuple[str, str]],
    reservation: Reservation | None = None,
) -> Response:
    """An answer whose body is a C-contiguous array or bytes."""
    if isinstance(pixels, bytes):
        view = memoryview(pixels)
    else:
        view = pixels.reshape(-1).view(np.uint8).data
    length = len(view)
    if request.method == "HEAD":
        view = memoryview(b"")
    file = MemoryFile(view, reservation)
    wrapper = request.environ.get("wsgi.file_wrapper", FileWrapper)
    response = Response(wrapper(file, 1 << 16), direct_passthrough=True)
    response.headers.clear()
    response.headers.extend([("Content-Type", content_type), *COMMON_HEADERS, *headers])
    response.headers["Content-Length"] = str(length)
    return response


def json_answer(model: BaseModel, headers: list[tuple[str, str]] | None = None) -> Response:
    """An answer in JSON."""
    return bytes_answer(model.model_dump_json().encode(), "application/json", headers)


def bytes_answer(
    data: bytes, content_type: str, headers: list[tuple[str, str]] | None = None
) -> Response:
    """A short answer."""
    response = Response(data)
    response.headers.clear()
    response.headers.extend([("Content-Type", content_type), *COMMON_HEADERS, *(headers or [])])
    return response


def problem_answer(problem: Problem) -> Response:
    """Problem JSON."""
    response = Response(problem.body(), status=problem.status_line)
    response.headers.clear()
    response.headers.extend(problem.headers())
    return response


def timing_header(timings: dict[str, float]) -> tuple[str, str]:
    """``Server-Timing`` (W3C): milliseconds by step."""
    order = ("decode", "wait", "encode", "render", "write")
    steps = [f"{step};dur={timings[step]:.1f}" for step in order if step in timings]
    return "Server-Timing", ", ".join(steps)
