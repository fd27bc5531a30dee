"""Area averages of the lightness of a luminance plane, in strips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadImage
from ..kernels import kernels
from ..luminance import check_plane, luminance_and_f
from ..threads import in_threads, strips, thread_count

Float32 = NDArray[np.float32]

_STRIP_PIXELS = 1 << 16
_NO_WEIGHTS = np.zeros((0, 0), np.float32)


def reduce_lightness(
    luminance: NDArray[Any], height: int, width: int, alpha: NDArray[Any] | None = None
) -> Float32:
    """L* of a plane at another, usually smaller, size: the average over each new pixel.

    luminance: (H, W) uint8, uint16 or float32.  alpha: (H, W), the weight of each pixel in
    the average, or None; where nothing is opaque, the nearest value that has weight is
    taken.  Along an axis that grows, interpolation takes the place of the average.
    Returns (height, width) float32, L*/100.  Raises BadImage.
    """
    check_plane(luminance)
    if height < 1 or width < 1:
        raise BadImage(f"a plane cannot be reduced to {width} x {height} pixels.")
    old = luminance.shape
    grid = Grid(min(height, old[0]), min(width, old[1]), 1.0, 1.0)
    grid = Grid(grid.rows, grid.columns, grid.rows / old[0], grid.columns / old[1])
    average = average_lightness(luminance, grid, alpha)
    return _enlarge(_enlarge(average, height, 0), width, 1)


@dataclass(frozen=True)
class Grid:
    """Points over a photo; point i covers the pixel rows [i / per_row, (i + 1) / per_row)."""

    rows: int
    columns: int
    per_row: float  # points a pixel, down, at most 1
    per_column: float  # and across


def average_lightness(
    luminance: NDArray[Any], grid: Grid, alpha: NDArray[Any] | None = None
) -> Float32:
    """L*/100 averaged over each point of a grid: (rows, columns).

    Pixels count by alpha; a point without weight takes the nearest value that has some.
    """
    if alpha is not None and alpha.shape != luminance.shape:
        raise BadImage(f"alpha must have the plane's shape {luminance.shape}, not {alpha.shape}.")
    if alpha is not None and (alpha == alpha[0, 0]).all() and alpha[0, 0] > 0:
        alpha = None  # the same result to the last bit, whatever the depth of alpha
    height, width = luminance.shape
    to_row, row_share = _axis(height, grid.rows, grid.per_row)
    to_column, column_share = _axis(width, grid.columns, grid.per_column)
    from_column = np.searchsorted(to_column, np.arange(grid.columns + 1)).astype(np.int64)
    total = np.zeros((grid.rows, grid.columns), np.float32)
    weight = np.zeros_like(total)

    def work(first: int, last: int) -> None:
        # Every row of the grid is summed by one call, top to bottom: the result does not
        # depend on how the work is cut up.
        start = int(np.searchsorted(to_row, first))
        start -= start > 0 and row_share[start - 1] < 1
        stop = int(np.searchsorted(to_row, last))
        for top, bottom in strips(stop - start, width, _STRIP_PIXELS):
            rows = slice(start + top, start + bottom)
            _, f = luminance_and_f(luminance[rows])
            opaque = _NO_WEIGHTS if alpha is None else alpha[rows].astype(np.float32)
            kernels().accumulate(
                f, opaque, rows.start, to_row, row_share, from_column, column_share,
                first, total[first:last], weight[first:last],
            )  # fmt: skip

    threads = thread_count() if luminance.size > _STRIP_PIXELS else 1
    in_threads(work, strips(grid.rows, 1, -(-grid.rows // threads)))
    empty = weight <= 0
    lightness = (total / np.where(empty, 1, weight)) * np.float32(1.16) - np.float32(0.16)
    if empty.all():
        lightness[:] = 0.5
    elif empty.any():
        from scipy import ndimage

        nearest = ndimage.distance_transform_edt(empty, return_distances=False, return_indices=True)
        lightness = lightness[tuple(nearest)]
    return np.asarray(np.clip(lightness, 0.0, 1.0), np.float32)


def _axis(length: int, points: int, per_pixel: float) -> tuple[NDArray[np.int64], Float32]:
    """The point in which each pixel starts, and how much of the pixel lies in it."""
    start = np.arange(length) * per_pixel
    # A start that rounding left just below a whole number belongs to the next point.
    point = np.minimum(np.floor(start + 1e-6), points - 1)
    share = np.minimum((point + 1 - start) / per_pixel, 1.0)
    share[(share > 1 - 1e-5) | (point == points - 1)] = 1.0
    return point.astype(np.int64), share.astype(np.float32)


def _enlarge(picture: Float32, size: int, axis: int) -> Float32:
    """Linear interpolation along an axis to a larger size, or the picture itself."""
    length = picture.shape[axis]
    if size == length:
        return picture
    place = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
    first = place.astype(np.intp)
    part = (place - first).astype(np.float32)
    if axis == 0:
        part = part[:, None]
    low = np.take(picture, first, axis)
    high = np.take(picture, np.minimum(first + 1, length - 1), axis)
    return np.asarray(low + part * (high - low), np.float32)
