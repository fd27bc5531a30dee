"""Painted patches laid over each other, and how threads share the pieces."""

from __future__ import annotations

import numpy as np
import pytest

from handtint_model import Hints
from handtint_model.geometry import Geometry
from handtint_model.hints.compositing import LEAST_PIXELS, flatten, shared_out
from handtint_model.types import HintPatch

HEIGHT, WIDTH = 300, 400


@pytest.mark.parametrize(("number", "largest"), [(400, 12), (40, 90)])
def test_later_patches_lie_on_top(number: int, largest: int) -> None:
    """Opaque rectangles, many of which overlap, against painting one after the other."""
    generator = np.random.default_rng(number)
    wanted = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    patches = []
    for _ in range(number):
        height, width = (int(n) for n in generator.integers(1, largest, 2))
        y, x = int(generator.integers(HEIGHT - height)), int(generator.integers(WIDTH - width))
        color = (*(int(n) for n in generator.integers(256, size=3)), 255)
        wanted[y : y + height, x : x + width] = color
        patches.append(HintPatch(np.full((height, width, 4), color, np.uint8), x, y))
    got = np.zeros_like(wanted)
    covered = np.zeros((HEIGHT, WIDTH), int)
    for piece in flatten(Hints(tuple(patches)), Geometry.fit(HEIGHT, WIDTH, 256)):
        rows = slice(piece.y, piece.y + piece.shape[0])
        columns = slice(piece.x, piece.x + piece.shape[1])
        got[rows, columns] = piece.rgba
        covered[rows, columns] += 1
    assert covered.max() == 1
    assert (got == wanted).all()


def test_threads_share_all_pieces_in_worthwhile_parts() -> None:
    shapes = [(7, 7)] * 2000 + [(256, 256)] * 3 + [(5, 5)]
    parts = shared_out(shapes)
    assert [start for start, _ in parts] == [0, *(stop for _, stop in parts[:-1])]
    assert parts[-1][1] == len(shapes)
    pixels = [sum(h * w for h, w in shapes[start:stop]) for start, stop in parts]
    assert min(pixels[:-1]) >= LEAST_PIXELS
    assert len(parts) >= 4
    assert shared_out([]) == []
