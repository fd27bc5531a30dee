"""The application behind waitress, with the gate at the end of the header section.

waitress reads a whole body before it calls the application.  This server checks a request as
soon as its header fields have arrived (`gate.Gate`, lengths, memory in flight).  The body of a
refused request is read and discarded, so that the client gets the answer instead of a broken
pipe.  The body of an accepted one goes straight into one memory mapping, and its parts are
views of that.  Errors below HTTP routing are problem JSON like all others.
"""

# waitress has no types; its classes are Any to mypy.
# mypy: disallow-subclassing-any=False, disable-error-code="import-untyped,no-any-return"

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from .body_buffer import AlreadyReceived, BodyBuffer, DiscardedBody, EarlyRefusal
from .memory_limiter import MemoryLimiter
from .problem import Problem

if TYPE_CHECKING:
    import socket

    from ..settings import Settings
    from .gate import Gate

MAX_HEADER = 32 << 10
HEADER_SECONDS = 20.0
_RECEIVE_BYTES = 256 << 10
_SPARE_THREADS = 6
_QUICK_THREADS = 2
BODY_METHODS = frozenset({"POST"})


def _as_problem(error: Any) -> Problem:
    """A `Problem` for an error of waitress's own."""
    if isinstance(error, EarlyRefusal):
        return error.problem
    code = {413: "body_too_large", 431: "header_too_large", 501: "not_implemented"}.get(
        getattr(error, "code", 400), "bad_http"
    )
    if getattr(error, "code", 400) >= 500 and code == "bad_http":
        return Problem("internal", "The server failed; its log says more.")
    details = {
        "body_too_large": "The body is larger than the server's limit.",
        "header_too_large": "The header section is larger than the server's limit.",
        "not_implemented": "The server does not know this transfer coding.",
        "bad_http": "The request is not valid HTTP.",
    }
    return Problem(code, details[code])


class Parser(HTTPRequestParser):
    """Checks a request by its header section, before any of its body is kept."""

    adj: GatedAdjustments
    # waitress's, for mypy
    content_length: int
    expect_continue: bool
    body_rcv: Any
    error: Any

    def __init__(self, adj: GatedAdjustments) -> None:
        super().__init__(adj)
        self.started = time.monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the header section, then decide where the body goes."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # urlsplit's, for a malformed IPv6 address
            self.connection_close = True
            self._refuse(Problem("bad_http", f"The request target is malformed: {error}."))
            return
        problem = self._check_request()
        if problem is not None:
            self._refuse(problem)
        elif self.content_length > 0:
            self._keep_body()

    def _check_request(self) -> Problem | None:
        adj = self.adj
        if self.version not in ("1.0", "1.1") or self.proxy_netloc:
            return Problem("bad_http", "The request is not HTTP/1.1 to an origin server.")

        def get(name: str) -> str | None:
            return self.headers.get(name.upper().replace("-", "_"))

        refusal = adj.gate.refuse(self.command, self.path, get)
        if refusal is not None:
            return refusal
        if self.chunked:
            return Problem("length_required", "Send Content-Length; chunked bodies are refused.")
        if self.content_length > adj.body_limit:
            return Problem("body_too_large", "The body is larger than the server's limit.")
        return None

    def _refuse(self, problem: Problem) -> None:
        refusal = EarlyRefusal(problem)
        length, limit = self.content_length, self.adj.body_limit
        wait = 0 < length <= limit and not self.expect_continue and not self.chunked
        if wait:
            self.body_rcv = DiscardedBody(length, refusal, self.started + self.adj.receive_seconds)
        else:
            self.error = refusal
            self.completed = True
            self.body_rcv = DiscardedBody(0, refusal, self.started)
            self.content_length = 0
        self.expect_continue = False

    def _keep_body(self) -> None:
        try:
            reservation = self.adj.memory_limiter.reserve(self.content_length)
        except Problem as problem:
            self._refuse(problem)
            return
        deadline = self.started + self.adj.receive_seconds
        try:
            self.body_rcv = BodyBuffer(self.content_length, reservation, deadline)
        except (OSError, ValueError, OverflowError):
            reservation.release()
            self._refuse(Problem("out_of_memory", "There is no memory for this body.",
                                 retry_after=5))  # fmt: skip

    def received(self, data: bytes | AlreadyReceived) -> int:
        """As waitress's, which overlooks an error of the header section if there is a body."""
        taken: int = super().received(data)
        if self.error is not None:
            self.completed = True
        return taken


class ProblemTask(ErrorTask):
    """Answers with problem JSON."""

    def execute(self) -> None:
        """Send the problem; the connection is closed afterwards."""
        problem = _as_problem(self.request.error)
        self.channel.server.adj.on_refusal(problem)
        body = problem.body()
        self.status = problem.status_line
        self.response_headers.extend(problem.headers())
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(b"" if getattr(self.request, "command", "") == "HEAD" else body)


