"""Where a hint would help most: a layer that shows it, on and off."""

from __future__ import annotations

from typing import Any, Generator

from .client import BadReply, Session, protocol
from .commands import Seen, crop_of_layers, guard, hints_on_wire
from .memory import Memory
from .nodes import by_uid, keep_active, target, uid
from .photos import read_photo, write_pixels
from .qt import QtCore, QtGui
from .settings import Settings
from .spaces import SRGB_8, new_layer, space_of_document
from .steps import Tick

NAME = "Where a hint helps (Handtint)"
COLOUR = (255, 60, 200)  # red, green, blue: rare in photographs
MOST_OPAQUE = 170


def overlay_of(document: Any, photo: Any) -> Any:
    """The overlay of a photo that is in the document, or None."""
    key = uid(photo)
    for overlay, shown in reversed(list(Memory(document).overlays.items())):
        if shown == key:
            node = by_uid(document, overlay)
            if node is not None:
                return node
    return None


def hide_overlay(document: Any, photo: Any) -> None:
    """Take the overlay of a photo away."""
    node = overlay_of(document, photo)
    if node is not None:
        node.remove()
        document.refreshProjection()


def show_overlay(
    document: Any, photo: Any, session: Session, settings: Settings, seen: Seen
) -> Generator[Any, Any, None]:
    """Ask where hints would tell most and show it above everything."""
    goal = target(document, photo)
    key = uid(photo)
    still_there = guard(document, key)
    read = yield from read_photo(photo, space_of_document(document), still_there, convert=False)
    crop = None
    if settings.use_hints and goal.hints:
        crop = yield from crop_of_layers(goal.hints, read.rect, still_there)
    hints = hints_on_wire(crop, read.rect)
    answer, image_id = yield from session.ask_about(
        read.plane,
        seen.image_id(key, read),
        lambda what: protocol.uncertainty(what, hints, request_id=protocol.new_request_id()),
    )
    still_there()
    seen.note(key, read, image_id)
    cells = protocol.read_picture(answer)
    if (cells.dtype, cells.layout) != ("u8", "Y"):
        raise BadReply("The server's answer is of another kind than asked for: update it.")
    yield Tick("Drawing the map", 0.95)
    pixels = _picture(bytes(cells.data), cells.width, cells.height, read.rect[2], read.rect[3])
    active = document.activeNode()
    layer = new_layer(NAME, SRGB_8)
    yield from write_pixels(layer, pixels, SRGB_8, SRGB_8, read.rect, still_there)
    layer.setLocked(True)
    hide_overlay(document, photo)
    document.rootNode().addChildNode(layer, None)
    Memory(document).add_overlay(uid(layer), key)
    document.refreshProjection()
    yield from keep_active(document, active, photo)


def _picture(cells: bytes, columns: int, rows: int, width: int, height: int) -> bytes:
    """BGRA of the photo's size: one colour, most opaque where a hint would tell most.

    Stretched between the tenth and the last but one hundredth of the values: what counts is
    where in this photo a hint tells more than elsewhere.
    """
    ordered = sorted(cells)
    low, high = ordered[len(ordered) // 10], ordered[len(ordered) * 99 // 100]
    opacity = [min(max((v - low) / max(high - low, 1), 0.0), 1.0) for v in range(256)]
    red, green, blue = COLOUR
    small = bytearray(bytes((blue, green, red, 0)) * (columns * rows))
    small[3::4] = cells.translate(bytes(int(MOST_OPAQUE * value) for value in opacity))
    kind = QtGui.QImage.Format.Format_ARGB32
    image = QtGui.QImage(bytes(small), columns, rows, columns * 4, kind)
    image = image.scaled(
        width,
        height,
        QtCore.Qt.AspectRatioMode.IgnoreAspectRatio,
        QtCore.Qt.TransformationMode.SmoothTransformation,
    ).convertToFormat(kind)
    bits = image.constBits()
    bits.setsize(width * height * 4)
    return bytes(bits)
