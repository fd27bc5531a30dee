"""A simulated user who paints strokes along the objects of a photo.

The user knows the truth, chooses a place, recognises the object there as the connected
region of like true colour, and draws one straight brush stroke along it, inside it, in the
stroke's mean true colour.  Given the same seed, the same strokes.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..types import HintPatch, Hints
from .hint_colours import nearest_codes
from .protocols import Truth

Array = NDArray[Any]

RADIUS = 2.5
"""Of the brush, in pixels of the evaluated photo."""

LIKE = 12.0
"""Pixels within this distance in Lab (L* counts a third) of the start's colour are its object."""

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


def object_at(truth: Truth, y: int, x: int) -> NDArray[np.bool_]:
    """(H, W) bool: the connected region around a pixel whose true colour is like its own."""
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
    """Where the user puts stroke ``number`` without help: (y, x), uniform over the photo."""
    generator = np.random.default_rng([seed, zlib.crc32(truth.name.encode()), number])
    height, width = truth.luminance.shape
    return int(generator.integers(height)), int(generator.integers(width))


def uncertain_place(uncertainty: Array, shape: tuple[int, int]) -> tuple[int, int]:
    """The place (y, x) in a photo of ``shape`` where a hint would tell most.

    uncertainty: (h, w), one value per cell, the cells covering the photo.
    """
    row, column = np.unravel_index(int(uncertainty.argmax()), uncertainty.shape)
    y = (row + 0.5) * shape[0] / uncertainty.shape[0]
    x = (column + 0.5) * shape[1] / uncertainty.shape[1]
    return min(int(y), shape[0] - 1), min(int(x), shape[1] - 1)


def as_hints(strokes: list[Stroke]) -> Hints:
    """Strokes, later ones on top, as opaque patches of 8-bit sRGB."""
    if not strokes:
        return Hints()
    patches = []
    codes = nearest_codes(np.stack([stroke.ab for stroke in strokes]))
    for stroke, code in zip(strokes, codes, strict=True):
        (rows, columns) = (np.flatnonzero(stroke.painted.any(axis)) for axis in (1, 0))
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        rgba = np.zeros((*stroke.painted[box].shape, 4), np.uint8)
        rgba[stroke.painted[box]] = (*code, 255)
        patches.append(HintPatch(rgba, int(columns[0]), int(rows[0])))
    return Hints(tuple(patches))


def paint(
    strokes: list[Stroke], shape: tuple[int, int]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Where strokes, later ones on top, lie, (H, W) bool, and their colour, (H, W, 2) ab."""
    painted = np.zeros(shape, bool)
    colour = np.zeros((*shape, 2))
    for stroke in strokes:
        painted |= stroke.painted
        colour[stroke.painted] = stroke.ab
    return painted, colour


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
