"""Colour per cell to colour per pixel, with edges where the lightness has them.

A cell's colour is an average over many pixels.  On a grid of eight points per cell and side
we look for the colours that nearly average back to the cells and change least where lightness
is alike: the weighted least squares of Levin, Lischinski and Weiss ("Colorization using
Optimization", SIGGRAPH 2004), with cell averages in place of strokes, solved coarse to fine
by a few sweeps (`kernels.numpy.grid.relax`).  No point leaves the range of the 3 x 3 cells around
it, so nothing overshoots.  Pixels interpolate between the four nearest points, preferring
those of their own lightness (`kernels.numpy.grid.upsample`).

`bench/edges.py` compares it with the usual ways.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadImage
from ..kernels import kernels
from ..luminance import luminance_and_f
from ..threads import in_threads, strips
from .downsample import Grid, average_lightness

Float32 = NDArray[np.float32]

LEVELS = ((2, 8), (4, 6), (8, 2))
"""Points per cell and side, and sweeps, from coarse to fine."""

INSIST = 0.25
"""How much of what a cell's average lacks is given back before each sweep.  With all of it, a cell
that the network put on the wrong side of an edge would be seen as a square."""

SMOOTH = 3.0  # L*: a step of so much lets a quarter of the smoothing through
LEAK = 1e-3  # and no step lets less through
DIAGONAL = 0.5  # weight of diagonal neighbours
BETWEEN_LEVELS = 15.0  # L*: reach of the range weight when a grid is made finer
BETWEEN_POINTS = 40.0  # L*: and when pixels interpolate between points
LEAST = 0.01  # smallest range weight


@dataclass(frozen=True, eq=False)
class ColorField:
    """The colours of one photo at any pixel; made by `fit`, unchanging."""

    points: Float32  # (rows, columns, 3): f(Y), a*, b* of the grid's points
    grid: Grid

    @classmethod
    def fit(
        cls,
        luminance: NDArray[Any],
        ab: Float32,
        cells_per_pixel: tuple[float, float],
        guide: Float32 | None = None,
    ) -> ColorField:
        """Find the colours of the grid's points.

        luminance: (H, W) plane.  ab: (2, hc, wc) a*, b* per cell; cells_per_pixel: (cy, cx);
        cell j covers the photo's columns [j / cx, (j + 1) / cx).  guide: L*/100 of the photo
        at `guide_shape`, as `reduce_lightness` makes it, to save that step; one of another
        shape is not used.  Raises BadImage if ab is not finite.
        """
        ab = checked_cells(luminance, ab, cells_per_pixel)
        ab, (cy, cx) = _not_finer_than_pixels(ab, luminance.shape, cells_per_pixel)
        per_cell = _points_per_cell(cy, cx)
        rows, columns = _points(luminance.shape, cy, cx, per_cell)
        grid = Grid(rows, columns, cy * per_cell, cx * per_cell)
        if guide is None or guide.shape != (rows, columns):
            guide = average_lightness(luminance, grid)
        f = (guide.astype(np.float32) + np.float32(0.16)) / np.float32(1.16)
        points = _solve(f, ab, per_cell)
        points.setflags(write=False)
        return cls(points, grid)

    def colors(self, f: Float32, top: int, left: int) -> Float32:
        """(2, h, w) a*, b* of the pixels of a rectangle.

        f: (h, w) their f(Y).  top, left: the photo's row and column of f[0, 0].
        """
        return self.colors_at(
            f, np.arange(top, top + f.shape[0]), np.arange(left, left + f.shape[1])
        )

    def colors_at(self, f: Float32, rows: NDArray[Any], columns: NDArray[Any]) -> Float32:
        """(2, h, w) a*, b* of the photo's pixels in these rows (h,) and columns (w,).

        f: (h, w) their f(Y).
        """
        out = np.empty((2, *f.shape), np.float32)
        before = _between(rows, self.grid.per_row, self.grid.rows)
        beside = _between(columns, self.grid.per_column, self.grid.columns)
        sharpness = np.float32(116.0 / BETWEEN_POINTS)
        kernels().upsample(f, self.points, *before, *beside, sharpness, np.float32(LEAST), out)
        return out

    def changed(self, change: Callable[[Float32], None]) -> ColorField:
        """The field with other colours of its points; `change` is given a copy of `points`."""
        points = self.points.copy()
        change(points)
        points.setflags(write=False)
        return ColorField(points, self.grid)

    def upsample(self, luminance: NDArray[Any], region: tuple[int, int, int, int]) -> Float32:
        """(2, h, w) a*, b* in the region (x, y, w, h) of the photo that this was fitted to."""
        x, y, w, h = region
        _, f = luminance_and_f(luminance[y : y + h, x : x + w])
        return self.colors(f, y, x)


def guide_shape(shape: tuple[int, int], cells_per_pixel: tuple[float, float]) -> tuple[int, int]:
    """Rows and columns of the grid of points for a photo of this (height, width)."""
    cy, cx = (min(c, 1.0) for c in cells_per_pixel)
    return _points(shape, cy, cx, _points_per_cell(cy, cx))


def checked_cells(
    luminance: NDArray[Any], ab: Float32, cells_per_pixel: tuple[float, float]
) -> Float32:
    """The cells' colours as float32; raises BadImage if they do not fit the photo."""
    if ab.ndim != 3 or ab.shape[0] != 2 or ab.size == 0:
        raise BadImage(f"ab must be a (2, h, w) array with cells, not one of shape {ab.shape}.")
    for cells, length, per_pixel in zip(ab.shape[1:], luminance.shape, cells_per_pixel):
        if not (per_pixel > 0 and math.isfinite(per_pixel)):
            raise BadImage(f"cells per pixel must be above 0, not {per_pixel}.")
        if cells < length * per_pixel - 1e-3:
            raise BadImage(
                f"{cells} cells at {per_pixel:g} per pixel do not cover {length} pixels."
            )
    if not np.isfinite(ab).all():
        raise BadImage("ab holds NaN or infinity; only finite values work.")
    return np.ascontiguousarray(ab, np.float32)


