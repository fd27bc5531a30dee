"""What is known about painted hints, strip by strip, so that a new stroke costs only its own.

A hint layer is cut into strips of rows: Krita's tiles, and half of GIMP's.  Of each strip only a
checksum and its compressed bytes are kept; the zlib stream that travels is put together from
them, so that nothing but the strips a stroke has touched is read twice, compressed or held.

No editor here: bytes in, bytes out.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Tuple

from .messages import Fence

ROWS = 64
"""Rows of a strip: those of Krita's tiles; two of them are one of GIMP's."""

Box = Tuple[int, int, int, int]
"""x, y, width, height."""

_ADLER = 65521
_ZLIB_HEADER = b"\x78\x01"
_LAST_BLOCK = b"\x03\x00"


@dataclass(frozen=True)
class Strip:
    """A painted strip.  checksum: of its pixels as the editor has them.  adler: for the stream.

    deflated: the same as RGBA, a piece of a raw deflate stream that depends on nothing before
    it and ends at a byte.
    """

    checksum: int
    adler: int
    deflated: bytes
    size: int

    @classmethod
    def of(cls, rgba: bytes, checksum: int) -> Strip:
        """A strip of packed RGBA."""
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        deflated = packer.compress(rgba) + packer.flush(zlib.Z_FULL_FLUSH)
        return cls(checksum, zlib.adler32(rgba), deflated, len(rgba))

    def rgba(self) -> bytes:
        """What it was made of."""
        return zlib.decompressobj(-15).decompress(self.deflated)


def _swapped(pixels: bytes) -> bytes:
    """BGRA to RGBA, and back."""
    swapped = bytearray(pixels)
    swapped[0::4], swapped[2::4] = pixels[2::4], pixels[0::4]
    return bytes(swapped)


@dataclass(frozen=True)
class Crop:
    """All hints of a photo as they travel: RGBA, one zlib stream; and those kept inside masks.

    With a width of 0 there are only the latter.
    """

    x: int
    y: int
    width: int
    height: int
    stream: bytes
    fences: tuple[Fence, ...] = ()


class HintScan:
    """The hints of one photo.

    Coordinates are those of the picture (the canvas).  `area` is the part of the picture that
    counts, as a rule the photo's own rectangle: hints beside it say nothing.  layout: how the
    editor gives pixels, "BGRA" or "RGBA".
    """

    def __init__(self, area: Box, layout: str = "BGRA") -> None:
        self.area = area
        self._swaps = layout == "BGRA"
        self._strips: dict[int, Strip] = {}
        self._blank: dict[int, tuple[bytes, int, Strip]] = {}

    # --- what to read ----------------------------------------------------------------------

    def cover(self, painted: Box | None) -> bool:
        """Forget the strips outside the box around all paint; whether there were any."""
        inside = set(self.indices(painted))
        outside = [index for index in self._strips if index not in inside]
        for index in outside:
            del self._strips[index]
        return bool(outside)

    def indices(self, painted: Box | None) -> range:
        """The strips that a box touches."""
        box = _intersection(painted, self.area) if painted is not None else None
        if box is None:
            return range(0)
        return range(box[1] // ROWS, (box[1] + box[3] - 1) // ROWS + 1)

    def box(self, index: int) -> Box:
        """The pixels that belong to a strip: always the whole width of the area.

        So a strip is the same pixels whatever is painted beside it, and reading what is
        blank costs next to nothing.
        """
        return self.area[0], index * ROWS, self.area[2], ROWS

    # --- what was read ---------------------------------------------------------------------

    def update(self, index: int, pixels: bytes) -> bytes | None:
        """Take in a strip's pixels (8 bits a channel, packed, ROWS rows).

        Returns the pixels that it had before if they were others, else None.
        """
        zeros, zeros_sum, blank = self._blank_strip(len(pixels))
        checksum = zeros_sum if pixels == zeros else zlib.crc32(pixels)
        old = self._strips.get(index, blank)
        if old.checksum == checksum and old.size == len(pixels):
            return None
        before = self._ordered(old.rgba())
        if checksum == zeros_sum:
            self._strips.pop(index, None)
        else:
            # Swapped here, where only what has changed is touched.
            self._strips[index] = Strip.of(self._ordered(pixels), checksum)
        return before

    def pixels(self, index: int) -> bytes:
        """A strip's pixels as they were taken in last."""
        blank = self._blank_strip(self.area[2] * ROWS * 4)[2]
        return self._ordered(self._strips.get(index, blank).rgba())

    def rgba(self) -> bytes:
        """All of the area, packed RGBA."""
        _x, y, width, height = self.area
        blank = self._blank_strip(width * ROWS * 4)[2]
        rows = b"".join(self._strips.get(i, blank).rgba() for i in self.indices(self.area))
        start = (y % ROWS) * width * 4
        return rows[start : start + width * height * 4]

    def _ordered(self, pixels: bytes) -> bytes:
        """From the editor's order to RGBA, and back."""
        return _swapped(pixels) if self._swaps else pixels

    def _blank_strip(self, size: int) -> tuple[bytes, int, Strip]:
        if size not in self._blank:
            zeros = bytes(size)
            checksum = zlib.crc32(zeros)
            self._blank = {size: (zeros, checksum, Strip.of(zeros, checksum))}
        return self._blank[size]

    # --- what to send ----------------------------------------------------------------------

    @property
    def empty(self) -> bool:
        """Whether nothing is painted."""
        return not self._strips

    @property
    def state(self) -> tuple[tuple[int, int], ...]:
        """Equal for equal hints."""
        return tuple(sorted((index, strip.checksum) for index, strip in self._strips.items()))

    def crop(self) -> Crop | None:
        """The painted strips as one crop; None if nothing is painted."""
        if not self._strips:
            return None
        first, last = min(self._strips), max(self._strips)
        width = self.area[2]
        blank = self._blank_strip(width * ROWS * 4)[2]
        pieces = [_ZLIB_HEADER]
        adler = 1
        for index in range(first, last + 1):
            strip = self._strips.get(index, blank)
            pieces.append(strip.deflated)
            adler = combine_adler(adler, strip.adler, strip.size)
        pieces += [_LAST_BLOCK, struct.pack(">I", adler)]
        height = (last + 1 - first) * ROWS
        return Crop(self.area[0], first * ROWS, width, height, b"".join(pieces))


