"""Reading photos and hints from layers and writing colours into them, strip by strip."""

from __future__ import annotations

import contextlib
import zlib
from dataclasses import dataclass
from typing import Any, Callable, Generator, Tuple

from . import inks
from .client import ClientError, Plane
from .client.hintscan import HintScan
from .client.steps import Tick
from .client.translation import _
from .pace import Pace
from .qt import QtCore, QtGui
from .spaces import (
    SRGB_8,
    SRGB_PROFILE,
    WIRE_DTYPE,
    Converter,
    Space,
    profile_bytes,
    space_of,
    wire_layout,
    wire_space,
)

Rect = Tuple[int, int, int, int]
"""x, y, width, height in the picture's pixels."""


class Empty(ClientError):
    """The layer holds no pixels."""


@dataclass(frozen=True)
class Photo:
    """A photo as it travels, and how its colours come back.

    rect: where its pixels lie in the picture.  checksum: of its pixels.  space: of its layer.
    own_space: whether the colours come back in that space; else in `wire_space`.  sample: the
    checksum of some of its rows, as `read_sample` returns it.
    """

    plane: Plane
    rect: Rect
    checksum: int
    space: Space
    own_space: bool
    sample: int = 0

    @property
    def answer_space(self) -> Space:
        """The space of the server's answer."""
        if self.own_space:
            return self.space
        return Space("RGBA", _DEPTH[self.plane.dtype], SRGB_PROFILE)


SAMPLE_EVERY = 16
"""Of so many rows one counts for the sample."""

_DEPTH = {dtype: depth for depth, dtype in WIRE_DTYPE.items()}


def rect_of(node: Any) -> Rect:
    """The box around a layer's pixels; (0, 0, 0, 0) if it has none."""
    box = node.bounds()
    if box.isEmpty():
        return 0, 0, 0, 0
    return box.x(), box.y(), box.width(), box.height()


def read_photo(
    node: Any, document_space: Space, still_there: Callable[[], None], *, convert: bool = False
) -> Generator[Any, Any, Photo]:
    """Read a layer with its masks, a strip at a time.

    convert: convert to sRGB in Krita instead of sending the layer's profile.
    Raises Empty, or what `still_there` raises.
    """
    rect = rect_of(node)
    x, y, width, height = rect
    if width == 0:
        raise Empty(_("%s is empty: click the photo's layer and try again.") % node.name())
    space = space_of(node)
    profile = None
    native = space.model == "RGBA" and space.depth in WIRE_DTYPE and not convert
    if native and space.profile != SRGB_PROFILE:
        profile = profile_bytes(space)
        native = profile is not None
    sent = space if native else wire_space(space)
    converter = None if native else Converter(space, sent)
    pace = Pace(width * max(space.pixel_bytes, 4), converts=converter is not None)
    pixels = bytearray()
    sample = 0
    row = 0
    while row < height:
        rows = pace.rows(height - row, y + row)
        with _measured(pace, rows, converter):
            strip = bytes(node.projectionPixelData(x, y + row, width, rows))
            stride = len(strip) // rows
            for start in range(-row % SAMPLE_EVERY, rows, SAMPLE_EVERY):
                sample = zlib.crc32(strip[start * stride : (start + 1) * stride], sample)
        if converter is not None:
            strip = yield from converter.flow(strip, width, rows, pace)
        pixels += strip
        row += rows
        yield Tick(_("Reading the layer"), 0.05 * row / height)
        still_there()
    if len(pixels) != width * height * sent.pixel_bytes:
        raise Empty(_("Krita does not give the pixels of %s.") % node.name())
    plane = Plane(width, height, WIRE_DTYPE[sent.depth], wire_layout(sent.depth), pixels, profile)
    own_space = native and space == document_space
    return Photo(plane, rect, zlib.crc32(pixels), space, own_space, sample)


def _measured(pace: Pace, rows: int, converter: Any) -> Any:
    """The pace learns from what takes longest: converting, where there is a converter."""
    return contextlib.nullcontext() if converter is not None else pace.measure(rows)


def read_sample(node: Any, rect: Rect) -> int:
    """The checksum of every sixteenth row of a layer, as `read_photo` finds it."""
    x, y, width, height = rect
    sample = 0
    for row in range(0, height, SAMPLE_EVERY):
        sample = zlib.crc32(bytes(node.projectionPixelData(x, y + row, width, 1)), sample)
    return sample


