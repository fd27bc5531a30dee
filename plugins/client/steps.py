"""Steps that a plug-in's own flows yield besides those of `session`.

A flow is a generator that reads from top to bottom; whenever it yields, the program's event
loop runs, so that its window never blocks (see `driver`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Tick:
    """Let the event loop run once.  text, fraction: progress to show, if text is given."""

    text: str = ""
    fraction: float = 0.0


@dataclass(frozen=True)
class Until:
    """Wait until `ready` says True; it is asked every few milliseconds."""

    ready: Callable[[], bool]
