"""Where a hint would help most: a layer that shows it, on and off."""

from __future__ import annotations

from typing import Any, Callable, Generator

from .client import BadReply, Session, helps, protocol
from .client.steps import Tick, Until
from .client.translation import _
from .commands import Seen, guard, hints_on_wire
from .fences import crop_of_layers
from .memory import Memory
from .nodes import by_uid, keep_active, target, uid
from .patience import at_rest
from .photos import read_photo, write_pixels
from .qt import QtCore, QtGui
from .settings import Settings
from .spaces import SRGB_8, new_layer, space_of_document

NAME = _("Where a hint helps (Handtint)")
LINES = 45
"""Lines of the hatching along the picture's longer side."""


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
    document: Any,
    photo: Any,
    session: Session,
    settings: Settings,
    seen: Seen,
    is_down: Callable[[], bool] = lambda: False,
    renew: bool = False,
) -> Generator[Any, Any, None]:
    """Ask where hints would tell most and show it above everything.

    renew: only bring an overlay up to date that is there, in place.  is_down: whether the user
    paints; it keeps still then.
    """
    return at_rest(_show(document, photo, session, settings, seen, is_down, renew), is_down)


def _show(
    document: Any,
    photo: Any,
    session: Session,
    settings: Settings,
    seen: Seen,
    is_down: Callable[[], bool],
    renew: bool,
) -> Generator[Any, Any, None]:
    goal = target(document, photo)
    key = uid(photo)
    still_there = guard(document, key)
    read = yield from read_photo(photo, space_of_document(document), still_there, convert=False)
    crop = None
    if settings.use_hints and goal.hints:
        crop = yield from crop_of_layers(goal.hints, photo, read.rect, still_there)
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
        raise BadReply(_("The server's answer is of another kind than asked for: update it."))
    yield Tick(_("Drawing the map"), 0.95)
    pixels = _picture(bytes(cells.data), cells.width, cells.height, read.rect[2], read.rect[3])
    yield Until(lambda: not is_down())
    still_there()
    if renew:
        layer = overlay_of(document, photo)
        if layer is not None:
            yield from write_pixels(layer, pixels, SRGB_8, SRGB_8, read.rect, still_there)
            document.refreshProjection()
        return
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
    """BGRA of the photo's size: hatching and an outline where a hint would tell most.

    The lines are dark beside light, so that they are seen on any colour; between them the
    colours are as they are.  Which cells are marked: see `helps.bar`.
    """
    bar = helps.bar(cells)
    kind = QtGui.QImage.Format.Format_ARGB32
    area = _marked(cells, columns, rows, width, height, bar)
    image = QtGui.QImage(width, height, kind)
    image.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(image)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setClipPath(area)
    step = max(width, height) / LINES
    wide = max(1.0, step / 9)
    for shift, tone in (
        (0.0, QtGui.QColor(0, 0, 0, 190)),
        (wide, QtGui.QColor(255, 255, 255, 210)),
    ):
        painter.setPen(QtGui.QPen(tone, wide))
        place = -float(height)
        while place < width:
            start = QtCore.QPointF(place + 1.4 * shift, height)
            painter.drawLine(start, QtCore.QPointF(start.x() + height, 0))
            place += step
    painter.setClipping(False)
    for more, tone in (
        (2 * wide, QtGui.QColor(0, 0, 0, 200)),
        (wide, QtGui.QColor(255, 255, 255, 230)),
    ):
        painter.strokePath(area, QtGui.QPen(tone, more))
    painter.end()
    bits = image.constBits()
    bits.setsize(width * height * 4)
    return bytes(bits)


def _marked(cells: bytes, columns: int, rows: int, width: int, height: int, bar: int) -> Any:
    """The area above a bar, as a path in the picture's pixels: rounded by a smooth enlargement."""
    gray = b"".join(cells[row * columns : (row + 1) * columns] for row in range(rows))
    kind = QtGui.QImage.Format.Format_Grayscale8
    small = QtGui.QImage(gray, columns, rows, columns, kind)
    fine = max(1, min(8, 512 // max(columns, rows)))
    smooth = small.scaled(
        columns * fine,
        rows * fine,
        QtCore.Qt.AspectRatioMode.IgnoreAspectRatio,
        QtCore.Qt.TransformationMode.SmoothTransformation,
    ).convertToFormat(kind)
    bits = smooth.constBits()
    bits.setsize(smooth.bytesPerLine() * smooth.height())
    data = bytes(bits)
    area = QtGui.QPainterPath()
    region = QtGui.QRegion()
    for y in range(smooth.height()):
        line = data[y * smooth.bytesPerLine() : y * smooth.bytesPerLine() + smooth.width()]
        x = 0
        while x < len(line):
            if line[x] < bar:
                x += 1
                continue
            start = x
            while x < len(line) and line[x] >= bar:
                x += 1
            region = region.united(QtGui.QRegion(start, y, x - start, 1))
    area.addRegion(region)
    return QtGui.QTransform.fromScale(width / smooth.width(), height / smooth.height()).map(
        area.simplified()
    )
