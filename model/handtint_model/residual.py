"""Hints at full resolution: painted pixels get the painted colour, neighbours follow.

The mixture (`hints`) works on cells.  What a painted pixel still lacks is its residual:
target minus upsampled colour, with target = (1 - m) automatic + m painted and
m = alpha * strength.  The residual is spread along similar lightness on the guide's grid
(about eight points per cell) and added at full resolution; a painted pixel itself gets
all of its own.

Spreading is a normalised convolution (Knutsson and Westin, CVPR 1993) with the recursive
domain transform (Gastal and Oliveira, "Domain Transform for Edge-Aware Image and Video
Processing", SIGGRAPH 2011) as its kernel; it fades with the geodesic distance from the
paint, so that a thin stroke reaches as far as a wide one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .evidence import patch_ab
from .kernels import kernels
from .render import ColourField
from .types import HintPatch

Region = tuple[int, int, int, int]
Tile = tuple[int, int, NDArray[np.float32]]
Floats = NDArray[np.float32]

REACH = 2.5  # cells: farther than this (geodesic) from the paint the residual is gone
RANGE = 8.0  # L*: a step of so much counts as much as a cell of distance
SMOOTH = 1.0  # cells: scale of the normalised convolution
FAR = np.float32(1e6)
RIM = 0.25  # less trust than this is a rim, which brings no residual of its own to others
MOST_KEPT = 1 << 22  # painted pixels that are measured once; beyond, memory matters more
FAINT = 6.0  # a pixel of half its stroke's largest mass has its own way 0.5 ** FAINT as much


def residual_tiles(
    luminance: NDArray[Any],
    guide: Floats,
    cell_rows: int,
    automatic: ColourField,
    hinted: ColourField,
    patches: Sequence[HintPatch],
    strength: float,
    region: Region | None = None,
) -> list[Tile]:
    """Tiles (x, y, (2, h, w)) to add to the upsampled ab; they do not overlap.

    luminance: (H, W) plane.  guide: (gh, gw), L*/100 of the photo.  cell_rows: rows of cells
    that cover it.  automatic, hinted: its colours without and with hints.  patches: painted
    pixels, inside the photo, not overlapping.  region: tiles are cut to it.
    """
    height, width = luminance.shape
    gh, gw = guide.shape
    scale = (gh / height, gw / width)
    x0, y0, w, h = region or (0, 0, width, height)
    cell = height / cell_rows  # in pixels
    block = max(256, int(16 * cell))
    margin = int(np.ceil((REACH + 1) * cell))

    points = gh / cell_rows  # of the grid, per cell
    seeds = _Seeds(guide.shape, scale, points)
    near: set[tuple[int, int]] = set()
    for patch in patches:
        ph, pw = patch.rgba.shape[:2]
        for by in range((patch.y - margin) // block, (patch.y + ph + margin) // block + 1):
            for bx in range((patch.x - margin) // block, (patch.x + pw + margin) // block + 1):
                near.add((by, bx))
    pieces = _pieces(patches, block)
    measure = partial(_measure, luminance, automatic, hinted, strength)
    kept: dict[int, _Paint] = {}
    room = MOST_KEPT
    for piece in (piece for found in pieces.values() for piece in found):
        paint = measure(piece)
        seeds.add(paint)
        room -= paint.mass.size
        if room >= 0:
            kept[id(piece)] = paint
    spread, stroke_mass = seeds.spread(guide)

    tiles: list[Tile] = []
    for by, bx in sorted(near):
        left, top = max(x0, bx * block), max(y0, by * block)
        right = min(x0 + w, (bx + 1) * block, width)
        bottom = min(y0 + h, (by + 1) * block, height)
        if left >= right or top >= bottom:
            continue
        delta = _enlarge(spread, scale, top, bottom, left, right)
        for piece in pieces.get((by, bx), []):
            paint = kept.get(id(piece)) or measure(piece)
            _own_colour(delta, top, left, paint, stroke_mass, scale)
        if delta.any():
            tiles.append((left, top, delta))
    return tiles


class _Paint(NamedTuple):
    """Painted pixels and what they lack."""

    y: NDArray[np.intp]  # (N,) rows and columns of the photo
    x: NDArray[np.intp]
    residual: Floats  # (N, 2)
    mass: Floats  # (N,)


def _pieces(patches: Sequence[HintPatch], block: int) -> dict[tuple[int, int], list[HintPatch]]:
    """The patches cut into blocks, by row and column of the block, each cut to its paint."""
    pieces: dict[tuple[int, int], list[HintPatch]] = {}
    for patch in patches:
        ph, pw = patch.rgba.shape[:2]
        for by in range(patch.y // block, (patch.y + ph - 1) // block + 1):
            for bx in range(patch.x // block, (patch.x + pw - 1) // block + 1):
                top, left = max(0, by * block - patch.y), max(0, bx * block - patch.x)
                part = patch.rgba[
                    top : (by + 1) * block - patch.y, left : (bx + 1) * block - patch.x
                ]
                painted = part[..., 3] > 0
                rows, columns = (np.flatnonzero(painted.any(axis=axis)) for axis in (1, 0))
                if rows.size == 0:
                    continue
                cut = part[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
                piece = HintPatch(
                    cut, patch.x + left + int(columns[0]), patch.y + top + int(rows[0])
                )
                pieces.setdefault((by, bx), []).append(piece)
    return pieces


def _measure(
    luminance: NDArray[Any],
    automatic: ColourField,
    hinted: ColourField,
    strength: float,
    piece: HintPatch,
) -> _Paint:
    """What the painted pixels of a piece lack to their target."""
    box = (piece.x, piece.y, piece.rgba.shape[1], piece.rgba.shape[0])
    y, x = np.nonzero(piece.rgba[..., 3])
    pixels = piece.rgba[y, x]
    mass = pixels[:, 3].astype(np.float32) * np.float32(strength / 255.0)
    target = patch_ab(pixels)
    if mass.min() < 1.0:
        own = automatic.upsample(luminance, box)[:, y, x].T
        target = own + mass[:, None] * (target - own)
    residual = target - hinted.upsample(luminance, box)[:, y, x].T
    return _Paint(y + piece.y, x + piece.x, residual, mass)


class _Seeds:
    """Residuals of the painted pixels, gathered on the grid."""

    def __init__(
        self, shape: tuple[int, int], scale: tuple[float, float], points_per_cell: float
    ) -> None:
        self.shape, self.scale, self.points = shape, scale, points_per_cell
        self.sums = np.zeros((4, shape[0] * shape[1]))  # mass^2, mass, mass * residual

    def add(self, paint: _Paint) -> None:
        mass, residual = paint.mass, paint.residual
        gy, gx = _grid_points(paint, self.scale, self.shape)
        place = gy * self.shape[1] + gx
        low = int(place.min())
        place -= low
        for row, values in zip(
            self.sums, (mass**2, mass, mass * residual[:, 0], mass * residual[:, 1])
        ):
            sums = np.bincount(place, values)
            row[low : low + sums.size] += sums

    def spread(self, guide: Floats) -> tuple[Floats, Floats]:
        """The spread residual (2, gh, gw) and each point's largest mass in its stroke (gh, gw)."""
        square, mass, *residual = self.sums.reshape(4, *self.shape).astype(np.float32)
        strong = np.where(mass > 0, square / np.where(mass > 0, mass, 1), 0).astype(np.float32)
        largest = _stroke_mass(strong)
        weight = (strong / np.where(largest > 0, largest, 1)) ** FAINT
        # The rim would have its say where the stroke itself is too far to be heard.
        weight[weight < RIM] = 0
        painted = weight > 0
        value = np.stack(residual) / np.where(mass > 0, mass, 1)
        out = np.zeros((2, *self.shape), np.float32)
        if not painted.any():
            return out, largest
        reach = int(np.ceil((REACH + 1) * self.points))
        rows, columns = np.nonzero(painted.any(axis=1))[0], np.nonzero(painted.any(axis=0))[0]
        box = (
            slice(max(0, int(rows[0]) - reach), int(rows[-1]) + reach + 1),
            slice(max(0, int(columns[0]) - reach), int(columns[-1]) + reach + 1),
        )
        across = np.abs(np.diff(guide[box], axis=1)) * np.float32(100.0 / RANGE)
        down = np.abs(np.diff(guide[box], axis=0)) * np.float32(100.0 / RANGE)
        step = np.float32(1.0 / self.points)
        distance = _geodesic(
            np.where(painted, (1.0 - weight) * step, FAR)[box], across + step, down + step
        )
        planes = np.stack([weight[box] * value[0][box], weight[box] * value[1][box], weight[box]])
        blurred = _domain_transform(planes, across + step, down + step)
        mean = blurred[:2] / np.maximum(blurred[2], np.float32(1e-20))
        t = np.clip(1.0 - distance / np.float32(REACH), 0.0, 1.0)
        out[(slice(None), *box)] = mean * (t * t * (3.0 - 2.0 * t))
        return out, largest


