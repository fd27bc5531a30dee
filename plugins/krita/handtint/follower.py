"""Follows the active photo: its hints, suggestions for them, and live mode."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Generator

from krita import Krita

from .activelayer import ActiveLayer
from .brush import Brush, canvas_widget
from .client import ClientError
from .client.hintscan import Crop
from .commands import Outcome, guard
from .fences import HintWatches, masks_around
from .live import LiveUpdate, Settler
from .memory import Memory
from .nodes import (
    MASK_TYPES,
    NoPhoto,
    Target,
    alive,
    by_uid,
    newest_result,
    photo_under,
    target,
    uid,
)
from .photos import Rect, rect_of
from .photowatch import PhotoWatch
from .qt import timer
from .results import painted_over
from .settings import Settings
from .spaces import space_of
from .view import active_view, stroke_rect, visible_rect
from .wrongplace import WrongPlace

if TYPE_CHECKING:
    from .core import Core

FOLLOW_MS = 250
SETTINGS_MS = 25
"""After a slider was moved; a slider that goes on moving is followed all the way."""


class Follower:
    """See the module's docstring.

    photo_uid, area: of the photo.  crop: its hints.  kept: the result that was written last
    (unique id, rectangle, its pixels or None).  update_times: of each live update's steps.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.brush = Brush(self._on_lifted)
        self.update_times: list[dict[str, float]] = []
        self._watch: HintWatches | None = None
        self._watched: tuple[Any, ...] = ()
        self._document: Any = None
        self.photo_uid = ""
        self.area: Rect = (0, 0, 0, 0)
        self.crop: Crop | None = None
        self._live: LiveUpdate | None = None
        self._live_again = False
        self._is_news = self._is_told = False
        self._shown: tuple[str, Crop | None, dict[str, Any]] | None = None
        self._suspects: set[str] = set()
        self.kept: tuple[str, Rect, Any] = ("", (0, 0, 0, 0), None)
        self._unsaved: dict[str, dict[str, Any]] = {}
        self._lifted_at: float | None = None
        self.photo_watch: PhotoWatch | None = None
        self.active = ActiveLayer(self._on_undo)
        self._follow_timer = timer(FOLLOW_MS, self.follow)
        self.settler = Settler(core, lambda: self._live is not None, lambda: self.brush.is_down)
        self._settings_timer = timer(SETTINGS_MS, self._follow_slider, once=True)

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
        memory = Memory(document)
        if node is not None and uid(node) in memory.results:
            self._suspects.add(uid(node))  # the user may paint into it
        below = photo_under(document, goal.photo, memory)
        self._watch_target(document, goal if below is None else target(document, below))

    def note_result(self, outcome: Outcome, settings: Settings) -> None:
        """Colorize has put a result there, made with these settings."""
        self._shown = (outcome.result, outcome.crop, settings.of_run())
        self._unsaved.pop(outcome.photo, None)
        self.kept = (outcome.result, outcome.rect, outcome.pixels)
        if self.photo_watch is not None and outcome.photo == self.photo_uid:
            self.photo_watch.accept()

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
        if not same_photo:
            self._show_picture(goal)
        if not same_pixels:
            self._watch_photo(goal.photo, rect)
        if same_photo and not same_pixels and goal.result is not None:
            self._core.questions.take_as_written(document, uid(goal.result))
        if rect[2] and goal.hints:
            self._watch = HintWatches(
                goal.hints, goal.photo, rect, lambda: self.brush.is_down, self._on_hints_changed
            )
            self._is_news, self._is_told = same_photo, False
        elif same_photo:
            self._update_live()  # the last hint layer may have been taken away
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
        return self._core.running or self._live is not None

    def _show_picture(self, goal: Target) -> None:
        """Settings belong to the picture: those of its result, or set since, or the defaults."""
        kept = self._unsaved.get(uid(goal.photo))
        if kept is None:
            memory = Memory(self._document)
            kept = memory.results[uid(goal.result)].settings if goal.result is not None else {}
        self._core.show_settings(self._core.settings.with_picture(kept))

    def _unwatch(self, same_photo: bool = False) -> None:
        if not same_photo and self._settings_timer.isActive():
            self._settings_timer.stop()
            self._update_live()  # the slider was moved for this picture
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
        return self.photo_watch if self._is_followed(document, uid(photo)) else None

    @property
    def live_is_busy(self) -> bool:
        """Whether a live update is under way."""
        return self._live is not None

    # --- its hints -------------------------------------------------------------------------

    def _on_lifted(self) -> None:
        self._lifted_at = time.monotonic()
        self._core.suggester.stroke_begins()
        node = None if self._document is None else self._document.activeNode()
        if node is not None and node.type() in MASK_TYPES:
            self._watched = self._watched[:3]  # a fence may have changed: it is read anew
        if self._watch is not None:
            self._watch.lifted(stroke_rect(active_view(), self.brush.path))
        if self.photo_watch is not None and node is not None and uid(node) == self.photo_uid:
            self.photo_watch.hurry()
        self._core.questions.on_lifted()

    def _on_undo(self) -> None:
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
        self._update_live()
        if self._live is None:
            self._core.suggester.ask()

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
            self._shown = None
            self._update_live()

        flow = self._core.questions.judge_photo(watch, photo, still_there)
        self._core.side_jobs.run("photo", flow, done, lambda error: None)

    # --- live mode -------------------------------------------------------------------------

    def settings_changed(self, before: Settings) -> None:
        """Begin or end live mode, or let the result follow a slider."""
        now = self._core.settings.of_run()
        if now != before.of_run() and self.photo_uid:
            self._unsaved[self.photo_uid] = now
        if not self._core.settings.live:
            self.stop_live()
        elif not before.live:
            self._begin_live()
        elif not self._settings_timer.isActive():
            self._settings_timer.start()

    def _follow_slider(self) -> None:
        if self._live is not None and not self._live.is_seen:
            # Were it given up, nothing would be seen until the slider rests.
            self._settings_timer.start()
        else:
            self._update_live()

    def _begin_live(self) -> None:
        self.follow()
        photo = self._photo()
        if photo is None:
            return
        result = newest_result(self._document, photo, Memory(self._document))
        if result is None:
            self._core.colorize()
        else:
            self._suspects.add(uid(result))
            self._update_live()

    def _update_live(self) -> None:
        """Start a live update; an older one that still waits for its answer is given up."""
        if not self._core.settings.live or self._core.running or self._core.questions.is_open:
            return
        if self._live is not None and self._live.writing:
            self._live.overtaken = self._live_again = True
            return
        if self._watch is not None and not self._is_told:
            self._is_news = True  # as soon as it is known what is painted
            return
        photo = self._photo()
        if photo is None:
            return
        result = newest_result(self._document, photo, Memory(self._document))
        if result is None:
            return
        settings = self._core.settings
        crop = self.crop if settings.use_hints else None
        wanted = (uid(result), crop, settings.of_run())
        if wanted == self._shown and self._live is None:
            return
        try:
            session = self._core.session()
        except ClientError as error:
            self._core.fail(error)
            return
        update = LiveUpdate(
            self._document,
            self.photo_uid,
            session,
            self._core.seen,
            settings,
            crop,
            visible_rect(active_view(), canvas_widget(Krita.instance().activeWindow())),
            lambda: self.brush.is_down,
        )
        self._shown = None
        flow = self._live_flow(update, result, wanted)
        self._core.side_jobs.run("live", flow, self._on_live_done, self._on_live_failed)
        self._live, self._live_again = update, False

    def _live_flow(self, update: LiveUpdate, result: Any, wanted: Any) -> Generator[Any, Any, Any]:
        key = uid(result)
        if key in self._suspects:
            memory = Memory(update.document)
            still_there = guard(update.document, key)
            if (yield from painted_over(update.document, result, memory, still_there)):
                found = yield from self._core.questions.paint_on_result(
                    update.document, result, still_there
                )
                return found or "painted over"
            self._suspects.discard(key)
        done = yield from update.flow(key)
        if done:
            self._shown = wanted
            self._unsaved.pop(update.photo_uid, None)
            if update.photo is not None and update.photo.answer_space == space_of(result):
                self.kept = (key, update.photo.rect, update.pixels)
        return done

    def _on_live_done(self, outcome: Any) -> None:
        update, self._live = self._live, None
        if update is not None:
            self.settler.wrote(update.document, update.result_uid)
        if update is not None and "shown" in update.times and self._lifted_at is not None:
            self.update_times.append({"lifted": self._lifted_at, **update.times})
            self._lifted_at = None
        of_this = update is not None and self._is_followed(update.document, update.photo_uid)
        if isinstance(outcome, WrongPlace):
            self._core.questions.noticed(update.document, outcome) if update else None
        elif outcome == "painted over" or not of_this:
            pass
        elif self._live_again:
            self._update_live()
        else:
            self._core.suggester.ask()
            self.settler.soon()
        if update is not None and not of_this:
            self.settler.now()  # because its photo is no longer followed
        if self._core.message_is_error:
            self._core.clear_message()
        if update is not None and update.lost:
            self._core.say(update.lost)
        self._core.viewer.live_done()
        self._core.tell()

    def _is_followed(self, document: Any, photo_uid: str) -> bool:
        same = self._document is not None and self._document == document
        return same and self.photo_uid == photo_uid

    def _on_live_failed(self, error: ClientError) -> None:
        self._live = None
        self._core.fail(error)

    def stop_live(self) -> None:
        """Give up what live mode is doing."""
        if self._live is not None and self._live.writing:
            self._live.overtaken = True  # it ends by itself in a moment
            return
        self._core.side_jobs.stop("live")
        self._live = None
