"""Whether the user has painted into a result, also after the whole picture was changed.

A result's pixels are known by a checksum.  Krita's operations on pictures change them, too:

- moved, mirrored, turned by 90, 180 or 270 degrees: turned back, the pixels have the checksum;
- cropped, scaled, another mode, depth or profile: the document has another size or space than
  when the result was written.  The photo went through the same, and a result has the lightness
  of its photo: where it still has, nobody has painted.

Paint that has the photo's lightness to within TOLERANCE is not seen in the second case; if it
was noticed before (`Result.painted`), it counts.
"""

from __future__ import annotations

import zlib
from array import array
from typing import Any, Callable, Generator

from .client.steps import Tick
from .memory import Memory, Result
from .nodes import by_uid, uid
from .pace import Pace
from .photos import Rect, read_checksum, rect_of
from .qt import QtCore
from .spaces import Converter, Space, space_of, space_of_document

GRAY = Space("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc")
TOLERANCE = 24
"""Codes of 255: what scaling makes of colours at edges, and D50 against D65."""

MOST = 12
"""So many pixels beyond the tolerance are no paint yet."""

EDGE = 2
"""Pixels at the border that are not compared: scaling mixes them with nothing."""

StillThere = Callable[[], None]
Flow = Generator[Any, Any, Any]

_UNITS = {1: ("B", 1), 2: ("H", 1), 4: ("I", 1), 8: ("Q", 1), 16: ("Q", 2),
          5: ("B", 5), 10: ("H", 5), 20: ("I", 5)}  # fmt: skip
"""Bytes of a pixel: type of array for its units, and how many units it has."""


def signature(document: Any) -> tuple[Any, ...]:
    """Size and space of a document: what operations on the whole picture change."""
    return (document.width(), document.height(), *space_of_document(document))


def painted_over(document: Any, node: Any, memory: Memory, still_there: StillThere) -> Flow:
    """Whether the user has changed a result's pixels since they were written."""
    known = memory.results[uid(node)]
    if known.painted:
        return True
    if known.checksum is None:
        return False
    now = rect_of(node)
    if not now[2]:
        return False
    if QtCore.QRect(*known.rect).contains(QtCore.QRect(*now)):
        checksum = yield from read_checksum(node, known.rect, still_there)
        if str(checksum) == known.checksum:
            return False
    if (yield from _is_turned(node, now, known, still_there)):
        return False
    if not known.document or tuple(known.document) == signature(document):
        return True
    alike = yield from _has_the_lightness(document, node, known, still_there)
    return not alike


def take_as_written(document: Any, result_uid: str, still_there: StillThere) -> Flow:
    """Know a result by the pixels that it has now: an operation on the whole picture made them.

    For whoever knows that nobody has painted on it.
    """
    memory = Memory(document)
    known, node = memory.results.get(result_uid), by_uid(document, result_uid)
    if known is None or node is None or known.painted or known.checksum is None:
        return
    if tuple(known.document) == signature(document) or not rect_of(node)[2]:
        return
    rect = rect_of(node)
    checksum = yield from read_checksum(node, rect, still_there)
    mask = known.mask
    for child in node.childNodes():
        if mask and uid(child) == mask[0]:
            mask = (mask[0], str(zlib.crc32(bytes(child.pixelData(*rect)))))
    now = Memory(document).results.get(result_uid)
    if now is None or now.checksum != known.checksum:
        return  # a live update has begun to write meanwhile
    Memory(document).change_result(
        result_uid, rect=rect, checksum=str(checksum), document=signature(document), mask=mask
    )


# --- turned ---------------------------------------------------------------------------------


