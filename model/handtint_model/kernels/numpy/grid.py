"""Averages over a grid and colours between its points, in plain NumPy: reference and fallback.

Arrays are float32 and C-contiguous unless stated otherwise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


def accumulate(
    values: Floats,
    weights: Floats,
    row: int,
    to_row: Integers,
    row_share: Floats,
    from_column: Integers,
    column_share: Floats,
    first: int,
    total: Floats,
    weight: Floats,
) -> None:
    """Add rows of a picture to the area averages of a grid.

    values: (n, W), the picture's rows from `row` on.  weights: (n, W), or (0, 0) for all 1.
    to_row: (H,) the grid row in which each picture row starts; row_share: (H,) how much of
    it lies there, the rest lies in the next.  from_column: (w + 1,) the first picture column
    that starts in each grid column; column_share: (W,) as row_share.
    first: the grid row of total[0].  total, weight: (h, w), added to; average = total / weight.
    """
    opaque = weights if weights.size else np.ones_like(values)
    here = [_along_columns(v, from_column, column_share) for v in (values * opaque, opaque)]
    part = slice(row, row + values.shape[0])
    place = to_row[part] - first
    for step, share in ((0, row_share[part]), (1, 1 - row_share[part])):
        inside = (place + step >= 0) & (place + step < total.shape[0]) & (share > 0)
        for target, rows in zip((total, weight), here):
            np.add.at(target, place[inside] + step, share[inside, None] * rows[inside])


def _along_columns(values: Floats, from_column: Integers, share: Floats) -> Floats:
    """(n, w): sums over the grid's columns."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, dtype=np.float64, out=sums[:, 1:])
    # Up to the edge at which a grid column ends: whole pixels, less what the last lies beyond.
    beyond = values[:, from_column[1:] - 1] * (1 - share[from_column[1:] - 1])
    upto = sums[:, from_column[1:]] - beyond
    return np.asarray(np.diff(upto, axis=1, prepend=0), np.float32)


def edge_weights(
    guide: Floats, sharpness: float, leak: float, diagonal: float, edges: Floats, inverse: Floats
) -> None:
    """Weights between neighbouring points: large where the guide hardly changes.

    guide: (H, W) f(Y).  With d the difference times sharpness, a weight is
    1 / (1 + d^2)^2 + leak, times diagonal for diagonal neighbours.
    edges: (4, H + 2, W + 2), zeros, written: between a point and its neighbour to the
    right, below, below right, below left.  inverse: (H + 2, W + 2), written: 1 / sum of
    the eight weights of a point.
    """
    right, below, right_below, left_below = edges
    for target, step, factor in (
        (right[1:-1, 1:-2], guide[:, 1:] - guide[:, :-1], 1.0),
        (below[1:-2, 1:-1], guide[1:] - guide[:-1], 1.0),
        (right_below[1:-2, 1:-2], guide[1:, 1:] - guide[:-1, :-1], diagonal),
        (left_below[1:-2, 2:-1], guide[1:, :-1] - guide[:-1, 1:], diagonal),
    ):
        d = step * np.float32(sharpness)
        target[...] = np.float32(factor) * ((1 / (1 + d * d)) ** 2 + np.float32(leak))
    total = edges.sum(axis=0)
    total[:, 1:] += right[:, :-1]
    total[1:] += below[:-1]
    total[1:, 1:] += right_below[:-1, :-1]
    total[1:, :-1] += left_below[:-1, 1:]
    inverse[...] = 1 / np.maximum(total, np.float32(1e-20))


