"""Notices that painted hints have changed, without being felt."""

from __future__ import annotations

import time
from typing import Any, Callable

from .client.hintscan import ROWS, HintScan, place_of_change
from .pace import LOOK_SECONDS, Pace
from .photos import HintReader, Rect
from .qt import QtCore, safely

TICK_MS = 50
"""How often a strip is looked at when nothing happens."""

HURRY_MS = 12
"""How often strips are looked at right after the brush was lifted."""

REST = 4
"""Looking rests for so many times as long as it took: the server needs the processor, too."""

RESTLESS = 0.5
"""Seconds after the brush was lifted in which Krita may still be painting."""

AFTERWARDS = 0.15
"""The same, once a change was found."""


class HintWatch:
    """Watches the hint layers of one photo.

    stroke: of the strips that the last stroke has changed, the pixels before it.

    is_down: whether the brush is down.  changed: called with the scan and the place of the
    change, as (x, y) in the picture, or None if something was only taken away.  began: called
    when the first change of another stroke was found.  The brush is also lifted after panning,
    or picking a color: the last stroke is still the last one then.

    After the brush was lifted the strips that it went over are looked at, again and again
    until Krita has finished the stroke; otherwise one strip a tick, round and round, which
    finds whatever else may change a layer.
    """

    def __init__(
        self,
        layers: list[Any],
        area: Rect,
        is_down: Callable[[], bool],
        changed: Callable[[HintScan, Any], None],
        began: Callable[[], None] = lambda: None,
    ) -> None:
        self.scan = HintScan(area)
        self._pace = Pace(area[2] * 4)  # only to measure: strips are what they are
        self._reader = HintReader(layers)
        self._is_down, self._changed, self._began = is_down, changed, began
        self._painted: Rect | None = None
        self._todo: list[int] = []
        self._near: set[int] | None = None
        self._next = 0
        self._restless = 0.0
        self._rest_until = 0.0
        self._spent = 0.0
        self._place: Any = None
        self._found = False
        self._first = True
        self._was_down = False
        self.stroke: dict[int, bytes] = {}
        self._is_new = True
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(safely(self._look))
        self._timer.start(TICK_MS)

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    @property
    def layers(self) -> list[Any]:
        """The hint layers."""
        return self._reader.layers

    def repainted(self, rects: list[Rect]) -> None:
        """The plug-in has changed the layers itself: that is told, but it is no stroke."""
        for index in {index for rect in rects for index in self.scan.indices(rect)}:
            self.scan.update(index, self._reader.read(self.scan.box(index)))
        self._found = True
        self._hurry(set())

    def lifted(self, where: Rect | None) -> None:
        """Be told that the brush was lifted, or that something else has happened.

        where: the part of the picture that has changed, or None if that is not known.
        """
        self._is_new = True
        touched = None if where is None else set(self.scan.indices(where))
        in_a_hurry = time.monotonic() < self._restless
        if touched is not None and in_a_hurry and self._near is not None:
            touched |= self._near  # the stroke before may not be finished
        self._hurry(touched)
        self._look()

    def _hurry(self, near: set[int] | None) -> None:
        self._near = near
        self._restless = time.monotonic() + RESTLESS
        self._rest_until = 0.0
        self._todo = []
        self._timer.setInterval(HURRY_MS)

    # --- looking ---------------------------------------------------------------------------

    def _look(self) -> None:
        if self._is_down():
            self._was_down = True
            return
        if self._was_down:
            self._was_down = False
            if time.monotonic() > self._restless:  # nobody has told that it was lifted
                self._is_new = True
                self._hurry(None)
        now = time.monotonic()
        restless = now < self._restless
        if not restless and self._timer.interval() != TICK_MS:
            self._timer.setInterval(TICK_MS)
        if restless and not self._todo and now < self._rest_until:
            return
        began = time.perf_counter()
        hurry = self._choose(restless)
        while self._todo:
            self._check(self._todo.pop())
            if time.perf_counter() - began > LOOK_SECONDS:
                break
        self._spent += time.perf_counter() - began
        if self._todo and hurry:
            QtCore.QTimer.singleShot(0, safely(self._continue))
            return
        self._rest_until = time.monotonic() + REST * self._spent
        self._spent = 0.0
        if self._found or self._first:
            self._tell()

    def _choose(self, restless: bool) -> bool:
        """What to look at now, into `_todo`; whether that is urgent."""
        painted = self._reader.painted()
        indices = self.scan.indices(painted)
        if painted != self._painted:
            self._painted = painted
            self._found = self.scan.cover(painted) or self._found
            if not restless or self._near is None:
                self._todo = list(indices)
                return True
        if self._todo:
            return True
        if self._first or (restless and self._near is None):
            self._todo = list(indices)
        elif restless and self._near is not None:
            self._todo = [index for index in indices if index in self._near]
        else:
            self._todo = self._one_of(indices)
        return restless or self._first

    def _continue(self) -> None:
        if self._timer.isActive():
            self._look()

    def _one_of(self, indices: range) -> list[int]:
        if not indices:
            return []
        self._next = (self._next + 1) % len(indices)
        return [indices[self._next]]

    def _check(self, index: int) -> None:
        box = self.scan.box(index)
        with self._pace.measure(ROWS):
            pixels = self._reader.read(box)
        before = self.scan.update(index, pixels)
        if before is None:
            return
        self._found = True
        if self._first:
            return  # it was painted before the watch began
        if self._is_new:
            self._is_new = False
            self._began()
            self.stroke = {}
        self.stroke.setdefault(index, before)
        place = place_of_change(before, pixels, box[2])
        if place is not None:
            self._place = (box[0] + place[0], index * ROWS + place[1])

    def _tell(self) -> None:
        self._first = False
        place, self._place = self._place, None
        self._found = False
        now = time.monotonic()
        if now < self._restless:
            self._restless = now + AFTERWARDS
        self._changed(self.scan, place)
