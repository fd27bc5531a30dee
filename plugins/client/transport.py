"""Drives the steps of `session` with `http.client`: blocking, standard library only."""

from __future__ import annotations

import http.client
import os
import select
import socket
import ssl
import subprocess
import sys
import threading
import time
from typing import Any, Callable, TypeVar
from urllib.parse import urlsplit

from . import protocol
from .errors import ClientError, ServerLost, ServerTimeout, ServerUnreachable, StartFailed
from .messages import Answer, Progress, Request
from .places import Endpoint
from .session import Flow, Pause, Send, Start
from .translation import _

T = TypeVar("T")
Report = Callable[[str, float], None]
"""Called on the caller's own thread, several times a second, with a stage and 0..1."""

BLOCK = 1 << 20
TICK = 0.1
POLL = 0.25
CONNECT_TIMEOUT = 5.0


def run(flow: Flow[T], report: Report = lambda stage, fraction: None) -> T:
    """Do the steps of a flow until it returns; what it raises is raised here."""
    outcome: Any = None
    error: ClientError | None = None
    while True:
        try:
            step = flow.throw(error) if error is not None else flow.send(outcome)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        outcome, error = None, None
        try:
            if isinstance(step, Send):
                outcome = send(step.endpoint, step.request, step.timeout, report)
            elif isinstance(step, Pause):
                _pause(step, report)
            else:
                outcome = start(step)
        except ClientError as raised:
            error = raised


def _pause(step: Pause, report: Report) -> None:
    end = time.monotonic() + step.seconds
    while True:
        report(step.text, 0.0)
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, TICK))


# --- one request ---------------------------------------------------------------------------


def open_connection(endpoint: Endpoint, timeout: float) -> http.client.HTTPConnection:
    """A connection to a server, established; raises ServerUnreachable."""
    parts = urlsplit(endpoint.url)
    host = parts.hostname or ""
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=endpoint.ca_file or None)
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, parts.port, timeout=min(timeout, CONNECT_TIMEOUT), context=context
            )
        else:
            connection = http.client.HTTPConnection(
                host, parts.port, timeout=min(timeout, CONNECT_TIMEOUT)
            )
        connection.connect()
    except ssl.SSLCertVerificationError as error:
        raise ServerUnreachable(
            _(
                "The certificate of %(url)s is not trusted (%(reason)s). If the server has a CA "
                "of its own, name its file in the field Certificate file, under Server."
            )
            % {"url": endpoint.url, "reason": error.verify_message}
        ) from error
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ServerUnreachable(
            _(
                "No Handtint server answers at %(url)s (%(reason)s). Is it running there? If the "
                "address is wrong, correct it in the field Address, under Server."
            )
            % {"url": endpoint.url, "reason": reason}
        ) from error
    connection.sock.settimeout(timeout)
    return connection


def send(
    endpoint: Endpoint,
    request: Request,
    timeout: float = 30.0,
    report: Report = lambda stage, fraction: None,
    opened: Callable[[http.client.HTTPConnection], None] = lambda connection: None,
) -> Answer:
    """Send one request and read its whole answer.

    opened: is given the connection; who shuts down its socket from another thread ends the call.
    Raises ServerUnreachable, ServerTimeout after `timeout` seconds without a sign of life,
    or ServerLost.  A caller that goes away closes the connection, which cancels the work.
    """
    connection = open_connection(endpoint, timeout)
    watch = _Watch(endpoint, request.request_id, timeout) if request.request_id else None
    try:
        opened(connection)
        _send_message(connection, endpoint, request, report)
        if watch is not None:
            watch.start()
            _wait(connection, watch, timeout, report)
        response = connection.getresponse()
        body = _read_body(response, report if request.request_id else None)
        return Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, body
        )
    except socket.timeout as error:
        raise _timed_out(timeout) from error
    except (http.client.HTTPException, OSError) as error:
        raise ServerLost(
            _(
                "The Handtint server ended before its answer was complete: nothing was changed. "
                "Try again; its log says what happened."
            )
        ) from error
    finally:
        if watch is not None:
            watch.stop()
        connection.close()


def _timed_out(timeout: float) -> ServerTimeout:
    return ServerTimeout(
        _(
            "The Handtint server gave no sign of life for %g s: nothing was changed. Restart "
            "it and try again."
        )
        % timeout
    )


def _send_message(
    connection: http.client.HTTPConnection, endpoint: Endpoint, request: Request, report: Report
) -> None:
    prefix = urlsplit(endpoint.url).path.rstrip("/")
    connection.putrequest(request.method, prefix + request.path, skip_accept_encoding=True)
    if endpoint.token:
        connection.putheader("Authorization", "Bearer " + endpoint.token)
    for name, value in request.headers:
        connection.putheader(name, value)
    length = request.content_length
    if request.method == "POST":
        connection.putheader("Content-Length", str(length))
    sent = 0
    try:
        connection.endheaders()
        for piece in request.pieces():
            view = memoryview(piece).cast("B")
            for at in range(0, len(view), BLOCK):
                connection.send(view[at : at + BLOCK])
                sent += min(BLOCK, len(view) - at)
                if request.request_id:
                    report("send", sent / length)
    except (BrokenPipeError, ConnectionResetError):
        # Refused before the body was read: the answer is there and says why.
        if not select.select([connection.sock], [], [], 1.0)[0]:
            raise


