"""From codes to light and from colours back to codes, compiled with Numba.

See `kernels.numpy.color`, which is the reference.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numba import types

from ...color.constants import (
    LAB_BLACK,
    LAB_DELTA,
    LUMINANCE_WEIGHTS,
    WHITE,
    XYZ_TO_RGB,
)
from ...color.gamut import CLOSE, REFINEMENTS
from ..jit import F1, R1, R2, kernel, read_only

F32 = np.float32

_DELTA, _BLACK = F32(LAB_DELTA), F32(LAB_BLACK)
_SLOPE = F32(3.0 * LAB_DELTA * LAB_DELTA)
_RX, _RY, _RZ = (F32(v) for v in XYZ_TO_RGB[0] * (WHITE[0], 1.0, WHITE[2]))
_BX, _BY, _BZ = (F32(v) for v in XYZ_TO_RGB[2] * (WHITE[0], 1.0, WHITE[2]))
_WR, _WB = F32(LUMINANCE_WEIGHTS[0]), F32(LUMINANCE_WEIGHTS[2])
_1_WG = F32(1.0 / LUMINANCE_WEIGHTS[1])
_0, _1, _2, _4, _HALF = F32(0), F32(1), F32(2), F32(4), F32(0.5)
_ALMOST_1, _TINY = F32(0.999), F32(1e-20)
ONE = np.uint32(1)
BLOCK = 512  # pixels whose intermediate values stay in the first-level cache
_FIELDS = 11  # of a pixel outside the gamut, while its chroma is fitted
_Y, _F, _DA, _DB, _EXCESS, _SCALE, _LOW, _HIGH, _AT_LOW, _AT_HIGH, _CLOSE = (
    np.uint64(n * BLOCK) for n in range(_FIELDS)
)
_A, _B = F32(1 / 500), F32(1 / 200)


@kernel(
    types.void(read_only(types.uint8, 1), R1, R1, F1, F1),
    types.void(read_only(types.uint16, 1), R1, R1, F1, F1),
)
def look_up(codes: Any, linear: Any, f: Any, y_out: Any, f_out: Any) -> None:
    """Y and f(Y) of code values."""
    for i in range(codes.size):
        code = codes[i]
        y_out[i] = linear[code]
        f_out[i] = f[code]


@numba.njit(inline="always")
def _cube(f: Any) -> Any:
    """The inverse of Lab's curve."""
    return f * f * f if f > _DELTA else _SLOPE * (f - _BLACK)


@kernel(types.void(R1, R1, F1, F1, R2))
def linear_red_blue(y: Any, f: Any, a: Any, b: Any, limits: Any) -> None:
    """Replace a*, b* by linear red and blue, inside the gamut; see `kernels.numpy.color`."""
    reds, blues, excesses = np.empty(BLOCK, F32), np.empty(BLOCK, F32), np.empty(BLOCK, F32)
    outside = np.empty(BLOCK, np.uint16)
    out = np.empty(_FIELDS * BLOCK, F32)
    for start in range(0, y.size, BLOCK):
        stop = min(start + BLOCK, y.size)
        count = stop - start
        y_, f_, a_, b_ = y[start:stop], f[start:stop], a[start:stop], b[start:stop]
        # Short loops over few arrays, which LLVM turns into vector code.
        for i in range(count):
            reds[i] = _cube(f_[i] + a_[i] * _A)
        for i in range(count):
            blues[i] = _cube(f_[i] - b_[i] * _B)
        for i in range(count):
            x, z = reds[i], blues[i]
            reds[i] = _RX * x + _RY * y_[i] + _RZ * z
            blues[i] = _BX * x + _BY * y_[i] + _BZ * z
        for i in range(count):
            green = (y_[i] - _WR * reds[i] - _WB * blues[i]) * _1_WG
            least = min(reds[i], min(green, blues[i]))
            most = max(reds[i], max(green, blues[i]))
            excesses[i] = max(most - _1, -least)
        beyond = 0
        for i in range(count):
            outside[beyond] = i
            beyond += excesses[i] > 0
        if beyond > 0:
            # Those outside side by side, for vector code again.
            for k in range(beyond):
                i, j = outside[k], np.uint64(k)
                out[j + _Y], out[j + _F], out[j + _DA], out[j + _DB] = y_[i], f_[i], a_[i], b_[i]
                out[j + _EXCESS] = excesses[i]
            _fit_chroma(out, beyond, limits)
            for k in range(beyond):
                i, j = outside[k], np.uint64(k)
                reds[i], blues[i] = out[j + _DA], out[j + _DB]
        for i in range(count):
            a_[i] = min(max(reds[i], _0), _1)
        for i in range(count):
            b_[i] = min(max(blues[i], _0), _1)


