"""Live mode: the coloured layer follows the hints while they are painted.

`LiveUpdate` asks for the new colours and writes them into the result when `HintWatch` has
noticed that hints have changed.  Both work in steps that are too short to be felt, and
neither touches a pixel while the brush is down.
"""

from __future__ import annotations

import time
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
from .photos import (
    Photo,
    Rect,
    read_checksum,
    read_sample,
    rect_of,
    write_pixels,
)
from .qt import timer
from .settings import Settings
from .spaces import space_of, space_of_document
from .untouched import signature
from .view import intersect

if TYPE_CHECKING:
    from .core import Core


class ResultLocked(ClientError):
    """The result must not be written; the message says what to do."""


SETTLE_MS = 1500

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
        self.result_uid = ""
        self.photo: Photo | None = None
        self.pixels: Any = None
        self.writing = False
        self.overtaken = False
        self.times: dict[str, float] = {}
        self.lost = ""
        self._reference: bytes | None = None
        self._is_down = is_down
        self._still_there = guard(document, photo_uid)

    def flow(self, result_uid: str) -> Generator[Any, Any, bool]:
        """Update a result; returns whether all of it was done."""
        self.result_uid = result_uid
        self._writable(result_uid)
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
            yield from self._write(node, result_uid, known.photo, picture.data, region)
            self._note("shown")
            if self.overtaken:
                return False
            if region[2:] == known.photo.rect[2:]:
                self.photo, self.pixels = known.photo, picture.data
        return True

    @property
    def is_seen(self) -> bool:
        """Whether what is visible of the photo is up to date; the rest may still follow."""
        return "shown" in self.times

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
        self, node: Any, result_uid: str, photo: Photo, pixels: Any, region: Rect
    ) -> Generator[Any, Any, None]:
        memory = Memory(self.document)
        old = memory.results.get(result_uid)
        now = self.settings.of_run()
        if old is not None and (old.checksum, old.settings, old.rect) != (None, now, photo.rect):
            memory.change_result(
                result_uid,
                checksum=None,
                settings=now,
                rect=photo.rect,
                document=signature(self.document),
            )
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
                summed=False,  # `settle` does that when the brush is up
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
    """Once the brush is up, remember the checksum of a result that live updates have changed."""
    node = by_uid(document, result_uid)
    known = Memory(document).results.get(result_uid)
    if node is None or known is None or known.checksum is not None:
        return
    yield Until(lambda: not is_down())
    checksum = yield from read_checksum(node, known.rect, still_there)
    Memory(document).change_result(result_uid, checksum=str(checksum))


class Settler:
    """Settles, once live mode rests, the result that it has changed.

    is_busy: whether live mode is at work.  is_down: whether the brush is down.
    """

    def __init__(
        self, core: Core, is_busy: Callable[[], bool], is_down: Callable[[], bool]
    ) -> None:
        self._core, self._is_busy, self._is_down = core, is_busy, is_down
        self._document, self._result_uid = None, ""
        self._timer = timer(SETTLE_MS, self.now, once=True)

    def wrote(self, document: Any, result_uid: str) -> None:
        """Live mode has changed a result."""
        self._document, self._result_uid = document, result_uid

    @property
    def is_waiting(self) -> bool:
        """Whether it will look soon."""
        return bool(self._timer.isActive())

    def soon(self) -> None:
        """Look when live mode has rested for a while."""
        self._timer.start()

    def now(self) -> None:
        """Look now, unless live mode is at work."""
        document, key = self._document, self._result_uid
        if self._is_busy() or not alive(document):
            return
        flow = settle(document, key, guard(document, key), self._is_down)
        self._core.side_jobs.run("settle", flow, lambda _: None, lambda error: None)
