"""Painted pixels in plain NumPy: the reference, and the fallback without Numba.

rgba: (h, w, 4) uint8, straight alpha, a part of a larger picture.  Other pictures are
float32, places int64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...color.constants import RGB_TO_XYZ

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Rgba = NDArray[np.uint8]

BUCKETS = 16
"""Steps of a*, and of b*, from -128 to 128: colours that differ by more than one count apart."""

BESIDE = 2
"""Pixels from a smooth edge's middle to unmixed paint on both sides."""

APART = 48
"""Distance of two sRGB codes from which on a mixture of them is a third colour."""

RIM = 16
"""Distance of a code at a stroke's rim from the one farther inside that makes it a mixture."""

WHITE_TO_XYZ = tuple(tuple(np.float32(v) for v in row / row.sum()) for row in RGB_TO_XYZ)
"""Linear sRGB to X/Xn, Y/Yn, Z/Zn, by rows."""


def paint_bounds(rgba: Rgba, found: Integers) -> None:
    """Write top, bottom, left, right (ends excluded) of the painted part, its least alpha and
    the number of its painted pixels.

    found: (6,); where nothing is painted, bottom is 0.
    """
    height, width = rgba.shape[:2]
    painted = rgba[..., 3] > 0
    rows, columns = (np.flatnonzero(painted.any(axis=axis)) for axis in (1, 0))
    if rows.size == 0:
        found[:] = height, 0, width, 0, 255, 0
        return
    faint = rgba[..., 3][painted].min()
    found[:5] = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1, faint
    found[5] = np.count_nonzero(painted)


def mixed_paint(rgba: Rgba, top: int, left: int, found: NDArray[np.bool_]) -> None:
    """Set where a brush's smooth edge has mixed two paints; see `compositing.smooth_edges`.

    found: (h, w), False, for the part of the picture that begins at row top, column left.
    """
    height, width = found.shape
    y, x = max(0, top - BESIDE), max(0, left - BESIDE)
    part = rgba[y : top + height + BESIDE, x : left + width + BESIDE]
    colors = part[part[..., 3] > 0][:, :3]
    if (colors == colors[:1]).all():
        return  # one colour, as most parts have, saves the memory below
    around = np.zeros((height + 2 * BESIDE, width + 2 * BESIDE, 4), np.int64)
    y, x = y - top + BESIDE, x - left + BESIDE
    around[y : y + part.shape[0], x : x + part.shape[1]] = part

    def moved(down: int, across: int) -> NDArray[np.int64]:
        y, x = BESIDE + down, BESIDE + across
        return around[y : y + height, x : x + width]

    own = moved(0, 0)
    painted, thin = own[..., 3] > 0, own[..., 3] < 255
    for down, across in ((0, BESIDE), (BESIDE, 0)):
        one, other = moved(-down, -across), moved(down, across)
        to_one, to_other, way = (
            (p - q)[..., :3] for p, q in ((own, one), (own, other), (other, one))
        )
        near, far, square = ((step * step).sum(-1) for step in (to_one, to_other, way))
        dot = (to_one * way).sum(-1)
        both = (one[..., 3] > 0) & (other[..., 3] > 0) & (near > 0) & (far > 0)
        # How far the code lies off the line between the two: at most a tenth of their distance.
        on_line = 100 * (near * square - dot * dot) < square * square
        between = both & (square > APART * APART) & (dot > 0) & (dot < square) & on_line
        rim = (one[..., 3] > 0) & (other[..., 3] == 0) & (near > RIM * RIM)
        rim |= (other[..., 3] > 0) & (one[..., 3] == 0) & (far > RIM * RIM)
        found |= painted & (between | (thin & rim))


