"""Other colorings of the photo that the panel follows, in a small window beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gi.repository import Gdk, Gtk

from .. import references
from ..alternatives import SIDE
from ..choosing import Chooser
from ..client import Picture, protocol
from ..client.translation import _
from .loop import Timer, safely
from .photo import ask_about, on_wire
from .target import Target

if TYPE_CHECKING:
    from .core import Core

RENEW_MS = 400


class Alternatives(Gtk.Window):
    """See the module's docstring.  Asks for thumbnails while it is shown, not while it is not."""

    def __init__(self, core: Core, panel: Gtk.Window) -> None:
        super().__init__(title=_("Alternatives"))
        self._core = core
        self._asked: Any = None
        self._photo: Any = None
        self.set_role("handtint-alternatives")
        self.set_transient_for(panel)
        self.set_type_hint(Gdk.WindowTypeHint.UTILITY)
        self.set_resizable(False)
        # As the panel: keys go to GIMP.
        self.set_focus_on_map(False)
        self.set_accept_focus(False)
        self._chooser = Chooser(
            safely(lambda number: self._use(alternative=number)),
            safely(lambda reference: self._use(reference=reference)),
        )
        self._chooser.set_border_width(8)
        self.add(self._chooser)
        self._timer = Timer(self._renew)
        self.connect("delete-event", safely(self._on_delete))
        core.listen(self._show_state)

    def open(self) -> None:
        """Show it, and follow the photo from now on."""
        self._core.clear_message()
        self.show_all()
        self.present()
        self._asked = None
        self._show_state()

    def _on_delete(self, *_: Any) -> bool:
        self.hide()
        self._timer.stop()
        self._core.side_jobs.stop("alternatives")
        return True

    # --- thumbnails ------------------------------------------------------------------------

    def _wanted(self) -> Any:
        target, settings = self._core.follower.target, self._core.settings
        if target is None:
            return None
        painted = self._core.follower.painted if settings.use_hints else ()
        colors = settings.vividness, settings.strength, settings.reference
        return target.photo_key, painted, colors

    def _show_state(self) -> None:
        if not self.get_visible():
            return
        core, target = self._core, self._core.follower.target
        photo = target.photo_key if target is not None else None
        if photo != self._photo:
            self._photo = photo
            self._chooser.show_pictures([])
        self._chooser.show_choice(core.settings.alternative)
        if target is not None and target.is_there():
            self._chooser.show_reference(target.image, target.photo, core.settings.reference)
        if self._wanted() != self._asked and not self._timer.runs:
            self._timer.start(RENEW_MS if self._asked is not None else 0)

    def _renew(self) -> None:
        core, target, wanted = self._core, self._core.follower.target, self._wanted()
        if not self.get_visible() or wanted == self._asked or target is None:
            return
        busy = core.running or core.side_jobs.runs("live") or core.follower.brush_is_down
        if busy or not target.is_there():
            self._timer.start(RENEW_MS)  # the server does one thing at a time
            return
        self._asked = wanted
        self._chooser.say(_("Coloring"))
        core.side_jobs.run(
            "alternatives", self._flow(target), self._done, lambda error: self._failed(str(error))
        )

    def _flow(self, target: Target) -> Any:
        settings, follower = self._core.settings, self._core.follower
        reference, note = references.read(target.image, settings.reference)
        hints = on_wire(follower.crop()) if settings.use_hints else None
        request_id = protocol.new_request_id()
        answer = yield from ask_about(
            self._core,
            target,
            lambda image_id: protocol.alternatives(
                image_id,
                hints,
                size=SIDE,
                vividness=settings.vividness,
                strength=settings.strength,
                reference=reference,
                request_id=request_id,
            ),
        )
        return protocol.read_thumbnails(answer), note

    def _done(self, found: tuple[list[Picture], str]) -> None:
        pictures, note = found
        self._chooser.say(note)
        self._chooser.show_pictures(pictures)

    def _failed(self, text: str) -> None:
        self._chooser.say(text)

    # --- what the user chooses -------------------------------------------------------------

    def _use(self, **values: Any) -> None:
        """Take a coloring or a reference: Live follows; else the result is made anew."""
        core = self._core
        if core.running or core.is_asking:
            self._show_state()
            return
        core.change(**values)
        target = core.follower.target
        follows = core.follower.live.on and target is not None and target.result is not None
        if not follows:
            core.colorize()