@numba.njit(inline="always")
def _scaled(luminance: Any, f: Any, scale: Any, da: Any, db: Any) -> Any:
    """Linear red and blue of a colour at a share of its chroma; the least and most of all three."""
    x = _cube(f + scale * da * _A)
    z = _cube(f - scale * db * _B)
    red = _RX * x + _RY * luminance + _RZ * z
    blue = _BX * x + _BY * luminance + _BZ * z
    green = (luminance - _WR * red - _WB * blue) * _1_WG
    return red, blue, min(red, min(green, blue)), max(red, max(green, blue))


@numba.njit(inline="always")
def _first_scale(v: Any, count: Any, limits: Any) -> None:
    """The share of its chroma that each colour may keep, as the table of limits says."""
    rows, columns = limits.shape[0] - 1, limits.shape[1] - 1
    per_row = F32(rows) / (_1 - _BLACK)
    per_column = F32(columns) / _4
    for k in range(count):
        j = np.uint64(k)
        da, db = v[j + _DA], v[j + _DB]
        size = max(abs(da) + abs(db), F32(1e-6))
        position = db / size
        position = _2 - position if da < 0 else (position + _4 if db < 0 else position)
        v[j + _HIGH] = size
        v[j + _LOW] = min(max((v[j + _F] - _BLACK) * per_row, _0), F32(rows - 0.001))
        v[j + _CLOSE] = min(position * per_column, F32(columns - 0.001))
    for k in range(count):
        j = np.uint64(k)
        row, column = v[j + _LOW], v[j + _CLOSE]
        r, c = np.uint32(row), np.uint32(column)
        p, q = row - F32(np.int32(r)), column - F32(np.int32(c))
        upper, lower = limits[r], limits[r + ONE]
        above = upper[c] * (_1 - q) + upper[c + ONE] * q
        below = lower[c] * (_1 - q) + lower[c + ONE] * q
        v[j + _SCALE] = above * (_1 - p) + below * p


@numba.njit(inline="always")
def _refine_scale(v: Any, count: Any) -> None:
    """That share once more, to the gamut's border: regula falsi, Illinois variant."""
    for k in range(count):
        j = np.uint64(k)
        v[j + _SCALE] = min(v[j + _SCALE] / v[j + _HIGH], _ALMOST_1)
        v[j + _LOW], v[j + _HIGH] = _0, _1
        v[j + _AT_LOW], v[j + _AT_HIGH] = -min(v[j + _Y], _1 - v[j + _Y]), v[j + _EXCESS]
        v[j + _CLOSE] = (v[j + _AT_HIGH] - v[j + _AT_LOW]) * CLOSE
    for _ in range(REFINEMENTS):
        for k in range(count):
            j = np.uint64(k)
            luminance, scale = v[j + _Y], v[j + _SCALE]
            _, _, least, most = _scaled(luminance, v[j + _F], scale, v[j + _DA], v[j + _DB])
            excess = max(most - _1, -least)
            # Loaded before they are chosen from, or LLVM makes no vector code.
            low, high = v[j + _LOW], v[j + _HIGH]
            at_low, at_high = v[j + _AT_LOW], v[j + _AT_HIGH]
            inside = excess <= 0
            low, high = (scale if inside else low), (high if inside else scale)
            at_low = excess if inside else at_low * _HALF
            at_high = at_high * _HALF if inside else excess
            v[j + _LOW], v[j + _HIGH], v[j + _AT_LOW], v[j + _AT_HIGH] = low, high, at_low, at_high
            better = low - (high - low) * at_low / max(at_high - at_low, _TINY)
            # One that is close enough stays, and is found close enough the next time.
            far = abs(excess) > v[j + _CLOSE]
            v[j + _SCALE] = better if far else scale


