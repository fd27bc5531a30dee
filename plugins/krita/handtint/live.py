"""Live mode: the coloured layer follows the hints while they are painted.

`LiveUpdate` asks for the new colours and writes them into the result when `HintWatch` has
noticed that hints have changed.  Both work in steps that are too short to be felt, and
neither touches a pixel while the brush is down.
"""

from __future__ import annotations

import time
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Generator

from . import references
from .client import ClientError, Dropped, Session
from .client.hintscan import Crop
from .client.steps import Until
from .client.translation import _
from .commands import (
    Known,
    Seen,
    ask_knowing,
    colorize_request,
    guard,
    introduce,
    read_answer,
)
from .memory import Memory
from .nodes import alive, by_uid, editable
from .ownpaint import OwnPaint
from .patience import at_rest
from .photos import (
    Photo,
    Rect,
    read_checksum,
    read_sample,
    rect_of,
    write_pixels,
)
from .settings import Settings
from .spaces import space_of, space_of_document
from .untouched import signature
from .view import intersect

if TYPE_CHECKING:
    from .core import Core


class ResultLocked(ClientError):
    """The result must not be written; the message says what to do."""


SUMMED = 1 << 20
"""Bytes in memory that are summed in one turn of the event loop."""

WHOLE_FROM = 0.6
"""If so much of the photo is visible, it is updated as a whole."""


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
    lost: what to tell of a reference that is not there any more, or "".
    photo, pixels: after a whole update, what was written, for `photo.answer_space`.
    writing: True while pixels of an answer are written; the job must not be cancelled then,
    or the layer would be half of one answer and half of another.  has_written: whether anything
    was.  overtaken: set where newer colors are asked for as soon as it ends.  painted: whether
    it has ended because the user has painted on the result.
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
        own_paint: OwnPaint | None = None,
    ) -> None:
        self.document, self.photo_uid = document, photo_uid
        self.session, self.seen, self.settings = session, seen, settings
        self.crop = crop
        self.visible = visible
        self.result_uid = ""
        self.photo: Photo | None = None
        self.pixels: Any = None
        self.writing = self.has_written = False
        self.overtaken = self.painted = False
        self.times: dict[str, float] = {}
        self.lost = ""
        self._reference: bytes | None = None
        self._is_down = is_down
        self._own_paint = own_paint or OwnPaint()
        self._still_there = guard(document, photo_uid)

    def flow(self, result_uid: str) -> Generator[Any, Any, bool]:
        """Update a result; returns whether all of it was done."""
        self.result_uid = result_uid
        self._still_there = guard(self.document, self.photo_uid, result_uid)
        if (yield from self._is_painted(self._writable(result_uid))):
            return False  # the server would work in vain
        self._reference, self.lost = yield from references.read(
            self.document, self.settings.reference, self._still_there
        )
        known = self.seen.find(self.photo_uid)
        if known is None or not self._still_fits(known.photo):
            known = yield from self._send_photo()
        todo = regions(known.photo.rect, self.visible)
        for region in todo:
            self._note("asked")
            answer, known = yield from ask_knowing(
                known, partial(self._ask, region), self._send_photo
            )
            self._note("answered")
            yield Until(self._is_up)
            self._still_there()
            picture = read_answer(answer, known.photo, region)
            node = self._writable(result_uid)
            if (yield from self._is_painted(node)):
                return False
            yield from self._write(node, known.photo, picture.data, region)
            if self.overtaken:
                return False
        return True

    @property
    def is_seen(self) -> bool:
        """Whether what is visible of the photo is up to date; the rest may still follow."""
        return "shown" in self.times

    def _is_painted(self, node: Any) -> Generator[Any, Any, bool]:
        """Whether the user has painted on the result; also asked for right before writing."""
        self.painted = yield from self._own_paint.look(self.document, node, self._still_there)
        return self.painted

    def _writable(self, result_uid: str) -> Any:
        """The result's layer.  Raises Dropped or ResultLocked."""
        node = by_uid(self.document, result_uid)
        if node is None:
            raise Dropped("The result is gone.")
        if not editable(node):
            raise ResultLocked(
                _("%s is locked: Live waits until you unlock it in the Layers docker.")
                % node.name()
            )
        return node

    def _note(self, what: str) -> None:
        """When something happened first: what is visible comes first."""
        self.times.setdefault(what, time.monotonic())

    def _still_fits(self, photo: Photo) -> bool:
        """Whether a photo is as it was when it was sent: place, space, and a sample of rows."""
        node = by_uid(self.document, self.photo_uid)
        if node is None:
            raise Dropped("The photo is gone.")
        native = photo.space == space_of_document(self.document)
        same = photo.space == space_of(node) and photo.rect == rect_of(node)
        if not same or not (native or not photo.own_space):
            return False
        return read_sample(node, photo.rect) == photo.sample

    def _is_up(self) -> bool:
        return not self._is_down()

    def _ask(self, region: Rect, known: Known) -> Any:
        whole = region[2:] == known.photo.rect[2:]
        return self.session.ask(
            lambda: colorize_request(
                known.image_id,
                known.photo,
                self.crop,
                self.settings,
                None if whole else region,
                reference=self._reference,
            )
        )

    def _send_photo(self) -> Any:
        return introduce(
            self.document,
            self.photo_uid,
            self.session,
            self.settings,
            self.seen,
            self._still_there,
        )

    def _write(
        self, node: Any, photo: Photo, pixels: Any, region: Rect
    ) -> Generator[Any, Any, None]:
        """Write an answer, show it, and remember what the result is known by."""
        key, whole = self.result_uid, region[2:] == photo.rect[2:]
        self._note_begun(photo)
        x, y = photo.rect[:2]
        rect = (x + region[0], y + region[1], region[2], region[3])
        converts = photo.answer_space != space_of(node)
        self.writing = self.has_written = True
        self._own_paint.begins_to_write(key)
        try:
            checksum: int | None = yield from write_pixels(
                node,
                pixels,
                photo.answer_space,
                space_of(node),
                rect,
                self._still_there,
                lambda: Until(self._is_up),
                summed=converts,
            )
            yield Until(self._is_up)
            self._still_there()
            self.document.setModified(True)
            self.document.refreshProjection()
            self._note("shown")
            if not whole:
                self._own_paint.wrote_part(key, rect, pixels, checksum if converts else None)
                return
            self.photo, self.pixels = photo, pixels
            if not converts:
                checksum = yield from _sum_of(pixels)
            self._still_there()
            # Of what was written: what the layer holds by now may be the user's.
            Memory(self.document).change_result(key, checksum=str(checksum))
            self._own_paint.wrote(key)
        finally:
            self.writing = False
            self._own_paint.ends_writing(key)

    def _note_begun(self, photo: Photo) -> None:
        """The result is not what it was, and not yet what it will be."""
        Memory(self.document).change_result(
            self.result_uid,
            checksum=None,
            settings=self.settings.of_run(),
            rect=photo.rect,
            document=signature(self.document),
        )


