"""Likely colors for the place that was painted last, and what a click on one does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gi.repository import Gegl, Gimp

from .. import suggesting
from ..client import ClientError, Suggestion, protocol
from .photo import ask_about, on_wire
from .target import Target

if TYPE_CHECKING:
    from .core import Core


class Suggester:
    """colors: likeliest first.  place: what they are for, or None."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.colors: list[Suggestion] = []
        self.place: suggesting.Place | None = None
        self._wished = False

    def forget(self) -> None:
        """Another picture: nothing was painted there yet."""
        self.colors, self.place, self._wished = [], None, False
        self._core.side_jobs.stop("suggest")

    def wish(self) -> None:
        """Something was painted."""
        self._wished = True

    def ask(self) -> None:
        """Ask for colors at the place painted last, as if its paint were not there yet.

        In live mode the new colors come first: the server does one thing at a time.
        """
        target = self._core.follower.target
        if not self._wished or self._core.running or target is None or not target.is_there():
            return
        known = self._core.follower.live.known_as(target)
        if known is None and target.result is None:
            return  # the first colors come with Colorize
        self._wished = False
        point, tiles = self._core.follower.stroke.place()
        if point is None:
            return
        place = suggesting.Place(target.photo, point, None, tiles)

        def done(found: Any) -> None:
            self.colors, self.place = found, place
            self._core.tell()

        self._core.side_jobs.run("suggest", self._flow(target, point), done, lambda error: None)

    def _flow(self, target: Target, point: tuple[int, int]) -> Any:
        settings = self._core.settings
        hints = on_wire(self._core.follower.stroke.before) if settings.use_hints else None
        answer = yield from ask_about(
            self._core,
            target,
            lambda image_id: protocol.suggest(
                image_id,
                point,
                hints,
                vividness=settings.vividness,
                strength=settings.strength,
            ),
        )
        return protocol.read_suggestions(answer).colors

    def choose(self, color: str) -> None:
        """Paint with a color from now on, and give the last stroke that color."""
        core, place = self._core, self.place
        core.clear_message()
        Gimp.context_set_foreground(Gegl.Color.new(color))
        target = core.follower.target
        if place is None or target is None or not target.is_there():
            return
        try:
            if suggesting.recolor(target.image, place, color) and place.tiles:
                # The swatches stay: the next click tries another color on the same stroke.
                core.follower.recolored(suggesting.box_of(place.tiles))
        except ClientError as error:
            core.fail(error)
        core.tell()
