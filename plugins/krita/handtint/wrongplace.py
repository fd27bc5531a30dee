"""Paint that was meant as a hint and lies on another layer: found, asked about, moved.

Three places: the photo itself, its result, and an ordinary layer above the photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Generator, Tuple

from krita import Krita

from .client import Pause
from .client.steps import Tick
from .infront import until_in_front
from .memory import Memory
from .nodes import HINTS_NAME, is_hints, photo_below, uid
from .photos import Rect, rect_of
from .qt import QtCore
from .spaces import SRGB_8, Converter, Space, new_layer, space_of

PHOTO, RESULT, LAYER = "photo", "result", "layer"

COLORED = 40
"""Codes of 255 by which paint is more colourful than what it covers."""

VISIBLE = 24
"""Codes of 255 by which a pixel differs where the stroke is more than its soft edge."""

FEWEST = 12
"""So many coloured pixels are a stroke."""

EVERY = 2
"""Of so many rows one is looked at."""

MOST_STROKES = 50
"""So many strokes are undone at most."""

WAIT_TICKS = 25
"""Krita undoes in the background: so often it is looked whether it has."""

MOST_SHARE = 0.6
"""More of a photo changes by operations only, not by strokes."""

Strip = Tuple[Rect, bytes, bytes]
"""Rectangle, pixels before, pixels now, in the layer's space."""

Flow = Generator[Any, Any, Any]


@dataclass(frozen=True)
class WrongPlace:
    """Paint that may be a hint.  kind: PHOTO, RESULT or LAYER.  strips: what can be moved."""

    kind: str
    layer: str
    name: str
    photo: str
    strips: list[Strip]


def changed_pixels(before: bytes, now: bytes) -> tuple[bytearray, int, int]:
    """The strokes between two pictures of 8-bit BGRA: their pixels on transparent ground.

    Returns them, and how many pixels have changed and how many became more colourful.
    """
    strokes = bytearray(len(now))
    changed = colored = 0
    step = 4 * 256
    for start in range(0, len(now), step):
        if now[start : start + step] == before[start : start + step]:
            continue
        for i in range(start, min(start + step, len(now)), 4):
            if now[i : i + 4] == before[i : i + 4]:
                continue
            b, g, r, alpha = now[i : i + 4]
            p, q, s, _ = before[i : i + 4]
            changed += 1
            if max(b, g, r) - min(b, g, r) - (max(p, q, s) - min(p, q, s)) >= COLORED:
                colored += 1
            if alpha and max(abs(b - p), abs(g - q), abs(r - s)) >= VISIBLE:
                strokes[i : i + 4] = bytes((b, g, r, 255))
    return strokes, changed, colored


def colored_paint(
    strips: list[Strip], space: Space, area: int, still_there: Callable[[], None]
) -> Flow:
    """Whether differences look like strokes of colour, not like retouching or an operation."""
    converter = Converter(space, SRGB_8)
    changed = colored = 0
    for rect, before, now in strips:
        sides = [_some_rows(side, rect, space) for side in (before, now)]
        rows = len(sides[0]) // (rect[2] * space.pixel_bytes)
        pixels = [converter.convert(side, rect[2], rows) for side in sides]
        _, more, of_them = changed_pixels(*pixels)
        changed, colored = changed + more, colored + of_them
        if changed * EVERY > MOST_SHARE * area:
            return False
        yield Tick()
        still_there()
    return colored * EVERY >= FEWEST


def _some_rows(pixels: bytes, rect: Rect, space: Space) -> bytes:
    """Every second row: enough to see what is painted."""
    stride = rect[2] * space.pixel_bytes
    return b"".join(
        pixels[start : start + stride] for start in range(0, len(pixels), EVERY * stride)
    )


def looks_like_strokes(node: Any, memory: Memory, document: Any) -> bool:
    """Whether an ordinary layer above a photo holds strokes rather than a picture."""
    key = uid(node)
    photos = {result.photo for result in memory.results.values()}
    if node.type() != "paintlayer" or is_hints(node, memory):
        return False
    if key in memory.photos or key in photos or key in memory.results or key in memory.overlays:
        return False
    x, y, width, height = rect_of(node)
    below = photo_below(document, node, memory)
    if not width or below is None:
        return False
    area = max(1, rect_of(below)[2] * rect_of(below)[3])
    some, columns, rows = _some_pixels(node, x, y, width, height)
    pixels = Converter(space_of(node), SRGB_8).convert(some, columns, rows)
    opaque = colored = 0
    for i in range(0, len(pixels), 4):
        if pixels[i + 3]:
            opaque += 1
            colored += max(pixels[i : i + 3]) - min(pixels[i : i + 3]) >= COLORED
    share = opaque / (columns * rows) * width * height / area
    return share < 0.1 or (share < 0.5 and colored > 0.2 * opaque)


