"""Coloured layers: made, put in the place of earlier ones, remembered."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, Callable, Generator

from krita import Krita

from .client.steps import Tick, Until
from .client.translation import _
from .memory import Memory, Result
from .nodes import by_uid, editable, is_hints, keep_active, newest_result, uid
from .photos import Rect, rect_of, write_pixels
from .qt import QtCore
from .spaces import Space, space_of
from .unchanged import Changed
from .untouched import painted_over, signature

StillThere = Callable[[], None]


@dataclass(frozen=True)
class Still:
    """What must hold when a result comes into the picture.

    there: raises Dropped where document or photo are gone.  the_same: raises Changed where the
    result does not fit them any more.  is_up: whether no stroke is under way, so that layers
    may come and go.
    """

    there: StillThere
    the_same: StillThere = lambda: None
    is_up: Callable[[], bool] = lambda: True

    def check(self, document: Any, above: Any) -> None:
        """Raises what the two do, and Changed if the layer to go above is gone."""
        self.there()
        document.waitForDone()
        self.the_same()
        if by_uid(document, uid(above)) is None:
            raise Changed


@dataclass(frozen=True)
class Placed:
    """A result that was placed.  note: what the user should know of it, or "".

    pixels: what was written, in the layer's own space, or None if it was converted.
    """

    node: Any
    note: str
    pixels: Any


def place(
    document: Any,
    photo: Any,
    pixels: Any,
    space: Space,
    rect: Rect,
    settings: dict[str, Any],
    selection: Any,
    hints: list[Any],
    still: Still,
) -> Generator[Any, Any, Placed]:
    """Insert a result, or put it in the place of the photo's earlier one.

    pixels: packed rows in `space` for `rect`.  selection: becomes the result's mask; None: the
    mask of an earlier selection goes.  hints: the photo's hint layers; the upper one is active
    afterwards, unless the user works on something else.

    A layer is filled before it is added, because Krita undoes the adding of a layer with all
    that it holds, but not pixels set later.
    """
    memory = Memory(document)
    old, above, note = yield from _earlier(document, photo, memory, still.there)
    if old is not None:
        new = _copy(document, old, memory.results[uid(old)], selection)
        cover = QtCore.QRect(*rect).united(QtCore.QRect(*rect_of(old)))
        if cover != QtCore.QRect(*rect) and rect_of(new)[2]:
            yield from _clear(new, cover, still.there)
        above = old
    else:
        new = document.createNode(_("%s (colorized)") % photo.name(), "paintlayer")
    target = space_of(new)
    checksum = yield from write_pixels(new, pixels, space, target, rect, still.there)
    wants_mask = selection is not None and not _has_mask(new)
    if wants_mask and hasattr(document, "createTransparencyMask"):
        mask = document.createTransparencyMask(_("Selection"))
        mask.setSelection(selection)
        new.addChildNode(mask, None)
        wants_mask = False
    yield Until(still.is_up)
    still.check(document, above)
    active = _to_activate(document, photo, hints)
    above.parentNode().addChildNode(new, above)
    if old is not None:
        old.remove()
    if wants_mask:
        yield from _mask_as_the_menu_does(document, new, still.there)
    made = Result(uid(photo), tuple(rect), str(checksum), settings, signature(document))
    made = Result(**{**made.as_json(), "mask": _own_mask(new, rect) if selection else ()})
    Memory(document).add_result(uid(new), made)
    document.refreshProjection()
    yield from keep_active(document, active, hints[-1] if hints else new)
    return Placed(new, note, pixels if space == target else None)


def _to_activate(document: Any, photo: Any, hints: list[Any]) -> Any:
    """The layer to be active afterwards: the upper hint layer, so that the user paints on.

    But a hint layer of the photo's that is active stays so, and what is none of ours.
    """
    active, memory = document.activeNode(), Memory(document)
    if active is None:
        return hints[-1] if hints else None
    is_ours = active == photo or uid(active) in memory.results or is_hints(active, memory)
    return hints[-1] if hints and is_ours and active not in hints else active


def _earlier(document: Any, photo: Any, memory: Memory, still_there: StillThere) -> Any:
    """The result to replace or None, the layer to put the new one above, and a note."""
    old = newest_result(document, photo, memory)
    if old is None:
        return None, photo, ""
    if (yield from painted_over(document, old, memory, still_there)):
        memory.change_result(uid(old), painted=True)
        note = _(
            "You have painted on %s: it stays, and the new colors lie above it. Hints go on a "
            "layer of their own: New Hints Layer."
        )
        return None, old, note % old.name()
    if not editable(old):
        return None, old, _("%s is locked: it stays, and the new colors lie above it.") % old.name()
    return old, None, ""


def _copy(document: Any, old: Any, known: Result, selection: Any) -> Any:
    """An empty or filled layer with all that the user has set for an earlier result.

    Masks of the user's stay; the one that was made of a selection follows the selection.
    """
    masks = [child for child in old.childNodes() if child.type() == "transparencymask"]
    own = [mask for mask in masks if _is_own(mask, known)]
    if not own:
        return old.duplicate()
    if len(old.childNodes()) > len(own):  # others must stay: it shows everything then
        new = old.duplicate()
        place_of_own = [child.uniqueId() for child in old.childNodes()].index(own[0].uniqueId())
        new.childNodes()[place_of_own].setSelection(selection or _everything(document))
        return new
    new = document.createNode(old.name(), "paintlayer")
    new.setOpacity(old.opacity())
    new.setVisible(old.visible())
    new.setColorLabel(old.colorLabel())
    new.setInheritAlpha(old.inheritAlpha())
    new.setAlphaLocked(old.alphaLocked())
    if old.blendingMode() != new.blendingMode():
        new.setBlendingMode(old.blendingMode())
    style = old.layerStyleToAsl() if hasattr(old, "layerStyleToAsl") else ""
    if style:
        new.setLayerStyleFromAsl(style)
    return new


def _everything(document: Any) -> Any:
    from krita import Selection

    chosen = Selection()
    chosen.select(0, 0, document.width(), document.height(), 255)
    return chosen


def _own_mask(node: Any, rect: Rect) -> tuple[str, ...]:
    """The mask that a selection has become, as `Result.mask` keeps it."""
    for child in node.childNodes():
        if child.type() == "transparencymask":
            return uid(child), _sum_of_mask(child, rect)
    return ()


def _is_own(mask: Any, known: Result) -> bool:
    """Whether a mask was made of a selection and not painted since."""
    if not known.mask or uid(mask) != known.mask[0]:
        return False
    return _sum_of_mask(mask, known.rect) == known.mask[1]


def _sum_of_mask(mask: Any, rect: Any) -> str:
    return str(zlib.crc32(bytes(mask.pixelData(*rect))))


def _clear(node: Any, box: Any, still_there: StillThere) -> Generator[Any, Any, None]:
    space = space_of(node)
    width, height = box.width(), box.height()
    zeros = bytes(width * height * space.pixel_bytes)
    rect = (box.x(), box.y(), width, height)
    yield from write_pixels(node, zeros, space, space, rect, still_there)


def _mask_as_the_menu_does(
    document: Any, node: Any, still_there: StillThere
) -> Generator[Any, Any, None]:
    """Krita 5.1 makes masks from the selection only by its menu: one more step to undo."""
    action = Krita.instance().action("add_new_transparency_mask")
    if action is None:
        return  # there is no window
    document.setActiveNode(node)
    for _tick in range(3):
        yield Tick()
    still_there()
    if document.activeNode() == node:
        action.trigger()
        yield Tick()


def _has_mask(node: Any) -> bool:
    return any(child.type() == "transparencymask" for child in node.childNodes())


def gray_to_rgb(document: Any) -> bool:
    """Convert a gray document to RGB of the same depth and tone curve, as the user agreed."""
    linear = "g10" in document.colorProfile() or "linear" in document.colorProfile().lower()
    profile = "sRGB-elle-V2-g10.icc" if linear else "sRGB-elle-V2-srgbtrc.icc"
    done = bool(document.setColorSpace("RGBA", document.colorDepth(), profile))
    document.waitForDone()
    return done


def choose_brush() -> None:
    """Select Krita's freehand brush."""
    action = Krita.instance().action("KritaShape/KisToolBrush")
    if action is not None:
        action.trigger()
