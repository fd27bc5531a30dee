"""Live mode: the coloured layer follows the hints while they are painted.

`HintWatch` notices that hints have changed; `LiveUpdate` asks for the new colours and writes
them into the result.  Both work in steps that are too short to be felt, and neither touches
a pixel while the brush is down.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Generator

from .client import ImageUnknown, Rejected, Session, protocol
from .commands import Known, Seen, colorize_request, guard, read_answer
from .hintscan import ROWS, Crop, HintScan, place_of_change
from .memory import Memory, Result
from .nodes import by_uid
from .pace import Pace
from .photos import (
    Dropped,
    HintReader,
    Photo,
    Rect,
    read_checksum,
    read_photo,
    rect_of,
    write_pixels,
)
from .qt import QtCore, safely
from .settings import Settings
from .spaces import space_of, space_of_document
from .steps import Until
from .view import intersect

TICK_MS = 50
"""How often the hints are looked at."""

HURRY_MS = 12
"""How often right after the brush was lifted."""

BUDGET = 0.010
"""Seconds of looking in a tick after something has happened."""

IDLE_BUDGET = 0.003
"""Seconds of looking in a tick when nothing has."""

RESTLESS = 0.5
"""Seconds after the brush was lifted in which Krita may still be painting."""

WHOLE_FROM = 0.6
"""If so much of the photo is visible, it is updated as a whole."""


class HintWatch:
    """Notices changes of a photo's hints.

    is_down: whether the brush is down.  changed: called with the scan and the place of the
    change, as (x, y) in the picture, or None if something was only taken away.

    After the brush was lifted everything painted is looked at, at once; otherwise a few
    strips a tick, round and round, which finds whatever else may change a layer.
    """

    def __init__(
        self,
        layers: list[Any],
        area: Rect,
        is_down: Callable[[], bool],
        changed: Callable[[HintScan, Any], None],
    ) -> None:
        self.scan = HintScan(area)
        self._pace = Pace(area[2] * 4)  # only to measure: strips are what they are
        self._reader = HintReader(layers)
        self._is_down, self._changed = is_down, changed
        self._painted: Rect | None = None
        self._todo: list[int] = []
        self._next = 0
        self._restless = 0.0
        self._place: Any = None
        self._found = False
        self._first = True
        self._was_down = False
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(safely(self._look))
        self._timer.start(TICK_MS)

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()
        self._reader.close()

    def lifted(self) -> None:
        """Be told that the brush was lifted, or that something else has happened."""
        self._hurry()
        self._look()

    def _hurry(self) -> None:
        self._restless = time.monotonic() + RESTLESS
        self._timer.setInterval(HURRY_MS)

    def _look(self) -> None:
        if self._is_down():
            self._was_down = True
            return
        if self._was_down:
            self._was_down = False
            self._hurry()
        began = time.perf_counter()
        painted = self._reader.painted()
        restless = time.monotonic() < self._restless
        if not restless and self._timer.interval() != TICK_MS:
            self._timer.setInterval(TICK_MS)
        hurry = restless or painted != self._painted or self._first
        if painted != self._painted:
            self._painted = painted
            self._found = self.scan.cover(painted) or self._found
            self._todo = []
        indices = self.scan.indices(painted)
        if not self._todo:
            self._todo = list(indices) if hurry else self._some_of(indices)
        budget = BUDGET if hurry else IDLE_BUDGET
        while self._todo:
            self._check(self._todo.pop())
            if time.perf_counter() - began > budget:
                break
        if self._todo and hurry:
            QtCore.QTimer.singleShot(0, safely(self._continue))
        elif self._found or self._first:
            self._tell()

    def _continue(self) -> None:
        if self._timer.isActive():
            self._look()

    def _some_of(self, indices: range) -> list[int]:
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
        place = place_of_change(before, pixels, box[2])
        if place is not None:
            self._place = (box[0] + place[0], index * ROWS + place[1])

    def _tell(self) -> None:
        first, self._first = self._first, False
        place, self._place = self._place, None
        self._found = False
        # What was painted before the watch began is no news.
        self._changed(self.scan, None if first else place)


def regions(rect: Rect, visible: Rect | None) -> list[Rect]:
    """What to update, in this order, in the photo's own pixels: what is seen, then all."""
    whole = (0, 0, rect[2], rect[3])
    if visible is None:
        return [whole]
    seen = intersect(visible, rect)
    if seen is None:
        return [whole]
    if seen[2] * seen[3] >= WHOLE_FROM * rect[2] * rect[3]:
        return [whole]
    return [(seen[0] - rect[0], seen[1] - rect[1], seen[2], seen[3]), whole]


