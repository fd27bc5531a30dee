"""When the steps of a live update were done, for those who measure and set HANDTINT_TRACE."""

from __future__ import annotations

import json
import time

from .loop import trace


class Times:
    """Of `time.monotonic`: "lifted", "noticed", "asked", "answered", "shown"."""

    def __init__(self) -> None:
        self._now: dict[str, float] = {}

    def noticed(self, lifted_at: float, busy: bool) -> None:
        """Something has changed; busy: while an update of an earlier change runs."""
        if not busy or not self._now:
            self._now = {"lifted": lifted_at}
        self.note("noticed")

    def begin(self) -> None:
        """An update begins; what an earlier one has done is void."""
        self._now = {name: self._now[name] for name in ("lifted", "noticed") if name in self._now}

    def note(self, what: str) -> None:
        """A step is done; the first time counts: what is near to the stroke."""
        self._now.setdefault(what, time.monotonic())

    def tell(self) -> None:
        """An update is done."""
        now, self._now = self._now, {}
        if now:
            trace("handtint-live " + json.dumps(now))