def _stroke_mass(strong: Floats) -> Floats:
    """The largest mass of the stroke that each grid point belongs to, 0 where there is none."""
    strokes, count = ndimage.label(strong > 0, np.ones((3, 3), bool))
    largest = np.zeros(count + 1, np.float32)
    np.maximum.at(largest, strokes.ravel(), strong.ravel())
    return np.asarray(largest[strokes])


def _geodesic(start: Floats, across: Floats, down: Floats) -> Floats:
    """Distance in cells from the paint, along paths of little lightness change.

    across: (h, w - 1), down: (h - 1, w): the cost of a step.  Three rounds of sweeps are exact
    for paths of few turns, which is all that fading needs.
    """
    d = np.ascontiguousarray(start, np.float32)
    kernels().geodesic(across, down, 3, d)
    return d


def _domain_transform(planes: Floats, across: Floats, down: Floats) -> Floats:
    """Recursive domain transform filter of (n, h, w) planes, two iterations."""
    out = np.array(planes, np.float32, order="C")
    iterations = 2
    for i in range(iterations):
        sigma = SMOOTH * np.sqrt(3.0) * 2.0 ** (iterations - i - 1) / np.sqrt(4.0**iterations - 1.0)
        feedback = np.float32(-np.sqrt(2.0) / sigma)
        kernels().smooth_along(np.exp(feedback * across), np.exp(feedback * down), out)
    return out


