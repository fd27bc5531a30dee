"""A simulated user who paints strokes along the objects of a photo.

The user knows the truth. It chooses a place, takes the connected region of similar true colour
there for the object, and draws one straight stroke along it, inside it, in the mean true colour
under the stroke. The same seed gives the same strokes.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..types import HintPatch, Hints
from .hint_colors import nearest_codes
from .protocols import Truth

Array = NDArray[Any]

RADIUS = 2.5
"""Radius of the brush, in pixels of the evaluated photo."""

LIKE = 12.0
"""Pixels within this distance of the start in Lab (L* counts a third) belong to its object."""

LONGEST = 0.35
"""No stroke is longer than this share of the photo's longer side."""


@dataclass(frozen=True, eq=False)
class Stroke:
    """One stroke of the simulated user.

    painted: (H, W) bool.  ab: (2,) its colour.  object: (H, W) bool, what the user meant
    to colour.
    """

    painted: NDArray[np.bool_]
    ab: NDArray[np.float64]
    object: NDArray[np.bool_]


class Strokes:
    """Strokes on one photo, later ones on top; `PaintedHints` for the methods."""

    def __init__(self, strokes: Sequence[Stroke], shape: tuple[int, int]) -> None:
        """strokes: all on a photo of ``shape`` (H, W)."""
        self.strokes = tuple(strokes)
        self.shape = shape

    def __len__(self) -> int:
        return len(self.strokes)

    def paint(self) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """See `PaintedHints.paint`."""
        painted = np.zeros(self.shape, bool)
        color = np.zeros((*self.shape, 2))
        for stroke in self.strokes:
            painted |= stroke.painted
            color[stroke.painted] = stroke.ab
        return painted, color

    def as_hints(self) -> Hints:
        """See `PaintedHints.as_hints`."""
        patches = []
        codes = nearest_codes(np.array([stroke.ab for stroke in self.strokes]))
        for stroke, code in zip(self.strokes, codes, strict=True):
            rows, columns = (np.flatnonzero(stroke.painted.any(axis)) for axis in (1, 0))
            box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            rgba = np.zeros((*stroke.painted[box].shape, 4), np.uint8)
            rgba[stroke.painted[box]] = (*code, 255)
            patches.append(HintPatch(rgba, int(columns[0]), int(rows[0])))
        return Hints(tuple(patches))


def object_at(truth: Truth, y: int, x: int) -> NDArray[np.bool_]:
    """(H, W) bool: the connected region of similar true colour around a pixel."""
    lab = ndimage.gaussian_filter(truth.lab, (1.0, 1.0, 0.0))
    difference = (lab - lab[y, x]) * (1 / 3, 1.0, 1.0)
    like = np.square(difference).sum(-1) <= LIKE**2
    labels, _ = ndimage.label(like)
    return np.asarray(labels == labels[y, x])


def stroke_at(truth: Truth, y: int, x: int) -> Stroke:
    """The user's stroke through a pixel: along its object's longer axis, inside the object."""
    region = object_at(truth, y, x)
    disc = _disc(RADIUS)
    core = ndimage.binary_erosion(region, disc)
    core[y, x] = True  # thin objects get at least a dab
    line = _line(core, y, x, _axis(region, y, x), LONGEST * max(region.shape))
    painted = ndimage.binary_dilation(line, disc)
    if (painted & region).sum() > 1:
        painted &= region
    return Stroke(painted, truth.ab[painted].mean(0), region)


def random_place(truth: Truth, number: int, seed: int = 0) -> tuple[int, int]:
    """Where a user without help puts stroke ``number``: (y, x), uniform over the photo."""
    generator = np.random.default_rng([seed, zlib.crc32(truth.name.encode()), number])
    height, width = truth.luminance.shape
    return int(generator.integers(height)), int(generator.integers(width))


def uncertain_place(uncertainty: Array, painted: Array) -> tuple[int, int]:
    """The unpainted place (y, x) where a hint would tell most.

    uncertainty: (h, w), one value per cell, the cells covering the photo.
    painted: (H, W) bool, where strokes lie already.
    """
    cells = np.where(_covered(painted, uncertainty.shape), -np.inf, uncertainty)
    row, column = np.unravel_index(int(cells.argmax()), cells.shape)
    y = (row + 0.5) * painted.shape[0] / cells.shape[0]
    x = (column + 0.5) * painted.shape[1] / cells.shape[1]
    return min(int(y), painted.shape[0] - 1), min(int(x), painted.shape[1] - 1)


def _covered(painted: Array, cells: tuple[int, ...]) -> NDArray[np.bool_]:
    """(h, w) bool: the cells that hold painted pixels."""
    covered = np.zeros(cells, bool)
    y, x = np.nonzero(painted)
    covered[y * cells[0] // painted.shape[0], x * cells[1] // painted.shape[1]] = True
    return covered


def _axis(region: Array, y: int, x: int, reach: int = 48) -> tuple[float, float]:
    """Direction (dy, dx), length 1, of the region's longer axis near a pixel."""
    rows, columns = np.nonzero(region[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach])
    if rows.size < 3:
        return 0.0, 1.0
    covariance = np.cov(np.stack([rows, columns]).astype(np.float64))
    direction = np.linalg.eigh(covariance)[1][:, 1]
    return float(direction[0]), float(direction[1])


def _line(
    core: Array, y: int, x: int, direction: tuple[float, float], longest: float
) -> NDArray[np.bool_]:
    """The straight run of ``core`` pixels through (y, x), at most ``longest`` pixels."""
    line = np.zeros_like(core)
    line[y, x] = True
    for sign in (-1.0, 1.0):
        for step in range(1, int(longest / 2) + 1):
            row = round(y + sign * step * direction[0])
            column = round(x + sign * step * direction[1])
            inside = 0 <= row < core.shape[0] and 0 <= column < core.shape[1]
            if not inside or not core[row, column]:
                break
            line[row, column] = True
    return line


def _disc(radius: float) -> NDArray[np.bool_]:
    reach = int(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(y * y + x * x <= radius * radius)
