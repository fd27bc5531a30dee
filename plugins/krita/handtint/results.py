"""Coloured layers: made, put in the place of earlier ones, remembered."""

from __future__ import annotations

from typing import Any, Callable, Generator

from krita import Krita

from .memory import Memory, Result
from .nodes import keep_active, newest_result, uid
from .photos import Rect, read_checksum, rect_of, write_pixels
from .qt import QtCore
from .spaces import Space, space_of
from .steps import Tick

SUFFIX = " (colorized)"

StillThere = Callable[[], None]


def painted_over(node: Any, memory: Memory, still_there: StillThere) -> Generator[Any, Any, bool]:
    """Whether the user has changed a result's pixels since they were written."""
    known = memory.results[uid(node)]
    if known.checksum is None:
        return False
    now = QtCore.QRect(*rect_of(node))
    if not QtCore.QRect(*known.rect).contains(now) and not now.isEmpty():
        return True
    checksum = yield from read_checksum(node, known.rect, still_there)
    return str(checksum) != known.checksum


def place(
    document: Any,
    photo: Any,
    pixels: Any,
    space: Space,
    rect: Rect,
    settings: dict[str, Any],
    selection: Any,
    still_there: StillThere,
) -> Generator[Any, Any, Any]:
    """Insert a result, or put it in the place of the photo's earlier one; returns the layer.

    pixels: packed rows in `space` for `rect`.  selection: becomes the mask of a result that
    has none, or None.

    A layer is filled before it is added, because Krita undoes the adding of a layer with all
    that it holds, but not pixels set later.
    """
    memory = Memory(document)
    old = newest_result(document, photo, memory)
    above = photo
    if old is not None and (yield from painted_over(old, memory, still_there)):
        above, old = old, None
    if old is not None:
        # A copy keeps all that the user has set: name, opacity, mode, locks, label, masks.
        new = old.duplicate()
        cover = QtCore.QRect(*rect).united(QtCore.QRect(*rect_of(old)))
        if cover != QtCore.QRect(*rect):
            yield from _clear(new, cover, still_there)
        parent, above = old.parentNode(), old
    else:
        new = document.createNode(photo.name() + SUFFIX, "paintlayer")
        parent = above.parentNode()
    target = space_of(new)
    checksum = yield from write_pixels(new, pixels, space, target, rect, still_there)
    wants_mask = selection is not None and not _has_mask(new)
    if wants_mask and hasattr(document, "createTransparencyMask"):
        mask = document.createTransparencyMask("Selection")
        mask.setSelection(selection)
        new.addChildNode(mask, None)
        wants_mask = False
    active = document.activeNode()
    parent.addChildNode(new, above)
    if old is not None:
        old.remove()
    Memory(document).add_result(uid(new), Result(uid(photo), tuple(rect), str(checksum), settings))
    document.refreshProjection()
    if wants_mask:
        yield from _mask_as_the_menu_does(document, new, still_there)
    yield from keep_active(document, active, new)
    return new


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
    for _ in range(3):
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
