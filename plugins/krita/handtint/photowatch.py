"""Notices that a photo's own pixels have changed, and keeps what they were.

Retouching changes them, Image > Mirror does, and so does a stroke that was meant as a hint.
"""

from __future__ import annotations

import time
import zlib
from typing import Any, Callable, Generator

from .client.hintscan import ROWS
from .client.steps import Tick
from .pace import LOOK_SECONDS, Pace
from .photos import Rect
from .qt import QtCore, safely
from .spaces import space_of

TICK_MS = 60
HURRY_MS = 12
REST = 4
KEPT_BYTES = 256 << 20
"""Pixels of so many bytes are kept; of larger photos only checksums."""


class PhotoWatch:
    """Watches a photo, a strip of rows a tick, round and round.

    is_down: whether the brush is down.  changed: called at the end of a round that has found
    other differences from the pixels that count than the round before.

    The pixels that count are those of the first round, until `accept`.
    """

    def __init__(
        self, node: Any, rect: Rect, is_down: Callable[[], bool], changed: Callable[[], None]
    ) -> None:
        self.node, self.rect = node, rect
        self.space = space_of(node)
        self._stride = rect[2] * max(self.space.pixel_bytes, 4)
        self.keeps = self._stride * rect[3] <= KEPT_BYTES
        self._count = (rect[3] + ROWS - 1) // ROWS
        self._wanted: dict[int, Any] = {}
        self._now: dict[int, bytes] = {}
        self._told: dict[int, int] = {}
        self._next = 0
        self._left = self._count
        self._rest_until = 0.0
        self._is_down, self._changed = is_down, changed
        self._pace = Pace(self._stride)
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(safely(self._look))
        self._timer.start(TICK_MS)

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    def hurry(self) -> None:
        """Look at everything now: something may have happened."""
        self._left = self._count
        self._rest_until = 0.0
        self._timer.setInterval(HURRY_MS)

    def found(self) -> dict[int, bytes]:
        """What differs now, for `accept`."""
        return dict(self._now)

    def accept(self, found: dict[int, bytes] | None = None) -> None:
        """What the photo holds now is what counts; with `found`, only that of it.

        What was painted since `found` was asked for is still noticed and told.
        """
        for index, strip in (self.found() if found is None else found).items():
            self._wanted[index] = self._form(strip)
            self._told.pop(index, None)
            if self._now.get(index) == strip:
                del self._now[index]

    def strips(self) -> list[tuple[Rect, bytes, bytes]]:
        """What differs: rectangle, pixels before and pixels now; empty if not kept."""
        if not self.keeps:
            return []
        return [
            (self._box(index), self._wanted[index], now) for index, now in sorted(self._now.items())
        ]

    @property
    def differs(self) -> bool:
        """Whether there are other pixels than those that count."""
        return bool(self._now)

    def sweep(self, still_there: Callable[[], None]) -> Generator[Any, Any, None]:
        """Look at all of it, as steps of a flow; `changed` is not called."""
        for index in range(self._count):
            self._check(index)
            yield Tick()
            still_there()
        self._told = self._sums()

    # --- looking ---------------------------------------------------------------------------

    def _look(self) -> None:
        if self._is_down() or time.monotonic() < self._rest_until:
            return
        began = time.perf_counter()
        hurried = self._timer.interval() == HURRY_MS
        while True:
            found = self._check(self._next)
            self._next = (self._next + 1) % max(self._count, 1)
            self._left -= 1
            if found and not hurried:
                self.hurry()
                return
            if self._left <= 0:
                self._end_round()
                break
            if not hurried or time.perf_counter() - began > LOOK_SECONDS:
                break
        self._rest_until = time.monotonic() + REST * (time.perf_counter() - began)

    def _end_round(self) -> None:
        self._left = self._count
        self._timer.setInterval(TICK_MS)
        sums = self._sums()
        if sums != self._told:
            self._told = sums
            self._changed()

    def _sums(self) -> dict[int, int]:
        return {index: zlib.crc32(strip) for index, strip in self._now.items()}

    def _form(self, strip: bytes) -> Any:
        return strip if self.keeps else zlib.crc32(strip)

    def _box(self, index: int) -> Rect:
        x, y, width, height = self.rect
        return x, y + index * ROWS, width, min(ROWS, height - index * ROWS)

    def _check(self, index: int) -> bool:
        """Look at a strip; whether it is other than it was when it was looked at last."""
        box = self._box(index)
        with self._pace.measure(box[3]):
            strip = bytes(self.node.projectionPixelData(*box))
        if len(strip) != self._stride * box[3]:
            return False  # the layer is gone, or has another space: there is a new watch soon
        if index not in self._wanted:
            self._wanted[index] = self._form(strip)
            return False
        before = self._now.get(index)
        if self._wanted[index] == self._form(strip):
            self._now.pop(index, None)
            return before is not None
        self._now[index] = strip
        return strip != before
