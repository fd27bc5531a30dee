"""Where the last stroke lies, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from client import strokes
from client.hintscan import Crop
from client.laststroke import LastStroke, new_paint

BEFORE = Crop(0, 0, 64, 64, b"")


def layer(height: int = 40, width: int = 70) -> np.ndarray:
    return np.zeros((height, width, 4), np.uint8)


def test_new_paint_is_what_is_painted_and_was_not_like_that() -> None:
    rng = np.random.default_rng(1)
    old = rng.integers(0, 3, (23, 31, 4), np.uint8)
    new = np.where(rng.random((23, 31, 1)) < 0.5, old, rng.integers(0, 3, old.shape, np.uint8))
    marks = np.frombuffer(new_paint(old.tobytes(), new.tobytes()), np.uint8).reshape(23, 31)
    wanted = (old != new).any(axis=2) & (new[..., 3] > 0)
    assert np.array_equal(marks.astype(bool), wanted)


def test_the_place_is_on_the_paint() -> None:
    old, new = layer(), layer()
    new[10:20, 5:60] = (200, 10, 10, 255)
    stroke = LastStroke()
    assert stroke.place() == (None, set())
    stroke.begin(1.0, BEFORE)
    stroke.note((30, 50, 70, 40), old.tobytes(), new.tobytes())
    point, tiles = stroke.place()
    assert point is not None
    assert (35, 60) <= point < (90, 70)
    x, y = np.meshgrid(np.arange(35, 90), np.arange(60, 70))
    assert tiles == set(zip((x // strokes.TILE).ravel(), (y // strokes.TILE).ravel()))
    assert stroke.before is BEFORE


def test_erasing_is_no_stroke() -> None:
    old, new = layer(), layer()
    old[10:20, 5:60] = (200, 10, 10, 255)
    stroke = LastStroke()
    stroke.begin(1.0, BEFORE)
    stroke.note((0, 0, 70, 40), old.tobytes(), new.tobytes())
    assert stroke.place() == (None, set())


def test_a_stroke_that_is_noticed_in_parts_is_one() -> None:
    old, half, whole = layer(), layer(), layer()
    half[10:20, 5:30] = whole[10:20, 5:60] = (200, 10, 10, 255)
    stroke = LastStroke()
    assert stroke.is_new(1.0)
    stroke.begin(1.0, BEFORE)
    stroke.note((0, 0, 70, 40), old.tobytes(), half.tobytes())
    assert not stroke.is_new(1.0)
    stroke.note((0, 0, 70, 40), half.tobytes(), whole.tobytes())
    assert {tile[0] for tile in stroke.place()[1]} == {0, 1}
    assert stroke.is_new(2.0)
    stroke.begin(2.0, None)
    assert stroke.place() == (None, set())


@pytest.mark.parametrize("value", [1, 255])
def test_fainter_paint_of_the_same_color_counts(value: int) -> None:
    old, new = layer(2, 2), layer(2, 2)
    old[0, 0], new[0, 0] = (1, 2, 3, 128), (1, 2, 3, value)
    assert new_paint(old.tobytes(), new.tobytes()) == b"\x01\x00\x00\x00"
