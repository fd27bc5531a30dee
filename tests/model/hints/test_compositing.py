"""Painted patches laid over each other, and how threads share the pieces."""

from __future__ import annotations

import numpy as np
import pytest

from handtint_model import Hints
from handtint_model.geometry import Geometry
from handtint_model.hints import compositing
from handtint_model.hints.compositing import LEAST_PIXELS, _composite, _laid, flatten, shared_out
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


def laid_one_by_one(cuts: list[HintPatch]) -> list[HintPatch]:
    """The plain way: each patch is merged at once with all that it overlaps."""
    laid: list[HintPatch] = []
    for cut in cuts:
        while below := [p for p in laid if overlap(p, cut)]:
            laid = [p for p in laid if not overlap(p, cut)]
            cut = _composite([*below, cut])
        laid.append(cut)
    return laid


def overlap(a: HintPatch, b: HintPatch) -> bool:
    (h, w), (height, width) = a.rgba.shape[:2], b.rgba.shape[:2]
    return a.x < b.x + width and b.x < a.x + w and a.y < b.y + height and b.y < a.y + h


@pytest.mark.parametrize(("number", "largest"), [(0, 9), (1, 9), (60, 30), (60, 60), (300, 12)])
def test_groups_are_what_patches_laid_one_by_one_are(number: int, largest: int) -> None:
    """To the bit and in the same order, with translucent and unpainted pixels."""
    generator = np.random.default_rng(number + largest)
    for _ in range(5):
        patches = []
        for _ in range(number):
            height, width = (int(n) for n in generator.integers(1, largest, 2))
            rgba = generator.integers(0, 256, (height, width, 4)).astype(np.uint8)
            rgba[..., 3] *= generator.integers(0, 2, (height, width)).astype(np.uint8)
            x, y = int(generator.integers(WIDTH)), int(generator.integers(HEIGHT))
            patches.append(HintPatch(rgba, x, y))
        plain, groups = laid_one_by_one(patches), _laid(patches)
        assert [(p.x, p.y) for p in groups] == [(p.x, p.y) for p in plain]
        assert all(np.array_equal(p.rgba, q.rgba) for p, q in zip(groups, plain, strict=True))


def test_overlapping_points_are_painted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a growing picture for each: the time would grow with the square of their number."""
    painted = []
    real = compositing._composite
    monkeypatch.setattr(
        compositing, "_composite", lambda patches: painted.append(len(patches)) or real(patches)
    )
    points = [(3.0 * i, 5.0, "#c04030") for i in range(100)]
    flatten(Hints.from_points(points), Geometry.fit(HEIGHT, WIDTH, 256))
    assert painted == [100]


def test_threads_share_all_pieces_in_worthwhile_parts() -> None:
    shapes = [(7, 7)] * 2000 + [(256, 256)] * 3 + [(5, 5)]
    parts = shared_out(shapes)
    assert [start for start, _ in parts] == [0, *(stop for _, stop in parts[:-1])]
    assert parts[-1][1] == len(shapes)
    pixels = [sum(h * w for h, w in shapes[start:stop]) for start, stop in parts]
    assert min(pixels[:-1]) >= LEAST_PIXELS
    assert len(parts) >= 4
    assert shared_out([]) == []
