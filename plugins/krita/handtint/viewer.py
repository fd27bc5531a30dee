"""What of Handtint's layers is shown, hidden, and written to files for others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from krita import Krita

from .client import ClientError
from .client.translation import _
from .memory import Memory
from .nodes import alive, photo_of
from .overlay import hide_overlay, overlay_of, show_overlay
from .qt import QtCore, safely, timer
from .saves import OWN_FORMATS, Saves
from .shown import Compare, export, hint_layers, seen_helpers, set_visible

if TYPE_CHECKING:
    from .core import Core

OVERLAY_MS = 200
AT_WORK = _("Colorize Layer is at work already; Cancel in the docker stops it.")


class Viewer:
    """The switches of the docker that change what is seen, and Export Colored Picture."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._compare = Compare()
        self._saves = Saves(self._compare)
        self._exports = False
        self._overlay_waits = False
        self._overlay_timer = timer(OVERLAY_MS, self._renew_overlay, once=True)

    # --- where a hint helps ----------------------------------------------------------------

    def show_where_hints_help(self, on: bool) -> None:
        """Show or hide the overlay of the active photo."""
        core = self._core
        core.clear_message()
        document = Krita.instance().activeDocument()
        if document is None:
            return
        try:
            photo = photo_of(document, document.activeNode(), Memory(document))
            if not on:
                hide_overlay(document, photo)
                core.tell()
            elif core.running:
                core.say(AT_WORK)
            else:
                flow = show_overlay(document, photo, core.session(), core.settings, core.seen)
                core.run(flow, lambda _: None)
        except ClientError as error:
            core.fail(error)

    def overlay_is_shown(self) -> bool:
        """Whether the followed photo has its overlay."""
        document, photo = self._core.follower.document_and_photo()
        return photo is not None and overlay_of(document, photo) is not None

    def hints_changed(self) -> None:
        """Hints of the followed photo were painted or taken away."""
        if self.overlay_is_shown():
            self._overlay_timer.start()

    def live_done(self) -> None:
        """A live update is over: what waited for the server may go on."""
        if self._overlay_waits:
            self._overlay_timer.start()

    def _renew_overlay(self) -> None:
        core, follower = self._core, self._core.follower
        self._overlay_waits = core.running or follower.live_is_busy
        if self._overlay_waits or not self.overlay_is_shown():
            return
        document, photo = follower.document_and_photo()
        try:
            session = core.session()
        except ClientError:
            return  # colours for the photo itself will say so
        flow = show_overlay(
            document,
            photo,
            session,
            core.settings,
            core.seen,
            lambda: follower.brush.is_down,
            renew=True,
        )
        core.side_jobs.run("overlay", flow, lambda _: core.tell(), lambda error: None)

    # --- shown and hidden ------------------------------------------------------------------

    def hints_are_shown(self) -> bool | None:
        """Whether a hint layer of the photo is visible; None if there is none."""
        watches = self._core.follower.hint_watches
        return None if watches is None else any(layer.visible() for layer in watches.layers)

    def show_hints(self, on: bool) -> None:
        """Show or hide the hint layers of the active photo."""
        self._core.clear_message()
        self._compare.release()  # else its end would show hints that were hidden meanwhile
        document, photo = self._core.follower.document_and_photo()
        if photo is not None:
            set_visible(document, hint_layers(document, photo), bool(on))
        self._core.tell()

    @property
    def compares(self) -> bool:
        """Whether the active picture is shown without colour."""
        return self._compare.is_held(Krita.instance().activeDocument())

    def compare(self, on: bool) -> None:
        """Show the photo without colour, until it is called with False or something is done."""
        document = Krita.instance().activeDocument()
        if not on or not alive(document):
            self._compare.release()
        elif self._core.running:
            # A result that is put in the place of a hidden one would be hidden for good.
            self._core.say(AT_WORK)
        else:
            self._saves.listen()
            self._compare.hold(document)

    # --- files -----------------------------------------------------------------------------

    def wrote(self, path: str) -> bool:
        """A file was written: once more, with colours, if it has none because of comparing.

        Returns whether it has none.
        """
        document = self._saves.without_color(path)
        if document is None or self._exports:
            return False
        self._compare.release()
        document.setModified(True)
        QtCore.QTimer.singleShot(0, safely(lambda: self._write_again(document, path)))
        self._core.tell()
        return True

    def _write_again(self, document: Any, path: str) -> None:
        """Only Krita's own format: for others the user has chosen how it is written."""
        is_own = os.path.splitext(path)[1].lower() in OWN_FORMATS
        if is_own and alive(document) and document.fileName() == path and document.save():
            return
        self._core.say(
            _("%s was saved as it was shown, without colors: save it again.") % path, error=True
        )

    def export(self, document: Any, path: str) -> None:
        """Write the picture without hints to a file."""
        core = self._core
        core.clear_message()
        self._compare.release()
        self._exports = True
        try:
            done = alive(document) and export(document, path)
        finally:
            self._exports = False
        if done:
            core.say(_("The colored picture is in %s, without hints.") % path)
        else:
            core.say(
                _("Krita could not write %s: choose another place or format.") % path, error=True
            )

    def warn_of_helpers(self, document: Any, path: str) -> None:
        """Say that a picture which was just written shows hints, if it does."""
        names = seen_helpers(document)
        if names and not self._exports:
            self._core.say(
                _(
                    "%(file)s shows the layer %(layer)s, too. Tools > Scripts > Handtint > "
                    "Export Colored Picture leaves it out."
                )
                % {"file": path, "layer": names[-1]},
                error=True,
            )