def _points_per_cell(cy: float, cx: float) -> int:
    """As many as the pixels allow: 8, 4, 2 or 1 per side."""
    finest = max(cy, cx)
    return max([1] + [k for k, _ in LEVELS if k * finest <= 1.0 + 1e-6])


def _points(shape: tuple[int, int], cy: float, cx: float, per_cell: int) -> tuple[int, int]:
    rows = math.ceil(shape[0] * cy * per_cell - 1e-3)
    columns = math.ceil(shape[1] * cx * per_cell - 1e-3)
    return max(1, rows), max(1, columns)


def _between(
    pixels: NDArray[Any], per_pixel: float, points: int
) -> tuple[NDArray[np.int64], Float32]:
    """The point before each pixel's centre, and the share of the point after it."""
    # Not np.clip, which takes longer than all the rest where a painted point is small.
    place = np.minimum(np.maximum((pixels + 0.5) * per_pixel - 0.5, 0), points - 1)
    first = np.minimum(place.astype(np.int64), max(points - 2, 0))
    return first, (place - first).astype(np.float32)


def _not_finer_than_pixels(
    ab: Float32, shape: tuple[int, ...], cells_per_pixel: tuple[float, float]
) -> tuple[Float32, tuple[float, float]]:
    """Average cells that are smaller than a pixel to one a pixel."""
    cy, cx = cells_per_pixel
    if cy > 1:
        ab = np.einsum("yi,kix->kyx", _shares(shape[0], ab.shape[1], cy), ab)
    if cx > 1:
        ab = np.einsum("xj,kyj->kyx", _shares(shape[1], ab.shape[2], cx), ab)
    return np.ascontiguousarray(ab, np.float32), (min(cy, 1.0), min(cx, 1.0))


def _shares(pixels: int, cells: int, per_pixel: float) -> NDArray[np.float64]:
    """(pixels, cells): the share of each cell in each pixel."""
    edges = np.minimum(np.arange(pixels + 1) * per_pixel, cells)
    cell = np.arange(cells)
    upper = np.minimum(edges[1:, None], cell + 1)
    covered = np.maximum(upper - np.maximum(edges[:-1, None], cell), 0)
    return np.asarray(covered / covered.sum(axis=1, keepdims=True))


