"""Notices changes of a layer's pixels.

GIMP tells a plug-in nothing: no signal for pixels, layers or Undo.  A thumbnail takes 1 to 3 ms
at any size and says where something has changed, half a stroke included.  What it misses, a few
faint pixels in a large picture, is found by reading one strip exactly at a time.
"""

from __future__ import annotations

import zlib

from gi.repository import Gegl, Gimp

from ..client.hintscan import common_start
from ..client.strokes import Box

THUMB = 256
ROWS = 128
"""Rows of a strip: GIMP's tiles."""


class Watch:
    """One layer.  size: what it was at the last look."""

    def __init__(self, layer: Gimp.Layer) -> None:
        self.layer = layer
        self.size = layer.get_width(), layer.get_height()
        self._thumb: tuple[bytes, int, int, int] | None = None
        self._sums: dict[int, int] = {}
        self._next = 0

    def look(self) -> Box | None:
        """What has changed since the last look, in the layer's pixels, or None.

        The first look gives None.
        """
        got = self.layer.get_thumbnail_data(THUMB, THUMB)
        if not got or got[0] is None:
            return None
        data, width, height, channels = bytes(got[0].get_data()), got[1], got[2], got[3]
        before, self._thumb = self._thumb, (data, width, height, channels)
        if before is None or before[0] == data:
            return None
        if before[1:] != (width, height, channels):
            return 0, 0, *self.size
        cells = _difference(before[0], data, width * channels)
        box = self._in_the_layer(cells, width, height, channels)
        for strip in range(box[1] // ROWS, (box[1] + box[3] - 1) // ROWS + 1):
            self._sums.pop(strip, None)  # it would be reported twice
        return box

    def _in_the_layer(self, cells: Box, width: int, height: int, channels: int) -> Box:
        """A box of the thumbnail's bytes, in the layer's pixels, with a cell around it."""
        scale_x, scale_y = self.size[0] / width, self.size[1] / height
        left = max(0, int((cells[0] // channels - 1) * scale_x))
        top = max(0, int((cells[1] - 1) * scale_y))
        right = (cells[0] + cells[2] + channels - 1) // channels
        right = min(self.size[0], int((right + 1) * scale_x) + 1)
        bottom = min(self.size[1], int((cells[1] + cells[3] + 1) * scale_y) + 1)
        return left, top, right - left, bottom - top

    def sweep(self) -> Box | None:
        """Read the next strip exactly; its box if it has changed since the last time."""
        width, height = self.size
        strips = (height + ROWS - 1) // ROWS
        self._next = (self._next + 1) % max(1, strips)
        top = self._next * ROWS
        box = (0, top, width, min(ROWS, height - top))
        where = Gegl.Rectangle.new(*box)
        data = self.layer.get_buffer().get(where, 1.0, None, Gegl.AbyssPolicy.NONE)
        now, before = zlib.crc32(data), self._sums.get(self._next)
        self._sums[self._next] = now
        return box if before not in (None, now) else None

    @property
    def strips(self) -> int:
        """How many strips a whole round of `sweep` reads."""
        return (self.size[1] + ROWS - 1) // ROWS


def _difference(before: bytes, now: bytes, stride: int) -> Box:
    """The box around all bytes that differ; at least one does.  x and width are in bytes."""
    rows = [
        y
        for y in range(len(now) // stride)
        if now[y * stride : (y + 1) * stride] != before[y * stride : (y + 1) * stride]
    ]
    left, right = stride, 0
    for y in rows:
        old, new = before[y * stride : (y + 1) * stride], now[y * stride : (y + 1) * stride]
        left = min(left, common_start(old, new))
        right = max(right, stride - common_start(old[::-1], new[::-1]))
    return left, rows[0], right - left, rows[-1] + 1 - rows[0]
