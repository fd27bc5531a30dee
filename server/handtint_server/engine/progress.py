"""Progress and cancelling of requests by id: `GET` and `DELETE /v1/requests/ID`."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from ..http.problem import Problem
from ..model import Cancelled

KEPT_SECONDS = 60.0
KEPT_AT_MOST = 1024


class RequestTicket:
    """One request: how far it is, and whether it is still wanted.

    client_gone: polled; true once the client has closed its connection.
    limit: seconds until the request is stopped.
    """

    def __init__(self, request_id: str, client_gone: Callable[[], bool], limit: float) -> None:
        self.request_id = request_id
        self.state = "waiting"
        self.stage = ""
        self.fraction = 0.0
        self.ended: float | None = None
        self.timings: dict[str, float] = {}
        self._client_gone = client_gone
        self._deadline = time.monotonic() + limit
        self._cancelled = False

    def report(self, stage: str, fraction: float) -> None:
        """Note the progress, then `check`."""
        if stage != self.stage:
            self.stage, self.fraction = stage, 0.0
        if fraction == fraction:  # not NaN
            self.fraction = max(self.fraction, min(max(float(fraction), 0.0), 1.0))
        self.check()

    def check(self) -> None:
        """Raise Cancelled if nobody waits for the answer, Problem if it took too long."""
        if self.unwanted:
            raise Cancelled("The request was cancelled.")
        if time.monotonic() > self._deadline:
            raise Problem("timed_out", "The work took longer than the server's limit.")

    @property
    def unwanted(self) -> bool:
        """Whether it was cancelled or its client has gone."""
        if not self._cancelled and self._client_gone():
            self._cancelled = True
        return self._cancelled

    def cancel(self) -> None:
        """Stop it at the next `check`; does nothing if it has ended."""
        if self.ended is None:
            self._cancelled = True
            self.state = "cancelled"

    def end(self, state: str) -> None:
        """Note that it has ended.  state: "done", "failed" or "cancelled"."""
        self.state, self.ended = state, time.monotonic()
        if state == "done":
            self.fraction = 1.0


class RequestTickets:
    """The requests that run, and those that ended within the last minute.  Thread-safe."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._tickets: OrderedDict[str, RequestTicket] = OrderedDict()

    def open(self, request_id: str | None, client_gone: Callable[[], bool]) -> RequestTicket:
        """A new ticket; raises Problem if the id is in use."""
        ticket = RequestTicket(request_id or f"r-{secrets.token_hex(8)}", client_gone, self._limit)
        with self._lock:
            self._forget()
            known = self._tickets.get(ticket.request_id)
            if known is not None and known.ended is None:
                raise Problem("request_id_in_use", "A request with this request_id is running.")
            self._tickets[ticket.request_id] = ticket
            self._tickets.move_to_end(ticket.request_id)
        return ticket

    def find(self, request_id: str) -> RequestTicket:
        """The ticket of an id; raises Problem (request_unknown)."""
        with self._lock:
            self._forget()
            ticket = self._tickets.get(request_id)
        if ticket is None:
            raise Problem(
                "request_unknown", "There is no such request, or it ended over a minute ago."
            )
        return ticket

    def cancel_all(self) -> None:
        """Stop everything that runs."""
        with self._lock:
            for ticket in self._tickets.values():
                ticket.cancel()

    def _forget(self) -> None:
        """Drop tickets that ended long ago, or that are too many."""
        now = time.monotonic()
        over = len(self._tickets) - KEPT_AT_MOST
        for key, ticket in list(self._tickets.items()):
            if ticket.ended is None:
                continue
            if ticket.ended < now - KEPT_SECONDS or over > 0:
                del self._tickets[key]
                over -= 1