def _solve(f: Float32, ab: Float32, per_cell: int) -> Float32:
    """(rows, columns, 3): f and the colours of the points; f: (rows, columns)."""
    rows, columns = f.shape
    # The grid of whole cells; what lies beyond the photo has no mass.
    cells = (ab.shape[1], ab.shape[2])
    full = (cells[0] * per_cell, cells[1] * per_cell)
    missing = ((0, full[0] - rows), (0, full[1] - columns))
    finest = np.pad(f, missing, mode="edge")
    mass = np.pad(np.ones_like(f), missing)
    low, high = _range_around(ab)
    guide = _mean_blocks(finest, per_cell)
    points = _interleaved(guide, ab)
    for finer, sweeps in LEVELS:
        if finer > per_cell:
            break
        guide = _mean_blocks(finest, per_cell // finer)
        u = _refine(points, guide)
        weight = np.pad(_mean_blocks(mass, per_cell // finer), 1)
        _relax(u, ab, low, high, guide, weight, finer, sweeps)
        points = _interleaved(guide, u[:, 1:-1, 1:-1])
    return np.ascontiguousarray(points[:rows, :columns])


def _interleaved(guide: Float32, ab: Float32) -> Float32:
    points = np.empty((*guide.shape, 3), np.float32)
    points[..., 0], points[..., 1], points[..., 2] = guide, ab[0], ab[1]
    return points


def _mean_blocks(plane: Float32, size: int) -> Float32:
    if size == 1:
        return plane
    halves = plane[0::2] + plane[1::2]
    quarter = (halves[:, 0::2] + halves[:, 1::2]) * np.float32(0.25)
    return _mean_blocks(quarter, size // 2)


def _range_around(ab: Float32) -> tuple[Float32, Float32]:
    """The least and the largest of the 3 x 3 cells around each cell, by channel."""
    padded = np.pad(ab, ((0, 0), (1, 1), (1, 1)), mode="edge")
    stacks = [
        padded[:, dy : dy + ab.shape[1], dx : dx + ab.shape[2]]
        for dy in range(3)
        for dx in range(3)
    ]
    return np.min(stacks, axis=0), np.max(stacks, axis=0)


def _refine(points: Float32, guide: Float32) -> Float32:
    """Colours at twice the points a side: (2, 2h + 2, 2w + 2), with a rim of zeros."""
    height, width = guide.shape
    row_of, row_part = _between(np.arange(height), 0.5, points.shape[0])
    columns = _between(np.arange(width), 0.5, points.shape[1])
    sharpness = np.float32(116.0 / BETWEEN_LEVELS)
    finer = np.zeros((2, height + 2, width + 2), np.float32)

    def some(top: int, bottom: int) -> None:
        out = np.empty((2, bottom - top, width), np.float32)
        rows = row_of[top:bottom], row_part[top:bottom]
        kernels().upsample(
            guide[top:bottom], points, *rows, *columns, sharpness, np.float32(LEAST), out
        )
        finer[:, 1 + top : 1 + bottom, 1:-1] = out

    in_threads(some, strips(height, width, 1 << 16))
    return finer


def _relax(
    u: Float32,
    ab: Float32,
    low: Float32,
    high: Float32,
    guide: Float32,
    mass: Float32,
    per_cell: int,
    sweeps: int,
) -> None:
    edges = np.zeros((4, *mass.shape), np.float32)
    inverse = np.empty(mass.shape, np.float32)
    sharpness = np.float32(116.0 / SMOOTH)
    weights = (sharpness, np.float32(LEAK), np.float32(DIAGONAL))
    kernels().edge_weights(guide, *weights, edges, inverse)
    blocks = (ab.shape[1], per_cell, ab.shape[2], per_cell)
    sums = mass[1:-1, 1:-1].reshape(blocks).sum(axis=(1, 3))
    share = np.where(sums > 0, 1.0 / np.where(sums > 0, sums, 1), 0).astype(np.float32)

    def one(channel: int, _: int) -> None:
        kernels().relax(
            u[channel], ab[channel], low[channel], high[channel],
            mass, share, edges, inverse, per_cell, sweeps, np.float32(INSIST),
        )  # fmt: skip

    in_threads(one, [(0, 1), (1, 2)])
