"""Painted pixels in plain bytes: where they are, and which are new.

An editor's Python may have no NumPy, so everything here goes through `bytes` methods that
work at the speed of C, row by row.
"""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Iterable, Tuple

from .messages import Buffer

Box = Tuple[int, int, int, int]
"""x, y, width, height."""

Tile = Tuple[int, int]
"""Column and row of a tile of TILE x TILE pixels, counted from the photo's top left corner."""

TILE = 32

_ANY = bytes([0]) + bytes([1]) * 255
_HALF = bytes([0]) * 128 + bytes([1]) * 128
_RECORD = struct.Struct("<iiI")


def marked(plane: Buffer, half: bool = False) -> bytes:
    """1 for every byte above 0 (half: for every byte above 127), 0 for the others."""
    return bytes(plane).translate(_HALF if half else _ANY)


def bounds(marks: bytes, width: int, height: int) -> Box | None:
    """The smallest box around what is marked; None if nothing is."""
    ahead = len(marks) - len(marks.lstrip(b"\0"))
    if ahead == len(marks):
        return None
    top = ahead // width
    bottom = (len(marks.rstrip(b"\0")) - 1) // width
    left, right = width, 0
    for y in range(top, bottom + 1):
        row = marks[y * width : (y + 1) * width]
        start = row.find(1)
        if start >= 0:
            left = min(left, start)
            right = max(right, row.rfind(1) + 1)
    return left, top, right - left, bottom + 1 - top


def crop(data: Buffer, width: int, box: Box, channels: int = 4) -> bytes:
    """A box cut out of packed rows of `width` pixels."""
    x, y, w, h = box
    view = memoryview(data)
    if x == 0 and w == width:
        return bytes(view[y * width * channels : (y + h) * width * channels])
    return b"".join(
        view[(row * width + x) * channels : (row * width + x + w) * channels]
        for row in range(y, y + h)
    )


def center(marks: bytes, width: int, height: int) -> tuple[int, int] | None:
    """The marked pixel nearest to the middle of what is marked; None if nothing is.

    The middle itself may be unmarked: that of a ring, or of two strokes.
    """
    box = bounds(marks, width, height)
    if box is None:
        return None
    middle_x, middle_y = box[0] + box[2] // 2, box[1] + box[3] // 2
    best: tuple[int, int] | None = None
    best_distance = float("inf")
    for dy in range(max(middle_y, height - 1 - middle_y) + 1):
        if dy * dy >= best_distance:
            break
        for y in {middle_y - dy, middle_y + dy}:
            if not 0 <= y < height:
                continue
            row = marks[y * width : (y + 1) * width]
            for x in (row.find(1, middle_x), row.rfind(1, 0, middle_x)):
                distance = (x - middle_x) ** 2 + dy * dy
                if x >= 0 and distance < best_distance:
                    best, best_distance = (x, y), distance
    return best


def tile_sums(rgba: Buffer, box: Box) -> dict[Tile, int]:
    """A checksum of every painted tile.

    rgba: packed RGBA of `box`, whose x and y are in the photo's pixels and may be negative.
    Tiles without any alpha are left out.
    """
    left, top, width, height = box
    view = memoryview(rgba)
    alpha = marked(view[3::4])
    sums: dict[Tile, int] = {}
    for row in range(height):
        tile_y = (top + row) // TILE
        at = row * width
        x = alpha.find(1, at, at + width) - at
        while x >= 0:  # at the first painted pixel of a tile
            tile_x = (left + x) // TILE
            end = min(width, (tile_x + 1) * TILE - left)
            last = alpha.rfind(1, at + x, at + end)
            # The place is part of the sum: paint that moves within a tile is new paint.
            place = zlib.crc32(struct.pack("<ii", top + row, left + x))
            piece = _without_unpainted(view, alpha, at + x, last + 1)
            sums[tile_x, tile_y] = zlib.crc32(piece, sums.get((tile_x, tile_y), 0) ^ place)
            x = alpha.find(1, at + end, at + width) - at
    return sums


def _without_unpainted(view: memoryview, alpha: bytes, start: int, end: int) -> bytes:
    """Pixels without the colour under alpha 0, which is no paint: editors leave any there."""
    piece = bytes(view[4 * start : 4 * end])
    if alpha.find(0, start, end) < 0:
        return piece
    return b"".join(
        piece[4 * i : 4 * i + 4] if alpha[start + i] else b"\0\0\0\0" for i in range(end - start)
    )


def pack_sums(sums: dict[Tile, int]) -> str:
    """Sums as ASCII, for a layer's memory."""
    records = b"".join(_RECORD.pack(x, y, value) for (x, y), value in sorted(sums.items()))
    return base64.b64encode(zlib.compress(records)).decode("ascii")


def unpack_sums(text: str) -> dict[Tile, int]:
    """The sums of `pack_sums`; damaged text gives none."""
    try:
        records = zlib.decompress(base64.b64decode(text.encode("ascii"), validate=True))
        return {(x, y): value for x, y, value in _RECORD.iter_unpack(records)}
    except (ValueError, zlib.error, struct.error):
        return {}


def new_tiles(now: dict[Tile, int], before: dict[Tile, int]) -> set[Tile]:
    """The painted tiles that are not as they were."""
    return {tile for tile, value in now.items() if before.get(tile) != value}


def keep_tiles(data: Buffer, box: Box, tiles: Iterable[Tile], channels: int) -> bytearray:
    """Packed rows of `box` with everything outside the tiles set to 0."""
    left, top, width, height = box
    view = memoryview(data)
    kept = bytearray(width * height * channels)
    for tile_x, tile_y in tiles:
        x0, x1 = max(0, tile_x * TILE - left), min(width, (tile_x + 1) * TILE - left)
        y0, y1 = max(0, tile_y * TILE - top), min(height, (tile_y + 1) * TILE - top)
        for y in range(y0, y1):
            start, end = (y * width + x0) * channels, (y * width + x1) * channels
            kept[start:end] = view[start:end]
    return kept