@numba.njit(inline="always")
def _fit_chroma(v: Any, count: Any, limits: Any) -> None:
    """Colours outside the gamut to linear red and blue; see `gamut.fit_chroma`.

    v: fields of `count` pixels, each field in a place of its own (`_Y` and so on): a single
    array with constant steps, which LLVM makes vector code for.  Red and blue come to `_DA`
    and `_DB`.
    """
    _first_scale(v, count, limits)
    _refine_scale(v, count)
    for k in range(count):
        j = np.uint64(k)
        luminance, scale = v[j + _Y], v[j + _SCALE]
        red, blue, least, most = _scaled(luminance, v[j + _F], scale, v[j + _DA], v[j + _DB])
        # What is still outside goes towards the gray of the same Y.
        keep = (_1 - luminance) / (most - luminance) if most > 1 else _1
        keep = min(keep, luminance / (luminance - least)) if least < 0 else keep
        mixed_red = luminance + keep * (red - luminance)
        mixed_blue = luminance + keep * (blue - luminance)
        inside = max(most - _1, -least) <= 0
        v[j + _DA] = min(max(red if inside else mixed_red, _0), _1)
        v[j + _DB] = min(max(blue if inside else mixed_blue, _0), _1)


@kernel(types.void(R1, F1, F1, read_only(types.uint8, 1), R1, types.Array(types.uint8, 2, "C")))
def codes_uint8(y: Any, red: Any, blue: Any, encode: Any, decode: Any, out: Any) -> None:
    """Linear red and blue, and Y, to R', G', B' codes; see `kernels.numpy.color`."""
    steps = F32(encode.size - 1)
    for start in range(0, y.size, BLOCK):
        stop = min(start + BLOCK, y.size)
        y_, red_, blue_, out_ = y[start:stop], red[start:stop], blue[start:stop], out[start:stop]
        # The square roots in loops of their own, which LLVM turns into vector code.
        for i in range(stop - start):
            red_[i] = math.sqrt(red_[i]) * steps + _HALF
        for i in range(stop - start):
            blue_[i] = math.sqrt(blue_[i]) * steps + _HALF
        for i in range(stop - start):
            r, b = encode[np.uint32(red_[i])], encode[np.uint32(blue_[i])]
            out_[i, 0], out_[i, 2] = r, b
            red_[i] = (y_[i] - _WR * decode[r] - _WB * decode[b]) * _1_WG
        for i in range(stop - start):
            red_[i] = math.sqrt(min(max(red_[i], _0), _1)) * steps + _HALF
        for i in range(stop - start):
            out_[i, 1] = encode[np.uint32(red_[i])]


@kernel(types.void(R1, F1, F1, R2, R1, types.Array(types.uint16, 2, "C")))
def codes_uint16(y: Any, red: Any, blue: Any, encode: Any, decode: Any, out: Any) -> None:
    """Linear red and blue, and Y, to R', G', B' codes; see `kernels.numpy.color`."""
    steps = F32(encode.shape[0] - 1)
    for start in range(0, y.size, BLOCK):
        stop = min(start + BLOCK, y.size)
        y_, red_, blue_, out_ = y[start:stop], red[start:stop], blue[start:stop], out[start:stop]
        for i in range(stop - start):
            red_[i] = math.sqrt(red_[i]) * steps
        for i in range(stop - start):
            blue_[i] = math.sqrt(blue_[i]) * steps
        for i in range(stop - start):
            place = red_[i]
            k = np.uint32(place)
            r = np.uint16(np.int32(encode[k, 0] + (place - F32(np.int32(k))) * encode[k, 1]))
            place = blue_[i]
            k = np.uint32(place)
            b = np.uint16(np.int32(encode[k, 0] + (place - F32(np.int32(k))) * encode[k, 1]))
            out_[i, 0], out_[i, 2] = r, b
            red_[i] = (y_[i] - _WR * decode[r] - _WB * decode[b]) * _1_WG
        for i in range(stop - start):
            red_[i] = math.sqrt(min(max(red_[i], _0), _1)) * steps
        for i in range(stop - start):
            place = red_[i]
            k = np.uint32(place)
            g = np.uint16(np.int32(encode[k, 0] + (place - F32(np.int32(k))) * encode[k, 1]))
            out_[i, 1] = g
