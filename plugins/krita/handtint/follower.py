"""Follows the active photo: its hints, what is painted, and what hangs on them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from krita import Krita

from .activelayer import ActiveLayer
from .brush import Brush, canvas_widget
from .client.hintscan import Crop
from .commands import Outcome, guard
from .fences import HintWatches, masks_around
from .livemode import LiveMode
from .memory import Memory
from .nodes import (
    MASK_TYPES,
    NoPhoto,
    Target,
    alive,
    by_uid,
    photo_under,
    target,
    uid,
)
from .patience import at_rest
from .photos import Rect, rect_of
from .photowatch import PhotoWatch
from .qt import timer
from .settings import Settings
from .spaces import space_of
from .view import active_view, stroke_rect
from .wrongplace import WrongPlace

if TYPE_CHECKING:
    from .core import Core

FOLLOW_MS = 250


class Follower:
    """See the module's docstring.

    photo_uid, area: of the photo.  crop: its hints.  live: what live mode does for it.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.brush = Brush(self._on_lifted)
        self._watch: HintWatches | None = None
        self._watched: tuple[Any, ...] = ()
        self._document: Any = None
        self.photo_uid = ""
        self.area: Rect = (0, 0, 0, 0)
        self.crop: Crop | None = None
        self._is_news = self._is_told = False
        self._unsaved: dict[str, dict[str, Any]] = {}
        self._active_result: tuple[Any, str] | None = None
        self.photo_watch: PhotoWatch | None = None
        self.active = ActiveLayer(self._on_undo)
        self._follow_timer = timer(FOLLOW_MS, self.follow)
        self.live = LiveMode(core, self)

    def start(self) -> None:
        """Follow from now on."""
        self._follow_timer.start()

    # --- which photo -----------------------------------------------------------------------

    def follow(self) -> None:
        """Watch the hints of the photo that the active layer stands for."""
        if self.brush.is_down:
            return
        self.brush.watch(canvas_widget(Krita.instance().activeWindow()))
        document = Krita.instance().activeDocument()
        node = document.activeNode() if alive(document) else None
        self.active.note(document, node)  # also while a command runs
        if node is not None:
            self.note_active(document, node)
        if self._core.running:
            return
        if not alive(document):
            self._unwatch()
            return
        try:
            goal = target(document, node)
        except NoPhoto:
            self._unwatch()
            return
        below = photo_under(document, goal.photo, Memory(document))
        self._watch_target(document, goal if below is None else target(document, below))

    def note_result(self, outcome: Outcome, settings: Settings) -> None:
        """Colorize has put a result there, made with these settings."""
        self.live.note_result(outcome, settings)
        self.saved(outcome.photo)
        if self.photo_watch is not None and outcome.photo == self.photo_uid:
            self.photo_watch.accept()

    def saved(self, photo_uid: str) -> None:
        """A photo's settings are those of its result."""
        self._unsaved.pop(photo_uid, None)

    def note_active(self, document: Any, node: Any) -> None:
        """A layer is active: if it is a result, the user may do anything to it.

        When another one is active, it is looked at: what is known then, no operation on the
        whole picture can hide.
        """
        key = uid(node)
        if key in Memory(document).results:
            self.live.own_paint.note_active(key)
            self._active_result = document, key
        elif self._active_result is not None and not self._busy():
            (of, left), self._active_result = self._active_result, None
            result = by_uid(of, left) if alive(of) else None
            if result is not None:
                flow = self.live.own_paint.look(of, result, guard(of, left))
                self.run_at_rest("look", flow, lambda _: None)

    def run_at_rest(self, name: str, flow: Any, done: Any) -> None:
        """Run a side job that keeps still while the user paints."""
        flow = at_rest(flow, lambda: self.brush.is_down)
        self._core.side_jobs.run(name, flow, done, lambda error: None)

    def _watch_target(self, document: Any, goal: Target) -> None:
        rect, space = rect_of(goal.photo), tuple(space_of(goal.photo))
        hints = [uid(layer) for layer in goal.hints]
        hints += [uid(mask) for layer in goal.hints for mask in masks_around(layer, goal.photo)]
        watched = (uid(goal.photo), rect, space, *hints)
        same_document = self._document is not None and self._document == document
        if watched == self._watched and same_document:
            return
        same_photo = same_document and self.photo_uid == uid(goal.photo)
        same_pixels = same_photo and watched[1:3] == self._watched[1:3]
        self._unwatch(same_photo)
        self._watched = watched
        self._document, self.photo_uid, self.area = document, uid(goal.photo), rect
        if not same_document:
            self.live.own_paint.forget()
        if not same_photo:
            self._show_picture(goal)
            if goal.result is not None:
                self.live.settle(document, goal.result)
        if not same_pixels:
            self._watch_photo(goal.photo, rect)
        if same_photo and not same_pixels and goal.result is not None:
            still_there = guard(document, uid(goal.result))
            flow = self.live.own_paint.renew(document, goal.result, still_there)
            self.run_at_rest("renew", flow, lambda _: None)
        if rect[2] and goal.hints:
            self._watch = HintWatches(
                goal.hints,
                goal.photo,
                rect,
                lambda: self.brush.is_down,
                self._on_hints_changed,
                self._core.suggester.stroke_begins,
            )
            self._is_news, self._is_told = same_photo, False
        elif same_photo:
            self.live.update()  # the last hint layer may have been taken away
        self._core.tell()

    def _watch_photo(self, photo: Any, rect: Rect) -> None:
        if self.photo_watch is not None:
            self.photo_watch.stop()
        self.photo_watch = None
        if rect[2]:
            self.photo_watch = PhotoWatch(
                photo, rect, lambda: self.brush.is_down or self._busy(), self._on_photo_changed
            )

    def _busy(self) -> bool:
        """Whether something runs that needs the processor more."""
        return self._core.running or self.live.is_busy

    def _show_picture(self, goal: Target) -> None:
        """Settings belong to the picture: those of its result, or set since, or the defaults."""
        kept = self._unsaved.get(uid(goal.photo))
        if kept is None:
            memory = Memory(self._document)
            kept = memory.results[uid(goal.result)].settings if goal.result is not None else {}
        self._core.show_settings(self._core.settings.with_picture(kept))

    def _unwatch(self, same_photo: bool = False) -> None:
        if not same_photo:
            self.live.leave()
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        if not same_photo and self.photo_watch is not None:
            self.photo_watch.stop()
            self.photo_watch = None
        had = bool(self._watched)
        self._watched = ()
        self._document, self.photo_uid = None, ""
        self.crop = None
        self._core.suggester.stop()
        if had and not same_photo:
            self._core.suggester.forget()
            self._core.tell()

    def _photo(self) -> Any:
        """The photo that is followed, or None."""
        if self._document is None or not alive(self._document):
            return None
        return by_uid(self._document, self.photo_uid)

    def document_and_photo(self) -> tuple[Any, Any]:
        """What is followed, or None and None."""
        return self._document, self._photo()

    def watch_of(self, document: Any, photo: Any) -> PhotoWatch | None:
        """What watches a photo, if that is the one that is followed."""
        return self.photo_watch if self.is_followed(document, uid(photo)) else None

    def is_followed(self, document: Any, photo_uid: str) -> bool:
        """Whether that photo is the one."""
        same = self._document is not None and self._document == document
        return same and self.photo_uid == photo_uid

    @property
    def live_is_busy(self) -> bool:
        """Whether a live update is under way."""
        return self.live.is_busy

    def stop_live(self) -> None:
        """See `LiveMode`."""
        self.live.stop()

    # --- its hints -------------------------------------------------------------------------

    def _on_lifted(self) -> None:
        self.live.lifted_at = time.monotonic()
        node = None if self._document is None else self._document.activeNode()
        if node is not None:
            self.note_active(self._document, node)
        if node is not None and node.type() in MASK_TYPES:
            self._watched = self._watched[:3]  # a fence may have changed: it is read anew
        if self._watch is not None:
            self._watch.lifted(stroke_rect(active_view(), self.brush.path))
        if self.photo_watch is not None and node is not None and uid(node) == self.photo_uid:
            self.photo_watch.hurry()
        self._core.questions.on_lifted()

    def _on_undo(self) -> None:
        self.live.own_paint.undone()
        if self._watch is not None:
            self._watch.lifted(None)
        if self.photo_watch is not None:
            self.photo_watch.hurry()

    def _on_hints_changed(self, place: tuple[int, int] | None) -> None:
        if self._watch is None:
            return
        before, self.crop = self.crop, self._watch.crop()
        self._is_told = True
        if not self._is_news:
            self._is_news = True  # hints that a picture comes with are no change
            return
        if place is not None:
            self._core.suggester.wish(place, before)
        self._core.viewer.hints_changed()
        self._core.alternatives.look()
        self.live.update()
        if not self.live.is_busy:
            self._core.suggester.ask()

    def knows_hints(self) -> bool:
        """Whether it is known what is painted; else it is news as soon as it is."""
        if self._watch is None or self._is_told:
            return True
        self._is_news = True
        return False

    @property
    def hint_watches(self) -> HintWatches | None:
        """What watches the photo's hint layers, if it has any."""
        return self._watch

    # --- its pixels ------------------------------------------------------------------------

    def _on_photo_changed(self) -> None:
        """Strokes of colour are asked about; anything else is the photo as it is now."""
        watch, document, photo = self.photo_watch, self._document, self._photo()
        if watch is None or photo is None:
            return
        key = self.photo_uid
        still_there = guard(document, key)

        def done(found: WrongPlace | None) -> None:
            if self.photo_watch is not watch:
                return
            if found is not None:
                self._core.questions.noticed(document, found)
                return
            self._core.seen.forget(key)
            self.live.photo_changed()

        flow = self._core.questions.judge_photo(watch, photo, still_there)
        self.run_at_rest("photo", flow, done)

    # --- its settings ----------------------------------------------------------------------

    def settings_changed(self, before: Settings) -> None:
        """They were changed by the user."""
        now = self._core.settings.of_run()
        if now != before.of_run() and self.photo_uid:
            self._unsaved[self.photo_uid] = now
        self.live.settings_changed(before)
