"""Follows the active photo: its hints, suggestions for them, and live mode."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Generator

from krita import Krita

from .brush import Brush, canvas_widget
from .client import ClientError, Suggestion
from .commands import Outcome, guard, hints_on_wire, suggest
from .hintscan import Crop, HintScan
from .live import LiveUpdate, settle
from .memory import Memory
from .nodes import NoPhoto, Target, alive, by_uid, newest_result, target, uid
from .overlay import overlay_of
from .photos import Rect, rect_of
from .qt import safely, timer
from .results import painted_over
from .settings import Settings
from .view import stroke_rect, visible_rect
from .watch import HintWatch

if TYPE_CHECKING:
    from .core import Core

FOLLOW_MS = 250
SETTLE_MS = 1500
SETTINGS_MS = 150


class Follower:
    """See the module's docstring.

    suggestions: colours for the place painted last.  update_times: when the steps of each
    live update were done, for those who measure.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.brush = Brush(self._on_lifted)
        self.suggestions: list[Suggestion] = []
        self.update_times: list[dict[str, float]] = []
        self._watch: HintWatch | None = None
        self._watched: tuple[Any, ...] = ()
        self._document: Any = None
        self._photo_uid = ""
        self._area: Rect = (0, 0, 0, 0)
        self._crop: Crop | None = None
        self._wish: tuple[tuple[int, int], Crop | None] | None = None
        self._live: LiveUpdate | None = None
        self._live_again = False
        self._live_result = ""
        self._shown: tuple[str, Crop | None, dict[str, Any]] | None = None
        self._suspects: set[str] = set()
        self._lifted_at: float | None = None
        self._undo_actions: set[str] = set()
        self._follow_timer = timer(FOLLOW_MS, self.follow)
        self._settle_timer = timer(SETTLE_MS, self._settle, once=True)
        self._settings_timer = timer(SETTINGS_MS, self._update_live, once=True)

    def start(self) -> None:
        """Follow from now on."""
        self._follow_timer.start()

    # --- which photo -----------------------------------------------------------------------

    def follow(self) -> None:
        """Watch the hints of the photo that the active layer stands for."""
        if self.brush.is_down or self._core.running:
            return
        application = Krita.instance()
        self.brush.watch(canvas_widget(application.activeWindow()))
        self._listen_to_undo()
        document = application.activeDocument()
        if not alive(document):
            self._unwatch()
            return
        node = document.activeNode()
        try:
            goal = target(document, node)
        except NoPhoto:
            self._unwatch()
            return
        if node is not None and uid(node) in Memory(document).results:
            self._suspects.add(uid(node))  # the user may paint into it
        self._watch_target(document, goal)

    def _listen_to_undo(self) -> None:
        """Undo changes hints without the brush; a sweep would find it, but later."""
        for name in ("edit_undo", "edit_redo"):
            action = Krita.instance().action(name)
            if action is not None and name not in self._undo_actions:
                action.triggered.connect(safely(self._on_undo))
                self._undo_actions.add(name)

    def note_result(self, outcome: Outcome, settings: Settings) -> None:
        """Colorize has put a result there, made with these settings."""
        self._shown = (outcome.result, outcome.crop, settings.of_run())

    def _watch_target(self, document: Any, goal: Target) -> None:
        rect = rect_of(goal.photo)
        hints = [uid(layer) for layer in goal.hints]
        watched = (uid(document.rootNode()), uid(goal.photo), rect, *hints)
        if watched == self._watched:
            return
        self._unwatch(same_photo=watched[:2] == self._watched[:2])
        self._watched = watched
        self._document, self._photo_uid, self._area = document, uid(goal.photo), rect
        if rect[2] and goal.hints:
            self._watch = HintWatch(
                goal.hints, rect, lambda: self.brush.is_down, self._on_hints_changed
            )
        else:
            self._update_live()  # the last hint layer may have been taken away
        self._core.tell()

    def _unwatch(self, same_photo: bool = False) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        had = bool(self._watched)
        self._watched = ()
        self._document, self._photo_uid = None, ""
        self._crop = self._wish = None
        self._core.side_jobs.stop("suggest")
        if had and not same_photo:
            self.suggestions = []
            self._core.tell()

    def _photo(self) -> Any:
        """The photo that is followed, or None."""
        if self._document is None or not alive(self._document):
            return None
        return by_uid(self._document, self._photo_uid)

    def overlay_is_shown(self) -> bool:
        """Whether the photo has its overlay."""
        photo = self._photo()
        return photo is not None and overlay_of(self._document, photo) is not None

    # --- its hints -------------------------------------------------------------------------

    def _on_lifted(self) -> None:
        self._lifted_at = time.monotonic()
        if self._watch is not None:
            self._watch.lifted(stroke_rect(_active_view(), self.brush.path))

    def _on_undo(self, *_: Any) -> None:
        if self._watch is not None:
            self._watch.lifted(None)

    def _on_hints_changed(self, scan: HintScan, place: tuple[int, int] | None) -> None:
        before, self._crop = self._crop, scan.crop()
        if place is not None:
            self._wish = (place, before)
        self._update_live()
        if self._live is None:
            self._suggest()

    def _suggest(self) -> None:
        """Ask for colours at the place painted last, as if its paint were not there yet.

        In live mode the new colours come first: the server does one thing at a time.
        """
        if self._wish is None:
            return
        (place, before), self._wish = self._wish, None
        known = self._core.seen.find(self._photo_uid)
        if known is None or not known.image_id:
            return
        point = (place[0] - self._area[0], place[1] - self._area[1])
        settings = self._core.settings
        hints = hints_on_wire(before, self._area) if settings.use_hints else None

        def done(found: Any) -> None:
            self.suggestions = found.colors
            self._core.tell()

        try:
            flow = suggest(self._core.session(), known.image_id, point, hints, settings)
        except ClientError:
            return  # colours for the photo itself will say so
        self._core.side_jobs.run("suggest", flow, done, lambda error: None)

    # --- live mode -------------------------------------------------------------------------

    def settings_changed(self, before: Settings) -> None:
        """Begin or end live mode, or let the result follow a slider."""
        if not self._core.settings.live:
            self.stop_live()
        elif before.live:
            self._settings_timer.start()
        else:
            self._begin_live()

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
        if not self._core.settings.live or self._core.running:
            return
        if self._live is not None and self._live.writing:
            self._live.overtaken = self._live_again = True
            return
        photo = self._photo()
        if photo is None:
            return
        result = newest_result(self._document, photo, Memory(self._document))
        if result is None:
            return
        settings = self._core.settings
        crop = self._crop if settings.use_hints else None
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
            self._photo_uid,
            session,
            self._core.seen,
            settings,
            crop,
            visible_rect(_active_view(), canvas_widget(Krita.instance().activeWindow())),
            lambda: self.brush.is_down,
        )
        self._shown = None
        flow = self._live_flow(update, result, wanted)
        self._core.side_jobs.run("live", flow, self._on_live_done, self._on_live_failed)
        self._live, self._live_again = update, False
        self._live_result = uid(result)

    def _live_flow(self, update: LiveUpdate, result: Any, wanted: Any) -> Generator[Any, Any, Any]:
        key = uid(result)
        if key in self._suspects:
            memory = Memory(update.document)
            still_there = guard(update.document, key)
            if (yield from painted_over(result, memory, still_there)):
                return "painted over"
            self._suspects.discard(key)
        done = yield from update.flow(key)
        if done:
            self._shown = wanted
        return done

    def _on_live_done(self, outcome: Any) -> None:
        update, self._live = self._live, None
        if update is not None and "shown" in update.times and self._lifted_at is not None:
            self.update_times.append({"lifted": self._lifted_at, **update.times})
            self._lifted_at = None
        if outcome == "painted over":
            self._core.colorize()
        elif self._live_again:
            self._update_live()
        else:
            self._suggest()
            self._settle_timer.start()
        if self._core.message_is_error:
            self._core.message, self._core.message_is_error = "", False
        self._core.tell()

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

    def _settle(self) -> None:
        if self._live is not None or not alive(self._document):
            return
        key = self._live_result
        flow = settle(self._document, key, guard(self._document, key), lambda: self.brush.is_down)
        self._core.side_jobs.run("settle", flow, lambda _: None, lambda error: None)


def _active_view() -> Any:
    window = Krita.instance().activeWindow()
    return window.activeView() if window is not None else None
