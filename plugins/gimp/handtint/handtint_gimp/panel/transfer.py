"""Pixels of layers in pieces, each looked at right before it is read or written.

GIMP ends a plug-in that touches a layer which is gone, locked or smaller than it was.  The
checks leave a few milliseconds in which that can still happen; larger pieces would leave more.
"""

from __future__ import annotations

import hashlib
from typing import Any, Iterator

from gi.repository import Babl, Gegl, Gimp

from .. import pixels
from ..client import DTYPES, Dropped
from ..client.strokes import Box
from ..client.translation import _
from ..problem import Problem

PIECE = 1 << 20
"""Pixels that are read or written at a time, about."""

MOST_ROWS = 512


class Locked(Problem):
    """The result must not be written; the message says what to do."""


def rows_at_a_time(width: int) -> int:
    """Whole tiles, at least one."""
    rows = PIECE // max(1, width) // pixels.TILE * pixels.TILE
    return max(pixels.TILE, min(rows, MOST_ROWS))


def from_here(height: int, rows: int, middle: int) -> Iterator[tuple[int, int]]:
    """(first row, number of rows) of each piece, the nearest to a row first."""
    tops = sorted(range(0, height, rows), key=lambda top: abs(top + rows // 2 - middle))
    for top in tops:
        yield top, min(rows, height - top)


def is_there(image: Gimp.Image, layer: Gimp.Layer, size: tuple[int, int]) -> bool:
    """Whether a layer is in its image and as large as it was."""
    return (
        bool(layer.is_valid())
        and bool(image.is_valid())
        and (layer.get_width(), layer.get_height()) == size
    )


def check_writable(image: Gimp.Image, layer: Gimp.Layer, size: tuple[int, int]) -> None:
    """Raises Dropped or Locked."""
    if not is_there(image, layer, size):
        raise Dropped("The result is gone, or has another size.")
    if not layer.is_rgb() or layer.is_group():
        raise Problem(
            _("%s cannot hold colors any more. Choose Colorize Layer.") % layer.get_name()
        )
    around: Any = layer
    while around is not None:
        if around.get_lock_content():
            raise Locked(
                _("%s is locked: Live waits until you unlock it in the Layers dialog.")
                % around.get_name()
            )
        around = around.get_parent()


def write_box(
    image: Gimp.Image,
    layer: Gimp.Layer,
    size: tuple[int, int],
    box: Box,
    data: bytes,
    name: str,
) -> None:
    """Write packed pixels into a box of a layer, without an undo step; raises as above.

    name: of the pixel format.  Nothing is seen before `update` and `Gimp.displays_flush`.
    """
    check_writable(image, layer, size)
    buffer = layer.get_buffer()  # anew each time: a kept one holds old tiles
    buffer.set(Gegl.Rectangle.new(*box), name, data)
    buffer.flush()


def piece_of(data: Any, width: int, box: Box, pixel: int, dtype: str) -> bytes:
    """Whole rows cut out of a packed picture, in this machine's order."""
    top, rows = box[1], box[3]
    piece = bytes(memoryview(data)[top * width * pixel : (top + rows) * width * pixel])
    return bytes(pixels.little_endian(piece, dtype))


def pixel_bytes(dtype: str, layout: str) -> int:
    """Bytes of one pixel on the wire."""
    return DTYPES[dtype] * len(layout)


class Stored:
    """A layer's pixels as they are stored, read piece by piece; and their fingerprint."""

    def __init__(self, image: Gimp.Image, layer: Gimp.Layer) -> None:
        self.image, self.layer = image, layer
        self.size = layer.get_width(), layer.get_height()
        self.pieces: list[tuple[Box, bytes]] = []
        self._format = str(Babl.get_name(layer.get_format()))
        self._digest = hashlib.sha1(b"%d %d" % self.size)

    def read(self) -> Iterator[None]:
        """Read all of it, a piece at a step; raises Dropped."""
        width, height = self.size
        rows = rows_at_a_time(width)
        for top in range(0, height, rows):
            if not is_there(self.image, self.layer, self.size):
                raise Dropped("The layer is gone, or has another size.")
            box = (0, top, width, min(rows, height - top))
            where = Gegl.Rectangle.new(*box)
            data = self.layer.get_buffer().get(where, 1.0, None, Gegl.AbyssPolicy.NONE)
            self._digest.update(data)
            self.pieces.append((box, bytes(data)))
            yield

    @property
    def fingerprint(self) -> str:
        """As `pixels.stored_fingerprint` finds it."""
        return self._digest.hexdigest()

    def put_back(self, layer: Gimp.Layer) -> None:
        """Write everything into a layer again; nothing is shown of it."""
        for box, data in self.pieces:
            write_box(self.image, layer, self.size, box, data, self._format)
