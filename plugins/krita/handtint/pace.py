"""How much of a layer one call may read or write, so that no call is felt by the hand.

Krita's calls block its window.  A layer is therefore read and written in strips of rows, one
a turn of the event loop, whose height follows from how long the strips before took.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Iterator

TARGET = 0.005
"""Seconds that a strip should take; LIMIT allows three times as much."""

LIMIT = 0.016
"""Seconds that no call should exceed while the user paints."""

TILE = 64
"""Krita stores pixels in tiles of 64 x 64: strips of whole tiles touch each tile once."""

CONVERT_TARGET = 0.03
"""Seconds that one conversion of a strip by Krita should take."""

CONVERT_LEAST = 16
"""Rows that are always converted at once: a call costs some milliseconds, however few they are."""

LOOK_SECONDS = 0.010
"""How long the watches look at strips in one turn of the event loop."""

_FIRST = 1 << 20
_FIRST_CONVERTED = 1 << 19
"""Bytes of the first strip.  A call that converts costs some milliseconds, so it is not small."""

_LARGEST = 8 << 20


RECORD: list[float] | None = None
"""Seconds of every call, for those who measure; None as a rule."""


class Pace:
    """Strip heights for one kind of call on rows of a given length.

    converts: whether Krita also converts the rows.
    """

    def __init__(self, row_bytes: int, converts: bool = False) -> None:
        self._row_bytes = max(1, row_bytes)
        self._target = CONVERT_TARGET if converts else TARGET
        self._least = CONVERT_LEAST if converts else 1
        self._most = max(self._least, _LARGEST // self._row_bytes)
        first = (_FIRST_CONVERTED if converts else _FIRST) // self._row_bytes
        self._rows = float(max(2 * self._least if converts else 1, min(self._most, first)))

    def rows(self, left: int, start: int = 0) -> int:
        """Rows of the next strip, at least 1 and at most `left`.

        start: the strip's first row; the strip ends at a border of tiles where it can.
        """
        rows = int(self._rows)
        if rows >= TILE:
            end = (start + rows) // TILE * TILE
            rows = end - start if end > start else rows
        return max(1, min(rows, left))

    @contextmanager
    def measure(self, rows: int) -> Iterator[None]:
        """Around a call on `rows` rows."""
        began = time.perf_counter()
        yield
        self.took(rows, time.perf_counter() - began)

    def took(self, rows: int, seconds: float) -> None:
        """Learn from a call."""
        if RECORD is not None:
            RECORD.append(seconds)
        wanted = rows * self._target / max(seconds, 1e-6)
        # Slow calls count at once, quick ones with care: the machine may be busy soon.
        self._rows = max(float(self._least), min(wanted, self._rows * 1.5, float(self._most)))
