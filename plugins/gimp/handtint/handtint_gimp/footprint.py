"""Tells a result that nobody has painted on, also after the whole image was changed.

A fingerprint of all pixels says at once whether a layer is as it was made.  After Image > Crop,
Rotate, Flip, Scale, Mode, Precision or a conversion to another color space it is not, and still
nobody has painted.  So a result also remembers its footprint: a checksum of each small square
of it, and its mean colors in a grid of 16 x 16 cells.

- Crop, rotation by quarter turns, flips, mode and precision leave every 8-bit value what it was,
  so the squares are found again, turned back and moved as it may be.  What is left at the rim
  must have the lightness of the photo.
- Scaling and other color spaces make new values.  Then the whole layer must have the lightness
  of the photo, pixel by pixel, and the cells must have the colors they had.

Anything else counts as painted, and the layer stays.
"""

from __future__ import annotations

import base64
import json
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Callable, Iterator, List, Tuple

from gi.repository import Gimp

from . import scratch
from .pixels import read_strips

MOST_TILES, MOST_ALIKE = 6000, 8
LIGHT_TOLERANCE = 16
"""Of 255: GIMP's lightness and the server's differ by up to 6 for colors, scaling adds some."""

COLOR_TOLERANCE, CELL_LIGHT_TOLERANCE = 6.0, 24.0
"""Of 255, for the mean over a cell."""

CELLS, SAMPLES = 16, 1024

Grid = List[Tuple[float, float, float]]
"""CELLS x CELLS means: R - G, B - G, G."""

# How a layer is turned back: quarter turns, then a flip.
ORIENTATIONS = [(turns, flip) for flip in (False, True) for turns in range(4)]

_TURNS = (
    None,
    Gimp.RotationType.DEGREES90,
    Gimp.RotationType.DEGREES180,
    Gimp.RotationType.DEGREES270,
)


@dataclass(frozen=True)
class Footprint:
    """Size, checksums of the whole squares row by row, and the cells' colors."""

    width: int
    height: int
    tile: int
    sums: list[int]
    grid: Grid

    @property
    def columns(self) -> int:
        """How many whole squares lie beside each other."""
        return self.width // self.tile

    @property
    def rows(self) -> int:
        """How many lie above each other."""
        return self.height // self.tile


def kind_of(image: Gimp.Image) -> str:
    """What decides which values an image can hold: mode, precision, color space."""
    profile = image.get_color_profile()
    space = zlib.crc32(bytes(profile.get_icc_profile())) if profile is not None else 0
    return "%s %s %d" % (
        image.get_base_type().value_nick,
        image.get_precision().value_nick,
        space,
    )


