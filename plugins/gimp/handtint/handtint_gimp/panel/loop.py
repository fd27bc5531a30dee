"""GLib's event loop as `client.driver` wants it: timers, and requests sent from threads.

Only `http.client` runs in the threads.  GIMP's and GEGL's calls belong to the main thread: a
thread that stops in the middle of one would hold up GIMP itself.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import traceback
from dataclasses import replace
from typing import Any, Callable, Iterator

from gi.repository import GLib

from ..client import Answer, ClientError, Endpoint, Request, ServerLost, on_the_bar, transport
from ..client.translation import _

Done = Callable[[Answer], None]
Failed = Callable[[ClientError], None]
Report = Callable[[str, float], None]


def safely(call: Callable[..., Any]) -> Callable[..., Any]:
    """A callback that prints what it raises.

    An exception must not end the process: GIMP would warn of a damaged state.  Gives what the
    call gives, and False after an exception, which ends a repeated callback.
    """

    def called(*arguments: Any) -> Any:
        try:
            return call(*arguments)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return False

    return called


def trace(text: str) -> None:
    """A line in GIMP's log, for tests and for those who measure: if HANDTINT_TRACE is set."""
    if os.environ.get("HANDTINT_TRACE"):
        print(text, file=sys.stderr, flush=True)


def soon(call: Callable[..., Any], *arguments: Any) -> None:
    """Call from the event loop.  From any thread."""

    def once() -> bool:
        call(*arguments)
        return False

    GLib.idle_add(safely(once), priority=GLib.PRIORITY_DEFAULT)


class Timer:
    """Calls once each time it is started; starting it again puts the call off."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = safely(call)
        self._source = 0

    def start(self, milliseconds: int) -> None:
        """Call after so many milliseconds."""
        self.stop()
        self._source = GLib.timeout_add(max(0, milliseconds), self._on_time)

    def stop(self) -> None:
        """Do not call."""
        if self._source:
            GLib.source_remove(self._source)
            self._source = 0

    @property
    def runs(self) -> bool:
        """Whether it will call."""
        return self._source != 0

    def _on_time(self) -> bool:
        self._source = 0
        self._call()
        return False


def every(milliseconds: int, call: Callable[[], Any]) -> None:
    """Call again and again, for as long as the process lives."""
    safe = safely(call)

    def again() -> bool:
        safe()
        return True

    GLib.timeout_add(milliseconds, again)


class Loop:
    """The event loop, for `client.driver`."""

    def timer(self, call: Callable[[], Any]) -> Timer:
        """A timer that does not run yet."""
        return Timer(call)

    def send(
        self,
        endpoint: Endpoint,
        request: Request,
        timeout: float,
        done: Done,
        failed: Failed,
        report: Report | None = None,
    ) -> Call:
        """Send a request; `done` or `failed` is called later, unless the call is aborted."""
        return Call(endpoint, request, timeout, done, failed, report)


class _Aborted(Exception):
    """Nobody waits for the answer any more."""


class Call:
    """One request on its way."""

    def __init__(
        self,
        endpoint: Endpoint,
        request: Request,
        timeout: float,
        done: Done,
        failed: Failed,
        report: Report | None,
    ) -> None:
        self._endpoint, self._request, self._timeout = endpoint, request, timeout
        self._done, self._failed, self._report = done, failed, report
        self._over = False
        self._connection: Any = None
        self._pieces: list[Any] = []
        self._source: Iterator[Any] = iter(request.pieces())
        self._timer = Timer(self._read)
        self._timer.start(0)

    def _read(self) -> None:
        """Read the next piece of the body: pixels come from GIMP, here, in the main thread."""
        try:
            piece = next(self._source, None)
        except ClientError as error:
            self._end(self._failed, error)
            return
        if piece is not None:
            # In bytes: an array of 16-bit values counts its length in values.
            self._pieces.append(memoryview(piece).cast("B"))
            self._timer.start(0)
            return
        self._request = replace(self._request, body=tuple(self._pieces))
        self._pieces = []
        threading.Thread(target=self._work, daemon=True).start()

    def abort(self) -> None:
        """Give up: the connection is closed, which cancels the work on the server."""
        self._over = True
        self._timer.stop()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    # --- in the thread ---------------------------------------------------------------------

    def _work(self) -> None:
        try:
            answer = transport.send(
                self._endpoint, self._request, self._timeout, self._tell, self._opened
            )
        except _Aborted:
            return
        except ClientError as error:
            soon(self._end, self._failed, error)
        except Exception as fault:
            traceback.print_exc(file=sys.stderr)
            lost = ServerLost(
                _("The request to the Handtint server failed (%s). Try again.") % fault
            )
            soon(self._end, self._failed, lost)
        else:
            soon(self._end, self._done, answer)

    def _opened(self, connection: Any) -> None:
        self._connection = connection
        if self._over:
            raise _Aborted

    def _tell(self, stage: str, fraction: float) -> None:
        if self._over:
            raise _Aborted
        if self._report is not None and self._request.request_id:
            soon(self._pass_on, *on_the_bar(stage, fraction))

    # --- in the main thread ----------------------------------------------------------------

    def _pass_on(self, text: str, fraction: float) -> None:
        if not self._over and self._report is not None:
            self._report(text, fraction)

    def _end(self, callback: Callable[[Any], None], value: Any) -> None:
        if not self._over:
            self._over = True
            callback(value)
