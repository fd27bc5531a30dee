"""The stroke that was painted last: where it lies, and which hints were there before it."""

from __future__ import annotations

from . import strokes
from .hintscan import Crop
from .strokes import Box, Tile


class LastStroke:
    """What has changed since the button went up last.

    before: all hints without it.  Where it lies is found when somebody asks: that takes longer
    than noticing it.
    """

    def __init__(self) -> None:
        self.before: Crop | None = None
        self._changes: list[tuple[Box, bytes, bytes]] = []
        self._of = -1.0

    def forget(self) -> None:
        """Nothing is known of a stroke."""
        self.before, self._changes, self._of = None, [], -1.0

    def is_new(self, lifted_at: float) -> bool:
        """Whether a change now would be the first one of a stroke."""
        return lifted_at != self._of

    def begin(self, lifted_at: float, before: Crop | None) -> None:
        """A stroke has ended.  lifted_at: when.  before: the hints without it."""
        self.before, self._changes, self._of = before, [], lifted_at

    def note(self, box: Box, old: bytes, new: bytes) -> None:
        """Pixels of a box have changed, packed RGBA."""
        self._changes.append((box, old, new))

    def place(self) -> tuple[tuple[int, int] | None, set[Tile]]:
        """(a painted pixel in its middle or None, its tiles), in the photo's pixels."""
        point: tuple[int, int] | None = None
        tiles: set[Tile] = set()
        for box, old, new in self._changes:
            marks = new_paint(old, new)
            place = strokes.center(marks, box[2], box[3])
            if place is not None:
                point = (place[0] + box[0], place[1] + box[1])
                tiles |= _tiles(marks, box)
        return point, tiles


def new_paint(old: bytes, new: bytes) -> bytes:
    """1 for every pixel that is painted now and was not like that, of packed RGBA; else 0."""
    differs = _number(old) ^ _number(new)
    changed = differs.to_bytes(len(new), "little")
    any_channel = 0
    for channel in range(4):
        any_channel |= _number(changed[channel::4])
    marks = strokes.marked(any_channel.to_bytes(len(new) // 4, "little"))
    painted = strokes.marked(new[3::4])
    return (_number(marks) & _number(painted)).to_bytes(len(marks), "little")


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _tiles(marks: bytes, box: Box) -> set[Tile]:
    left, top, width, height = box
    found = set()
    for y in range(height):
        start, end = y * width, (y + 1) * width
        at = marks.find(1, start, end)
        while at >= 0:
            column = (left + at - start) // strokes.TILE
            found.add((column, (top + y) // strokes.TILE))
            at = marks.find(1, start + max(0, (column + 1) * strokes.TILE - left), end)
    return found
