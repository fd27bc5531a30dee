"""Likely colours for the place that was painted last, and what a click on one does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from krita import Krita, ManagedColor

from .client import ClientError, Suggestion
from .client.colors import rgb_of
from .client.hintscan import Crop
from .client.steps import Tick
from .client.translation import _
from .commands import ask_knowing, guard, hints_on_wire, introduce, suggest
from .memory import Memory
from .nodes import alive, by_uid, newest_result, uid
from .patience import at_rest
from .photos import crop_around
from .qt import QtGui
from .recolor import Stroke, recolor, stroke_of

if TYPE_CHECKING:
    from .core import Core


class Suggester:
    """See the module's docstring.

    colors: likeliest first.  crop: the place as BGRA rows, width and height, or None.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.colors: list[Suggestion] = []
        self.crop: Any = None
        self._wish: tuple[tuple[int, int], Crop | None] | None = None
        self._stroke: Stroke | None = None
        self._layer = ""

    def forget(self) -> None:
        """Another picture: nothing was painted there yet."""
        self.colors, self.crop, self._wish, self._stroke = [], None, None, None
        self._layer = ""

    def stop(self) -> None:
        """Ask no more for what was wished."""
        self._wish = None
        self._core.side_jobs.stop("suggest")

    def stroke_begins(self) -> None:
        """What was painted before is not the last stroke any more."""
        document, _photo = self._core.follower.document_and_photo()
        node = document.activeNode() if alive(document) else None
        self._stroke, self._layer = None, "" if node is None else uid(node)

    def wish(self, place: tuple[int, int], hints_before: Crop | None) -> None:
        """Something was painted at a place of the picture."""
        self._wish = (place, hints_before)

    def ask(self) -> None:
        """Ask for colours at the place painted last, as if its paint were not there yet.

        In live mode the new colours come first: the server does one thing at a time.
        """
        if self._wish is None:
            return
        (place, before), self._wish = self._wish, None
        core, follower = self._core, self._core.follower
        document, photo = follower.document_and_photo()
        if photo is None:
            return
        key, area, settings = follower.photo_uid, follower.area, core.settings
        known = core.seen.find(key)
        if known is None and newest_result(document, photo, Memory(document)) is None:
            self._clear()  # nobody has asked for colours yet, so the photo is not sent
            return
        try:
            session = core.session()
        except ClientError:
            self._clear()
            return  # colours for the photo itself will say so
        point = (place[0] - area[0], place[1] - area[1])
        hints = hints_on_wire(before, area) if settings.use_hints else None

        def send() -> Any:
            self._clear()  # that takes a while
            return introduce(document, key, session, settings, core.seen, guard(document, key))

        def asking() -> Any:
            found, _known = yield from ask_knowing(
                known, lambda known: suggest(session, known.image_id, point, hints, settings), send
            )
            yield Tick()
            return found.colors, crop_around(photo, place, area) if alive_layer(photo) else None

        def done(outcome: Any) -> None:
            self.colors, self.crop = outcome
            core.tell()

        flow = at_rest(asking(), lambda: follower.brush.is_down)
        core.side_jobs.run("suggest", flow, done, lambda error: self._clear())

    def _clear(self) -> None:
        """The colours that are shown are those of another place: a click must not give them."""
        self.colors, self.crop = [], None
        self._core.tell()

    def choose(self, color: str) -> None:
        """Paint with a colour from now on, and give the last stroke that colour."""
        self._core.clear_message()
        window = Krita.instance().activeWindow()
        view = window.activeView() if window is not None else None
        if view is None:
            return
        view.setForeGroundColor(ManagedColor.fromQColor(QtGui.QColor(color), view.canvas()))
        self._recolor(color)
        self._core.tell()

    def _recolor(self, color: str) -> None:
        follower = self._core.follower
        document, photo = follower.document_and_photo()
        if photo is None or not alive(document):
            return
        node = by_uid(document, self._layer) if self._layer else None
        watches = follower.hint_watches
        watch = watches.of(node) if watches is not None else None
        if self._stroke is None and watch is not None:
            self._stroke = stroke_of(node, watch.scan, watch.stroke)
        if self._stroke is None:
            self._core.say(
                _("There is no stroke to recolor any more: what you paint next has this color.")
            )
            return
        red, green, blue = (round(255 * value) for value in rgb_of(color))
        layer = recolor(document, self._stroke, follower.photo_uid, (red, green, blue))
        if layer is None:
            return
        follower.active.chosen(document, layer)
        watch = watches.of(layer) if watches is not None else None
        if watch is not None:
            watch.repainted([rect for rect, _paint in self._stroke.pieces])
        else:
            follower.follow()


def alive_layer(node: Any) -> bool:
    """Whether a layer still gives pixels."""
    try:
        return bool(node.parentNode() is not None)
    except RuntimeError:
        return False
