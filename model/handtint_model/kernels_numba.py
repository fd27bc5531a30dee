"""The inner loops of rendering, compiled with Numba; `kernels_numpy` is their reference.

Every kernel is compiled on its first use, for the types listed with it, and kept in
Numba's cache on disk.  All release the GIL: threads come from the callers (`strips`),
because Numba's own threads must not be entered from two Python threads at once.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import types

from .gamut import CLOSE, REFINEMENTS
from .photometry import DELTA, RGB_TO_XYZ, WHITE, XYZ_TO_RGB

F32 = np.float32

_DELTA, _BLACK = F32(DELTA), F32(4.0 / 29.0)
_SLOPE = F32(3.0 * DELTA * DELTA)
_RX, _RY, _RZ = (F32(v) for v in XYZ_TO_RGB[0] * (WHITE[0], 1.0, WHITE[2]))
_GX, _GY, _GZ = (F32(v) for v in XYZ_TO_RGB[1] * (WHITE[0], 1.0, WHITE[2]))
_BX, _BY, _BZ = (F32(v) for v in XYZ_TO_RGB[2] * (WHITE[0], 1.0, WHITE[2]))
_WR, _WB = F32(RGB_TO_XYZ[1, 0]), F32(RGB_TO_XYZ[1, 2])
_1_WG = F32(1.0 / RGB_TO_XYZ[1, 1])
_0, _1, _2, _4, _HALF = F32(0), F32(1), F32(2), F32(4), F32(0.5)
_ALMOST_1, _TINY = F32(0.999), F32(1e-20)
_A, _B = F32(1 / 500), F32(1 / 200)


class _Kernel:
    """A function that Numba compiles when it is first called."""

    _lock = threading.Lock()

    def __init__(self, function: Callable[..., None], signatures: list[Any]) -> None:
        self.function, self.signatures = function, signatures
        self.compiled: Any = None
        self.__doc__ = function.__doc__

    def __call__(self, *arguments: Any) -> None:
        if self.compiled is None:
            with self._lock:
                if self.compiled is None:
                    self.compiled = self._compile()
        self.compiled(*arguments)

    def _compile(self) -> Any:
        jit: Any = numba.njit
        options = {"nogil": True, "fastmath": {"contract", "nsz"}, "error_model": "numpy"}
        try:
            return jit(self.signatures, cache=True, **options)(self.function)
        except (RuntimeError, OSError):  # no folder to write to: compile in every process
            return jit(self.signatures, **options)(self.function)


def _kernel(*signatures: Any) -> Callable[[Callable[..., None]], _Kernel]:
    return lambda function: _Kernel(function, list(signatures))


def _read(kind: Any, dimensions: int) -> Any:
    return types.Array(kind, dimensions, "C", readonly=True)


_f1, _f2, _f3 = (types.Array(types.float32, n, "C") for n in (1, 2, 3))
_r1, _r2, _r3 = (_read(types.float32, n) for n in (1, 2, 3))
_i1 = _read(types.int64, 1)


@_kernel(
    types.void(_read(types.uint8, 1), _r1, _r1, _f1, _f1),
    types.void(_read(types.uint16, 1), _r1, _r1, _f1, _f1),
)
def look_up(codes: Any, linear: Any, f: Any, y_out: Any, f_out: Any) -> None:
    """Y and f(Y) of code values."""
    for i in range(codes.size):
        code = codes[i]
        y_out[i] = linear[code]
        f_out[i] = f[code]


@_kernel(types.void(_r2, _r2, types.int64, _i1, _r1, _i1, _r1, types.int64, _f2, _f2))
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
    """Add rows of a picture to the area averages of a grid; see `kernels_numpy`."""
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


@_kernel(types.void(_f2, _r2, _r2, _r2, _r2, _r2, _r3, _r2, types.int64, types.int64))
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
) -> None:
    """Sweeps of back-projection and edge-aware smoothing; see `kernels_numpy`."""
    height, width = u.shape[0] - 2, u.shape[1] - 2
    for sweep in range(sweeps + 1):
        for ci in range(cells.shape[0]):
            for cj in range(cells.shape[1]):
                mean = _0
                for i in range(1 + ci * per_cell, 1 + (ci + 1) * per_cell):
                    for j in range(1 + cj * per_cell, 1 + (cj + 1) * per_cell):
                        mean += mass[i, j] * u[i, j]
                lack = cells[ci, cj] - mean * share[ci, cj]
                if share[ci, cj] <= 0:
                    lack = _0
                lo, hi = low[ci, cj], high[ci, cj]
                for i in range(1 + ci * per_cell, 1 + (ci + 1) * per_cell):
                    for j in range(1 + cj * per_cell, 1 + (cj + 1) * per_cell):
                        u[i, j] = min(max(u[i, j] + lack, lo), hi)
        if sweep == sweeps:
            break
        for colour in range(4):
            # (0, 0), (1, 1), (0, 1), (1, 0): no point is a neighbour of its own colour.
            first_row = colour & 1
            first_column = (colour & 1) ^ (colour >> 1)
            for i in range(1 + first_row, 1 + height, 2):
                for j in range(1 + first_column, 1 + width, 2):
                    u[i, j] = inverse[i, j] * (
                        edges[0, i, j] * u[i, j + 1]
                        + edges[0, i, j - 1] * u[i, j - 1]
                        + edges[1, i, j] * u[i + 1, j]
                        + edges[1, i - 1, j] * u[i - 1, j]
                        + edges[2, i, j] * u[i + 1, j + 1]
                        + edges[2, i - 1, j - 1] * u[i - 1, j - 1]
                        + edges[3, i, j] * u[i + 1, j - 1]
                        + edges[3, i - 1, j + 1] * u[i - 1, j + 1]
                    )


@_kernel(types.void(_r2, _r3, _i1, _r1, _i1, _r1, types.float32, types.float32, _f3))
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
    """Joint bilateral interpolation between the four nearest points; see `kernels_numpy`."""
    last_row, last_column = grid.shape[1] - 1, grid.shape[2] - 1
    for i in range(guide.shape[0]):
        i0 = row_of[i]
        i1 = min(i0 + 1, last_row)
        v = row_part[i]
        v_ = _1 - v
        for j in range(guide.shape[1]):
            j0 = column_of[j]
            j1 = min(j0 + 1, last_column)
            u = column_part[j]
            u_ = _1 - u
            g = guide[i, j]
            d00 = (g - grid[0, i0, j0]) * sharpness
            d01 = (g - grid[0, i0, j1]) * sharpness
            d10 = (g - grid[0, i1, j0]) * sharpness
            d11 = (g - grid[0, i1, j1]) * sharpness
            w00 = u_ * v_ * (least + _1 / (_1 + d00 * d00))
            w01 = u * v_ * (least + _1 / (_1 + d01 * d01))
            w10 = u_ * v * (least + _1 / (_1 + d10 * d10))
            w11 = u * v * (least + _1 / (_1 + d11 * d11))
            scale = _1 / (w00 + w01 + w10 + w11)
            out[0, i, j] = scale * (
                w00 * grid[1, i0, j0]
                + w01 * grid[1, i0, j1]
                + w10 * grid[1, i1, j0]
                + w11 * grid[1, i1, j1]
            )
            out[1, i, j] = scale * (
                w00 * grid[2, i0, j0]
                + w01 * grid[2, i0, j1]
                + w10 * grid[2, i1, j0]
                + w11 * grid[2, i1, j1]
            )


@_kernel(types.void(_r1, _r1, _f1, _f1, _r2))
def linear_red_blue(y: Any, f: Any, a: Any, b: Any, limits: Any) -> None:
    """Replace a*, b* by linear red and blue, inside the gamut; see `kernels_numpy`."""
    rows, columns = limits.shape[0] - 1, limits.shape[1] - 1
    per_row = F32(rows) / (_1 - _BLACK)
    per_column = F32(columns) / _4
    for i in range(y.size):
        fy, luminance = f[i], y[i]
        red, blue, least, most = _0, _0, _0, _0
        scale, low, high, at_low, at_high, close = _1, _0, _1, _0, _0, _0
        for attempt in range(REFINEMENTS + 2):
            fx = fy + scale * a[i] * _A
            fz = fy - scale * b[i] * _B
            x = fx * fx * fx if fx > _DELTA else _SLOPE * (fx - _BLACK)
            z = fz * fz * fz if fz > _DELTA else _SLOPE * (fz - _BLACK)
            red = _RX * x + _RY * luminance + _RZ * z
            green = _GX * x + _GY * luminance + _GZ * z
            blue = _BX * x + _BY * luminance + _BZ * z
            least = min(red, min(green, blue))
            most = max(red, max(green, blue))
            excess = max(most - _1, -least)
            if attempt == 0:
                if excess <= 0:
                    break
                size = max(abs(a[i]) + abs(b[i]), F32(1e-6))
                position = b[i] / size
                if a[i] < 0:
                    position = _2 - position
                elif b[i] < 0:
                    position += _4
                row = min(max((fy - _BLACK) * per_row, _0), F32(rows - 0.001))
                column = min(position * per_column, F32(columns - 0.001))
                r, c = int(row), int(column)
                p, q = row - F32(r), column - F32(c)
                upper = limits[r, c] * (_1 - q) + limits[r, c + 1] * q
                lower = limits[r + 1, c] * (_1 - q) + limits[r + 1, c + 1] * q
                at_low, at_high = -min(luminance, _1 - luminance), excess
                close = (at_high - at_low) * CLOSE
                scale = min((upper * (_1 - p) + lower * p) / size, _ALMOST_1)
            elif attempt <= REFINEMENTS and abs(excess) > close:
                if excess <= 0:
                    low, at_low, at_high = scale, excess, at_high * _HALF
                else:
                    high, at_high, at_low = scale, excess, at_low * _HALF
                scale = low - (high - low) * at_low / max(at_high - at_low, _TINY)
            else:
                if excess > 0:
                    # What is still outside goes towards the gray of the same Y.
                    keep = _1
                    if most > 1:
                        keep = (_1 - luminance) / (most - luminance)
                    if least < 0:
                        keep = min(keep, luminance / (luminance - least))
                    red = luminance + keep * (red - luminance)
                    blue = luminance + keep * (blue - luminance)
                break
        a[i] = min(max(red, _0), _1)
        b[i] = min(max(blue, _0), _1)


def _codes(y: Any, red: Any, blue: Any, encode: Any, decode: Any, out: Any) -> None:
    """Linear red and blue, and Y, to R', G', B' codes; see `kernels_numpy`."""
    steps = F32(encode.size - 2)
    for i in range(y.size):
        place = math.sqrt(red[i]) * steps
        k = int(place)
        r = int(encode[k] + (place - F32(k)) * (encode[k + 1] - encode[k]) + _HALF)
        place = math.sqrt(blue[i]) * steps
        k = int(place)
        b = int(encode[k] + (place - F32(k)) * (encode[k + 1] - encode[k]) + _HALF)
        green = (y[i] - _WR * decode[r] - _WB * decode[b]) * _1_WG
        place = math.sqrt(min(max(green, _0), _1)) * steps
        k = int(place)
        g = int(encode[k] + (place - F32(k)) * (encode[k + 1] - encode[k]) + _HALF)
        out[i, 0] = r
        out[i, 1] = g
        out[i, 2] = b


codes_uint8 = _kernel(types.void(_r1, _r1, _r1, _r1, _r1, types.Array(types.uint8, 2, "C")))(_codes)
codes_uint16 = _kernel(types.void(_r1, _r1, _r1, _r1, _r1, types.Array(types.uint16, 2, "C")))(
    _codes
)
