"""Pixels of a layer as GIMP's thumbnails give them: in one answer, and without danger.

GIMP ends a plug-in that asks for a tile of a layer which is gone, or whose kind of pixels has
changed since the plug-in opened it.  A thumbnail of a layer that is gone only fails.
"""

from __future__ import annotations

import struct
from typing import Any

from gi.repository import Gimp

from .client.strokes import Box
from .pixels import wire_dtype

MOST = 1024
"""The largest side of a thumbnail."""

ROWS = 128
"""Rows read at a time.  0.7 ms for a whole width; twice as many take four times as long."""


def data_of(got: Any) -> tuple[bytes, int, int, int] | None:
    """(data, width, height, bytes of a pixel) of what GIMP gave; None if the layer is gone."""
    if not got or got[0] is None:
        return None
    return bytes(got[0].get_data()), got[1], got[2], got[3]


def u8_of(layer: Gimp.Layer, got: Any) -> tuple[bytes, int, int, int] | None:
    """(packed u8, width, height, channels) of a thumbnail; None if the layer is gone.

    GIMP gives thumbnails in the precision of the image.
    """
    found = data_of(got)
    if found is None or not layer.is_valid():
        return None
    data, width, height, _ = found
    values = _bytes_of(data, layer.get_image().get_precision().value_nick)
    return values, width, height, len(values) // max(1, width * height)


def rgb_of(layer: Gimp.Layer, got: Any) -> tuple[bytearray, int, int] | None:
    """(packed RGB u8, width, height) of a thumbnail; None if the layer is gone."""
    found = u8_of(layer, got)
    if found is None:
        return None
    values, width, height, channels = found
    rgb = bytearray(3 * width * height)
    for channel in range(3):
        rgb[channel::3] = values[channel if channels > 2 else 0 :: channels]
    return rgb, width, height


def rgba_box(layer: Gimp.Layer, box: Box) -> bytes | None:
    """A box of a layer as packed RGBA u8, 0 outside the layer; None where that is not exact.

    Exact are 8-bit perceptual layers without a colour profile of their own, the usual ones.
    """
    if wire_dtype(layer.get_image(), layer) != "u8" or not layer.has_alpha():
        return None
    left, top, width, height = box
    right, bottom = min(left + width, layer.get_width()), min(top + height, layer.get_height())
    out = bytearray(4 * width * height)
    for y in range(max(0, top), bottom, ROWS):
        rows = min(ROWS, bottom - y)
        for x in range(max(0, left), right, MOST):
            columns = min(MOST, right - x)
            found = data_of(layer.get_sub_thumbnail_data(x, y, columns, rows, columns, rows))
            if found is None or found[1:3] != (columns, rows) or found[3] not in (2, 4):
                return None
            _paste(out, width, _with_color(found[0], found[3]), (x - left, y - top, columns, rows))
    return bytes(out)


def _paste(out: bytearray, width: int, rgba: bytes, box: Box) -> None:
    x, y, columns, rows = box
    if columns == width:
        out[4 * y * width : 4 * (y + rows) * width] = rgba
        return
    for row in range(rows):
        at = 4 * ((y + row) * width + x)
        out[at : at + 4 * columns] = rgba[4 * row * columns : 4 * (row + 1) * columns]


def _with_color(data: bytes, channels: int) -> bytes:
    """Gray with alpha, or RGBA, to RGBA."""
    if channels == 4:
        return data
    out = bytearray(2 * len(data))
    for channel in range(3):
        out[channel::4] = data[0::2]
    out[3::4] = data[1::2]
    return bytes(out)


_CODES = {
    "u8": ("B", 255.0),
    "u16": ("H", 65535.0),
    "u32": ("I", 4294967295.0),
    "half": ("e", 1.0),
    "float": ("f", 1.0),
    "double": ("d", 1.0),
}


def _bytes_of(data: bytes, precision: str) -> bytes:
    """Values of a precision such as "u16-non-linear" to 8 bits, perceptual."""
    kind, _, curve = precision.partition("-")
    if kind == "u8" and curve != "linear":
        return data
    code, most = _CODES[kind]
    values = struct.unpack("=%d%s" % (len(data) // struct.calcsize("=" + code), code), data)
    return bytes(_encoded(value / most, curve == "linear") for value in values)


def _encoded(value: float, linear: bool) -> int:
    """0..1 to 0..255; linear light by sRGB's curve (IEC 61966-2-1)."""
    if linear:
        value = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return max(0, min(255, round(255 * value))) if value == value else 0