class LiveUpdate:
    """Brings the result of a photo up to date, in place; `flow` is for a `Job`.

    times: of `time.monotonic`, when the visible part was "asked" for, "answered" and "shown".
    writing: True while pixels of an answer are written; the job must not be cancelled then,
    or the layer would be half of one answer and half of another.
    """

    def __init__(
        self,
        document: Any,
        photo_uid: str,
        session: Session,
        seen: Seen,
        settings: Settings,
        crop: Crop | None,
        visible: Rect | None,
        is_down: Callable[[], bool],
    ) -> None:
        self.document, self.photo_uid = document, photo_uid
        self.session, self.seen, self.settings = session, seen, settings
        self.crop = crop
        self.visible = visible
        self.writing = False
        self.overtaken = False
        self.times: dict[str, float] = {}
        self._is_down = is_down
        self._still_there = guard(document, photo_uid)

    def flow(self, result_uid: str) -> Generator[Any, Any, bool]:
        """Update a result; returns whether all of it was done."""
        known = self.seen.find(self.photo_uid)
        if known is None or not self._still_fits(known.photo):
            known = yield from self._send_photo()
        todo = regions(known.photo.rect, self.visible)
        for region in todo:
            self._note("asked")
            answer = None
            while answer is None:
                try:
                    answer = yield from self._ask(known.image_id, known.photo, region)
                except ImageUnknown:
                    known = yield from self._send_photo()
            self._note("answered")
            yield Until(self._is_up)
            self._still_there()
            picture = read_answer(answer, known.photo, region)
            node = by_uid(self.document, result_uid)
            if node is None:
                raise Dropped("The result is gone.")
            yield from self._write(node, result_uid, known.photo, picture.data, region)
            self._note("shown")
            if self.overtaken:
                return False
        return True

    def _note(self, what: str) -> None:
        """When something happened first: what is visible comes first."""
        self.times.setdefault(what, time.monotonic())

    def _still_fits(self, photo: Photo) -> bool:
        """Whether a photo's place and space are as they were when it was sent."""
        node = by_uid(self.document, self.photo_uid)
        if node is None:
            raise Dropped("The photo is gone.")
        native = photo.space == space_of_document(self.document)
        same = photo.space == space_of(node) and photo.rect == rect_of(node)
        return same and (native or not photo.own_space)

    def _is_up(self) -> bool:
        return not self._is_down()

    def _ask(self, image_id: str, photo: Photo, region: Rect) -> Any:
        whole = region[2:] == photo.rect[2:]
        return self.session.ask(
            lambda: colorize_request(
                image_id, photo, self.crop, self.settings, None if whole else region
            )
        )

    def _send_photo(self) -> Generator[Any, Any, Known]:
        """Send the pixels (again): a small request that leaves the photo on the server."""
        node = by_uid(self.document, self.photo_uid)
        if node is None:
            raise Dropped("The photo is gone.")
        space = space_of_document(self.document)
        photo = yield from read_photo(node, space, self._still_there)
        try:
            known = yield from self._introduce(photo)
        except Rejected as error:
            if error.code != "bad_profile" or photo.plane.profile is None:
                raise
            photo = yield from read_photo(node, space, self._still_there, convert=True)
            known = yield from self._introduce(photo)
        return known

    def _introduce(self, photo: Photo) -> Generator[Any, Any, Known]:
        answer = yield from self.session.ask(
            lambda: colorize_request(
                photo.plane, photo, None, self.settings, (0, 0, 1, 1), protocol.new_request_id()
            )
        )
        self.seen.note(self.photo_uid, photo, answer.headers.get("handtint-image-id", ""))
        known = self.seen.find(self.photo_uid)
        assert known is not None
        return known

    def _write(
        self, node: Any, result_uid: str, photo: Photo, pixels: Any, region: Rect
    ) -> Generator[Any, Any, None]:
        memory = Memory(self.document)
        old = memory.results.get(result_uid)
        if old is not None and old.checksum is not None:
            memory.add_result(result_uid, Result(old.photo, old.rect, None, self.settings.of_run()))
        x, y = photo.rect[:2]
        rect = (x + region[0], y + region[1], region[2], region[3])
        self.writing = True
        try:
            yield from write_pixels(
                node,
                pixels,
                photo.answer_space,
                space_of(node),
                rect,
                self._still_there,
                lambda: Until(self._is_up),
            )
            yield Until(self._is_up)
            self._still_there()
            self.document.setModified(True)
            self.document.refreshProjection()
        finally:
            self.writing = False


def settle(
    document: Any, result_uid: str, still_there: Callable[[], None], is_down: Callable[[], bool]
) -> Generator[Any, Any, None]:
    """Remember the pixels of a result that live updates have changed, once it is quiet."""
    node = by_uid(document, result_uid)
    known = Memory(document).results.get(result_uid)
    if node is None or known is None or known.checksum is not None:
        return
    yield Until(lambda: not is_down())
    checksum = yield from read_checksum(node, known.rect, still_there)
    Memory(document).add_result(
        result_uid, Result(known.photo, known.rect, str(checksum), known.settings)
    )
