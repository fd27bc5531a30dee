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
from typing import Any, Iterator

from gi.repository import Babl, Gegl, Gimp

from .client import DTYPES, Plane, Stream
from .client.translation import _
from .problem import Problem

STRIP = 8 << 20
"""Bytes of a strip, about."""

TILE = 128
"""Rows of one of GIMP's tiles: strips of whole tiles are four times as fast as others."""

_BABL_TYPES = {"u8": "u8", "u16": "u16", "f32": "float"}
_BABL_MODELS = {"Y": "Y'", "YA": "Y'A", "RGB": "R'G'B'", "RGBA": "R'G'B'A"}


def wire_dtype(image: Gimp.Image, layer: Gimp.Layer) -> str:
    """The dtype that loses nothing of a layer."""
    nick = image.get_precision().value_nick  # such as "u8-non-linear"
    perceptual = nick.endswith(("non-linear", "perceptual"))
    if perceptual and nick.startswith(("u8-", "u16-")) and _is_srgb(image, layer):
        return nick.split("-")[0]
    return "f32"


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
        raise Problem(_("This GIMP does not know the pixel format %s. Update GIMP.") % name)
    return name


def strips(width: int, height: int, pixel_bytes: int) -> Iterator[tuple[int, int]]:
    """(first row, number of rows) of each strip."""
    rows = TILE * max(1, STRIP // (TILE * max(1, width * pixel_bytes)))
    for top in range(0, height, rows):
        yield top, min(rows, height - top)


def read_strips(
    buffer: Gegl.Buffer,
    width: int,
    height: int,
    name: str | None,
    pixel_bytes: int,
    x: int = 0,
    y: int = 0,
) -> Iterator[bytes]:
    """The pixels of a layer's buffer from x, y, strip by strip; name None: as they are stored."""
    for top, rows in strips(width, height, pixel_bytes):
        rectangle = Gegl.Rectangle.new(x, y + top, width, rows)
        data = buffer.get(rectangle, 1.0, name, Gegl.AbyssPolicy.NONE)
        if name is not None and len(data) != width * rows * pixel_bytes:
            raise Problem(_("GIMP gave too few pixels: is there enough memory and disk space?"))
        yield data


class Reader:
    """A layer's pixels for the wire.

    A layer without any colour travels as a gray plane, also in an RGB image: a third of the
    bytes, and the server knows it again after GIMP has made the image RGB for the result.

    layer, x, y: where to read, from `effects.applied`; size: of the photo's own layer.
    """

    def __init__(
        self, image: Gimp.Image, layer: Gimp.Layer, size: tuple[int, int], x: int = 0, y: int = 0
    ) -> None:
        self.width, self.height = size
        self._x, self._y = x, y
        self.dtype = wire_dtype(image, layer)
        self._layer, self._buffer = layer, layer.get_buffer()
        gray = image.get_base_type() == Gimp.ImageBaseType.GRAY
        alpha = "A" if layer.has_alpha() else ""
        self._stored = self.layout = ("Y" if gray else "RGB") + alpha
        self._print = ""
        if not gray:
            # Reads until it meets a colour.  If it meets none, it has the fingerprint, too.
            self.layout = "Y" + alpha
            try:
                self.fingerprint()
            except _Colored:
                self.layout = self._stored

    @property
    def answer_layout(self) -> str:
        """Layout of the coloured answer: with alpha where the photo has alpha."""
        return "RGBA" if self.layout.endswith("A") else "RGB"

    def _read(self) -> Iterator[Any]:
        head = "%d %d %s %s" % (self.width, self.height, self.dtype, self.layout)
        digest = hashlib.sha1(head.encode("ascii"))
        name = babl_format(self.dtype, self._stored)
        pixel = DTYPES[self.dtype] * len(self._stored)
        where = self._buffer, self.width, self.height, name, pixel, self._x, self._y
        strips = read_strips(*where)
        # GIMP ends a plug-in that reads a layer which is gone, so this is checked at each strip.
        while self._layer.is_valid():
            data = next(strips, None)
            if data is None:
                break
            if self.layout != self._stored:
                data = without_color(data, self.dtype, len(self._stored))
            data = little_endian(data, self.dtype)
            digest.update(data)
            yield data
        else:
            raise Problem(_("The photo was removed meanwhile: nothing was changed."))
        self._print = digest.hexdigest()

    def plane(self) -> Plane:
        """For sending; the pixels are read while they are sent."""
        total = self.width * self.height * len(self.layout) * DTYPES[self.dtype]
        stream = Stream(total, self._read)
        return Plane(self.width, self.height, self.dtype, self.layout, stream)

    def fingerprint(self) -> str:
        """Equal for equal pixels; reads them if that has not happened."""
        if not self._print:
            for _ in self._read():
                pass
        return self._print


class _Colored(Exception):
    """A layer has colour of its own."""


def without_color(data: bytes, dtype: str, channels: int) -> Any:
    """Packed RGB or RGBA to Y or YA; raises _Colored if R, G and B are not all equal."""
    values: Any = data if dtype == "u8" else array(_ARRAYS[dtype], data)
    gray = values[0::channels]
    if gray != values[1::channels] or gray != values[2::channels]:
        raise _Colored
    if channels == 3:
        return gray
    both = bytearray(2 * len(gray)) if dtype == "u8" else array(_ARRAYS[dtype], gray + gray)
    both[0::2] = gray
    both[1::2] = values[3::4]
    return both


_ARRAYS = {"u16": "H", "f32": "f"}


def little_endian(data: Any, dtype: str) -> Any:
    """Values from this machine's order to the wire's, or back."""
    if sys.byteorder == "little" or dtype == "u8":
        return data
    values = array(_ARRAYS[dtype], bytes(data))
    values.byteswap()
    return values.tobytes()


def write(layer: Gimp.Layer, dtype: str, layout: str, data: Any) -> None:
    """Fill a layer with packed pixels of its own size."""
    width, height = layer.get_width(), layer.get_height()
    pixel = DTYPES[dtype] * len(layout)
    name = babl_format(dtype, layout)
    buffer = layer.get_buffer()
    view = memoryview(data)
    for top, rows in strips(width, height, pixel):
        # The bindings hand over bytes as a whole, but anything else value by value.
        piece = bytes(view[top * width * pixel : (top + rows) * width * pixel])
        rectangle = Gegl.Rectangle.new(0, top, width, rows)
        buffer.set(rectangle, name, little_endian(piece, dtype))
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
