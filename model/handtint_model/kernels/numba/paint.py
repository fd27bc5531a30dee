"""Painted pixels, compiled with Numba.

See `kernels.numpy.paint`, which is the reference.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numba import types

from ..jit import F3, R1, R2, R3, kernel, read_only
from ..numpy.paint import APART, BESIDE, BUCKETS, RIM, WHITE_TO_XYZ

_0, _1 = np.float32(0), np.float32(1)
(_XR, _XG, _XB), (_YR, _YG, _YB), (_ZR, _ZG, _ZB) = WHITE_TO_XYZ
_WIDTH = 256 // BUCKETS

I1 = read_only(types.int64, 1)
D3 = types.Array(types.float64, 3, "C")
RGBA = types.Array(types.uint8, 3, "A", readonly=True)
"""Part of a larger picture."""


@kernel(types.void(RGBA, types.Array(types.int64, 1, "C")))
def paint_bounds(rgba: Any, found: Any) -> None:
    """Where a picture is painted; see `kernels.numpy.paint`."""
    height, width = rgba.shape[:2]
    top: Any = height
    left: Any = width
    faint: Any = 255
    bottom, right, count = 0, 0, 0
    for i in range(height):
        for j in range(width):
            alpha = rgba[i, j, 3]
            if alpha > 0:
                top = min(top, i)
                bottom = i + 1
                left = min(left, j)
                right = max(right, j + 1)
                faint = min(faint, np.int64(alpha))
                count += 1
    found[0], found[1], found[2], found[3], found[4] = top, bottom, left, right, faint
    found[5] = count


@kernel(types.void(RGBA, types.int64, types.int64, types.Array(types.boolean, 2, "C")))
def mixed_paint(rgba: Any, top: Any, left: Any, found: Any) -> None:
    """Where a smooth edge has mixed two paints; see `kernels.numpy.paint`."""
    rows, columns = rgba.shape[:2]
    height, width = found.shape
    for i in range(top, top + height):
        for j in range(left, left + width):
            alpha = rgba[i, j, 3]
            if alpha == 0:
                continue
            for down in range(2):
                y, x = down * BESIDE, (1 - down) * BESIDE
                one_on = i >= y and j >= x and rgba[i - y, j - x, 3] > 0
                other_on = i + y < rows and j + x < columns and rgba[i + y, j + x, 3] > 0
                near: Any = 0
                far: Any = 0
                square: Any = 0
                dot: Any = 0
                for k in range(3):
                    own = np.int64(rgba[i, j, k])
                    one, other = own, own
                    if one_on:
                        one = np.int64(rgba[i - y, j - x, k])
                    if other_on:
                        other = np.int64(rgba[i + y, j + x, k])
                    near += (own - one) * (own - one)
                    far += (own - other) * (own - other)
                    square += (other - one) * (other - one)
                    dot += (own - one) * (other - one)
                if one_on and other_on:
                    if near > 0 and far > 0 and square > APART * APART and 0 < dot < square:
                        off = 100 * (near * square - dot * dot)
                        found[i - top, j - left] |= off < square * square
                elif alpha < 255:
                    # Where one side is not painted, its distance is 0.
                    found[i - top, j - left] |= max(near, far) > RIM * RIM


@numba.njit(inline="always")
def _ab(red: Any, green: Any, blue: Any, linear: Any, curve: Any) -> Any:
    """a*, b* of a colour; curve: f of Lab at steps from 0 to 1, linear in between."""
    steps = np.float32(curve.size - 2)
    r, g, c = linear[red], linear[green], linear[blue]
    x = (_XR * r + _XG * g + _XB * c) * steps
    y = (_YR * r + _YG * g + _YB * c) * steps
    z = (_ZR * r + _ZG * g + _ZB * c) * steps
    k, m, n = np.uint64(x), np.uint64(y), np.uint64(z)
    fx = curve[k] + (x - np.float32(k)) * (curve[k + np.uint64(1)] - curve[k])
    fy = curve[m] + (y - np.float32(m)) * (curve[m + np.uint64(1)] - curve[m])
    fz = curve[n] + (z - np.float32(n)) * (curve[n + np.uint64(1)] - curve[n])
    return np.float32(500) * (fx - fy), np.float32(200) * (fy - fz)


@kernel(types.void(RGBA, R1, R1, I1, I1, D3))
def pool_paint(rgba: Any, linear: Any, curve: Any, row_of: Any, column_of: Any, sums: Any) -> None:
    """Sums over cells and buckets of colour; see `kernels.numpy.paint`."""
    height, width = rgba.shape[:2]
    code: Any = -1
    a, b = _0, _0
    for i in range(height):
        row = sums[row_of[i]]
        for j in range(width):
            if rgba[i, j, 3] > 0:
                red, green, blue = rgba[i, j, 0], rgba[i, j, 1], rgba[i, j, 2]
                this = (np.int64(red) << 16) | (np.int64(green) << 8) | np.int64(blue)
                if this != code:
                    code = this
                    a, b = _ab(red, green, blue, linear, curve)
                alpha = rgba[i, j, 3] / 255.0
                p = min(max(math.floor((a + 128) / _WIDTH), 0), BUCKETS - 1)
                q = min(max(math.floor((b + 128) / _WIDTH), 0), BUCKETS - 1)
                place = row[(column_of[j] * BUCKETS + p) * BUCKETS + q]
                place[0] += alpha
                place[1] += alpha * alpha
                place[2] += alpha * a
                place[3] += alpha * b


@kernel(types.void(RGBA, R1, R1, R3, R3, types.float32, I1, I1, D3))
def gather_paint(
    rgba: Any,
    linear: Any,
    curve: Any,
    automatic: Any,
    hinted: Any,
    strength: Any,
    row_of: Any,
    column_of: Any,
    sums: Any,
) -> None:
    """What painted pixels lack, summed over a grid; see `kernels.numpy.paint`."""
    height, width = rgba.shape[:2]
    partial = automatic.size > 0
    code: Any = -1
    painted_a, painted_b = _0, _0
    for i in range(height):
        row = sums[row_of[i]]
        for j in range(width):
            if rgba[i, j, 3] > 0:
                red, green, blue = rgba[i, j, 0], rgba[i, j, 1], rgba[i, j, 2]
                this = (np.int64(red) << 16) | (np.int64(green) << 8) | np.int64(blue)
                if this != code:
                    code = this
                    painted_a, painted_b = _ab(red, green, blue, linear, curve)
                a, b = painted_a, painted_b
                mass = rgba[i, j, 3] * (strength / np.float32(255))
                if partial:
                    a = automatic[0, i, j] + mass * (a - automatic[0, i, j])
                    b = automatic[1, i, j] + mass * (b - automatic[1, i, j])
                place = row[column_of[j]]
                place[0] += mass * mass
                place[1] += mass
                place[2] += mass * (a - hinted[0, i, j])
                place[3] += mass * (b - hinted[1, i, j])


@kernel(
    types.void(
        *(RGBA, R1, R1, R3, types.float32, R2, I1, I1),
        *(types.float32, types.int64, types.int64, F3),
    )
)
def touch_paint(
    rgba: Any,
    linear: Any,
    curve: Any,
    automatic: Any,
    strength: Any,
    largest: Any,
    row_of: Any,
    column_of: Any,
    faint: Any,
    top: Any,
    left: Any,
    out: Any,
) -> None:
    """Give painted pixels their own colour; see `kernels.numpy.paint`."""
    height, width = rgba.shape[:2]
    partial = automatic.size > 0
    code: Any = -1
    painted_a, painted_b = _0, _0
    for i in range(height):
        for j in range(width):
            if rgba[i, j, 3] == 0:
                continue
            red, green, blue = rgba[i, j, 0], rgba[i, j, 1], rgba[i, j, 2]
            this = (np.int64(red) << 16) | (np.int64(green) << 8) | np.int64(blue)
            if this != code:
                code = this
                painted_a, painted_b = _ab(red, green, blue, linear, curve)
            a, b = painted_a, painted_b
            mass = rgba[i, j, 3] * (strength / np.float32(255))
            if partial:
                a = automatic[0, i, j] + mass * (a - automatic[0, i, j])
                b = automatic[1, i, j] + mass * (b - automatic[1, i, j])
            trust = mass / max(largest[row_of[i], column_of[j]], np.float32(1e-6))
            y, x = top + i, left + j
            if trust >= _1:
                out[0, y, x] = a
                out[1, y, x] = b
            else:
                trust = trust**faint
                out[0, y, x] += trust * (a - out[0, y, x])
                out[1, y, x] += trust * (b - out[1, y, x])