def _axis(scale: float, start: int, stop: int, points: int) -> tuple[NDArray[Any], Floats]:
    """Grid point before each pixel of a stretch, and the share of the next one."""
    place = np.clip((np.arange(start, stop) + 0.5) * scale - 0.5, 0, points - 1)
    first = np.minimum(place.astype(np.intp), max(points - 2, 0))
    return first, (place - first).astype(np.float32)


def _enlarge(
    grid: Floats, scale: tuple[float, float], top: int, bottom: int, left: int, right: int
) -> Floats:
    """Bilinear (n, bottom - top, right - left) of a grid (n, gh, gw)."""
    gh, gw = grid.shape[1:]
    y, fy = _axis(scale[0], top, bottom, gh)
    x, fx = _axis(scale[1], left, right, gw)
    y1, x1 = np.minimum(y + 1, gh - 1), np.minimum(x + 1, gw - 1)
    y_low, y_high = int(y[0]), int(y1[-1]) + 1
    rows = grid[:, y_low:y_high]
    wide = rows[:, :, x] * (1 - fx) + rows[:, :, x1] * fx
    return np.ascontiguousarray(
        wide[:, y - y_low] * (1 - fy)[:, None] + wide[:, y1 - y_low] * fy[:, None], np.float32
    )


def _own_colour(
    delta: Floats,
    top: int,
    left: int,
    paint: _Paint,
    largest: Floats,
    scale: tuple[float, float],
) -> None:
    """Give the painted pixels of a tile their own residual, in place.

    A faint rim of a stroke follows the stroke, not its own small mass: otherwise every soft
    brush would leave a ring of the automatic colour.
    """
    h, w = delta.shape[1:]
    y, x = paint.y - top, paint.x - left
    inside = (y >= 0) & (y < h) & (x >= 0) & (x < w)  # a region may cut the tile
    if not inside.all():
        paint = _Paint(*(values[inside] for values in paint))
        y, x = y[inside], x[inside]
    gy, gx = _grid_points(paint, scale, largest.shape)
    trust = np.minimum(paint.mass / np.maximum(largest[gy, gx], np.float32(1e-6)), 1.0) ** FAINT
    delta[:, y, x] += trust * (paint.residual.T - delta[:, y, x])


def _grid_points(
    paint: _Paint, scale: tuple[float, float], shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of the grid point that each painted pixel lies at."""
    gy = ((paint.y + 0.5) * scale[0]).astype(np.intp).clip(0, shape[0] - 1)
    gx = ((paint.x + 0.5) * scale[1]).astype(np.intp).clip(0, shape[1] - 1)
    return gy, gx
