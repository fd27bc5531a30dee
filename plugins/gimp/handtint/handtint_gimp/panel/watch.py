"""Notices changes of a layer's pixels.

GIMP tells a plug-in nothing: no signal for pixels, layers or Undo.  A thumbnail takes 1 to 3 ms
at any size and says where something has changed, half a stroke included.  What it misses, a few
faint pixels in a large picture, is found by larger thumbnails of one block at a time.  No tiles
are read here: GIMP ends a plug-in that asks for one of a layer which is gone.
"""

from __future__ import annotations

import zlib

from gi.repository import Gimp

from .. import thumbnails
from ..client.hintscan import common_start
from ..client.strokes import Box

THUMB = 256
BLOCK = 1024, 512
"""Width and height of a block.  It is seen at half its size: one pixel of four percent shows."""


class Watch:
    """One layer.  size: what it was at the last look."""

    def __init__(self, layer: Gimp.Layer) -> None:
        self.layer = layer
        self.size = layer.get_width(), layer.get_height()
        self._thumb: tuple[bytes, int, int, int] | None = None
        self._sums: dict[Box, int] = {}
        self._next = 0

    def look(self) -> Box | None:
        """What has changed since the last look, in the layer's pixels, or None.

        The first look gives None.
        """
        found = thumbnails.data_of(self.layer.get_thumbnail_data(THUMB, THUMB))
        if found is None:
            return None
        data, width, height, channels = found
        before, self._thumb = self._thumb, (data, width, height, channels)
        if before is None or before[0] == data:
            return None
        if before[1:] != (width, height, channels):
            return 0, 0, *self.size
        cells = _difference(before[0], data, width * channels)
        box = self._in_the_layer(cells, width, height, channels)
        for block in [block for block in self._sums if _meet(block, box)]:
            del self._sums[block]  # it would be reported twice
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
        """Look closely at the next block; its box if it has changed since the last time."""
        width, height = self.size
        columns = -(-width // BLOCK[0])
        self._next = (self._next + 1) % self.blocks
        left, top = self._next % columns * BLOCK[0], self._next // columns * BLOCK[1]
        wide, high = min(BLOCK[0], width - left), min(BLOCK[1], height - top)
        got = self.layer.get_sub_thumbnail_data(
            left, top, wide, high, (wide + 1) // 2, (high + 1) // 2
        )
        found = thumbnails.data_of(got)
        if found is None:
            return None
        box = (left, top, wide, high)
        now, before = zlib.crc32(found[0]), self._sums.get(box)
        self._sums[box] = now
        return box if before not in (None, now) else None

    @property
    def blocks(self) -> int:
        """How many blocks a whole round of `sweep` looks at."""
        return -(-self.size[0] // BLOCK[0]) * -(-self.size[1] // BLOCK[1])


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


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
