"""The reference of a picture, read from another layer or a file, small enough to travel.

It is named by "layer:" with the layer's unique id and its name, or by "file:" with a path
(`client.references`).  What was read is kept until the layer or the file changes.
"""

from __future__ import annotations

import os
import threading
import zlib
from typing import Any, Callable, Generator, Iterator, Tuple

from .client.references import FILE, LAYER, NoReference, gone, scaled, split
from .client.steps import Tick, Until
from .client.translation import _
from .memory import Memory
from .nodes import by_uid, is_photo_like, layers, newest_result, uid
from .pace import Pace
from .photos import rect_of
from .qt import QtCore, QtGui
from .spaces import SRGB_8, Converter, space_of

Found = Tuple["bytes | None", str]
"""A PNG file or None for no reference, and what the user should know, or ""."""

SAMPLED_ROWS = 24
MOST_BYTES = 64 << 20
KEPT = 4

_kept: dict[str, tuple[Any, bytes]] = {}


def of_layer(node: Any) -> str:
    """The text that names a layer."""
    return "%s:%s %s" % (LAYER, uid(node), node.name())


def of_file(path: str) -> str:
    """The text that names a file."""
    return "%s:%s" % (FILE, path)


def layer_of(document: Any, reference: str) -> Any:
    """The layer that a reference names, or None."""
    kind, name = split(reference)
    return by_uid(document, name.partition(" ")[0]) if kind == LAYER else None


def name_of(document: Any, reference: str) -> str:
    """What to call a reference: the layer's name, or the file's without its folder."""
    kind, name = split(reference)
    if kind == FILE:
        return os.path.basename(name)
    node = layer_of(document, reference) if document is not None else None
    return str(node.name()) if node is not None else name.partition(" ")[2]


def choices(document: Any, photo: Any) -> Iterator[Any]:
    """The layers of a document that could be the reference of a photo, from top to bottom."""
    memory = Memory(document)
    own = newest_result(document, photo, memory)
    for node in reversed(list(layers(document.rootNode()))):
        if not is_photo_like(node, memory) or uid(node) in memory.overlays:
            continue
        if node not in (photo, own):
            yield node


def read(
    document: Any, reference: str, still_there: Callable[[], None]
) -> Generator[Any, Any, Found]:
    """Read a reference.  Raises NoReference if it is there and cannot be used."""
    kind, name = split(reference)
    if not kind:
        return None, ""
    node = layer_of(document, reference)
    if (kind == FILE and not os.path.isfile(name)) or (kind == LAYER and node is None):
        return None, gone(name_of(document, reference))
    stamp = _stamp_of_file(name) if kind == FILE else _stamp_of_layer(node)
    kept = _kept.get(reference)
    if kept is not None and kept[0] == stamp:
        return kept[1], ""
    if kind == FILE:
        data = yield from _read_file(name)
    else:
        data = yield from _read_layer(node, still_there)
    _kept[reference] = (stamp, data)
    for old in list(_kept)[:-KEPT]:
        del _kept[old]
    return data, ""


def _stamp_of_file(path: str) -> Any:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size


def _stamp_of_layer(node: Any) -> Any:
    """A checksum of some rows, and how the layer lies."""
    x, y, width, height = rect = rect_of(node)
    total = 0
    for row in range(0, height, max(1, height // SAMPLED_ROWS)):
        total = zlib.crc32(bytes(node.projectionPixelData(x, y + row, width, 1)), total)
    return rect, space_of(node), total


def _read_file(path: str) -> Generator[Any, Any, bytes]:
    """Read a file beside the window's thread.

    What Qt cannot read travels as it is: the server may know the format, or says what is wrong.
    """
    found: list[Any] = []

    def work() -> None:
        reader = QtGui.QImageReader(path)
        reader.setAutoTransform(True)
        size = reader.size()
        if size.isValid():
            reader.setScaledSize(QtCore.QSize(*scaled(size.width(), size.height())))
        image = reader.read()
        if not image.isNull() and hasattr(image, "colorSpace") and image.colorSpace().isValid():
            image.convertToColorSpace(QtGui.QColorSpace(QtGui.QColorSpace.NamedColorSpace.SRgb))
        found.append(b"" if image.isNull() or image.isGrayscale() else _png(image))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    # Krita lets other threads of Python run only while its own waits.
    yield Until(lambda: thread.join(0.002) or not thread.is_alive())
    if found and found[0]:
        return bytes(found[0])
    try:
        if os.path.getsize(path) <= MOST_BYTES:
            with open(path, "rb") as file:
                return file.read()
    except OSError:
        pass
    raise NoReference(
        _("The reference %s cannot be read: choose another under Alternatives.")
        % os.path.basename(path)
    )


def _read_layer(node: Any, still_there: Callable[[], None]) -> Generator[Any, Any, bytes]:
    """Read a layer a strip at a time, each made smaller at once."""
    x, y, width, height = rect_of(node)
    if not width:
        raise NoReference(
            _("The reference %s is empty: choose another under Alternatives.") % node.name()
        )
    new_width, new_height = scaled(width, height)
    source = space_of(node)
    converter = Converter(source, SRGB_8)
    pace = Pace(width * max(source.pixel_bytes, 4), converts=source != SRGB_8)
    small = QtGui.QImage(new_width, new_height, QtGui.QImage.Format.Format_RGB32)
    small.fill(QtCore.Qt.GlobalColor.white)
    row = 0
    while row < height:
        rows = pace.rows(height - row, y + row)
        strip = bytes(node.projectionPixelData(x, y + row, width, rows))
        strip = yield from converter.flow(strip, width, rows, pace)
        top, end = (round(place * new_height / height) for place in (row, row + rows))
        if end > top:
            _draw(small, top, end - top, strip, width, rows)
        row += rows
        yield Tick()
        still_there()
    return _png(small)


def _draw(small: Any, top: int, rows: int, bgra: bytes, width: int, height: int) -> None:
    kind = QtGui.QImage.Format.Format_ARGB32  # B, G, R, A in memory
    strip = QtGui.QImage(bgra, width, height, width * 4, kind).scaled(
        small.width(),
        rows,
        QtCore.Qt.AspectRatioMode.IgnoreAspectRatio,
        QtCore.Qt.TransformationMode.SmoothTransformation,
    )
    painter = QtGui.QPainter(small)
    painter.drawImage(0, top, strip)
    painter.end()


def _png(image: Any) -> bytes:
    data = QtCore.QByteArray()
    buffer = QtCore.QBuffer(data)
    buffer.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)
    image.convertToFormat(QtGui.QImage.Format.Format_RGB888).save(buffer, "PNG", 90)
    return bytes(data)
