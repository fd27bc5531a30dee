"""Pixels of layers: which formats lose nothing, and reading and writing in strips.

The wire carries sRGB-encoded values of 8 or 16 bits or floats (docs/http-api.md, section
4.2).  8- and 16-bit layers of perceptual encoding without a color profile of their own
travel as they are.  Everything else goes as floats: linear integers have steps that 8 or 16
perceptual bits cannot follow, 32 bits do not fit into 16, and a profile's colors would be
rounded and clipped on their way to sRGB.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from gi.repository import Babl, Gegl, Gimp

from .client import DTYPES, Plane, Stream
from .problem import Problem

STRIP = 4 << 20
"""Bytes of a strip, about."""

_BABL_TYPES = {"u8": "u8", "u16": "u16", "f32": "float"}
_BABL_MODELS = {"Y": "Y'", "YA": "Y'A", "RGB": "R'G'B'", "RGBA": "R'G'B'A"}


@dataclass(frozen=True)
class Wire:
    """How a layer's pixels travel."""

    dtype: str
    layout: str

    @property
    def answer_layout(self) -> str:
        """Layout of the coloured answer: with alpha where the photo has alpha."""
        return "RGBA" if self.layout.endswith("A") else "RGB"


def wire_of(image: Gimp.Image, layer: Gimp.Layer) -> Wire:
    """The way that loses nothing of a layer."""
    nick = image.get_precision().value_nick  # such as "u8-non-linear"
    dtype = "f32"
    if nick.endswith(("non-linear", "perceptual")) and nick.startswith(("u8-", "u16-")):
        dtype = nick.split("-")[0]
    if not _is_srgb(image, layer):
        dtype = "f32"
    layout = "Y" if image.get_base_type() == Gimp.ImageBaseType.GRAY else "RGB"
    return Wire(dtype, layout + ("A" if layer.has_alpha() else ""))


def _is_srgb(image: Gimp.Image, layer: Gimp.Layer) -> bool:
    if image.get_color_profile() is None:
        return True
    space = Babl.format_get_space(layer.get_format())
    return bool(Babl.get_name(space) == "sRGB")


def babl_format(dtype: str, layout: str) -> str:
    """Name of the pixel format in GIMP."""
    name = "%s %s" % (_BABL_MODELS[layout], _BABL_TYPES[dtype])
    # A name that babl does not know would end this process without a word.
    if not Babl.format_exists(name):
        raise Problem("This GIMP does not know the pixel format %s. Update GIMP." % name)
    return name


def strips(width: int, height: int, pixel_bytes: int) -> Iterator[tuple[int, int]]:
    """(first row, number of rows) of each strip."""
    rows = max(1, STRIP // max(1, width * pixel_bytes))
    for top in range(0, height, rows):
        yield top, min(rows, height - top)


def read_strips(
    buffer: Gegl.Buffer, width: int, height: int, name: str | None, pixel_bytes: int
) -> Iterator[bytes]:
    """All pixels of a layer's buffer, strip by strip; name None: as they are stored."""
    for top, rows in strips(width, height, pixel_bytes):
        rectangle = Gegl.Rectangle.new(0, top, width, rows)
        data = buffer.get(rectangle, 1.0, name, Gegl.AbyssPolicy.NONE)
        if name is not None and len(data) != width * rows * pixel_bytes:
            raise Problem("GIMP gave too few pixels: is there enough memory and disk space?")
        yield data


class Reader:
    """A layer's pixels for the wire; knows their fingerprint once they have been read."""

    def __init__(self, image: Gimp.Image, layer: Gimp.Layer) -> None:
        self.wire = wire_of(image, layer)
        self.width, self.height = layer.get_width(), layer.get_height()
        self._buffer = layer.get_buffer()
        self._name = babl_format(self.wire.dtype, self.wire.layout)
        self._size = DTYPES[self.wire.dtype]
        self._pixel = self._size * len(self.wire.layout)
        self._print = ""

    def _read(self) -> Iterator[bytes]:
        head = "%d %d %s %s" % (self.width, self.height, self.wire.dtype, self.wire.layout)
        digest = hashlib.sha1(head.encode("ascii"))
        self._print = ""
        for data in read_strips(self._buffer, self.width, self.height, self._name, self._pixel):
            data = little_endian(data, self._size)
            digest.update(data)
            yield data
        self._print = digest.hexdigest()

    def plane(self) -> Plane:
        """For sending; the pixels are read while they are sent."""
        total = self.width * self.height * self._pixel
        stream = Stream(total, self._read)
        return Plane(self.width, self.height, self.wire.dtype, self.wire.layout, stream)

    def fingerprint(self) -> str:
        """Equal for equal pixels; reads them if that has not happened."""
        if not self._print:
            for _ in self._read():
                pass
        return self._print


def little_endian(data: Any, size: int) -> Any:
    """Values of `size` bytes from this machine's order to the wire's, or back."""
    if sys.byteorder == "little" or size == 1:
        return data
    values = array({2: "H", 4: "I"}[size], data)
    values.byteswap()
    return values.tobytes()


def write(
    layer: Gimp.Layer, dtype: str, layout: str, data: Any, report: Callable[[float], None]
) -> None:
    """Fill a layer with packed pixels of its own size."""
    width, height = layer.get_width(), layer.get_height()
    pixel = DTYPES[dtype] * len(layout)
    name = babl_format(dtype, layout)
    buffer = layer.get_buffer()
    view = memoryview(data)
    for top, rows in strips(width, height, pixel):
        piece = view[top * width * pixel : (top + rows) * width * pixel]
        rectangle = Gegl.Rectangle.new(0, top, width, rows)
        buffer.set(rectangle, name, little_endian(piece, DTYPES[dtype]))
        report((top + rows) / height)
    buffer.flush()
    layer.update(0, 0, width, height)


def stored_fingerprint(layer: Gimp.Layer) -> str:
    """Of a layer's pixels as they are stored: tells whether somebody has painted on it."""
    width, height = layer.get_width(), layer.get_height()
    buffer = layer.get_buffer()
    digest = hashlib.sha1(b"%d %d" % (width, height))
    for data in read_strips(buffer, width, height, None, 16):
        digest.update(data)
    return digest.hexdigest()
