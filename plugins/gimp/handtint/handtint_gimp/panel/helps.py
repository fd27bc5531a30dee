"""A small picture of the photo in which the places are hatched where a hint would help most.

It is shown in the panel and not in the image: a layer there would be an undo step and might be
exported.
"""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import GdkPixbuf, GLib

from .. import thumbnails
from ..client import BadReply, Picture, helps
from ..client.translation import _
from ..problem import Problem
from .target import Target

WIDTH, HEIGHT = 288, 216
"""The most that the picture takes, in pixels."""

STEP = 7
"""Pixels between two lines of the hatching."""


@dataclass(frozen=True)
class Map:
    """The picture: packed RGB."""

    width: int
    height: int
    rgb: bytes

    @classmethod
    def of(cls, target: Target, cells: Picture) -> Map:
        """From the server's cells; raises BadReply, or Problem if the layer is gone."""
        if (cells.dtype, cells.layout) != ("u8", "Y"):
            raise BadReply(_("The server's answer is of another kind than asked for: update it."))
        layer = target.result if target.result is not None else target.photo
        got = layer.get_thumbnail_data(WIDTH, HEIGHT) if layer.is_valid() else None
        seen = thumbnails.rgb_of(layer, got)
        if seen is None:
            raise Problem(_("The photo was removed meanwhile."))
        rgb, width, height = seen
        marks = _marks(cells, width, height)
        for y in range(height):
            for x in range(width):
                at = y * width + x
                if not marks[at]:
                    continue
                inside = 0 < x < width - 1 and 0 < y < height - 1
                edge = not inside or not (
                    marks[at - 1] and marks[at + 1] and marks[at - width] and marks[at + width]
                )
                phase = (x + y) % STEP
                if edge or phase == 0:
                    rgb[3 * at : 3 * at + 3] = b"\xff\xff\xff"
                elif phase == 1:
                    rgb[3 * at : 3 * at + 3] = b"\x00\x00\x00"
        return cls(width, height, bytes(rgb))

    def pixbuf(self) -> GdkPixbuf.Pixbuf:
        """For Gtk."""
        return pixbuf_of(self.rgb, self.width, self.height)


def pixbuf_of(rgb: bytes, width: int, height: int) -> GdkPixbuf.Pixbuf:
    """A picture for Gtk from packed RGB."""
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(rgb), GdkPixbuf.Colorspace.RGB, False, 8, width, height, 3 * width
    )


def _marks(cells: Picture, width: int, height: int) -> bytes:
    """1 where a hint helps, rounded by a smooth enlargement."""
    values = bytes(cells.data)
    bar = helps.bar(values)
    packed = bytearray(3 * len(values))
    for channel in range(3):
        packed[channel::3] = values
    small = pixbuf_of(bytes(packed), cells.width, cells.height)
    large = small.scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR)
    stride, channels, data = large.get_rowstride(), large.get_n_channels(), large.get_pixels()
    table = bytes(int(value >= bar) for value in range(256))
    rows = [data[y * stride : y * stride + width * channels : channels] for y in range(height)]
    return b"".join(rows).translate(table)
