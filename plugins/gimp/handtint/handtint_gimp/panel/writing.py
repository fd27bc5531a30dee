"""What is asked for, and one answer on its way into a result."""

from __future__ import annotations

from gi.repository import Gimp

from .. import pixels
from .. import settings as kept
from ..client import Picture
from ..client.strokes import Box
from . import transfer
from .target import Target

LARGE = 6_000_000
"""Pixels of a photo above which the surroundings of a stroke are asked for first."""

NEAR = 1024
"""Pixels, in width and height, of these surroundings."""


def regions(size: tuple[int, int], box: Box | None) -> list[Box | None]:
    """What to ask for, in this order: of a large photo first what lies around a stroke's box."""
    width, height = size
    if box is None or width * height < LARGE:
        return [None]
    left = max(0, min(box[0] + box[2] // 2 - NEAR // 2, width - NEAR))
    top = max(0, min(box[1] + box[3] // 2 - NEAR // 2, height - NEAR))
    return [(left, top, min(NEAR, width), min(NEAR, height)), None]


class Writing:
    """Writes a picture into a result piece by piece, the nearest to a row first.

    region: what the picture is of, in the photo's pixels; None: all of it.  settings: what it was
    made with.  middle: the row, in the picture.
    """

    def __init__(
        self,
        target: Target,
        picture: Picture,
        region: Box | None,
        settings: kept.Settings,
        middle: int,
    ) -> None:
        self.target, self.picture, self.region = target, picture, region
        self.settings = settings
        self._left, self._top, self._width, height = region or (0, 0, *target.size)
        self._pixel = transfer.pixel_bytes(picture.dtype, picture.layout)
        self._format = pixels.babl_format(picture.dtype, picture.layout)
        rows = transfer.rows_at_a_time(self._width)
        self._pieces = transfer.from_here(height, rows, middle)

    def step(self) -> bool:
        """Write the next piece; False, once all of it is shown.  Raises Dropped or Problem."""
        piece = next(self._pieces, None)
        if piece is None:
            Gimp.displays_flush()
            return False
        first, number = piece
        target, result, picture = self.target, self.target.result, self.picture
        assert result is not None
        box = (self._left, self._top + first, self._width, number)
        data = transfer.piece_of(
            picture.data, self._width, (0, first, self._width, number), self._pixel, picture.dtype
        )
        transfer.write_box(target.image, result, target.size, box, data, self._format)
        result.update(*box)
        return True