def take(layer: Gimp.Layer) -> str:
    """The footprint of a layer as it is now, packed as ASCII."""
    width, height = layer.get_width(), layer.get_height()
    tile = 16
    while (width // tile) * (height // tile) > MOST_TILES and tile < 128:
        tile *= 2
    sums, means = [], _Means(width, height)
    for data in _strips(layer):
        means.add(data)
        view = memoryview(data)
        for top in range(0, len(data) // (3 * width) - tile + 1, tile):
            for left in range(0, width - tile + 1, tile):
                sums.append(_sum(view, width, left, top, tile))
    packed = b"".join(value.to_bytes(4, "little") for value in sums)
    content = {
        "size": [width, height, tile],
        "sums": base64.b64encode(packed).decode("ascii"),
        "grid": [[round(value, 1) for value in cell] for cell in means.grid()],
    }
    return base64.b64encode(zlib.compress(json.dumps(content).encode("ascii"))).decode("ascii")


def read(packed: str) -> Footprint | None:
    """The footprint that `take` packed; None if it is none."""
    try:
        content = json.loads(zlib.decompress(base64.b64decode(packed)))
        width, height, tile = content["size"]
        data = base64.b64decode(content["sums"])
        sums = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
        grid = [(float(a), float(b), float(c)) for a, b, c in content["grid"]]
    except (ValueError, KeyError, TypeError, zlib.error):
        return None
    found = Footprint(width, height, tile, sums, grid)
    return found if len(sums) == found.columns * found.rows and len(grid) == CELLS**2 else None


def _sum(view: memoryview, width: int, left: int, top: int, tile: int) -> int:
    total, at = 0, 3 * (top * width + left)
    for _ in range(tile):
        total = zlib.crc32(view[at : at + 3 * tile], total)
        at += 3 * width
    return total


class _Means:
    """Collects the means over the cells of a picture, strip by strip."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._step = max(1, width // SAMPLES)
        self._sums = [[0, 0, 0, 0] for _ in range(CELLS**2)]
        self._top = 0

    def add(self, data: bytes) -> None:
        """The next rows, packed RGB u8; of large pictures a sample."""
        width, rows = self._width, len(data) // (3 * self._width)
        every = max(1, self._height // SAMPLES)
        for y in range(-self._top % every, rows, every):
            row = (self._top + y) * CELLS // self._height
            for column in range(CELLS):
                left, right = column * width // CELLS, (column + 1) * width // CELLS
                line = data[3 * (y * width + left) : 3 * (y * width + right)]
                sums = self._sums[row * CELLS + column]
                for channel in range(3):
                    values = line[channel :: 3 * self._step]
                    sums[channel] += sum(values)
                sums[3] += len(values)
        self._top += rows

    def grid(self) -> Grid:
        """The means of all cells."""
        found = []
        for red, green, blue, count in self._sums:
            many = max(count, 1)
            found.append(((red - green) / many, (blue - green) / many, green / many))
        return found


def _grid(layer: Gimp.Layer) -> Grid:
    means = _Means(layer.get_width(), layer.get_height())
    for data in _strips(layer):
        means.add(data)
    return means.grid()


def _strips(layer: Gimp.Layer) -> Iterator[bytes]:
    width, height = layer.get_width(), layer.get_height()
    return read_strips(layer.get_buffer(), width, height, "R'G'B' u8", 3)


def is_untouched(
    image: Gimp.Image,
    photo: Gimp.Layer,
    seen: tuple[Gimp.Layer, int, int],
    layer: Gimp.Layer,
    packed: str,
    kind: str,
) -> bool:
    """Whether a result whose pixels have changed was changed with the whole image only.

    seen: the photo with its filters applied, and where its top left pixel is in that.  kind:
    the image's when the footprint was taken.
    """
    before = read(packed)
    size = layer.get_width(), layer.get_height()
    if before is None or size != (photo.get_width(), photo.get_height()):
        return False
    if layer.get_offsets() != photo.get_offsets():
        return False
    light = _Light(seen, layer)
    if layer.is_gray():  # no color is left that could be lost
        return not light.differs(None)
    grid = _grid(layer)
    alike = [
        orientation for orientation in ORIENTATIONS if _is_alike(before.grid, grid, orientation)
    ]
    new_values = kind != kind_of(image) or any(
        _turned_size(size, orientation) != (before.width, before.height) for orientation in alike
    )

    def found(orientations: list[tuple[int, bool]]) -> bool:
        for orientation in orientations:
            with _turned_back(layer, orientation) as straight:
                same = _find(before, straight)
            if same is not None:
                return not light.differs(_turned(same, orientation, size))
        return False

    # The likeliest first: looking for squares in a turned copy takes time.
    return (
        found(alike)
        or (bool(alike) and new_values and not light.differs(None))
        or found([orientation for orientation in ORIENTATIONS if orientation not in alike])
    )


# --- turning -------------------------------------------------------------------------------


@contextmanager
def _turned_back(layer: Gimp.Layer, orientation: tuple[int, bool]) -> Iterator[Gimp.Layer]:
    """A turned copy in an image of its own; the layer itself where there is nothing to turn."""
    turns, flip = orientation
    if not turns and not flip:
        yield layer
        return
    with scratch.copy_of(layer) as copy:
        if turns:
            copy = copy.transform_rotate_simple(_TURNS[turns], True, 0.0, 0.0)
        if flip:
            copy = copy.transform_flip_simple(Gimp.OrientationType.HORIZONTAL, True, 0.0)
        yield copy


def _turned_size(size: tuple[int, int], orientation: tuple[int, bool]) -> tuple[int, int]:
    return (size[1], size[0]) if orientation[0] % 2 else size


Box = Tuple[int, int, int, int]
"""x, y, width, height."""


def _turned(box: Box, orientation: tuple[int, bool], size: tuple[int, int]) -> Box:
    """A box of the turned copy, in the layer that it was made of; size: the layer's."""
    turns, flip = orientation
    x, y, w, h = box
    width, height = _turned_size(size, orientation)
    if flip:
        x = width - x - w
    for _ in range(turns):  # each undoes a quarter turn to the right
        x, y, w, h = y, width - x - w, h, w
        width, height = height, width
    return x, y, w, h


def _is_alike(before: Grid, now: Grid, orientation: tuple[int, bool]) -> bool:
    """Whether a grid has the colors that another one had before it was turned."""
    turns, flip = orientation
    rows = [now[i : i + CELLS] for i in range(0, CELLS**2, CELLS)]
    for _ in range(turns):
        rows = [list(row) for row in zip(*rows[::-1])]  # to the right
    if flip:
        rows = [row[::-1] for row in rows]
    for old, new in zip(before, [cell for row in rows for cell in row]):
        if max(abs(old[0] - new[0]), abs(old[1] - new[1])) > COLOR_TOLERANCE:
            return False
        if abs(old[2] - new[2]) > CELL_LIGHT_TOLERANCE:
            return False
    return True


# --- finding the squares again -------------------------------------------------------------


def _find(before: Footprint, layer: Gimp.Layer) -> Box | None:
    """The box of a layer in which every whole square is as it was; None if one is not.

    The layer may be a part of what it was.
    """
    width, height = layer.get_width(), layer.get_height()
    view = memoryview(b"".join(_strips(layer)))
    if (width, height) == (before.width, before.height):
        return _verify(before, view, width, height, 0, 0)
    for x, y in _shifts(before, view, width, height):
        box = _verify(before, view, width, height, x, y)
        if box is not None:
            return box
    return None


def _shifts(
    before: Footprint, view: memoryview, width: int, height: int
) -> Iterator[tuple[int, int]]:
    """Where the layer's top left pixel may have been: a square that is found again says it."""
    tile = before.tile
    places: dict[int, list[int]] = {}
    for number, value in enumerate(before.sums):
        places.setdefault(value, []).append(number)
    for part in (2, 3, 5):  # from the middle; another place if that has nothing to tell
        left, top = (width - 2 * tile) // part, (height - 2 * tile) // part
        if left < 0 or top < 0:
            return
        for y in range(top, top + tile):
            for x in range(left, left + tile):
                found = places.get(_sum(view, width, x, y, tile), [])
                if len(found) > MOST_ALIKE:  # an even surface, which tells nothing
                    continue
                for number in found:
                    row, column = divmod(number, before.columns)
                    yield column * tile - x, row * tile - y


def _verify(
    before: Footprint, view: memoryview, width: int, height: int, x: int, y: int
) -> Box | None:
    """The box of all whole squares, if they are all as they were; x, y: the layer's shift."""
    tile = before.tile
    columns = [c for c in range(before.columns) if 0 <= c * tile - x <= width - tile]
    rows = [r for r in range(before.rows) if 0 <= r * tile - y <= height - tile]
    if not columns or not rows:
        return None
    for row in rows:
        for column in columns:
            value = _sum(view, width, column * tile - x, row * tile - y, tile)
            if value != before.sums[row * before.columns + column]:
                return None
    left, top = columns[0] * tile - x, rows[0] * tile - y
    right, bottom = left + len(columns) * tile, top + len(rows) * tile
    rim = max(left, top, width - right, height - bottom)
    return (left, top, right - left, bottom - top) if rim < tile else None


# --- lightness -----------------------------------------------------------------------------


class _Light:
    """Compares the lightness of a result with that of its photo."""

    def __init__(self, seen: tuple[Gimp.Layer, int, int], layer: Gimp.Layer) -> None:
        self._photo, self._x, self._y = seen
        self._layer = layer

    def differs(self, inside: Box | None) -> bool:
        """Whether any pixel outside a box, None: any at all, has another lightness."""
        width, height = self._layer.get_width(), self._layer.get_height()
        if inside is None:
            return self._part(0, 0, width, height)
        x, y, w, h = inside
        return (
            self._part(0, 0, width, y)
            or self._part(0, y + h, width, height - y - h)
            or self._part(0, y, x, h)
            or self._part(x + w, y, width - x - w, h)
        )

    def _part(self, x: int, y: int, width: int, height: int) -> bool:
        if width <= 0 or height <= 0:
            return False
        mine = read_strips(self._layer.get_buffer(), width, height, "Y' u8", 1, x, y)
        where = self._x + x, self._y + y
        its = read_strips(self._photo.get_buffer(), width, height, "Y' u8", 1, *where)
        return any(_differ(a, b) for a, b in zip(mine, its))


def _differ(first: bytes, second: bytes) -> bool:
    """Whether any two bytes are further from each other than the tolerance."""
    subtract: Callable[[int, int], int] = int.__sub__
    differences = set(map(subtract, first, second)) if first != second else {0}
    return max(differences) > LIGHT_TOLERANCE or min(differences) < -LIGHT_TOLERANCE
