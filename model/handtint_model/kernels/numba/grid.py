"""Averages over a grid and colours between its points, compiled with Numba.

See `kernels.numpy.grid`, which is the reference.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import types

from ..jit import F2, F3, R1, R2, R3, kernel, read_only

I1 = read_only(types.int64, 1)
_0, _1, _TINY = np.float32(0), np.float32(1), np.float32(1e-20)
BLOCK = 256  # pixels of a row that are interpolated together
_1B, _2B, _3B, _4B, _5B = (np.uint64(n * BLOCK) for n in range(1, 6))


@kernel(types.void(R2, R2, types.int64, I1, R1, I1, R1, types.int64, F2, F2))
def accumulate(
    values: Any,
    weights: Any,
    row: Any,
    to_row: Any,
    row_share: Any,
    from_column: Any,
    column_share: Any,
    first: Any,
    total: Any,
    weight: Any,
) -> None:
    """Add rows of a picture to the area averages of a grid; see `kernels.numpy.grid`."""
    weighted = weights.size > 0
    columns = total.shape[1]
    for r in range(values.shape[0]):
        target = to_row[row + r] - first
        share = row_share[row + r]
        next_share = _1 - share
        this = 0 <= target < total.shape[0]
        following = next_share > 0 and 0 <= target + 1 < total.shape[0]
        if not (this or following):
            continue
        for k in range(columns):
            start, stop = from_column[k], from_column[k + 1]
            part, mass = _0, _0
            # The first and the last pixel may belong to two columns of the grid.
            if start > 0 and column_share[start - 1] < 1:
                rest = _1 - column_share[start - 1]
                if weighted:
                    rest *= weights[r, start - 1]
                part += rest * values[r, start - 1]
                mass += rest
            for j in range(start, stop):
                part_of_pixel = column_share[j]
                if weighted:
                    part_of_pixel *= weights[r, j]
                part += part_of_pixel * values[r, j]
                mass += part_of_pixel
            if this:
                total[target, k] += share * part
                weight[target, k] += share * mass
            if following:
                total[target + 1, k] += next_share * part
                weight[target + 1, k] += next_share * mass


@kernel(types.void(R2, types.float32, types.float32, types.float32, F3, F2))
def edge_weights(
    guide: Any, sharpness: Any, leak: Any, diagonal: Any, edges: Any, inverse: Any
) -> None:
    """Weights between neighbouring points for `relax`; see `kernels.numpy.grid`."""
    height, width = guide.shape
    for i in range(height):
        here = guide[i]
        lower = guide[min(i + 1, height - 1)]
        right, below, right_below, left_below = (
            edges[0, i + 1], edges[1, i + 1], edges[2, i + 1], edges[3, i + 1]
        )  # fmt: skip
        for k in range(width - 1):
            j, j1, j2 = np.uint64(k), np.uint64(k + 1), np.uint64(k + 2)
            d = (here[j1] - here[j]) * sharpness
            d = _1 / (_1 + d * d)
            right[j1] = d * d + leak
            if i + 1 < height:
                d = (lower[j1] - here[j]) * sharpness
                d = _1 / (_1 + d * d)
                right_below[j1] = diagonal * (d * d + leak)
                d = (lower[j] - here[j1]) * sharpness
                d = _1 / (_1 + d * d)
                left_below[j2] = diagonal * (d * d + leak)
        if i + 1 < height:
            for k in range(width):
                j, j1 = np.uint64(k), np.uint64(k + 1)
                d = (lower[j] - here[j]) * sharpness
                d = _1 / (_1 + d * d)
                below[j1] = d * d + leak
        upper_below, upper_right_below, upper_left_below = edges[1, i], edges[2, i], edges[3, i]
        total = inverse[i + 1]
        for k in range(width):
            j0, j, j2 = np.uint64(k), np.uint64(k + 1), np.uint64(k + 2)
            sum_ = right[j] + right[j0] + below[j] + upper_below[j] + right_below[j]
            sum_ += upper_right_below[j0] + left_below[j] + upper_left_below[j2]
            total[j] = _1 / max(sum_, _TINY)


@numba.njit(inline="always")
def _back_project(
    u: Any, cells: Any, low: Any, high: Any, mass: Any, share: Any, per_cell: Any, insist: Any
) -> None:
    """Bring the averages nearer to the cells; each point stays within its cell's range."""
    for ci in range(cells.shape[0]):
        for cj in range(cells.shape[1]):
            first = 1 + cj * per_cell
            mean = _0
            for i in range(1 + ci * per_cell, 1 + (ci + 1) * per_cell):
                values, weights = u[i], mass[i]
                for k in range(first, first + per_cell):
                    j = np.uint64(k)
                    mean += weights[j] * values[j]
            lack = _0
            if share[ci, cj] > 0:
                lack = insist * (cells[ci, cj] - mean * share[ci, cj])
            lo, hi = low[ci, cj], high[ci, cj]
            for i in range(1 + ci * per_cell, 1 + (ci + 1) * per_cell):
                values = u[i]
                for k in range(first, first + per_cell):
                    j = np.uint64(k)
                    values[j] = min(max(values[j] + lack, lo), hi)


