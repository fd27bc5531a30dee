"""The progress bar, and how long each step took."""

from __future__ import annotations

import json
import os
import sys
import time

from gi.repository import Gimp

from .client import on_the_bar


class Clock:
    """Seconds that each stage took, for those who set HANDTINT_TRACE."""

    def __init__(self) -> None:
        self._stage, self._since = "read", time.monotonic()
        self.seconds: dict[str, float] = {}

    def enter(self, stage: str) -> None:
        """A stage begins, and the one before ends."""
        now = time.monotonic()
        self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = stage, now

    def tell(self, server: dict[str, float]) -> None:
        """Write a line of JSON to the log; server: milliseconds by step, from its answer."""
        self.enter("")
        if not os.environ.get("HANDTINT_TRACE"):
            return
        import resource  # not on Windows

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux
        trace = {"seconds": self.seconds, "server_ms": server, "peak_kib": peak}
        print("handtint-trace " + json.dumps(trace), file=sys.stderr)


class Bar:
    """GIMP's progress bar, fed with the server's steps; it never runs backwards."""

    def __init__(self, title: str) -> None:
        Gimp.progress_init(title)
        self._text, self._place = "", 0.0
        self.clock = Clock()

    def __call__(self, stage: str, fraction: float) -> None:
        """Show a stage and its fraction 0..1."""
        self.clock.enter(stage)
        text, place = on_the_bar(stage, fraction)
        if text != self._text:
            self._text = text
            Gimp.progress_set_text(text)
        if place > self._place + 0.004:
            self._place = place
            Gimp.progress_update(place)
        elif place <= self._place and fraction == 0.0:
            Gimp.progress_update(self._place)  # shows that this lives

    def close(self) -> None:
        """Take the bar away, and with it Cancel: that ends this process in mid-change."""
        Gimp.progress_end()