def _is_turned(node: Any, now: Rect, known: Result, still_there: StillThere) -> Flow:
    """Whether the pixels, turned back, are those that were written."""
    size = now[2:]
    kind = _UNITS.get(space_of(node).pixel_bytes)
    if kind is None or sorted(size) != sorted(known.rect[2:]):
        return False
    rows = yield from _read_rows(node, now, kind, still_there)
    if size == tuple(known.rect[2:]):
        for reverse_rows, reverse_pixels in ((0, 0), (1, 0), (0, 1), (1, 1)):
            lines = (_reversed(row, kind[1]) if reverse_pixels else row
                     for row in (reversed(rows) if reverse_rows else rows))  # fmt: skip
            if (yield from _sum(lines, still_there)) == known.checksum:
                return True
    if size == tuple(reversed(known.rect[2:])):
        for from_right in (0, 1):
            for upwards in (0, 1):
                lines = _columns(rows, size[0], kind[1], bool(from_right), bool(upwards))
                if (yield from _sum(lines, still_there)) == known.checksum:
                    return True
    return False


def _read_rows(node: Any, rect: Rect, kind: tuple[str, int], still_there: StillThere) -> Flow:
    x, y, width, height = rect
    stride = width * space_of(node).pixel_bytes
    pace = Pace(stride)
    found: list[array[int]] = []
    while len(found) < height:
        rows = pace.rows(height - len(found), y + len(found))
        with pace.measure(rows):
            strip = bytes(node.pixelData(x, y + len(found), width, rows))
            for row in range(rows):
                found.append(array(kind[0], strip[row * stride : (row + 1) * stride]))
        yield Tick()
        still_there()
    return found


def _reversed(row: Any, units: int) -> Any:
    """A row with its pixels in the other order."""
    if units == 1:
        return row[::-1]
    turned = row[::-1]
    result = array(row.typecode, row)
    for unit in range(units):
        result[unit::units] = turned[units - 1 - unit :: units]
    return result


def _columns(rows: Any, width: int, units: int, from_right: bool, upwards: bool) -> Any:
    """The columns of a picture, one after the other, as rows."""
    order = list(reversed(rows)) if upwards else rows
    for x in range(width - 1, -1, -1) if from_right else range(width):
        if units == 1:
            yield array(rows[0].typecode, [row[x] for row in order])
        else:
            column = array(rows[0].typecode)
            for row in order:
                column.extend(row[units * x : units * (x + 1)])
            yield column


def _sum(lines: Any, still_there: StillThere) -> Flow:
    checksum = 0
    for number, line in enumerate(lines):
        checksum = zlib.crc32(line, checksum)
        if number % 64 == 63:
            yield Tick()
            still_there()
    return str(checksum)


# --- the same lightness ---------------------------------------------------------------------


def _has_the_lightness(document: Any, node: Any, known: Result, still_there: StillThere) -> Flow:
    """Whether a result has its photo's lightness everywhere."""
    photo = by_uid(document, known.photo)
    if photo is None:
        return False
    common = QtCore.QRect(*rect_of(node)).intersected(QtCore.QRect(*rect_of(photo)))
    common = common.adjusted(EDGE, EDGE, -EDGE, -EDGE)
    far = max(abs(a - b) for a, b in zip(rect_of(node), rect_of(photo)))
    if common.isEmpty() or far > EDGE:
        return False
    pairs = [(layer, Converter(space_of(layer), GRAY)) for layer in (node, photo)]
    pace = Pace(common.width() * 8, converts=True)
    beyond, row = 0, 0
    while row < common.height():
        rows = pace.rows(common.height() - row)
        grays = []
        for layer, converter in pairs:
            rect = (common.x(), common.y() + row, common.width(), rows)
            read = layer.pixelData if layer is node else layer.projectionPixelData
            strip = bytes(read(*rect))
            strip = yield from converter.flow(strip, common.width(), rows, pace)
            grays.append(strip)
            yield Tick()
            still_there()
        beyond += _far_apart(*grays)
        if beyond > MOST:
            return False
        row += rows
    return True


def _far_apart(one: bytes, other: bytes) -> int:
    """How many gray pixels with alpha differ by more than the tolerance, where opaque."""
    if one == other:
        return 0
    solid = bytes(min(a, b) for a, b in zip(one[1::2], other[1::2]))
    return sum(
        1
        for p, q, alpha in zip(one[0::2], other[0::2], solid)
        if alpha == 255 and not -TOLERANCE <= p - q <= TOLERANCE
    )
