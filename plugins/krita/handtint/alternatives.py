"""Other colorings of the active photo: their thumbnails, and what a click on one does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generator

from krita import Krita

from . import references
from .client import ClientError, Picture, Session, protocol
from .client.hintscan import Crop
from .client.translation import _
from .commands import Known, Seen, ask_knowing, guard, hints_on_wire, introduce
from .memory import Memory
from .nodes import newest_result
from .patience import at_rest
from .qt import timer
from .settings import Settings
from .viewer import AT_WORK

if TYPE_CHECKING:
    from .core import Core

SIDE = 192
"""Pixels of a thumbnail's long side."""

RENEW_MS = 400


def thumbnails(
    document: Any, key: str, session: Session, settings: Settings, crop: Crop | None, seen: Seen
) -> Generator[Any, Any, tuple[list[Picture], str]]:
    """Thumbnails of a photo's colorings, the usual one first, and a note or ""."""
    still_there = guard(document, key)
    reference, note = yield from references.read(document, settings.reference, still_there)

    def ask(known: Known) -> Any:
        hints = hints_on_wire(crop, known.photo.rect)
        return session.ask(
            lambda: protocol.alternatives(
                known.image_id,
                hints,
                size=SIDE,
                vividness=settings.vividness,
                strength=settings.strength,
                reference=reference,
                request_id=protocol.new_request_id(),
            )
        )

    def send() -> Any:
        return introduce(document, key, session, settings, seen, still_there)

    answer, _known = yield from ask_knowing(seen.find(key), ask, send)
    return protocol.read_thumbnails(answer), note


class Alternatives:
    """What the window of alternatives shows.

    pictures: the thumbnails, the usual coloring first; none before the server has answered.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.pictures: list[Picture] = []
        self._is_open = False
        self._asked: tuple[Any, ...] = ()
        self._shown_photo = ""
        self._timer = timer(RENEW_MS, self._renew, once=True)

    # --- thumbnails ------------------------------------------------------------------------

    def open(self) -> None:
        """The window is shown: it follows the photo from now on."""
        self._is_open = True
        self._core.clear_message()
        self._core.follower.follow()
        if not self._core.follower.photo_uid:
            self._core.say(_("Click the layer of a photo: its alternatives appear here."))
        elif not self._core.running:
            self._ask(self._core.run)

    def close(self) -> None:
        """Nobody looks at the thumbnails any more."""
        self._is_open = False
        self._timer.stop()
        self._core.side_jobs.stop("alternatives")
        self._asked = ()

    def look(self) -> None:
        """Something may have changed: photo, hints, settings."""
        if self._is_open and self._wanted() != self._asked and not self._timer.isActive():
            self._timer.start()

    def _wanted(self) -> tuple[Any, ...]:
        follower, settings = self._core.follower, self._core.settings
        if not follower.photo_uid:
            return ()
        crop = follower.crop if settings.use_hints else None
        colors = (settings.vividness, settings.strength if crop else 1.0, settings.reference)
        return (follower.photo_uid, crop, *colors)

    def _renew(self) -> None:
        core, follower = self._core, self._core.follower
        if not self._is_open or self._wanted() == self._asked:
            return
        if core.running or follower.live_is_busy or follower.brush.is_down:
            self._timer.start()  # the server does one thing at a time
        elif not follower.photo_uid:
            self.pictures, self._asked = [], ()
            core.tell()
        else:
            self._ask(self._run_aside)

    def _run_aside(self, flow: Any, done: Any) -> None:
        core = self._core
        flow = at_rest(flow, lambda: core.follower.brush.is_down)
        core.side_jobs.run("alternatives", flow, done, core.fail)

    def _ask(self, run: Any) -> None:
        core, follower = self._core, self._core.follower
        document, photo = follower.document_and_photo()
        if photo is None:
            return
        self._asked = wanted = self._wanted()
        if self.pictures and self._shown_photo != follower.photo_uid:
            self.pictures = []
        self._shown_photo = follower.photo_uid

        def done(found: Any) -> None:
            if self._asked != wanted:
                return
            self.pictures, note = found
            if note:
                core.say(note)
            core.tell()

        try:
            session = core.session()
        except ClientError as error:
            core.fail(error)
            return
        flow = thumbnails(
            document, follower.photo_uid, session, core.settings, wanted[1], core.seen
        )
        run(flow, done)

    # --- what the user chooses -------------------------------------------------------------

    def choose(self, number: int) -> None:
        """Make a coloring the result, here and in live mode."""
        self._use(alternative=number)

    def choose_reference(self, reference: str) -> None:
        """Take colors from a layer or a file; "" from none."""
        self._use(reference=reference)

    def _use(self, **values: Any) -> None:
        core = self._core
        settings = replace(core.settings, **values)
        if core.running:
            core.say(AT_WORK)
            core.tell()
            return
        follows = core.settings.live and self._has_result()
        if follows:
            core.set_settings(settings)
        else:
            core.keep_settings(settings)
            if Krita.instance().activeDocument() is not None:
                core.colorize()

    def _has_result(self) -> bool:
        document, photo = self._core.follower.document_and_photo()
        return photo is not None and newest_result(document, photo, Memory(document)) is not None
