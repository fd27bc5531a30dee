"""Hints, strip by strip: what travels is what was painted."""

from __future__ import annotations

import random
import zlib

import pytest

from client import hintscan

WIDTH = 100


def paint(pixels: bytearray, x: int, y: int, w: int, h: int, color: bytes) -> None:
    for row in range(y, y + h):
        start = 4 * (row * WIDTH + x)
        pixels[start : start + 4 * w] = color * w


def rgba(bgra: bytearray) -> bytes:
    return b"".join(bytes((r, g, b, a)) for b, g, r, a in zip(*[iter(bgra)] * 4))


def scan_all(scan: hintscan.HintScan, pixels: bytes, painted: hintscan.Box | None) -> list[int]:
    """Feed a picture of WIDTH x 256 pixels; the strips that had changed."""
    scan.cover(painted)
    changed = []
    for index in scan.indices(painted):
        _, y, _, rows = scan.box(index)
        strip = bytes(pixels[4 * WIDTH * y : 4 * WIDTH * (y + rows)])
        if scan.update(index, strip) is not None:
            changed.append(index)
    return changed


def test_the_crop_inflates_to_the_painted_rows() -> None:
    pixels = bytearray(4 * WIDTH * 256)
    paint(pixels, 10, 70, 30, 5, b"\x01\x02\x03\xff")
    paint(pixels, 0, 200, 100, 3, b"\x09\x08\x07\x80")
    scan = hintscan.HintScan((0, 0, WIDTH, 256))
    assert scan_all(scan, pixels, (0, 70, 100, 133)) == [1, 3]
    crop = scan.crop()
    assert crop is not None
    assert (crop.x, crop.y, crop.width, crop.height) == (0, 64, WIDTH, 192)
    assert zlib.decompress(crop.stream) == rgba(pixels[4 * WIDTH * 64 :])


def test_only_touched_strips_are_made_anew() -> None:
    pixels = bytearray(4 * WIDTH * 256)
    paint(pixels, 10, 70, 30, 5, b"\x01\x02\x03\xff")
    scan = hintscan.HintScan((0, 0, WIDTH, 256))
    scan_all(scan, pixels, (10, 70, 30, 5))
    before = scan.state
    assert scan_all(scan, pixels, (10, 70, 30, 5)) == []
    assert scan.state == before
    paint(pixels, 50, 140, 4, 4, b"\x11\x22\x33\xff")
    assert scan_all(scan, pixels, (10, 70, 44, 74)) == [2]
    assert scan.state != before
    crop = scan.crop()
    assert crop is not None
    assert zlib.decompress(crop.stream) == rgba(pixels[4 * WIDTH * 64 : 4 * WIDTH * 192])


def test_erasing_takes_strips_away() -> None:
    pixels = bytearray(4 * WIDTH * 256)
    paint(pixels, 10, 70, 30, 5, b"\x01\x02\x03\xff")
    scan = hintscan.HintScan((0, 0, WIDTH, 256))
    scan_all(scan, pixels, (10, 70, 30, 5))
    assert scan.cover(None)
    assert scan.empty
    assert scan.crop() is None
    scan_all(scan, pixels, (10, 70, 30, 5))
    erased = bytes(len(pixels))
    assert scan_all(scan, erased, (10, 70, 30, 5)) == [1]
    assert scan.empty


def test_paint_beside_the_photo_is_left_out() -> None:
    scan = hintscan.HintScan((0, 0, WIDTH, 256))
    assert list(scan.indices((-50, 10, 40, 40))) == []
    assert list(scan.indices((-50, -10, 400, 400))) == [0, 1, 2, 3]
    shifted = hintscan.HintScan((20, -10, WIDTH, 100))
    assert list(shifted.indices((0, -100, 400, 400))) == [-1, 0, 1]
    assert shifted.box(-1) == (20, -64, WIDTH, 64)


@pytest.mark.parametrize("seed", range(5))
def test_adler_of_pieces_is_that_of_the_whole(seed: int) -> None:
    random.seed(seed)
    pieces = [random.randbytes(random.randrange(0, 200_000)) for _ in range(5)]
    adler = 1
    for piece in pieces:
        adler = hintscan.combine_adler(adler, zlib.adler32(piece), len(piece))
    assert adler == zlib.adler32(b"".join(pieces))


def test_the_place_of_a_stroke_lies_on_new_paint() -> None:
    before = bytearray(4 * WIDTH * hintscan.ROWS)
    paint(before, 5, 5, 10, 3, b"\x01\x02\x03\xff")
    now = bytearray(before)
    paint(now, 40, 20, 21, 11, b"\x11\x22\x33\xff")
    assert hintscan.place_of_change(bytes(before), bytes(now), WIDTH) == (50, 25)
    assert hintscan.place_of_change(bytes(now), bytes(before), WIDTH) is None  # only erased


def test_a_ring_has_its_place_on_the_ring() -> None:
    before = bytes(4 * WIDTH * hintscan.ROWS)
    now = bytearray(before)
    paint(now, 20, 10, 40, 40, b"\x11\x22\x33\xff")
    paint(now, 25, 15, 30, 30, b"\0\0\0\0")
    place = hintscan.place_of_change(before, bytes(now), WIDTH)
    assert place is not None
    x, y = place
    assert now[4 * (y * WIDTH + x) + 3]
