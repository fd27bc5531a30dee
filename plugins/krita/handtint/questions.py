"""Asks what paint in the wrong place is, and does what the user says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Generator

from krita import Krita

from .client import ClientError
from .client.translation import _
from .commands import guard
from .infront import go_back, in_front
from .memory import Memory
from .nodes import NoPhoto, alive, by_uid, newest_result, photo_below, photo_of, uid
from .photowatch import PhotoWatch
from .qt import timer
from .wrongplace import (
    LAYER,
    PHOTO,
    RESULT,
    WrongPlace,
    colored_paint,
    differences,
    looks_like_strokes,
    move_to_hints,
    pixels_now,
)

if TYPE_CHECKING:
    from .core import Core

HINTS, KEEP, CANCEL = "hints", "keep", "cancel"
"""The answers: the paint is a hint; it belongs to the layer that it lies on; nothing is done."""

MEANT = "meant"
"""Of a PNG: show it as its file means it; KEEP: leave it as it looks."""

AFTER_STROKE_MS = 600

Flow = Generator[Any, Any, Any]


class Questions:
    """One question at a time.

    ask: shows a question and calls back with HINTS, KEEP or CANCEL; None: nobody is asked.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.ask: Callable[[WrongPlace, Callable[[str], None]], None] | None = None
        self.is_open = False
        self._unanswered: list[tuple[Any, WrongPlace]] = []
        self._stroke_timer = timer(AFTER_STROKE_MS, self._look_after_stroke, once=True)

    # --- noticing --------------------------------------------------------------------------

    def on_lifted(self) -> None:
        """The brush was lifted: was it on a layer for hints?"""
        self._stroke_timer.start()

    def _look_after_stroke(self) -> None:
        document = Krita.instance().activeDocument()
        if not alive(document) or self._core.running or self.is_open:
            return
        if self._core.follower.brush.is_down:
            self._stroke_timer.start()  # a question would come in the middle of a stroke
            return
        node = document.activeNode()
        if node is None:
            return
        memory = Memory(document)
        key = uid(node)
        if key in memory.results:
            flow = self.paint_on_result(document, node, guard(document, key))
            self._core.follower.run_at_rest(
                "stroke", flow, lambda found: self.noticed(document, found)
            )
        elif looks_like_strokes(node, memory, document):
            below = photo_below(document, node, memory)
            if newest_result(document, below, memory) is not None or self._core.settings.live:
                self.noticed(document, WrongPlace(LAYER, key, node.name(), uid(below), []))

    def noticed(self, document: Any, found: WrongPlace | None) -> None:
        """Ask at once in live mode, which would color the paint; else say it."""
        if found is None or self.is_open:
            return
        if self._core.settings.live:
            self.ask_about(document, found, self._core.colorize)
            return
        self._core.say(
            _(
                "You painted on %s, which is no hint layer. Colorize Layer asks what the paint is; "
                "New Hints Layer makes a place for hints."
            )
            % found.name
        )

    # --- looking before Colorize -----------------------------------------------------------

    def check(self, document: Any, node: Any) -> Flow:
        """Paint that has to be asked about before a layer is colorized, or None."""
        memory = Memory(document)
        if node is not None and looks_like_strokes(node, memory, document):
            below = photo_below(document, node, memory)
            return WrongPlace(LAYER, uid(node), node.name(), uid(below), [])
        try:
            photo = photo_of(document, node, memory)
        except NoPhoto:
            return None  # the command itself says so
        still_there = guard(document, uid(photo))
        watch = self._core.follower.watch_of(document, photo)
        if watch is not None:
            yield from watch.sweep(still_there)
            found = yield from self.judge_photo(watch, photo, still_there)
            found = found or self._asked_before(document, photo)
            if found is not None:
                return found
        result = newest_result(document, photo, memory)
        if result is not None:
            found = yield from self.paint_on_result(document, result, still_there)
            return found if found is not None and found.strips else None
        return None

    def judge_photo(self, watch: PhotoWatch, photo: Any, still_there: Any) -> Flow:
        """The strokes of colour on a photo, or None: then all that differs is retouching.

        Retouching counts from now on, so that strokes of colour that come later are taken away
        without it.
        """
        now = watch.found()
        found = yield from self.paint_on_photo(watch, photo, still_there)
        if found is None and now:
            watch.accept(now)
            self._core.seen.forget(uid(photo))
        return found

    def paint_on_photo(self, watch: PhotoWatch, photo: Any, still_there: Any) -> Flow:
        """The strokes of colour on a photo since its pixels were accepted, or None."""
        if photo.type() != "paintlayer" or photo.childNodes():
            return None
        strips = watch.strips()
        area = watch.rect[2] * watch.rect[3]
        if not (yield from colored_paint(strips, watch.space, area, still_there)):
            return None
        return WrongPlace(PHOTO, uid(photo), photo.name(), uid(photo), strips)

    def paint_on_result(self, document: Any, result: Any, still_there: Any) -> Flow:
        """What was painted on a result since it was written, or None."""
        known, live = Memory(document).results[uid(result)], self._core.follower.live
        live.own_paint.doubt(uid(result))
        if known.painted or not (yield from live.own_paint.look(document, result, still_there)):
            return None
        key, rect, pixels = live.kept
        strips = []
        if key == uid(result) and pixels is not None and tuple(rect) == tuple(known.rect):
            strips = yield from differences(result, rect, pixels, still_there)
        return WrongPlace(RESULT, uid(result), result.name(), known.photo, strips)

    # --- asking ----------------------------------------------------------------------------

    def ask_about(self, document: Any, found: WrongPlace, then: Callable[[], None]) -> None:
        """Ask, do what the user says, and go on with `then` unless it is Cancel."""
        if self.ask is None or self.is_open:
            return
        self.is_open = True

        def answered(answer: str) -> None:
            self.is_open = False
            layer = by_uid(document, found.layer) if alive(document) else None
            is_open = answer == CANCEL or not in_front(document)
            self._note_answer(document, found, is_open)
            if answer == CANCEL or layer is None:
                self._core.say(_("Nothing was changed. Hints go on a hint layer: New Hints Layer."))
                self._go_on(found)
                return
            if is_open:
                self._core.say(go_back(document))
                return
            if answer == KEEP:
                self._keep(document, found)
                then()
            elif found.kind == LAYER:
                Memory(document).bind_hints(found.layer, found.photo)
                then()
            elif found.strips:
                self._move(document, found, layer, then)
            else:
                self._core.say(
                    _(
                        "The paint on %s cannot be moved any more: undo it, and paint on a hint "
                        "layer."
                    )
                    % found.name,
                    error=True,
                )
                self._go_on(found)

        self.ask(found, answered)

    def _go_on(self, found: WrongPlace) -> None:
        """Hints may have been painted while the question was open.

        Live would not write a result with the paint on it, and ask again.
        """
        if found.kind != RESULT:
            self._core.follower.live.wake()

    def _note_answer(self, document: Any, found: WrongPlace, is_open: bool) -> None:
        """Keep a question about a photo that was left open, and no older one."""
        self._unanswered = [
            (of, other)
            for of, other in self._unanswered
            if alive(of) and not (of == document and other.layer == found.layer)
        ]
        if is_open and found.kind == PHOTO:
            self._unanswered.append((document, found))

    def _asked_before(self, document: Any, photo: Any) -> WrongPlace | None:
        """Strokes on a photo about which the question was left open, if they are still there.

        Where another picture was in front since, the watch over the photo has begun anew, and
        takes them for a part of it.
        """
        for of, found in self._unanswered:
            if of == document and found.layer == uid(photo):
                now = [side for _, _, side in found.strips]
                return found if pixels_now(photo, found) == now else None
        return None

    def _keep(self, document: Any, found: WrongPlace) -> None:
        if found.kind == LAYER:
            Memory(document).add_photo(found.layer)
        elif found.kind == RESULT:
            Memory(document).change_result(found.layer, painted=True)
        else:
            photo = by_uid(document, found.photo)
            watch = None if photo is None else self._core.follower.watch_of(document, photo)
            if watch is not None:
                watch.accept()
            self._core.seen.forget(found.photo)

    def _move(self, document: Any, found: WrongPlace, layer: Any, then: Callable[[], None]) -> None:
        flow = move_to_hints(document, found, layer, guard(document, found.layer))

        def done(hints: str) -> None:
            self._core.follower.active.chosen(document, by_uid(document, hints))
            self._core.follower.live.own_paint.doubt(found.layer)
            if in_front(document):
                then()
            else:
                self._core.say(go_back(document))

        self._core.side_jobs.run("move", flow, done, self._failed)

    def _failed(self, error: ClientError) -> None:
        self._core.fail(error)