class Channel(HTTPChannel):
    """A connection."""

    task_class = WSGITask
    error_task_class = ProblemTask
    parser_class = Parser
    request: Any  # waitress's, for mypy
    has_sent = False

    def received(self, data: bytes | AlreadyReceived) -> bool:
        """Note that the client has sent something."""
        self.has_sent = True
        return bool(super().received(data))

    def handle_read(self) -> None:
        """As waitress's, but a body goes from the socket straight into its buffer."""
        body = getattr(self.request, "body_rcv", None)
        if not isinstance(body, BodyBuffer):
            super().handle_read()
            return
        try:
            size = self.socket.recv_into(body.free_space)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if size == 0:
            self.handle_close()
            return
        self.last_activity = time.time()
        self.received(AlreadyReceived(size))

    def handle_close(self) -> None:
        """Release the memory of a body that will not be completed."""
        with self.requests_lock:
            request, self.request = self.request, None
        if request is not None:
            request.close()
        super().handle_close()


class GatedAdjustments(Adjustments):
    """waitress's settings, and what the parser needs besides."""

    def __init__(
        self,
        settings: Settings,
        gate: Gate,
        memory_limiter: MemoryLimiter,
        on_refusal: Callable[[Problem], None],
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.gate = gate
        self.memory_limiter = memory_limiter
        self.on_refusal = on_refusal
        self.body_limit = settings.max_body
        self.receive_seconds = settings.receive_timeout


class Server(TcpWSGIServer):
    """waitress with the gate."""

    channel_class = Channel
    _ended = False

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._quick = ThreadedTaskDispatcher()
        self._quick.set_thread_count(_QUICK_THREADS)

    def add_task(self, channel: Channel) -> None:
        """Queue a request.  Health, progress and cancelling have threads of their own."""
        command = getattr(channel.requests[0], "command", "") if channel.requests else ""
        quick = command not in BODY_METHODS
        (self._quick if quick else self.task_dispatcher).add_task(channel)

    def maintenance(self, now: float) -> None:
        """Close idle connections, and those whose request takes too long to arrive."""
        super().maintenance(now)
        clock = time.monotonic()
        for channel in list(self.active_channels.values()):
            request = channel.request
            if request is None:
                if not channel.has_sent and now - channel.creation_time > HEADER_SECONDS:
                    channel.will_close = True
                continue
            waits = self.adj.receive_seconds if request.headers_finished else HEADER_SECONDS
            if clock - request.started > waits and not channel.requests:
                channel.will_close = True

    def run(self) -> None:
        """Serve until `end`."""
        while not self._ended:
            self.asyncore.loop(
                timeout=1.0, map=self._map, use_poll=self.adj.asyncore_use_poll, count=1
            )
        self.task_dispatcher.shutdown(timeout=1)
        self._quick.shutdown(timeout=1)
        self.asyncore.close_all(self._map)

    def stop_listening(self) -> None:
        """Take no more connections; those that are open go on."""
        self.accepting = False

    @property
    def answering(self) -> bool:
        """Whether an answer is still being written or sent.

        Empty output buffers are not enough: between two parts of an answer nothing waits to be
        sent.  But a channel keeps its request until the answer is written.
        """
        channels = list(self.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)

    @property
    def receiving(self) -> bool:
        """Whether a request has begun to arrive."""
        return any(channel.request is not None for channel in list(self.active_channels.values()))

    def end(self) -> None:
        """Make `run` return; from any thread."""
        self._ended = True
        self.pull_trigger()


def make_server(
    application: Any,
    settings: Settings,
    gate: Gate,
    memory_limiter: MemoryLimiter,
    listening: socket.socket,
    on_refusal: Callable[[Problem], None] = lambda problem: None,
) -> Server:
    """A server on a bound socket; `run` it, and end it with `close`."""
    adjustments = GatedAdjustments(
        settings,
        gate,
        memory_limiter,
        on_refusal,
        sockets=[listening],
        threads=settings.places + _SPARE_THREADS,
        connection_limit=settings.connections,
        max_request_body_size=settings.max_body + (1 << 20),
        max_request_header_size=MAX_HEADER,
        recv_bytes=_RECEIVE_BYTES,
        outbuf_overflow=1 << 30,  # answers stay in memory, counted by the memory limiter
        outbuf_high_watermark=1 << 62,  # no thread waits for a slow reader
        channel_timeout=120,
        cleanup_interval=5,
        channel_request_lookahead=1,  # so that a closed connection is noticed
        clear_untrusted_proxy_headers=True,
        expose_tracebacks=False,
        log_socket_errors=False,
        asyncore_use_poll=True,
        ident="handtint",
    )
    return Server(
        application,
        adj=adjustments,
        _sock=listening,
        sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
        bind_socket=False,
        map={},
    )