@kernel(types.void(F2, R2, R2, R2, R2, R2, R3, R2, types.int64, types.int64, types.float32))
def relax(
    u: Any,
    cells: Any,
    low: Any,
    high: Any,
    mass: Any,
    share: Any,
    edges: Any,
    inverse: Any,
    per_cell: Any,
    sweeps: Any,
    insist: Any,
) -> None:
    """Sweeps of back-projection and edge-aware smoothing; see `kernels.numpy.grid`."""
    height, width = u.shape[0] - 2, u.shape[1] - 2
    for sweep in range(sweeps + 1):
        _back_project(u, cells, low, high, mass, share, per_cell, insist)
        if sweep == sweeps:
            break
        # The points of (row, column) modulo 2 = (0, 0), then (1, 1), (0, 1), (1, 0): no point
        # is a neighbour of its own colour.  Each colour follows a row behind the one before,
        # so that rows are still in the cache.
        for front in range(0, height + 3, 2):
            for color in range(4):
                i = 1 + front - color
                if i < 1 or i > height:
                    continue
                first_column = (color & 1) ^ (color >> 1)
                upper, values, lower = u[i - 1], u[i], u[i + 1]
                right, below, below_before = edges[0, i], edges[1, i], edges[1, i - 1]
                diagonal, diagonal_before = edges[2, i], edges[2, i - 1]
                other, other_before = edges[3, i], edges[3, i - 1]
                factor = inverse[i]
                for k in range(first_column, width, 2):
                    j0, j, j2 = np.uint64(k), np.uint64(k + 1), np.uint64(k + 2)
                    values[j] = factor[j] * (
                        right[j] * values[j2]
                        + right[j0] * values[j0]
                        + below[j] * lower[j]
                        + below_before[j] * upper[j]
                        + diagonal[j] * lower[j2]
                        + diagonal_before[j0] * upper[j0]
                        + other[j] * lower[j0]
                        + other_before[j2] * upper[j2]
                    )


@numba.njit(inline="always")
def _see(points: Any, columns: Any, seen: Any) -> None:
    """A row of points as the pixels of a block see it: f, a, b before each pixel and after it."""
    last = points.shape[0] - 1
    for k in range(columns.size):
        p = columns[k]
        q = min(p + 1, last)
        seen[k] = points[p, 0]
        seen[BLOCK + k] = points[p, 1]
        seen[2 * BLOCK + k] = points[p, 2]
        seen[3 * BLOCK + k] = points[q, 0]
        seen[4 * BLOCK + k] = points[q, 1]
        seen[5 * BLOCK + k] = points[q, 2]


@numba.njit(inline="always")
def _interpolate(
    values: Any,
    part: Any,
    v: Any,
    upper: Any,
    lower: Any,
    sharpness: Any,
    least: Any,
    result: Any,
) -> None:
    """a, b of a block of pixels between two rows of points, each as `_see` leaves it."""
    v_ = _1 - v
    for k in range(values.size):
        j = np.uint64(k)  # which Numba does not take for an index from the end
        u = part[j]
        u_ = _1 - u
        g = values[j]
        d00 = (g - upper[j]) * sharpness
        d01 = (g - upper[j + _3B]) * sharpness
        d10 = (g - lower[j]) * sharpness
        d11 = (g - lower[j + _3B]) * sharpness
        r00 = max(_1 - d00 * d00, _0)
        r01 = max(_1 - d01 * d01, _0)
        r10 = max(_1 - d10 * d10, _0)
        r11 = max(_1 - d11 * d11, _0)
        w00 = v_ * u_ * (least + r00 * r00)
        w01 = v_ * u * (least + r01 * r01)
        w10 = v * u_ * (least + r10 * r10)
        w11 = v * u * (least + r11 * r11)
        scale = _1 / (w00 + w01 + w10 + w11)
        a = w00 * upper[j + _1B] + w01 * upper[j + _4B]
        a += w10 * lower[j + _1B] + w11 * lower[j + _4B]
        b = w00 * upper[j + _2B] + w01 * upper[j + _5B]
        b += w10 * lower[j + _2B] + w11 * lower[j + _5B]
        result[j] = scale * a
        result[j + _1B] = scale * b


@kernel(types.void(R2, R3, I1, R1, I1, R1, types.float32, types.float32, F3))
def upsample(
    guide: Any,
    grid: Any,
    row_of: Any,
    row_part: Any,
    column_of: Any,
    column_part: Any,
    sharpness: Any,
    least: Any,
    out: Any,
) -> None:
    """Joint bilateral interpolation between the four nearest points; see `kernels.numpy.grid`."""
    last_row = grid.shape[0] - 1
    height, width = guide.shape
    # Two rows of points, each as `_see` leaves it: few arrays with constant steps, which LLVM
    # makes vector code for.
    seen = np.empty(2 * 6 * BLOCK, np.float32)
    result = np.empty(2 * BLOCK, np.float32)
    held = np.empty(2, np.int64)
    for left in range(0, width, BLOCK):
        count = min(BLOCK, width - left)
        part = column_part[left : left + count]
        held[:] = -1
        for i in range(height):
            first = row_of[i]
            second = min(first + 1, last_row)
            for row in (first, second):
                if held[row & 1] == row:
                    continue
                held[row & 1] = row
                columns = column_of[left : left + count]
                _see(grid[row], columns, seen[(row & 1) * 6 * BLOCK :])
            upper, lower = seen[(first & 1) * 6 * BLOCK :], seen[(second & 1) * 6 * BLOCK :]
            values = guide[i, left : left + count]
            _interpolate(values, part, row_part[i], upper, lower, sharpness, least, result)
            out[0, i, left : left + count] = result[:count]
            out[1, i, left : left + count] = result[BLOCK : BLOCK + count]