def _ab(rgb: NDArray[np.uint8], linear: Floats, curve: Floats) -> Floats:
    """(2, N) a*, b* of (N, 3) codes.

    linear: (256,), of each code.  curve: (n + 2,), f of Lab at 0, 1/n, ... 1, and once more.
    """
    light = linear[rgb]
    steps, places = np.float32(curve.size - 2), np.arange(curve.size)
    x, y, z = (
        np.interp(light @ np.array(row) * steps, places, curve).astype(np.float32)
        for row in WHITE_TO_XYZ
    )
    return np.stack([500 * (x - y), 200 * (y - z)])


def pool_paint(
    rgba: Rgba,
    linear: Floats,
    curve: Floats,
    row_of: Integers,
    column_of: Integers,
    sums: Doubles,
) -> None:
    """Sum painted pixels by cell and bucket of colour.

    linear, curve: see `_ab`.  row_of: (h,), column_of: (w,) the cell.  sums: (rows,
    columns * BUCKETS^2, 4), added to: alpha, alpha^2, alpha a*, alpha b*.
    """
    y, x = np.nonzero(rgba[..., 3])
    alpha = rgba[y, x, 3] / 255.0
    a, b = ab = _ab(rgba[y, x, :3], linear, curve)
    bucket = np.floor((ab + 128.0) / (256 // BUCKETS)).astype(np.int64)
    p, q = bucket.clip(0, BUCKETS - 1)
    place = row_of[y], (column_of[x] * BUCKETS + p) * BUCKETS + q
    np.add.at(sums, place, np.stack([alpha, alpha * alpha, alpha * a, alpha * b], axis=1))


def _target(
    rgba: Rgba, linear: Floats, curve: Floats, automatic: Floats, strength: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats, Floats]:
    """Places, mass (N,) and target (2, N) of painted pixels."""
    y, x = np.nonzero(rgba[..., 3])
    mass = rgba[y, x, 3] * np.float32(strength / 255)
    target = _ab(rgba[y, x, :3], linear, curve)
    if automatic.size:
        own = automatic[:, y, x]
        target = own + mass * (target - own)
    return y, x, mass, target


def gather_paint(
    rgba: Rgba,
    linear: Floats,
    curve: Floats,
    automatic: Floats,
    hinted: Floats,
    strength: float,
    row_of: Integers,
    column_of: Integers,
    sums: Doubles,
) -> None:
    """Sum what painted pixels lack, target - hinted, over the points of a grid.

    A pixel's mass m is alpha * strength, its target (1 - m) automatic + m painted.  hinted:
    (2, h, w); automatic: the same, or empty where all masses are 1.  row_of: (h,), column_of:
    (w,) the point.  sums: (rows, columns, 4), added to: m^2, m, m * lack in a*, in b*.
    """
    y, x, mass, target = _target(rgba, linear, curve, automatic, strength)
    lack = target - hinted[:, y, x]
    values = np.stack([mass * mass, mass, *(mass * lack)], axis=1)
    np.add.at(sums, (row_of[y], column_of[x]), values)


def touch_paint(
    rgba: Rgba,
    linear: Floats,
    curve: Floats,
    automatic: Floats,
    strength: float,
    largest: Floats,
    row_of: Integers,
    column_of: Integers,
    faint: float,
    top: int,
    left: int,
    out: Floats,
) -> None:
    """Blend painted pixels towards their target with weight (mass / stroke's largest mass)^faint.

    So soft brush edges follow the stroke's interior.

    automatic, strength: as in `gather_paint`.  largest: (rows, columns) the largest mass
    of the stroke at the points of a grid; row_of: (h,), column_of: (w,) the point.  A pixel
    takes the share (m / largest)^faint of its target.  top, left: the row and column of
    out (2, H, W), written, at which rgba begins.
    """
    y, x, mass, target = _target(rgba, linear, curve, automatic, strength)
    stroke = np.maximum(largest[row_of[y], column_of[x]], np.float32(1e-6))
    trust = np.minimum(mass / stroke, 1) ** np.float32(faint)
    place: Any = (slice(None), y + top, x + left)
    out[place] += trust * (target - out[place])
