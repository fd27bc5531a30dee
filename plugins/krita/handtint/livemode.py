"""Live mode of the photo that is followed: when its result is updated, and what comes of it.

An update that has begun to write comes to its end, whatever happens meanwhile: a result that is
half of one answer and half of another must not stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from krita import Krita

from .brush import canvas_widget
from .client import ClientError
from .client.hintscan import Crop
from .commands import Outcome, guard
from .infront import in_front
from .live import LiveUpdate, Settler
from .memory import Memory
from .nodes import alive, by_uid, newest_result, uid
from .ownpaint import Flow, OwnPaint
from .patience import at_rest
from .photos import Rect
from .qt import timer
from .settings import Settings
from .spaces import space_of
from .view import active_view, visible_rect
from .wrongplace import WrongPlace

if TYPE_CHECKING:
    from .core import Core
    from .follower import Follower

SETTINGS_MS = 25
"""After a slider was moved; a slider that goes on moving is followed all the way."""

KEPT = "kept"
"""Outcome of an update of a result with paint that the user has said is to stay."""


class LiveMode:
    """See the module's docstring.

    own_paint: which results the user has painted on.  kept: the result that was written last
    (unique id, rectangle, its pixels or None).  update_times: of each update's steps.
    lifted_at: when the brush was lifted, until its stroke is shown.
    """

    def __init__(self, core: Core, follower: Follower) -> None:
        self._core, self._follower = core, follower
        self.own_paint = OwnPaint(lambda: follower.brush.presses)
        self.update_times: list[dict[str, float]] = []
        self.lifted_at: float | None = None
        self.kept: tuple[str, Rect, Any] = ("", (0, 0, 0, 0), None)
        self._update: LiveUpdate | None = None
        self._shown: tuple[str, Crop | None, dict[str, Any]] | None = None
        self._again = self._missed = self._finishing = False
        self._settings_timer = timer(SETTINGS_MS, self._follow_slider, once=True)
        self.settler = Settler(core, self._writes, self._is_down, self.own_paint)
        core.when_over(self.wake)

    @property
    def is_busy(self) -> bool:
        """Whether an update is under way."""
        return self._update is not None

    def _writes(self, key: str) -> bool:
        return self._update is not None and self._update.result_uid == key

    def _is_down(self) -> bool:
        return self._follower.brush.is_down

    # --- what has happened -----------------------------------------------------------------

    def note_result(self, outcome: Outcome, settings: Settings) -> None:
        """Colorize has put a result there, made with these settings."""
        self._shown = (outcome.result, outcome.crop, settings.of_run())
        self.kept = (outcome.result, outcome.rect, outcome.pixels)
        self.own_paint.wrote(outcome.result)

    def photo_changed(self) -> None:
        """The photo's pixels are others."""
        self._shown = None
        self.update()

    def settings_changed(self, before: Settings) -> None:
        """Begin or end live mode, or let the result follow a slider."""
        if not self._core.settings.live:
            self.stop()
        elif not before.live:
            self._begin()
        elif not self._settings_timer.isActive():
            self._settings_timer.start()

    def leave(self) -> None:
        """Another photo is followed from now on."""
        if self._settings_timer.isActive():
            self._settings_timer.stop()
            self.update()  # the slider was moved for this picture
        if self._update is not None:
            self._update.overtaken = False
        self._again = self._missed = False

    def end(self) -> None:
        """Nothing is to come any more."""
        self._settings_timer.stop()
        self._missed = False

    def settle(self, document: Any, result: Any) -> None:
        """See `Settler`; result: a layer."""
        if Memory(document).results[uid(result)].checksum is None:
            self.settler.settle(document, uid(result))

    def _begin(self) -> None:
        self._follower.follow()
        document, photo = self._follower.document_and_photo()
        if photo is None:
            return
        result = newest_result(document, photo, Memory(document))
        if result is None:
            self._core.colorize()
        else:
            self.own_paint.doubt(uid(result))
            self.update()

    def stop(self) -> None:
        """Live goes off, or something else makes a result: what nobody has seen is given up."""
        update = self._update
        if update is None:
            return
        if update.writing or self.own_paint.is_part(update.result_uid):
            self._finishing = True
            return
        self._core.side_jobs.stop("live")
        self._update = None
        self._missed = True  # where it was a command, and that is cancelled

    def _follow_slider(self) -> None:
        if self._update is not None and not self._update.is_seen:
            # Were it given up, nothing would be seen until the slider rests.
            self._settings_timer.start()
        else:
            self.update()

    def wake(self) -> None:
        """A command or a question is over, however it has ended."""
        if self._missed:
            self._missed = False
            self.update()

    # --- updating --------------------------------------------------------------------------

    def update(self) -> None:
        """Start an update; an older one that still waits for its answer is given up."""
        core, follower = self._core, self._follower
        if not core.settings.live and not self._finishing:
            return
        if core.running or core.questions.is_open:
            self._missed = True
            return
        if self._update is not None and self._must_end(self._update):
            self._again = True
            return
        if not follower.knows_hints():
            return
        document, photo = follower.document_and_photo()
        if photo is None:
            return
        result = newest_result(document, photo, Memory(document))
        if result is None:
            return
        settings = core.settings
        crop = follower.crop if settings.use_hints else None
        wanted = (uid(result), crop, settings.of_run())
        if wanted == self._shown and self._update is None:
            return
        try:
            session = core.session()
        except ClientError as error:
            core.fail(error)
            return
        update = LiveUpdate(
            document,
            follower.photo_uid,
            session,
            core.seen,
            settings,
            crop,
            visible_rect(active_view(), canvas_widget(Krita.instance().activeWindow())),
            self._is_down,
            self.own_paint,
        )
        update.result_uid = uid(result)
        self._shown = None
        flow = at_rest(self._flow(update, result, wanted), self._is_down)
        core.side_jobs.run("live", flow, self._done, self._failed)
        self._update, self._again = update, False

    def _must_end(self, update: LiveUpdate) -> bool:
        """Whether an update has to end before another one may begin."""
        is_mine = self._follower.is_followed(update.document, update.photo_uid)
        if update.writing and is_mine:
            update.overtaken = True
        return update.writing or (not is_mine and self.own_paint.is_part(update.result_uid))

    def _flow(self, update: LiveUpdate, result: Any, wanted: Any) -> Flow:
        key, document = update.result_uid, update.document
        try:
            done = yield from update.flow(key)
        finally:
            if update.has_written:
                self._keep(update, result)
        if update.painted:
            found = yield from self._core.questions.paint_on_result(
                document, result, guard(document, key)
            )
            if found is None and Memory(document).results[key].painted:
                return KEPT
            self._again = self._again or found is None  # undone meanwhile
            return found
        if done:
            self._shown = wanted
            self._follower.saved(update.photo_uid)
        return done

    def _keep(self, update: LiveUpdate, result: Any) -> None:
        """Keep what the result holds, if all of it is known."""
        if not alive(update.document) or by_uid(update.document, update.result_uid) is None:
            return  # Colorize has put another one in its place
        self.kept = ("", (0, 0, 0, 0), None)
        if update.photo is not None and update.photo.answer_space == space_of(result):
            self.kept = (update.result_uid, update.photo.rect, update.pixels)

    def _done(self, outcome: Any) -> None:
        update, self._update = self._update, None
        if update is None:
            return
        if "shown" in update.times and self.lifted_at is not None:
            self.update_times.append({"lifted": self.lifted_at, **update.times})
            self.lifted_at = None
        if self._core.message_is_error:
            self._core.clear_message()
        is_mine = self._follower.is_followed(update.document, update.photo_uid)
        if isinstance(outcome, WrongPlace):
            self._core.questions.noticed(update.document, outcome)
        elif outcome == KEPT:
            if is_mine and self._core.settings.live and in_front(update.document):
                self._core.colorize()  # the new colors lie above it
        elif is_mine and not self._again:
            self._core.suggester.ask()
        self._ended(update)
        if update.lost:
            self._core.say(update.lost)
        self._core.viewer.live_done()
        self._core.tell()

    def _failed(self, error: ClientError) -> None:
        update, self._update = self._update, None
        if update is not None:
            self._ended(update)
        self._core.fail(error)

    def _ended(self, update: LiveUpdate) -> None:
        """Go on with what was asked for meanwhile; else what is there now is what counts."""
        again, self._again = self._again, False
        if again:
            self.update()
        else:
            self._finishing = False
        self.settler.settle(update.document, update.result_uid)