def _sum_of(pixels: Any) -> Generator[Any, Any, int]:
    """The checksum of pixels in memory, which may be made while the user paints."""
    view, checksum = memoryview(pixels), 0
    for start in range(0, len(view), SUMMED):
        checksum = zlib.crc32(view[start : start + SUMMED], checksum)
        yield Until(lambda: True)
    return checksum


def settle(
    document: Any,
    result_uid: str,
    still_there: Callable[[], None],
    is_down: Callable[[], bool],
    own_paint: OwnPaint | None = None,
) -> Generator[Any, Any, None]:
    """Know a result by its pixels that is known by none: an update of it has not come to its end.

    Where the part that was written last is other by now, the user has painted on it.
    """
    node = by_uid(document, result_uid)
    known = Memory(document).results.get(result_uid)
    if node is None or known is None or known.checksum is not None:
        return
    yield Until(lambda: not is_down())
    checksum = yield from read_checksum(node, known.rect, still_there)
    as_written = own_paint is None or (yield from own_paint.part_is_as_written(node, still_there))
    now = Memory(document).results.get(result_uid)
    if now is None or now.checksum is not None:
        return
    Memory(document).change_result(result_uid, checksum=str(checksum) if as_written else "")
    if own_paint is not None:
        own_paint.settled(result_uid)


class Settler:
    """Settles results that live mode has left in the middle, in this session or an earlier one.

    is_busy: whether live mode is at work on a result.  is_down: whether the brush is down.
    """

    def __init__(
        self,
        core: Core,
        is_busy: Callable[[str], bool],
        is_down: Callable[[], bool],
        own_paint: OwnPaint,
    ) -> None:
        self._core, self._is_busy, self._is_down = core, is_busy, is_down
        self._own_paint = own_paint

    def settle(self, document: Any, key: str) -> None:
        """Settle a result, if that is necessary, before anything else can happen to it."""
        if self._is_busy(key) or not alive(document):
            return

        def still_there() -> None:
            guard(document, key)()
            if self._is_busy(key):
                raise Dropped("Live mode writes it anew.")

        flow = settle(document, key, still_there, self._is_down, self._own_paint)
        self._core.side_jobs.run(
            "settle " + key, at_rest(flow, self._is_down), lambda _: None, lambda error: None
        )