def _intersection(a: Box, b: Box) -> Box | None:
    left, top = max(a[0], b[0]), max(a[1], b[1])
    right, bottom = min(a[0] + a[2], b[0] + b[2]), min(a[1] + a[3], b[1] + b[3])
    if left >= right or top >= bottom:
        return None
    return left, top, right - left, bottom - top


def combine_adler(first: int, second: int, second_length: int) -> int:
    """Adler-32 (RFC 1950) of two texts in a row from those of each.

    With A = 1 + sum of bytes and B = sum of all running A: the second text's A starts at the
    first one's instead of at 1, which every one of its bytes carries into B.
    """
    a1, b1 = first & 0xFFFF, first >> 16
    a2, b2 = second & 0xFFFF, second >> 16
    a = (a1 + a2 - 1) % _ADLER
    b = (b1 + b2 + second_length * (a1 - 1)) % _ADLER
    return b << 16 | a


def place_of_change(before: bytes, now: bytes, width: int) -> tuple[int, int] | None:
    """A pixel in the middle of what was painted, as (x, y) in the strip; None if only erased.

    before, now: packed BGRA of the same strip, `width` pixels a row.
    """
    stride = width * 4
    changed = [
        y
        for y in range(len(now) // stride)
        if now[y * stride : (y + 1) * stride] != before[y * stride : (y + 1) * stride]
    ]
    # From the middle row outwards: the first one with new paint.
    middle = len(changed) // 2
    for y in sorted(changed, key=lambda row: abs(row - changed[middle])):
        row, old = now[y * stride : (y + 1) * stride], before[y * stride : (y + 1) * stride]
        first = common_start(row, old) // 4
        last = width - 1 - common_start(row[::-1], old[::-1]) // 4
        center = (first + last) // 2
        for x in sorted(range(first, last + 1), key=lambda column: abs(column - center)):
            if row[4 * x + 3] and row[4 * x : 4 * x + 4] != old[4 * x : 4 * x + 4]:
                return x, y
    return None


def common_start(a: bytes, b: bytes) -> int:
    """Length of the common beginning of two texts of one length, by bisection."""
    low, high = 0, len(a)
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
