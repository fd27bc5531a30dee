"""The part `within`: masks, each with the paint that is kept inside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from ..http.multipart import Part
from ..http.problem import Problem
from ..model import Hints
from .hints import Disc, inflate
from .photo import too_large


class Box(NamedTuple):
    """Where a mask lies in the photo.  paint: whether RGBA pixels of the same box follow it."""

    x: int
    y: int
    width: int
    height: int
    paint: bool = True

    @property
    def pixels(self) -> int:
        """Of the mask."""
        return self.width * self.height

    @property
    def size(self) -> int:
        """Bytes in the part."""
        return self.pixels * (5 if self.paint else 1)


class Described(Protocol):
    """What a request says of the part."""

    @property
    def encoding(self) -> str:
        """ "raw" or "zlib"."""

    def boxes(self) -> list[Box]:
        """The masks in the order in which they lie in the part."""


def read_fences(
    part: Part | None, described: Described | None, discs: Sequence[Disc], max_pixels: int
) -> Hints | None:
    """The hints that are kept inside masks, or None if there are none.  Raises Problem.

    Discs that name a mask are painted over its paint.
    """
    if described is None:
        if part is not None:
            raise Problem("bad_hints", "The part within is there, but the request has no within.")
        if any(disc.within is not None for disc in discs):
            raise Problem("bad_hints", "A point is within a mask, but the request has no within.")
        return None
    if part is None:
        raise Problem("bad_hints", "The request describes masks, but the part within is missing.")
    boxes = described.boxes()
    pixels = sum(box.pixels for box in boxes)
    if pixels > max_pixels:
        raise too_large(pixels, 1, max_pixels, "hints_too_large")
    if any(disc.within is not None and disc.within >= len(boxes) for disc in discs):
        raise Problem("bad_hints", f"A point is within a mask beyond the last of {len(boxes)}.")
    data = inflate(part.data, described.encoding, sum(box.size for box in boxes), "within")
    hints, start = Hints(), 0
    for number, box in enumerate(boxes):
        bytes_of = np.frombuffer(data, np.uint8, box.size, start)
        start += box.size
        mask = bytes_of[: box.pixels].reshape(box.height, box.width)
        if not mask.any():
            raise Problem("bad_hints", f"The mask {number} of the part within marks no pixel.")
        own = Hints()
        if box.paint:
            rgba = bytes_of[box.pixels :].reshape(box.height, box.width, 4)
            own = Hints.from_rgba(rgba, box.x, box.y)
        for disc in discs:
            if disc.within == number:
                own += disc.painted()
        hints += own.within(mask, box.x, box.y)
    return hints or None
