"""The stroke that was painted last, in another colour.

Krita has no undo for pixels that a script sets in a layer: they confuse the undo of the strokes
on it.  Adding a layer is one undo step.  So the stroke in its new colour goes on a hint layer of
its own right above, and may be changed there as often as the user likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .client.hintscan import HintScan
from .fences import add_mask
from .memory import Memory
from .nodes import by_uid, uid
from .photos import Rect
from .qt import QtCore
from .spaces import SRGB_8, Converter, new_layer, space_of


@dataclass
class Stroke:
    """A stroke on a hint layer.  pieces: its pixels, 8-bit BGRA, each with its rectangle.

    own_layer: unique id of the layer that holds it in another colour, "" before that.
    """

    layer: str
    pieces: list[tuple[Rect, bytes]]
    own_layer: str = ""


def stroke_of(layer: Any, scan: HintScan, before: dict[int, bytes]) -> Stroke | None:
    """What the last stroke has painted, or None.

    before: for each strip of the scan that it has changed, the pixels from before it.
    """
    converter = Converter(space_of(layer), SRGB_8)
    pieces = []
    for index, old in before.items():
        box = scan.box(index)
        now = converter.convert(bytes(layer.pixelData(*box)), box[2], box[3])
        new = _new_paint(old, now) if len(old) == len(now) else None
        if new is not None:
            pieces.append((box, new))
    return Stroke(uid(layer), pieces) if pieces else None


def _new_paint(old: bytes, now: bytes) -> bytes | None:
    """The pixels that are other than before, on transparent ground; None if there are none."""
    paint = bytearray(len(now))
    found = False
    step = 4 * 256
    for start in range(0, len(now), step):
        if now[start : start + step] == old[start : start + step]:
            continue
        for i in range(start, min(start + step, len(now)), 4):
            if now[i + 3] and now[i : i + 4] != old[i : i + 4]:
                paint[i : i + 4] = now[i : i + 4]
                found = True
    return bytes(paint) if found else None


def recolor(document: Any, stroke: Stroke, photo: str, color: tuple[int, int, int]) -> Any:
    """Show a stroke in another colour; its alpha stays.  Returns the layer it is on.

    photo: unique id of the photo.  color: red, green, blue, 0 to 255.
    """
    red, green, blue = color
    own = by_uid(document, stroke.own_layer) if stroke.own_layer else None
    below = by_uid(document, stroke.layer)
    if below is None:
        return None
    is_new = own is None
    layer = new_layer(below.name(), SRGB_8) if is_new else own
    for rect, paint in stroke.pieces:
        inked = bytearray(paint)
        alpha = paint[3::4]
        for offset, value in ((0, blue), (1, green), (2, red)):
            inked[offset::4] = alpha.translate(bytes([0] + [value] * 255))
        layer.setPixelData(QtCore.QByteArray(bytes(inked)), *rect)
    if is_new:
        below.parentNode().addChildNode(layer, below)
        for mask in below.childNodes():  # what fences the stroke fences it in its new colour, too
            if mask.type() == "transparencymask":
                add_mask(document, layer, mask.duplicate())
        stroke.own_layer = uid(layer)
        Memory(document).bind_hints(stroke.own_layer, photo)
        document.setActiveNode(layer)
    document.setModified(True)
    document.refreshProjection()
    return layer