def crop_around(node: Any, place: tuple[int, int], area: Rect) -> Any:
    """A square around a place of a photo: 8-bit BGRA rows, width, height."""
    side = min(max(48, max(area[2:]) // 12), area[2], area[3])
    x = min(max(place[0] - side // 2, area[0]), area[0] + area[2] - side)
    y = min(max(place[1] - side // 2, area[1]), area[1] + area[3] - side)
    pixels = bytes(node.projectionPixelData(x, y, side, side))
    return Converter(space_of(node), SRGB_8).convert(pixels, side, side), side, side


class HintReader:
    """Reads the hint layers of a photo as 8-bit sRGB, whatever their own spaces are."""

    def __init__(self, layers: list[Any]) -> None:
        self.layers = layers
        self._converters = {}
        for layer in layers:
            space = space_of(layer)
            if space != SRGB_8:
                self._converters[space] = Converter(space, SRGB_8)

    def painted(self) -> Rect | None:
        """The box around all paint, or None."""
        box = QtCore.QRect()
        for layer in self.layers:
            box = box.united(layer.bounds())
        return None if box.isEmpty() else (box.x(), box.y(), box.width(), box.height())

    def read(self, rect: Rect) -> bytes:
        """BGRA of a rectangle, the layers over each other, from bottom to top."""
        x, y, width, height = rect
        found = []
        for layer in self.layers:
            if not layer.bounds().intersects(QtCore.QRect(x, y, width, height)):
                continue
            pixels = bytes(layer.pixelData(x, y, width, height))
            converter = self._converters.get(space_of(layer))
            if converter is not None:
                pixels = converter.convert(pixels, width, height)
            found.append(pixels)
        if not found:
            return bytes(width * height * 4)
        return found[0] if len(found) == 1 else _over(found, width, height)


def _over(pictures: list[bytes], width: int, height: int) -> bytes:
    kind = QtGui.QImage.Format.Format_ARGB32  # B, G, R, A in memory
    whole = QtGui.QImage(pictures[0], width, height, width * 4, kind).copy()
    painter = QtGui.QPainter(whole)
    for picture in pictures[1:]:
        painter.drawImage(0, 0, QtGui.QImage(picture, width, height, width * 4, kind))
    painter.end()
    bits = whole.constBits()
    bits.setsize(width * height * 4)
    return bytes(bits)


def read_hints(
    reader: HintReader, scan: HintScan, still_there: Callable[[], None]
) -> Generator[Any, Any, None]:
    """Bring a scan up to date, a strip at a time."""
    painted = reader.painted()
    scan.cover(painted)
    for index in scan.indices(painted):
        scan.update(index, reader.read(scan.box(index)))
        yield Tick()
        still_there()


def write_pixels(
    node: Any,
    pixels: Any,
    source: Space,
    target: Space,
    rect: Rect,
    still_there: Callable[[], None],
    before_each: Callable[[], Any] = Tick,
    summed: bool = True,
) -> Generator[Any, Any, int]:
    """Write packed rows into a layer; returns the checksum of what was written.

    source, target: spaces of the pixels and of the layer.  before_each: the step to yield
    before each strip.  summed: if not, the checksum is not made, and 0.
    """
    x, y, width, height = rect
    stride = width * source.pixel_bytes
    view = memoryview(pixels)
    converter = None if source == target else inks.converter(source, target)
    pace = Pace(width * max(source.pixel_bytes, target.pixel_bytes), converter is not None)
    checksum = 0
    row = 0
    while row < height:
        yield before_each()
        still_there()
        rows = pace.rows(height - row, y + row)
        strip = bytes(view[row * stride : (row + rows) * stride])
        if converter is not None:
            strip = yield from converter.flow(strip, width, rows, pace)
            yield before_each()
            still_there()
        with _measured(pace, rows, converter):
            node.setPixelData(QtCore.QByteArray(strip), x, y + row, width, rows)
            if summed:
                checksum = zlib.crc32(strip, checksum)
        row += rows
    return checksum


def read_checksum(
    node: Any, rect: Rect, still_there: Callable[[], None]
) -> Generator[Any, Any, int]:
    """The checksum of a layer's pixels in a rectangle, as `write_pixels` returns it."""
    x, y, width, height = rect
    pace = Pace(width * max(space_of(node).pixel_bytes, 4))
    checksum = 0
    row = 0
    while row < height:
        rows = pace.rows(height - row, y + row)
        with pace.measure(rows):
            checksum = zlib.crc32(bytes(node.pixelData(x, y + row, width, rows)), checksum)
        row += rows
        yield Tick()
        still_there()
    return checksum