def _some_pixels(node: Any, x: int, y: int, width: int, height: int) -> tuple[bytes, int, int]:
    """Pixels in a grid of some 400 by 200, packed, with the grid's width and height.

    Picked before they are converted: a conversion costs milliseconds, however small it is.
    """
    size = space_of(node).pixel_bytes
    step = size * max(1, width // 400)
    rows = range(0, height, max(1, height // 200))
    picked = []
    for row in rows:
        line = bytes(node.pixelData(x, y + row, width, 1))
        picked.extend(line[i : i + size] for i in range(0, len(line), step))
    return b"".join(picked), len(picked) // len(rows), len(rows)


def move_to_hints(
    document: Any, found: WrongPlace, layer: Any, still_there: Callable[[], None]
) -> Flow:
    """Put strokes on a hint layer of their own and take them from where they were.

    A new layer, because adding one can be undone; pixels set in a layer cannot.
    """
    hints = new_layer(HINTS_NAME, SRGB_8)
    there = Converter(space_of(layer), SRGB_8)
    for rect, before, now in found.strips:
        pixels = [there.convert(side, rect[2], rect[3]) for side in (before, now)]
        strokes, _, _ = changed_pixels(*pixels)
        hints.setPixelData(QtCore.QByteArray(bytes(strokes)), *rect)
        yield Tick()
        still_there()
    yield from _take_away(document, found, layer, still_there)
    document.rootNode().addChildNode(hints, None)
    Memory(document).bind_hints(uid(hints), found.photo)
    document.setActiveNode(hints)
    document.setModified(True)
    document.refreshProjection()
    return uid(hints)


def _take_away(
    document: Any, found: WrongPlace, layer: Any, still_there: Callable[[], None]
) -> Flow:
    """Undo strokes where nothing was done since, so that Krita's undo stays whole; else restore.

    Pixels that a script sets are not in Krita's undo, which then undoes another thing than it
    says.  It is the undo of the picture in front, which has to be this one.
    """
    undo, redo = (Krita.instance().action(name) for name in ("edit_undo", "edit_redo"))
    undone = 0
    while undo is not None and undone < MOST_STROKES:
        yield from until_in_front(document, still_there)
        if not undo.isEnabled():
            break
        before = pixels_now(layer, found)
        undo.trigger()
        undone += 1
        for _ in range(WAIT_TICKS):
            yield Pause(0.02, "")
            if pixels_now(layer, found) != before:
                break
        still_there()
        document.waitForDone()
        after = pixels_now(layer, found)
        if after == [side for _, side, _ in found.strips]:
            return
        if after == before:
            break  # this was no stroke on the layer
    for _ in range(undone if redo is not None else 0):
        yield from until_in_front(document, still_there)
        redo.trigger()
        yield Pause(0.1, "")
        document.waitForDone()
    still_there()
    for rect, side, _ in found.strips:
        layer.setPixelData(QtCore.QByteArray(side), *rect)


def pixels_now(layer: Any, found: WrongPlace) -> list[bytes]:
    """What a layer holds where the paint was found."""
    return [bytes(layer.pixelData(*rect)) for rect, _, _ in found.strips]


def differences(node: Any, rect: Rect, pixels: Any, still_there: Callable[[], None]) -> Flow:
    """Where a layer is other than it was written, as strips.  pixels: packed, its own space."""
    from .client.hintscan import ROWS

    x, y, width, height = rect
    stride = width * space_of(node).pixel_bytes
    view = memoryview(pixels)
    found: list[Strip] = []
    for row in range(0, height, ROWS):
        rows = min(ROWS, height - row)
        now = bytes(node.pixelData(x, y + row, width, rows))
        before = bytes(view[row * stride : (row + rows) * stride])
        if now != before:
            found.append(((x, y + row, width, rows), before, now))
        yield Tick()
        still_there()
    return found
