"""Painted pixels found with plain bytes, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client import strokes


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32), st.floats(0, 0.3))
def test_bounds_and_center(width: int, height: int, seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    plane = np.where(rng.random((height, width)) < share, rng.integers(1, 256), 0).astype("u1")
    marks = strokes.marked(plane.tobytes())
    found = strokes.bounds(marks, width, height)
    ys, xs = np.nonzero(plane)
    if not len(ys):
        assert found is None
        assert strokes.center(marks, width, height) is None
        return
    left, top = xs.min(), ys.min()
    assert found == (left, top, xs.max() + 1 - left, ys.max() + 1 - top)
    x, y = strokes.center(marks, width, height)
    assert plane[y, x]
    middle_x, middle_y = found[0] + found[2] // 2, found[1] + found[3] // 2
    distances = (xs - middle_x) ** 2 + (ys - middle_y) ** 2
    assert (x - middle_x) ** 2 + (y - middle_y) ** 2 == distances.min()


def test_center_of_a_ring_lies_on_it() -> None:
    y, x = np.mgrid[:41, :41]
    radius = np.hypot(x - 20, y - 20)
    ring = ((radius > 12) & (radius < 16)).astype("u1")
    x, y = strokes.center(strokes.marked(ring.tobytes()), 41, 41)
    assert ring[y, x]


def test_crop() -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (20, 30, 4)).astype("u1")
    box = (3, 5, 11, 7)
    assert strokes.crop(rgba.tobytes(), 30, box) == rgba[5:12, 3:14].tobytes()
    assert strokes.crop(rgba.tobytes(), 30, (0, 5, 30, 7)) == rgba[5:12].tobytes()


def painted(*places: tuple[int, int]) -> np.ndarray:
    rgba = np.zeros((100, 130, 4), "u1")
    for x, y in places:
        rgba[y : y + 5, x : x + 5] = (200, 30, 30, 255)
    return rgba


def sums(rgba: np.ndarray, x: int = 0, y: int = 0) -> dict[tuple[int, int], int]:
    return strokes.tile_sums(rgba.tobytes(), (x, y, rgba.shape[1], rgba.shape[0]))


def test_new_paint_is_found_by_its_tile() -> None:
    before = sums(painted((10, 10)))
    assert set(before) == {(0, 0)}
    assert strokes.new_tiles(sums(painted((10, 10), (80, 40))), before) == {(2, 1)}
    assert strokes.new_tiles(sums(painted((11, 10))), before) == {(0, 0)}
    assert strokes.new_tiles(before, before) == set()


def test_sums_do_not_depend_on_the_crop() -> None:
    """Growing bounds must not make old paint look new."""
    whole = painted((10, 10), (80, 40))
    assert sums(whole) == sums(whole[8:60, 9:120], 9, 8)


def test_color_under_alpha_0_is_no_paint() -> None:
    rgba = painted((10, 10))
    other = rgba.copy()
    other[other[..., 3] == 0] = (9, 9, 9, 0)
    assert sums(rgba) == sums(other)


def test_sums_survive_packing() -> None:
    before = sums(painted((10, 10), (80, 40)))
    text = strokes.pack_sums(before)
    assert text.isascii()
    assert strokes.unpack_sums(text) == before
    assert strokes.unpack_sums("no such thing") == {}
    assert strokes.unpack_sums(strokes.pack_sums({})) == {}


@pytest.mark.parametrize("origin", [(0, 0), (-7, 5)])
def test_keep_tiles(origin: tuple[int, int]) -> None:
    rgba = painted((10, 10), (80, 40))
    box = (*origin, 130, 100)
    new = strokes.new_tiles(
        strokes.tile_sums(rgba.tobytes(), box),
        strokes.tile_sums(painted((10, 10)).tobytes(), box),
    )
    kept = np.frombuffer(strokes.keep_tiles(rgba.tobytes(), box, new, 4), "u1")
    assert (kept.reshape(rgba.shape) == painted((80, 40))).all()
