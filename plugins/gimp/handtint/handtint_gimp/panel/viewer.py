"""What of Handtint's layers is shown and hidden, and where a hint helps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gi.repository import Gimp

from .. import layers, memory, turn
from ..client import protocol
from ..client.translation import _
from .helps import Map
from .loop import Timer
from .photo import ask_about, on_wire
from .target import Target

if TYPE_CHECKING:
    from .core import Core

RENEW_MS = 200
AT_WORK = _("Colorize Layer is at work: wait until it is done.")


class Viewer:
    """The switches of the panel that change what is seen.

    helps: the map of where a hint helps, or None if it is not shown.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._hidden: list[Gimp.Layer] = []
        self._image: Gimp.Image | None = None
        self.map_is_on = False
        self.helps: Map | None = None
        self._renew = Timer(self._ask_for_map)

    # --- comparing -------------------------------------------------------------------------

    def hold(self) -> None:
        """Show the photo without color, until `release`: looking is no change of the image.

        Not while a result is made: it would take over that the one before is hidden.
        """
        self.release()
        core, target = self._core, self._core.follower.target
        if target is None or not target.is_there():
            return
        if core.running or turn.is_taken(target.image):
            core.say(AT_WORK)
            return
        ours = [
            layer
            for layer in layers.all_layers(target.image)
            if layer.get_visible() and (memory.was_result(layer) or layers.is_hints(layer))
        ]
        self._image, self._hidden = target.image, ours
        _show(target.image, ours, False)

    def release(self) -> None:
        """Show it again."""
        image, hidden = self._image, self._hidden
        self._image, self._hidden = None, []
        if image is not None and image.is_valid():
            _show(image, [layer for layer in hidden if layer.is_valid()], True)

    # --- hints -----------------------------------------------------------------------------

    def hints_are_shown(self) -> bool | None:
        """Whether a hint layer of the photo is visible; None if there is none."""
        target = self._core.follower.target
        if target is None or not target.hints or not target.is_there():
            return None
        return any(layer.get_visible() for layer in target.hints)

    def show_hints(self, on: bool) -> None:
        """Show or hide the hint layers."""
        target = self._core.follower.target
        if target is not None and target.is_there():
            changed = [layer for layer in target.hints if layer.get_visible() != on]
            _show(target.image, changed, on)
        self._core.tell()

    # --- where a hint helps ----------------------------------------------------------------

    def show_map(self, on: bool) -> None:
        """Show or hide the map of where a hint helps."""
        self.map_is_on, self.helps = on, None
        if on:
            self._ask_for_map()
        else:
            self._core.side_jobs.stop("map")
        self._core.tell()

    def hints_changed(self) -> None:
        """Hints were painted or taken away."""
        if self.map_is_on:
            self._renew.start(RENEW_MS)

    def live_done(self) -> None:
        """A live update is over: what waited for the server may go on."""
        if self.map_is_on and self._renew.runs:
            self._renew.start(0)

    def target_changed(self) -> None:
        """Another photo is followed."""
        self.helps = None
        if self.map_is_on:
            self._renew.start(RENEW_MS)

    def _ask_for_map(self) -> None:
        core, target = self._core, self._core.follower.target
        if not self.map_is_on or target is None or not target.is_there():
            return
        if core.running or core.side_jobs.runs("live"):
            self._renew.start(RENEW_MS)
            return

        def done(found: Map) -> None:
            self.helps = found
            core.tell()

        core.side_jobs.run("map", self._flow(target), done, core.fail)

    def _flow(self, target: Target) -> Any:
        settings = self._core.settings
        hints = on_wire(self._core.follower.crop()) if settings.use_hints else None
        answer = yield from ask_about(
            self._core,
            target,
            lambda image_id: protocol.uncertainty(
                image_id, hints, vividness=settings.vividness, strength=settings.strength
            ),
        )
        return Map.of(target, protocol.read_picture(answer))


def _show(image: Gimp.Image, changed: list[Gimp.Layer], on: bool) -> None:
    """Show or hide layers without an undo step."""
    if not changed:
        return
    image.undo_freeze()
    try:
        for layer in changed:
            layer.set_visible(on)
    finally:
        image.undo_thaw()
    # GIMP looks anew at what can be undone when another layer is selected.
    selected = image.get_selected_layers()
    image.set_selected_layers([changed[0]])
    image.set_selected_layers(selected)
    Gimp.displays_flush()