def _wait(
    connection: http.client.HTTPConnection, watch: _Watch, timeout: float, report: Report
) -> None:
    """Return when the answer has begun; raises ServerTimeout."""
    while not select.select([connection.sock], [], [], TICK)[0]:
        now = watch.latest
        if now is not None:
            report(now.stage, now.fraction)
        else:
            report("wait", 0.0)
        if time.monotonic() - watch.alive > timeout:
            raise _timed_out(timeout)


def _read_body(response: http.client.HTTPResponse, report: Report | None) -> bytearray:
    """The body into one buffer of the announced size, so that it exists only once."""
    length = response.length
    if length is None:
        return bytearray(response.read())
    body = bytearray(length)
    view = memoryview(body)
    at = 0
    while at < length:
        got = response.readinto(view[at : at + BLOCK])
        if not got:
            raise http.client.IncompleteRead(b"", length - at)
        at += got
        if report is not None:
            report("receive", at / length)
    return body


class _Watch(threading.Thread):
    """Asks for the progress of a request on a connection of its own.

    latest: what the server said last, or None.  alive: when it last said anything.
    """

    def __init__(self, endpoint: Endpoint, request_id: str, timeout: float) -> None:
        super().__init__(daemon=True)
        self._endpoint = endpoint
        self._request = protocol.progress(request_id)
        self._timeout = timeout
        self._stopped = threading.Event()
        self.latest: Progress | None = None
        self.alive = time.monotonic()

    def run(self) -> None:
        self.alive = time.monotonic()
        while not self._stopped.wait(POLL):
            try:
                answer = send(self._endpoint, self._request, self._timeout)
                self.alive = time.monotonic()
                self.latest = protocol.read_progress(answer) or self.latest
            except ClientError:
                continue  # the request itself tells what is wrong, or the silence does

    def stop(self) -> None:
        self._stopped.set()


# --- starting the server -------------------------------------------------------------------


class Started:
    """A program that was started."""

    def __init__(self, process: subprocess.Popen[bytes], log: str) -> None:
        self._process = process
        self._log = log
        _RUNNING.append(process)

    def failure(self) -> str | None:
        """None while it may come up; else the last line that it wrote, or ""."""
        code = self._process.poll()
        if code is None or code == 0 or code == ALREADY_RUNNING:
            return None
        return last_line(self._log)


_RUNNING: list[subprocess.Popen[bytes]] = []
"""Programs started from here, which may outlive us: Python complains where it forgets one."""

ALREADY_RUNNING = 3
"""Exit status of a server that found another one."""


def last_line(path: str) -> str:
    """The last line of a text file that says something, at most 300 characters of it."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - 4096))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:300] if lines else ""


def clean_environment(environ: Any = os.environ) -> dict[str, str]:
    """The environment without what editors set for their own Python and libraries."""
    foreign = ("PYTHON", "LD_", "DYLD_", "GI_TYPELIB", "GEGL_", "BABL_", "GIMP", "QT_", "KRITA")
    return {name: value for name, value in environ.items() if not name.startswith(foreign)}


STARTED_BY_AN_EDITOR = {"HANDTINT_IDLE_UNLOAD": "10", "HANDTINT_EXIT_IDLE": "30"}
"""Minutes without work after which the server frees the model, and without a request after
which it ends: it does not stay for ever when the editor has gone."""


def start(step: Start, environ: Any = os.environ) -> Started:
    """Start a server that outlives this program; raises StartFailed.

    What the user has set in the environment wins over `STARTED_BY_AN_EDITOR`.
    """
    flags: Any = {"start_new_session": True}
    if sys.platform == "win32":
        # DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW
        flags = {"creationflags": 0x00000008 | 0x00000200 | 0x08000000}
    try:
        os.makedirs(os.path.dirname(step.log), mode=0o700, exist_ok=True)
        with open(step.log, "wb") as log:
            process = subprocess.Popen(
                step.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**STARTED_BY_AN_EDITOR, **clean_environment(environ)},
                cwd=os.path.expanduser("~"),
                **flags,
            )
    except OSError as error:
        raise StartFailed(
            _(
                "The Handtint server could not be started: %(reason)s (%(program)s). Install "
                "Handtint again, as Help shows."
            )
            % {"reason": error.strerror or error, "program": step.command[0]}
        ) from error
    return Started(process, step.log)