def relax(
    u: Floats,
    cells: Floats,
    low: Floats,
    high: Floats,
    mass: Floats,
    share: Floats,
    edges: Floats,
    inverse: Floats,
    per_cell: int,
    sweeps: int,
    insist: float,
) -> None:
    """Sweeps of back-projection and edge-aware smoothing of one channel.

    Lowers the sum of w_pq (u_p - u_q)^2 over the 8 neighbours while u keeps averaging nearly to
    the cells: Gauss-Seidel in four colours, back-projection before every sweep and after the
    last.  u stays within low..high of its cell.

    u: (H + 2, W + 2) with a rim that is not used, changed in place; H = h * per_cell.
    cells, low, high: (h, w).  mass: (H + 2, W + 2), how much of a point lies in the photo.
    share: (h, w), 1 / sum of a cell's mass, or 0.  edges, inverse: of `edge_weights`.
    insist: 0..1, how much of what an average lacks one back-projection gives; 1: all.
    """
    inner = u[1:-1, 1:-1]
    blocks = (cells.shape[0], per_cell, cells.shape[1], per_cell)
    inside = mass[1:-1, 1:-1]

    def spread(values: Floats) -> Floats:
        return np.asarray(np.repeat(np.repeat(values, per_cell, axis=0), per_cell, axis=1))

    lower, upper = spread(low), spread(high)
    for sweep in range(sweeps + 1):
        mean = (inside * inner).reshape(blocks).sum(axis=(1, 3)) * share
        inner += spread(np.where(share > 0, np.float32(insist) * (cells - mean), np.float32(0)))
        np.clip(inner, lower, upper, out=inner)
        if sweep == sweeps:
            break
        # No point is a neighbour of its own colour.
        for y, x in ((0, 0), (1, 1), (0, 1), (1, 0)):

            def at(plane: Floats, dy: int, dx: int, y: int = y, x: int = x) -> Floats:
                rows, columns = plane.shape[0] - 2, plane.shape[1] - 2
                return plane[1 + y + dy : 1 + rows + dy : 2, 1 + x + dx : 1 + columns + dx : 2]

            right, below, right_below, left_below = edges
            at(u, 0, 0)[...] = at(inverse, 0, 0) * (
                at(right, 0, 0) * at(u, 0, 1)
                + at(right, 0, -1) * at(u, 0, -1)
                + at(below, 0, 0) * at(u, 1, 0)
                + at(below, -1, 0) * at(u, -1, 0)
                + at(right_below, 0, 0) * at(u, 1, 1)
                + at(right_below, -1, -1) * at(u, -1, -1)
                + at(left_below, 0, 0) * at(u, 1, -1)
                + at(left_below, -1, 1) * at(u, -1, 1)
            )


def upsample(
    guide: Floats,
    grid: Floats,
    row_of: Integers,
    row_part: Floats,
    column_of: Integers,
    column_part: Floats,
    sharpness: float,
    least: float,
    out: Floats,
) -> None:
    """Joint bilateral interpolation between the four nearest points of a grid.

    Kopf et al., "Joint Bilateral Upsampling", SIGGRAPH 2007, with the bilinear tent in
    space, so that the result is continuous, and (1 - d^2)^2, where positive, in range.

    guide: (h, w), f(Y).  grid: (H, W, 3): f(Y), a*, b* of its points.  row_of: (h,) the
    point above; row_part: (h,) the share of the one below; column_of, column_part: (w,).
    sharpness: f times this is d.  least: added to every range weight.
    out: (2, h, w), written.
    """
    below = np.minimum(row_of + 1, grid.shape[0] - 1)
    after = np.minimum(column_of + 1, grid.shape[1] - 1)
    planes = np.moveaxis(grid, 2, 0)
    total = np.zeros_like(guide)
    out[...] = 0
    for rows, v in ((row_of, 1 - row_part), (below, row_part)):
        for columns, u in ((column_of, 1 - column_part), (after, column_part)):
            point = planes[:, rows[:, None], columns[None, :]]
            d = (guide - point[0]) * np.float32(sharpness)
            w = v[:, None] * u * (np.float32(least) + np.maximum(1 - d * d, 0) ** 2)
            total += w
            out += w * point[1:]
    out /= total
